/* SPDX-License-Identifier: GPL-2.0-only */
/* The machine runs short of memory, of contiguous memory, or of the pool's. */
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "device.h"
#include "fragments.h"
#include "level.h"
#include "module.h"
#include "ring.h"
#include "test.h"

/* How often the kernel killed somebody for lack of memory, since it began. */
static uint64_t killed_for_memory(void)
{
	char text[16384], *line;

	if (file_read("/proc/vmstat", text, sizeof(text)) < 0)
		FAIL("no /proc/vmstat");
	line = strstr(text, "\noom_kill ");
	CHECK(line);
	return strtoull(line + 10, NULL, 10);
}

/* A process that takes ordinary memory, step by step, until it is killed. */
static int start_eater(enum greenboost_level until)
{
	int child = test_fork();

	if (child)
		return child;
	while (level_now() < until) {
		uint8_t *memory = mmap(NULL, 8 * MIB, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (memory != MAP_FAILED)
			memset(memory, 0x5a, 8 * MIB);
		usleep(30000);
	}
	pause();
	_exit(0);
}

/*
 * Waits until the level is that; true when it went there straight. Two changes
 * may lie between two looks, but none is lost or goes back.
 */
static bool follow(int device, enum greenboost_level to)
{
	struct pollfd one = { .fd = device, .events = POLLIN };
	struct greenboost_pressure now = must_pressure(device);
	uint64_t changes = now.level_changes;
	int from = (int)now.level, steps = abs((int)to - from);

	while (now.level != to) {
		if (poll(&one, 1, 60000) != 1)
			return false;
		now = must_pressure(device);
	}
	return now.level_changes - changes == (uint64_t)steps;
}

SLOW_TEST(levels_follow_the_memory_in_order, 120)
{
	uint64_t killed = killed_for_memory();
	int device, eater;

	module_fill_reserve(64 * MIB);
	level_hurry();
	device = must_hello();
	must_alloc(device, 32 * MIB);
	eater = start_eater(GREENBOOST_LEVEL_CRITICAL);
	CHECK(follow(device, GREENBOOST_LEVEL_CRITICAL));
	CHECK(must_pressure(device).causes & GREENBOOST_CAUSE_MEMORY);
	CHECK_EQUAL(must_info(device).reserve_bytes, 0);
	REFUSED(device_alloc(device, GRANULE), ENOSPC);
	CHECK_EQUAL(device_used(), 32 * MIB);
	test_kill(eater);
	CHECK(follow(device, GREENBOOST_LEVEL_NORMAL));
	must_alloc(device, GRANULE);
	CHECK_EQUAL(killed_for_memory(), killed);
}

TEST(reserve_goes_back_when_the_kernel_asks)
{
	uint64_t killed = killed_for_memory();
	uint64_t filled = module_fill_reserve(64 * MIB);

	module_set("watchdog_paused", "1");
	MUST(file_write("/proc/sys/vm/drop_caches", "2"));
	CHECK(must_info(must_hello()).reserve_bytes < filled);
	CHECK_EQUAL(killed_for_memory(), killed);
}

/* Takes buffers until none comes; how many bytes, and errno says why. */
static uint64_t take_all(int device, uint64_t size, uint32_t flags)
{
	uint64_t bytes = 0;

	while (device_alloc_flags(device, size, flags, GREENBOOST_NODE_ANY) >= 0)
		bytes += size;
	return bytes;
}

SLOW_TEST(exhausted_pool_refuses_and_recovers, 120)
{
	uint64_t killed = killed_for_memory(), first = 0;
	int device;

	module_reinsert("limit_mib=4096");
	level_hurry();
	for (int turn = 0; turn < 3; turn++) {
		device = must_hello();
		uint64_t bytes = take_all(device, 16 * MIB, turn == 2);

		CHECK(errno == ENOSPC || errno == ENOMEM);
		CHECK(bytes > 200 * MIB);
		CHECK_EQUAL(device_used(), bytes);
		CHECK(must_pressure(device).available_bytes > 8 * MIB);
		/* Each turn gets about as much as the first: nothing leaks. */
		if (turn == 0)
			first = bytes;
		else
			CHECK(bytes + 64 * MIB > first);
		test_close_from(device);
		CHECK(EVENTUALLY(device_used() == 0));
		CHECK(EVENTUALLY(level_now() == GREENBOOST_LEVEL_NORMAL));
	}
	CHECK_EQUAL(killed_for_memory(), killed);
}

SLOW_TEST(fragmented_memory_is_told_from_full_memory, 180)
{
	struct ring *ring = ring_create();
	struct greenboost_alloc alloc = {
		.size = 128 * MIB,
		.flags = GREENBOOST_ALLOC_SMALL_PAGES,
		.node = GREENBOOST_NODE_ANY,
	};
	uint64_t whole, killed = killed_for_memory();
	uint8_t *memory;
	int device;

	module_reinsert("limit_mib=4096 reserve_mib=0");
	module_set("watchdog_paused", "1");
	device = must_hello();
	fragment_memory(ring);
	whole = take_all(device, 2 * GRANULE, 0);
	CHECK_EQUAL(errno, ENOMEM);
	CHECK(must_pressure(device).total_bytes - whole > 256 * MIB);
	MUST(ioctl(device, GREENBOOST_IOC_ALLOC, &alloc));
	CHECK(alloc.small_bytes > 0);
	CHECK_EQUAL(module_number("small_bytes"), alloc.small_bytes);
	memory = must_map(alloc.fd, alloc.size);
	CHECK_EQUAL(zero_check(memory, alloc.size), -1);
	pattern_fill(memory, alloc.size, 101);
	CHECK_EQUAL(pattern_check(memory, alloc.size, 101), -1);
	test_note("%llu MiB whole, %llu MiB of 128 in small pages",
		  (unsigned long long)(whole / MIB),
		  (unsigned long long)(alloc.small_bytes / MIB));
	ring_destroy(ring);
	CHECK_EQUAL(killed_for_memory(), killed);
}
