/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The arena of a device: which addresses are ours, which are free, whose they
 * are. Knows nothing of memory.
 */
#ifndef GB_ARENA_H
#define GB_ARENA_H

#include "types.h"

/*
 * Reserves the arena and its tables. Returns 0, -ENOMEM, or the driver's error;
 * on failure the device is as before.
 */
int gb_arena_init(struct gb_device *device);
/* Takes back what init made. No allocation may be left. */
void gb_arena_finish(struct gb_device *device);

/*
 * Are its addresses such that numbers in launches' parameters are not taken for
 * them? Where they are not, no word of those may be replaced.
 */
bool gb_arena_is_distinct(const struct gb_device *device);

/*
 * Takes a run of @bytes (whole granules) and a guard granule behind it. Returns
 * 0 with its address, or -ENOMEM. gb_engine.lock held.
 */
int gb_arena_take(struct gb_device *device, uint64_t bytes, uint64_t *address);
/* Gives a run that gb_arena_take made back. gb_engine.lock held. */
void gb_arena_give(struct gb_device *device, uint64_t address, uint64_t bytes);

/* Enters @owner (NULL: nobody) for every granule of the run. Lock held. */
void gb_arena_set_owner(struct gb_device *device, uint64_t address,
			uint64_t bytes, struct gb_allocation *owner);

/*
 * The device whose arena holds @address, or NULL. Any thread, no lock: the
 * arenas are constant once they are there.
 */
struct gb_device *gb_arena_device(uint64_t address);

/*
 * The allocation behind @address, or NULL. The end address of an allocation
 * belongs to it (its guard granule does), so that begin and end of a range name
 * the same one. Any thread; without gb_engine.lock the answer may be outdated
 * by the time it is used.
 */
struct gb_allocation *gb_arena_owner(uint64_t address);

#endif
