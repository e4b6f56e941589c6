/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keeping the statistics page (include/greenboost/stats.h): one relaxed atomic
 * access a value. Any thread, no lock.
 */
#ifndef GB_ENGINE_STATS_H
#define GB_ENGINE_STATS_H

#include <stdint.h>

static inline void gb_stats_set(uint64_t *value, uint64_t to)
{
	__atomic_store_n(value, to, __ATOMIC_RELAXED);
}

static inline void gb_stats_add(uint64_t *value, uint64_t more)
{
	__atomic_fetch_add(value, more, __ATOMIC_RELAXED);
}

#endif
