// SPDX-License-Identifier: GPL-2.0-only
/* Counters of events: for sysfs, and for the tests. */
#include <linux/atomic.h>

#include "greenboost.h"

#define GB_COUNT_NAME(name) #name,
static const char *const names[] = { GB_COUNTS(GB_COUNT_NAME) };

static atomic64_t counts[GB_COUNT_END];

void gb_count_add(enum gb_count count, u64 n)
{
	atomic64_add(n, &counts[count]);
}

u64 gb_count_read(enum gb_count count)
{
	return atomic64_read(&counts[count]);
}

const char *gb_count_name(enum gb_count count)
{
	return names[count];
}
