/* SPDX-License-Identifier: GPL-2.0-only */
#include "map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

static const struct {
	const char *name;
	char letter;
} tiers[GB_MAP_TIERS] = {
	[GB_MAP_FREE] = { "free", ' ' },
	[GB_MAP_PENDING] = { "pending", '.' },
	[GB_MAP_VRAM] = { "vram", 'V' },
	[GB_MAP_RAM] = { "ram", 'R' },
	[GB_MAP_POOL] = { "pool", 'P' },
	[GB_MAP_NVME] = { "nvme", 'N' },
	[GB_MAP_IMPORTED] = { "imported", 'I' },
};

static int by_granule(const void *a, const void *b)
{
	const struct gb_stats_use *first = a, *second = b;

	return (first->granule > second->granule) -
	       (first->granule < second->granule);
}

/* Those that somebody has. */
static void read_uses(struct gb_map *map, int fd, const struct gb_stats *page,
		      unsigned int index)
{
	const size_t bytes = GB_USES * sizeof(*map->use);
	ssize_t got;

	/* The map's own limit, and all maps. */
	if (!page->uses_offset || page->uses_offset > (1u << 25))
		return;
	map->use = gb_grow(NULL, GB_USES, sizeof(*map->use));
	got = pread(fd, map->use, bytes, (off_t)(page->uses_offset + index * bytes));
	for (size_t i = 0; got > 0 && i < (size_t)got / sizeof(*map->use); i++)
		if (map->use[i].granule)
			map->use[map->uses++] = map->use[i];
	qsort(map->use, map->uses, sizeof(*map->use), by_granule);
}

void gb_map_init(struct gb_map *map, int fd, const struct gb_stats *page,
		 unsigned int index)
{
	uint64_t count = page->device[index].map_used;
	ssize_t got;

	*map = (struct gb_map){ 0 };
	/* Also keeps the sum below in range. */
	if (!page->map_offset || page->map_offset > (1u << 20) || !count)
		return;
	if (count > GB_MAP_GRANULES)
		count = GB_MAP_GRANULES;
	map->granule = gb_grow(NULL, count, 1);
	got = pread(fd, map->granule, count,
		    (off_t)(page->map_offset + index * GB_MAP_GRANULES));
	map->count = got > 0 ? (uint64_t)got : 0;
	for (uint64_t i = 0; i < map->count; i++) {
		/* A tier that this version does not know. */
		if ((map->granule[i] & GB_MAP_TIER) >= GB_MAP_TIERS)
			map->granule[i] = GB_MAP_FREE;
	}
	read_uses(map, fd, page, index);
}

void gb_map_finish(struct gb_map *map)
{
	free(map->granule);
	free(map->use);
	*map = (struct gb_map){ 0 };
}

uint64_t gb_map_scale(const struct gb_map *map, size_t cells)
{
	uint64_t scale = 1;

	while (scale * cells < map->count)
		scale *= 2;
	return scale;
}

/* What one cell sees go by. */
struct tally {
	uint64_t count[GB_MAP_TIERS];
	uint8_t heat[GB_MAP_TIERS];
};

static struct gb_map_cell sum_up(const struct tally *tally)
{
	unsigned int most = GB_MAP_FREE;

	/* Free space is what is left where there is nothing else at all. */
	for (unsigned int i = GB_MAP_PENDING; i < GB_MAP_TIERS; i++) {
		if (tally->count[i] &&
		    (most == GB_MAP_FREE || tally->count[i] > tally->count[most]))
			most = i;
	}
	return (struct gb_map_cell){ (uint8_t)most, tally->heat[most] };
}

size_t gb_map_cells(const struct gb_map *map, uint64_t scale,
		    struct gb_map_cell *cell, size_t room)
{
	size_t cells = 0;
	uint8_t heat = 0;

	for (uint64_t at = 0; at < map->count && cells < room; at += scale) {
		struct tally tally = { 0 };

		for (uint64_t i = at; i < at + scale && i < map->count; i++) {
			uint8_t byte = map->granule[i];
			unsigned int tier = byte & GB_MAP_TIER;

			if (byte & GB_MAP_START)
				heat = byte >> GB_MAP_HEAT_SHIFT;
			tally.count[tier]++;
			if (tier != GB_MAP_FREE && heat > tally.heat[tier])
				tally.heat[tier] = heat;
		}
		cell[cells++] = sum_up(&tally);
	}
	return cells;
}

static struct gb_stats_use use_of(const struct gb_map *map, uint64_t granule)
{
	const struct gb_stats_use key = { .granule = (uint32_t)granule + 1 };
	const struct gb_stats_use *found =
		map->uses ? bsearch(&key, map->use, map->uses, sizeof(key), by_granule)
			  : NULL;

	return found ? *found : (struct gb_stats_use){ 0 };
}

int gb_map_next(const struct gb_map *map, uint64_t from,
		struct gb_map_allocation *allocation)
{
	uint64_t at = from;

	while (at < map->count && !(map->granule[at] & GB_MAP_START))
		at++;
	if (at >= map->count)
		return -ENOENT;
	*allocation = (struct gb_map_allocation){
		.first = at,
		.heat = map->granule[at] >> GB_MAP_HEAT_SHIFT,
		.use = use_of(map, at),
	};
	do {
		allocation->tier[map->granule[at++] & GB_MAP_TIER]++;
	} while (at < map->count && !(map->granule[at] & GB_MAP_START) &&
		 (map->granule[at] & GB_MAP_TIER) != GB_MAP_FREE);
	allocation->count = at - allocation->first;
	return 0;
}

unsigned int gb_map_shade(unsigned int heat)
{
	/* 7 is one touch, 10 is eight. */
	return heat == 0 ? 0 : heat <= 7 ? 1 : heat < 10 ? 2 : 3;
}

const char *gb_map_tier_name(unsigned int tier)
{
	return tiers[tier].name;
}

char gb_map_tier_letter(unsigned int tier)
{
	return tiers[tier].letter;
}

int gb_map_letter_tier(char letter)
{
	for (int i = 0; i < GB_MAP_TIERS; i++) {
		if (tiers[i].letter == letter)
			return i;
	}
	return -1;
}
