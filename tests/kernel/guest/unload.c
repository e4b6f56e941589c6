/* SPDX-License-Identifier: GPL-2.0-only */
/* The module stays while it is used, and leaves nothing when it goes. */
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "device.h"
#include "module.h"
#include "test.h"

static bool removal_is_refused(void)
{
	return module_remove() == -1 && (errno == EWOULDBLOCK || errno == EBUSY);
}

TEST(module_in_use_cannot_be_removed)
{
	int device = must_hello(), buffer;
	void *memory;

	test_changes_module();
	CHECK(removal_is_refused());
	buffer = must_alloc(device, GRANULE);
	close(device);
	CHECK(removal_is_refused());
	memory = must_map(buffer, GRANULE);
	close(buffer);
	CHECK(removal_is_refused());
	pattern_fill(memory, GRANULE, 111);
	CHECK(removal_is_refused());
	CHECK_EQUAL(pattern_check(memory, GRANULE, 111), -1);
	MUST(munmap(memory, GRANULE));
	CHECK(EVENTUALLY(module_remove() == 0));
	REFUSED(device_open(), ENOENT);
	REFUSED(access("/sys/class/greenboost", F_OK), ENOENT);
	REFUSED(access("/sys/kernel/debug/greenboost", F_OK), ENOENT);
}

TEST(removed_module_gives_all_memory_back)
{
	uint64_t before;

	test_changes_module();
	CHECK(EVENTUALLY(module_remove() == 0));
	before = memory_free();
	module_fill_reserve(64 * MIB);
	close(must_alloc(must_hello(), 64 * MIB));
	test_close_from(3);
	CHECK(EVENTUALLY(module_remove() == 0));
	if (!EVENTUALLY(memory_free() + 16 * MIB > before))
		FAIL("%lld bytes are missing", (long long)(before - memory_free()));
}

/* At every moment of the start: threads, reserve and watchdog just begin. */
SLOW_TEST(module_comes_and_goes_many_times, 120)
{
	for (unsigned int turn = 0; turn < 30 / test_ease; turn++) {
		module_reinsert(turn & 1 ? "reserve_mib=32 watchdog_ms=10" : "");
		usleep(turn * 3000);
		if (turn % 3 == 0)
			close(must_alloc(must_hello(), 8 * MIB));
		test_close_from(3);
	}
}

TEST(wrong_parameters_are_refused_at_insertion)
{
	static const char *const wrong[] = {
		"watchdog_ms=0",
		"elevated_percent=1000",
		"limit_mib=-1",
		"limit_mib=much",
		"fill_threads=0",
		"store=relative/path",
		"reserve_mib=1234567890123456789012",
	};

	test_changes_module();
	CHECK(EVENTUALLY(module_remove() == 0));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		if (module_insert(wrong[i]) == 0)
			FAIL("'%s' is taken", wrong[i]);
		REFUSED(device_open(), ENOENT);
	}
}

TEST(extreme_parameters_are_survived)
{
	static const char *const extreme[] = {
		"limit_mib=18446744073709551615",
		"reserve_mib=999999999",
		"limit_mib=1 user_limit_mib=1 file_limit_mib=1",
		"fill_threads=64 watchdog_ms=10 calm_looks=1000",
		"elevated_percent=90 critical_percent=90 hysteresis_percent=50",
		"elevated_percent=1 critical_percent=90",
	};

	for (size_t i = 0; i < sizeof(extreme) / sizeof(*extreme); i++) {
		module_reinsert(extreme[i]);
		int buffer = device_alloc(must_hello(), 4 * MIB);

		if (buffer < 0)
			CHECK(errno == ENOSPC || errno == EDQUOT);
		usleep(200000);
		test_close_from(3);
	}
}
