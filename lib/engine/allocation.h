/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Allocations: their records, and their way in and out. gb_engine.lock held for
 * everything here.
 */
#ifndef GB_ALLOCATION_H
#define GB_ALLOCATION_H

#include "types.h"

/* A pending allocation of @size bytes with its addresses. 0 or -ENOMEM. */
int gb_allocation_create(struct gb_device *device, uint64_t size,
			 struct gb_allocation **allocation);

/*
 * Takes the allocation from the program: its address means nothing from now on.
 * Its memory is taken back by gb_allocation_reclaim once @ticket has passed, or
 * with 0 once the device has been idle.
 */
void gb_allocation_retire(struct gb_allocation *allocation, gb_ticket ticket);

/* Takes memory and addresses back at once: nothing uses them any more. */
void gb_allocation_destroy(struct gb_allocation *allocation);
/* The same for those in @list that @context made (0: for all). */
void gb_allocation_destroy_all(struct gb_list *list, uint64_t context);
/* And for all that @context made on @device, freed already or not. */
void gb_allocation_destroy_context(struct gb_device *device, uint64_t context);

/*
 * Destroys what has been retired and is no longer in use. The caller knows that
 * the device has done all the work it had when gb_engine.retired was @idle; 0
 * when he knows nothing. Waits for nothing.
 */
void gb_allocation_reclaim(struct gb_device *device, uint64_t idle);

/* The live allocation that begins at @address, or NULL. */
struct gb_allocation *gb_allocation_at(uint64_t address);

static inline bool gb_allocation_is_pending(const struct gb_allocation *allocation)
{
	return !allocation->extents && !allocation->away;
}

/* It is used as @kind: the first use that shows something counts. Any thread. */
static inline void gb_allocation_show(struct gb_allocation *allocation,
				      enum gb_kind kind)
{
	/* Two at once may both win, one after the other: it is only a guess. */
	if (allocation->kind == GB_KIND_UNKNOWN)
		allocation->kind = kind;
}

#endif
