/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The map of an arena (include/greenboost/stats.h) as read from a page, in
 * pieces that a person can look at. Pure, but for gb_map_init.
 */
#ifndef GB_MAP_H
#define GB_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "greenboost/stats.h"

struct gb_map {
	uint8_t *granule;	  /* allocated; NULL where there is no map */
	uint64_t count;		  /* at most GB_MAP_GRANULES */
	struct gb_stats_use *use; /* by granule; allocated, or NULL */
	uint32_t uses;
};

/* Some granules in a row: where most of what is in them lives. */
struct gb_map_cell {
	uint8_t tier; /* enum gb_map_tier */
	uint8_t heat; /* of the hottest in that tier, 0 to 15 */
};

/* A run of granules that one allocation has. */
struct gb_map_allocation {
	uint64_t first, count;	     /* granules */
	uint64_t tier[GB_MAP_TIERS]; /* granules that live there */
	unsigned int heat;	     /* 0 to 15 */
	struct gb_stats_use use;     /* all 0 where nothing is known */
};

/*
 * Reads the map of device @index of @page, which is at @fd. What cannot be read
 * is an empty map. gb_map_finish() it.
 */
void gb_map_init(struct gb_map *map, int fd, const struct gb_stats *page,
		 unsigned int index);
void gb_map_finish(struct gb_map *map);

/*
 * Granules a cell, a power of two, such that @cells of them show the whole map;
 * at least 1. @cells is not 0.
 */
uint64_t gb_map_scale(const struct gb_map *map, size_t cells);

/*
 * Writes at most @room cells of @scale granules each; returns how many there
 * are.
 */
size_t gb_map_cells(const struct gb_map *map, uint64_t scale,
		    struct gb_map_cell *cell, size_t room);

/*
 * The allocation at or behind granule @from; returns 0, or -ENOENT when there
 * is none. Go on at first + count.
 */
int gb_map_next(const struct gb_map *map, uint64_t from,
		struct gb_map_allocation *allocation);

/* What a person tells apart: never, about once, some times, all the time. */
enum { GB_MAP_SHADES = 4 };
unsigned int gb_map_shade(unsigned int heat);

/* "vram", "ram", ...: as every form names the tiers. */
const char *gb_map_tier_name(unsigned int tier);
/* A letter each: small for free and pending, else what its name begins with. */
char gb_map_tier_letter(unsigned int tier);
/* The tier of a letter, or -1. */
int gb_map_letter_tier(char letter);

#endif
