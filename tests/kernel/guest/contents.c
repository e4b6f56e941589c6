/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * No page of anybody else is ever seen: what is handed out reads as zero,
 * whatever lay there before. The guest's kernel is told not to clear pages by
 * itself (init_on_alloc=0), or these would pass without the module's doing.
 */
#include <string.h>
#include <sys/mman.h>

#include "device.h"
#include "module.h"
#include "test.h"

/* Fills so much ordinary memory with something, and gives it back. */
static void dirty_memory(uint64_t size)
{
	void *memory;

	size /= test_ease;
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(memory != MAP_FAILED);
	memset(memory, 0xee, size);
	MUST(munmap(memory, size));
}

static void check_fresh(int device, uint64_t size, uint32_t flags)
{
	int buffer = device_alloc_flags(device, size, flags, GREENBOOST_NODE_ANY);
	void *memory;

	if (buffer < 0)
		FAIL("cannot allocate %llu bytes", (unsigned long long)size);
	memory = must_map(buffer, size);
	if (zero_check(memory, size) != -1)
		FAIL("not zero at %lld", (long long)zero_check(memory, size));
	memset(memory, 0xdd, size);
	MUST(munmap(memory, size));
	close(buffer);
}

TEST(kernel_does_not_clear_pages_by_itself)
{
	char line[1024];

	CHECK(file_read("/proc/cmdline", line, sizeof(line)) > 0);
	CHECK(strstr(line, "init_on_alloc=0"));
}

TEST(memory_of_others_is_not_seen)
{
	int device = must_hello();

	for (int turn = 0; turn < 2; turn++) {
		dirty_memory(256 * MIB);
		check_fresh(device, 128 * MIB / test_ease, 0);
		CHECK(EVENTUALLY(device_used() == 0));
	}
}

TEST(memory_of_freed_buffers_is_not_seen)
{
	int device = must_hello();

	for (int turn = 0; turn < 8; turn++)
		check_fresh(device, 32 * MIB / test_ease, turn & 1);
}

TEST(memory_of_the_reserve_is_cleared)
{
	uint64_t filled = 0;

	for (int turn = 0; turn < 2; turn++) {
		dirty_memory(256 * MIB);
		filled = module_fill_reserve(64 * MIB);
		check_fresh(must_hello(), filled, 0);
		CHECK(EVENTUALLY(device_used() == 0));
		test_close_from(3);
	}
}

/* While one process still writes, another's fault sees it or zero, no more. */
TEST(freeing_while_mapped_elsewhere_keeps_the_page)
{
	int device = must_hello();
	int buffer = must_alloc(device, GRANULE);
	void *memory = must_map(buffer, GRANULE);

	pattern_fill(memory, GRANULE, 31);
	close(buffer);
	for (int turn = 0; turn < 6; turn++)
		check_fresh(device, 16 * MIB, 0);
	CHECK_EQUAL(pattern_check(memory, GRANULE, 31), -1);
}
