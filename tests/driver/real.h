/* SPDX-License-Identifier: GPL-2.0-only */
/* The library's way to the driver: functions as the linker finds them. */
#ifndef DRIVER_TEST_REAL_H
#define DRIVER_TEST_REAL_H

#include "../../lib/interpose/real.h"

/* From now on the driver is too old to have it; @slot is &gb_real.SYMBOL. */
void real_remove(void *slot);

#endif
