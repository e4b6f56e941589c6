/* SPDX-License-Identifier: GPL-2.0-only */
/* Ranges of addresses that do not overlap, in an array sorted by base. */
#include <string.h>

#include "sim.h"

/* The number of ranges that begin at or below the address. */
static size_t count_below(const struct sim_map *map, uint64_t address)
{
	size_t low = 0, high = map->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (map->at[middle]->base <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void sim_map_insert(struct sim_map *map, struct sim_range *range)
{
	size_t index = count_below(map, range->base);

	if (map->count == map->room) {
		map->room = map->room ? 2 * map->room : 64;
		map->at = sim_resize(map->at, map->room * sizeof(*map->at));
	}
	memmove(map->at + index + 1, map->at + index,
		(map->count - index) * sizeof(*map->at));
	map->at[index] = range;
	map->count++;
}

void sim_map_remove(struct sim_map *map, struct sim_range *range)
{
	size_t index = count_below(map, range->base) - 1;

	map->count--;
	memmove(map->at + index, map->at + index + 1,
		(map->count - index) * sizeof(*map->at));
}

struct sim_range *sim_map_find(const struct sim_map *map, uint64_t address)
{
	size_t index = count_below(map, address);
	struct sim_range *range;

	if (!index)
		return NULL;
	range = map->at[index - 1];
	return address - range->base < range->size ? range : NULL;
}

struct sim_range *sim_map_next(const struct sim_map *map, uint64_t address)
{
	struct sim_range *range = sim_map_find(map, address);
	size_t index = count_below(map, address);

	if (range)
		return range;
	return index < map->count ? map->at[index] : NULL;
}
