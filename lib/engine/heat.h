/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How hot an allocation is: its touches in a decaying window of launches. A
 * weight that each pass touches once stays near one; an activation buffer that
 * every few launches touch reaches hundreds. Since a touch of memory in RAM
 * costs its bytes over the link, touches for each byte, which is what this
 * counts, are what a byte of VRAM is worth.
 *
 * Any thread, no lock: see the members' comment in types.h.
 */
#ifndef GB_HEAT_H
#define GB_HEAT_H

#include "types.h"

/* One touch, in the fixed point of gb_allocation.heat. */
#define GB_HEAT_UNIT 64u

/* One more launch has been seen. */
void gb_heat_tick(void);
void gb_heat_touch(struct gb_allocation *allocation);
/* Launches since the last touch. */
uint32_t gb_heat_age(const struct gb_allocation *allocation);
/* The heat as of now. */
uint32_t gb_heat_now(const struct gb_allocation *allocation);

#endif
