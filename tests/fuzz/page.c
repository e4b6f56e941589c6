/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The statistics page, with the map behind it, and all that is made of it: the
 * table, JSON, TSV, and top's screen.
 */
#include <assert.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "draw.h"
#include "export.h"
#include "field.h"
#include "fuzz.h"
#include "page.h"
#include "top_layout.h"

#define MAP_OFFSET ((sizeof(struct gb_stats) + 4095) & ~(size_t)4095)
#define GRANULES   2000

size_t fuzz_sample(unsigned int number, uint8_t *data)
{
	struct gb_stats *page = (struct gb_stats *)data;
	uint8_t *map = data + MAP_OFFSET;

	if (number > 2)
		return 0;
	memset(data, 0, FUZZ_ROOM);
	*page = (struct gb_stats){
		.magic = GB_STATS_MAGIC,
		.version = GB_STATS_VERSION,
		.size = sizeof(*page),
		.pid = 4711,
		.device_count = number, /* none, one, two */
		.ram_budget = UINT64_MAX,
		.map_offset = MAP_OFFSET,
		.command = "program",
	};
	for (unsigned int d = 0; d < number; d++) {
		strcpy(page->device[d].name, "Test GPU");
		for (unsigned int i = 0; i < GB_FIELDS; i++)
			gb_field_set(&page->device[d], i, (uint64_t)(i + 1) << 20);
		page->device[d].map_used = GRANULES;
	}
	for (size_t i = 0; i < GRANULES; i++)
		map[i] = (uint8_t)(i / 64 % GB_MAP_TIERS |
				   (i % 64 ? 0 : GB_MAP_START | i / 64 % 16 << 4));
	return MAP_OFFSET + GRANULES;
}

static void check_map(const struct gb_map *map)
{
	struct gb_map_allocation each;
	struct gb_map_cell cell[64];
	uint64_t end = 0;
	size_t count = gb_map_cells(map, gb_map_scale(map, 64), cell, 64);

	assert(count <= 64);
	for (uint64_t i = 0; i < map->count; i++)
		assert((map->granule[i] & GB_MAP_TIER) < GB_MAP_TIERS);
	for (size_t i = 0; i < count; i++)
		assert(cell[i].tier < GB_MAP_TIERS && cell[i].heat < 16);
	while (!gb_map_next(map, end, &each)) {
		assert(each.first >= end && each.count);
		end = each.first + each.count;
		assert(end <= map->count);
	}
}

static void check_screen(const struct gb_sample *sample)
{
	struct gb_memory memory = { GB_UNKNOWN, GB_UNKNOWN, 0, 0 };
	struct gb_history history = { 0 };
	struct gb_top_view view = { .sample = sample,
				    .history = &history,
				    .memory = &memory,
				    .clock = "",
				    .selected = 1 };
	struct gb_screen screen;

	gb_history_add(&history, sample, 1);
	gb_history_add(&history, sample, 1000000001);
	gb_screen_init(&screen, 24, 80);
	gb_top_layout(&screen, &view);
	for (int i = 0; i < screen.rows * screen.columns; i++)
		assert(screen.glyph[i].code >= ' ' && screen.glyph[i].code < 0x7f);
	gb_screen_finish(&screen);
	gb_history_finish(&history);
}

static void check_forms(const struct gb_sample *sample)
{
	static FILE *nowhere;
	struct gb_table table;

	if (!nowhere)
		nowhere = fopen("/dev/null", "we");
	gb_export_json(sample, NULL, nowhere);
	gb_export_tsv(sample, nowhere);
	gb_table_init(&table, sample);
	gb_draw_table(&table, nowhere, false);
	gb_table_finish(&table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct gb_map map[1][GB_STATS_DEVICES];
	struct gb_stats page;
	struct gb_sample sample = { .page = &page, .map = map, .count = 1 };
	uint32_t pid = 0;
	int fd = memfd_create("page", MFD_CLOEXEC);

	/* Of whatever process: that of another would be refused at once. */
	if (size >= offsetof(struct gb_stats, pid) + sizeof(pid))
		memcpy(&pid, data + offsetof(struct gb_stats, pid), sizeof(pid));
	assert(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	if (!gb_page_read(fd, (pid_t)pid, &page)) {
		for (unsigned int d = 0; d < page.device_count; d++) {
			gb_map_init(&map[0][d], fd, &page, d);
			check_map(&map[0][d]);
		}
		check_screen(&sample);
		check_forms(&sample);
		for (unsigned int d = 0; d < GB_STATS_DEVICES; d++)
			gb_map_finish(&map[0][d]);
	}
	close(fd);
	return 0;
}
