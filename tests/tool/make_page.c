/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes a statistics page as the library would:
 *   make_page FILE PID START_TICKS [COMMAND [GPU-NAME]]
 * with values that tests know: row number n of fields.def is n * 2^20 in the
 * first page of a file, and the counters double whenever it is written again,
 * as does what it has read from the disk and written there.
 * Its map has four allocations of 32, 32, 16 and 8 granules, with a guard
 * behind each: VRAM and hot, half VRAM and half RAM touched once, pending, RAM
 * and cold. Of the second and the last, launches have used copies.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "field.h"
#include "greenboost/stats.h"

#define MAP_OFFSET ((sizeof(struct gb_stats) + 4095) & ~(size_t)4095)

#define USES_OFFSET (MAP_OFFSET + GB_MAP_GRANULES)

/* In no order, as the library has them. */
static const struct gb_stats_use uses[GB_USES] = {
	[3] = { .granule = 84, .copies = 5, .hits = 6, .ahead = 7, .direct = 8 },
	[9] = { .granule = 34, .copies = 1, .hits = 2, .ahead = 3, .direct = 4 },
};
static uint8_t map[GB_MAP_GRANULES];
static size_t map_used;

static void allocate(unsigned int vram, unsigned int ram, unsigned int pending,
		     unsigned int heat)
{
	uint8_t *first = &map[map_used];

	for (unsigned int i = 0; i < vram + ram + pending; i++)
		map[map_used++] = i < vram	   ? GB_MAP_VRAM
				  : i < vram + ram ? GB_MAP_RAM
						   : GB_MAP_PENDING;
	*first |= (uint8_t)(GB_MAP_START | heat << GB_MAP_HEAT_SHIFT);
	map_used++;
}

static void fill_device(struct gb_stats_device *device, const char *name, int times)
{
	memccpy(device->name, name, 0, sizeof(device->name));
	for (unsigned int i = 0; i < GB_FIELDS; i++)
		gb_field_set(device, i,
			     (uint64_t)(i + 1)
				     << 20
				     << (gb_fields[i].kind == GB_FIELD_COUNTER &&
					 times));
	allocate(32, 0, 0, 12);
	allocate(16, 16, 0, 7);
	allocate(0, 0, 16, 0);
	allocate(0, 8, 0, 0);
	device->map_used = map_used - 1;
}

int main(int argc, char **argv)
{
	struct gb_stats page = {
		.magic = GB_STATS_MAGIC,
		.version = GB_STATS_VERSION,
		.size = sizeof(page),
		.device_count = 1,
		.ram_budget = UINT64_C(64) << 30,
		.ram_used = UINT64_C(5) << 20,
		.ram_direct = 4096,
		.ram_pool = UINT64_C(2) << 20,
		.nvme_budget = UINT64_C(32) << 30,
		.nvme_used = UINT64_C(7) << 20,
		.nvme_file = UINT64_C(3) << 20,
		.nvme_read = UINT64_C(11) << 20,
		.nvme_written = UINT64_C(13) << 20,
		.nvme_writes_left = UINT64_MAX,
		.nvme_failures = 1,
		.nvme_wait_ns = 17,
		.map_offset = MAP_OFFSET,
		.uses_offset = USES_OFFSET,
	};
	FILE *file;

	if (argc < 4)
		return 2;
	page.pid = (uint32_t)strtoul(argv[2], NULL, 10);
	page.start_ticks = strtoull(argv[3], NULL, 10);
	memccpy(page.command, argc > 4 ? argv[4] : "trainer", 0,
		sizeof(page.command));
	file = fopen(argv[1], "r+");
	if (file) {
		page.nvme_read *= 2;
		page.nvme_written *= 2;
	}
	fill_device(&page.device[0], argc > 5 ? argv[5] : "Test GPU", file != NULL);
	if (!file)
		file = fopen(argv[1], "w");
	if (!file || fwrite(&page, sizeof(page), 1, file) != 1 ||
	    fseek(file, MAP_OFFSET, SEEK_SET) ||
	    fwrite(map, sizeof(map), 1, file) != 1 ||
	    fwrite(uses, sizeof(uses), 1, file) != 1 || fclose(file))
		return 1;
	return 0;
}
