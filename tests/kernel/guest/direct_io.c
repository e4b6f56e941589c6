/* SPDX-License-Identifier: GPL-2.0-only */
/* O_DIRECT: the short pin that a disk's driver takes on a mapping. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "device.h"
#include "disk.h"
#include "test.h"

/* Where transfers begin and end: within pages, across pages and granules. */
static const struct {
	uint64_t at, size;
} ranges[] = {
	{ 0, 512 },
	{ 512, 512 },
	{ 4096 - 512, 1024 },
	{ 0, 4 * 1048576 },
	{ 2 * 1048576 - 4096, 8192 },
	{ 2 * 1048576 - 512, 1024 },
	{ 12288, 3 * 1048576 + 512 },
	{ 4 * 1048576 - 512, 512 },
};

#define FOR_EACH_RANGE(i)                                                      \
	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)

static void write_and_read(uint32_t flags)
{
	uint64_t size = 2 * GRANULE;
	int disk = disk_open();
	int buffer = device_alloc_flags(must_hello(), size, flags,
					GREENBOOST_NODE_ANY);
	uint8_t *memory;

	CHECK(buffer >= 0);
	memory = must_map(buffer, size);
	FOR_EACH_RANGE(i)
	{
		pattern_fill(memory + ranges[i].at, ranges[i].size, 40 + i);
		disk_write(disk, memory + ranges[i].at, ranges[i].size, 8192);
		disk_check(disk, ranges[i].size, 8192, 40 + i);
	}
	FOR_EACH_RANGE(i)
	{
		disk_fill(disk, ranges[i].size, 16384, 60 + i);
		disk_read(disk, memory + ranges[i].at, ranges[i].size, 16384);
		CHECK_EQUAL(pattern_check(memory + ranges[i].at, ranges[i].size,
					  60 + i),
			    -1);
	}
}

TEST(disk_writes_and_reads_mapped_memory)
{
	write_and_read(0);
	write_and_read(GREENBOOST_ALLOC_SMALL_PAGES);
}

/* The pages are not faulted in yet: the disk's driver is the first. */
TEST(disk_fills_memory_that_nobody_touched)
{
	uint64_t size = 4 * GRANULE;
	int disk = disk_open();
	void *memory = must_map(must_alloc(must_hello(), size), size);

	disk_fill(disk, size, 0, 71);
	disk_read(disk, memory, size, 0);
	CHECK_EQUAL(pattern_check(memory, size, 71), -1);
}

TEST(other_mappings_see_what_the_disk_wrote)
{
	int disk = disk_open();
	int buffer = must_alloc(must_hello(), GRANULE);
	void *first = must_map(buffer, GRANULE);
	void *second = must_map(buffer, GRANULE);

	pattern_fill(second, GRANULE, 72);
	disk_fill(disk, GRANULE, 0, 73);
	disk_read(disk, first, GRANULE, 0);
	CHECK_EQUAL(pattern_check(second, GRANULE, 73), -1);
}

TEST(pipes_and_other_processes_read_mapped_memory)
{
	void *memory = must_map(must_alloc(must_hello(), GRANULE), GRANULE);
	uint8_t copy[8192];
	struct iovec from = { (uint8_t *)memory + GRANULE - 8192, 8192 };
	struct iovec to = { copy, sizeof(copy) };
	int ends[2];

	pattern_fill(from.iov_base, 8192, 74);
	MUST(pipe(ends));
	CHECK_EQUAL(vmsplice(ends[1], &from, 1, 0), 8192);
	CHECK_EQUAL(read(ends[0], copy, 8192), 8192);
	CHECK_EQUAL(pattern_check(copy, 8192, 74), -1);
	pattern_fill(from.iov_base, 8192, 75);
	CHECK_EQUAL(process_vm_readv(getpid(), &to, 1, &from, 1, 0), 8192);
	CHECK_EQUAL(pattern_check(copy, 8192, 75), -1);
}
