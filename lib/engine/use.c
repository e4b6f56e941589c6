// SPDX-License-Identifier: GPL-2.0-only
#include "use.h"

#include <assert.h>

#include "lock.h"

struct gb_stats_use *gb_uses_of(struct gb_stats *stats, int ordinal)
{
	struct gb_stats_use *uses;

	if (!stats->uses_offset)
		return NULL;
	uses = (struct gb_stats_use *)((char *)stats + stats->uses_offset);
	return uses + (uint64_t)ordinal * GB_USES;
}

static void put(uint32_t *member, uint32_t value)
{
	__atomic_store_n(member, value, __ATOMIC_RELAXED);
}

void gb_use_begin(struct gb_allocation *allocation)
{
	struct gb_device *device = allocation->device;
	uint64_t granule = (allocation->address - device->base) >> GB_GRANULE_SHIFT;

	assert(gb_locked);
	if (!device->uses || granule >= GB_MAP_GRANULES)
		return;
	for (uint32_t i = 0; i < GB_USES; i++) {
		struct gb_stats_use *use = &device->uses[device->next_use];

		device->next_use = (device->next_use + 1) % GB_USES;
		if (use->granule)
			continue;
		put(&use->granule, (uint32_t)granule + 1);
		atomic_store(&allocation->use, use);
		return;
	}
}

void gb_use_end(struct gb_allocation *allocation)
{
	struct gb_stats_use *use = atomic_exchange(&allocation->use, NULL);

	assert(gb_locked);
	if (!use)
		return;
	put(&use->granule, 0);
	put(&use->copies, 0);
	put(&use->hits, 0);
	put(&use->ahead, 0);
	put(&use->direct, 0);
}
