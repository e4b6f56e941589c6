// SPDX-License-Identifier: GPL-2.0-only
#include "map.h"

#include <assert.h>

#include "clock.h"
#include "heat.h"
#include "lock.h"
#include "stats.h"

/* Oftener than that nobody looks. */
#define REFRESH_NS 250000000u

static_assert(GB_MAP_GRANULE >> GB_GRANULE_SHIFT == 1, "the map is one of granules");

uint8_t *gb_map_of(struct gb_stats *stats, int ordinal)
{
	if (!stats->map_offset)
		return NULL;
	return (uint8_t *)stats + stats->map_offset + ordinal * GB_MAP_GRANULES;
}

static uint8_t get(const uint8_t *cell)
{
	return __atomic_load_n(cell, __ATOMIC_RELAXED);
}

static void put(uint8_t *cell, unsigned int value)
{
	__atomic_store_n(cell, (uint8_t)value, __ATOMIC_RELAXED);
}

/* The map's part that stands for the range, which may be empty. */
static uint8_t *part(const struct gb_device *device, uint64_t address,
		     uint64_t bytes, uint64_t *first, uint64_t *end)
{
	*first = (address - device->base) >> GB_GRANULE_SHIFT;
	*end = *first + (bytes >> GB_GRANULE_SHIFT);
	if (*end > GB_MAP_GRANULES)
		*end = GB_MAP_GRANULES;
	return device->map;
}

void gb_map_set(struct gb_device *device, uint64_t address, uint64_t bytes,
		enum gb_map_tier tier)
{
	uint64_t first, end;
	uint8_t *map = part(device, address, bytes, &first, &end);

	assert(gb_locked);
	if (!map)
		return;
	for (uint64_t i = first; i < end; i++)
		put(&map[i], (get(&map[i]) & ~GB_MAP_TIER) | tier);
	if (end > device->stats->map_used)
		gb_stats_set(&device->stats->map_used, end);
}

static void put_start(const struct gb_allocation *allocation, unsigned int heat)
{
	uint64_t first, end;
	uint8_t *map = part(allocation->device, allocation->address,
			    allocation->bytes, &first, &end);

	if (map && first < end)
		put(&map[first], (get(&map[first]) & GB_MAP_TIER) | GB_MAP_START |
					 heat << GB_MAP_HEAT_SHIFT);
}

void gb_map_begin(const struct gb_allocation *allocation)
{
	put_start(allocation, 0);
}

void gb_map_clear(const struct gb_allocation *allocation)
{
	uint64_t first, end;
	uint8_t *map = part(allocation->device, allocation->address,
			    allocation->bytes, &first, &end);

	for (uint64_t i = first; map && i < end; i++)
		put(&map[i], GB_MAP_FREE);
}

/* One touch, GB_HEAT_UNIT, is 7. */
static unsigned int level(uint32_t heat)
{
	unsigned int bits = heat ? 32 - (unsigned int)__builtin_clz(heat) : 0;

	return bits < 15 ? bits : 15;
}

bool gb_map_is_due(const struct gb_device *device)
{
	return device->map &&
	       gb_now_ns() >= atomic_load_explicit(&device->map_after,
						   memory_order_relaxed);
}

void gb_map_refresh(struct gb_device *device)
{
	uint64_t now = gb_now_ns();

	assert(gb_locked);
	if (!device->map)
		return;
	if (now < atomic_load_explicit(&device->map_after, memory_order_relaxed))
		return;
	atomic_store_explicit(&device->map_after, now + REFRESH_NS,
			      memory_order_relaxed);
	gb_list_for_each (node, &device->allocations) {
		const struct gb_allocation *each =
			gb_container_of(node, struct gb_allocation, node);

		put_start(each, level(gb_heat_now(each)));
	}
}
