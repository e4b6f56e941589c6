/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counting, for the published page, what becomes of each allocation in RAM
 * (include/greenboost/stats.h). gb_engine.lock held, but for gb_use_count.
 */
#ifndef GB_USE_H
#define GB_USE_H

#include "types.h"

/* The uses of device @ordinal behind the page @stats, or NULL. */
struct gb_stats_use *gb_uses_of(struct gb_stats *stats, int ordinal);

/* @allocation is new, and gets one if there is one left. */
void gb_use_begin(struct gb_allocation *allocation);
/* It is gone. */
void gb_use_end(struct gb_allocation *allocation);

/*
 * One more. Any thread, no lock: one that comes late counts for another, and
 * two at once may count as one.
 */
#define GB_USE_COUNT(allocation, member)                                       \
	do {                                                                   \
		struct gb_stats_use *use_ = atomic_load_explicit(              \
			&(allocation)->use, memory_order_relaxed);             \
                                                                               \
		if (use_)                                                      \
			__atomic_store_n(&use_->member, use_->member + 1,      \
					 __ATOMIC_RELAXED);                    \
	} while (0)

#endif
