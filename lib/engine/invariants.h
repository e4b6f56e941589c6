/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What must hold whenever the engine is at rest: asserted where memory begins
 * and ends to change hands, and by the tests after every step. They look at all
 * there is and cost accordingly; release builds have no assertions.
 * gb_engine.lock held.
 */
#ifndef GB_INVARIANTS_H
#define GB_INVARIANTS_H

#include "types.h"

/*
 * Extents cover the allocation once, in order, without gaps, each within its
 * limits and what is pinned in memory that has handles; or it is pending and
 * has none.
 */
bool gb_allocation_is_valid(const struct gb_allocation *allocation);

/* The counters are what the device's allocations add up to, live and leaving. */
bool gb_device_is_valid(const struct gb_device *device);

/*
 * Memory of ours exceeds no budget, and the devices' shares of RAM add up. Says
 * nothing of memory that the program takes past the arena: that is counted when
 * the driver has given it, and may be more than there was room for.
 */
bool gb_budgets_are_kept(void);

#endif
