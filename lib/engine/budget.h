/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What may live where: the arithmetic of the budgets and the counters behind
 * it. gb_engine.lock held for everything here, unless a comment says otherwise.
 */
#ifndef GB_BUDGET_H
#define GB_BUDGET_H

#include "../tier/tier.h"

/*
 * Sets the VRAM budget of @device from the option @wanted (or GB_SIZE_AUTO) and
 * what the card has free: never more than is there, less @reserve.
 */
void gb_budget_set_vram(struct gb_device *device, uint64_t wanted,
			uint64_t reserve, uint64_t free, uint64_t total);

/* VRAM that may still be filled, in bytes. */
uint64_t gb_budget_room(const struct gb_device *device);
/* RAM that may still be filled, in bytes. */
uint64_t gb_budget_ram_room(void);

/*
 * Could @bytes more of the arena, with all that is pending, be backed, if
 * memory moves from VRAM to RAM, and from there to the NVMe disk? Backing takes whole granules, so odd bytes of
 * a budget do not count, and what another device has in RAM stays there. Not if
 * that needs more RAM than is promised while the machine has none (pressure.h).
 */
bool gb_budget_holds(const struct gb_device *device, uint64_t bytes);
/* The same for @bytes of VRAM past the arena, which cannot go to RAM. */
bool gb_budget_holds_direct(const struct gb_device *device, uint64_t bytes);

/* RAM that what is pending will need: promised to the program, and not taken. */
uint64_t gb_budget_promised(void);

/* Sees to it that launches note what they touch, if that may be of use. */
void gb_budget_watch(void);

/* Memory of a tier came into use (or, negative, went out of use). */
void gb_budget_account(struct gb_device *device, const struct gb_tier *tier,
		       int64_t bytes);
void gb_budget_account_pending(struct gb_device *device, int64_t bytes);

#endif
