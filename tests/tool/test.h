/* SPDX-License-Identifier: GPL-2.0-only */
/* What unit tests of the tool's pure parts share. */
#ifndef TEST_TOOL_H
#define TEST_TOOL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "map.h"
#include "sample.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A map of letters (gb_map_tier_letter), with an allocation at each '['. */
static inline struct gb_map make_map(const char *letters, unsigned int heat)
{
	struct gb_map map = { malloc(strlen(letters) + 1), 0 };
	unsigned int start = 0;

	for (; *letters; letters++) {
		if (*letters == '[') {
			start = GB_MAP_START | heat << GB_MAP_HEAT_SHIFT;
			continue;
		}
		map.granule[map.count++] =
			(uint8_t)((unsigned int)gb_map_letter_tier(*letters) | start);
		start = 0;
	}
	return map;
}

/* A page of a process with a GPU. */
static inline struct gb_stats make_stats(uint32_t pid, uint32_t devices)
{
	struct gb_stats page = { .pid = pid,
				 .start_ticks = pid * 7,
				 .device_count = devices,
				 .ram_budget = UINT64_C(8) << 30,
				 .command = "program" };

	for (uint32_t i = 0; i < devices; i++) {
		strcpy(page.device[i].name, "Card");
		page.device[i].vram_total = UINT64_C(12) << 30;
		page.device[i].vram_budget = UINT64_C(8) << 30;
	}
	return page;
}

#endif
