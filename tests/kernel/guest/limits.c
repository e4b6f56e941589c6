/* SPDX-License-Identifier: GPL-2.0-only */
/* Limits of open files, users, the machine and RLIMIT_MEMLOCK. */
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "device.h"
#include "module.h"
#include "test.h"

enum { ALICE = 1000, BOB = 1001 };

static int set_limit(int device, uint64_t bytes)
{
	struct greenboost_set_limit set = { .file_limit = bytes };

	return ioctl(device, GREENBOOST_IOC_SET_LIMIT, &set);
}

static void set_memlock(uint64_t bytes)
{
	struct rlimit limit = { .rlim_cur = bytes, .rlim_max = bytes };

	MUST(setrlimit(RLIMIT_MEMLOCK, &limit));
}

TEST(limits_tell_what_is_used)
{
	int device = must_hello(), other = must_hello();
	int buffer = must_alloc(device, 2 * GRANULE);
	struct greenboost_limits limits;

	must_alloc(other, GRANULE);
	limits = must_limits(device);
	CHECK_EQUAL(limits.file_used, 2 * GRANULE);
	CHECK_EQUAL(limits.user_used, 3 * GRANULE);
	CHECK_EQUAL(limits.machine_used, 3 * GRANULE);
	CHECK(limits.memlock_limit == GREENBOOST_NO_LIMIT);
	CHECK_EQUAL(limits.machine_limit, must_info(device).limit_bytes);
	CHECK_EQUAL(limits.machine_limit % GRANULE, 0);
	close(buffer);
	CHECK(EVENTUALLY(must_limits(device).file_used == 0));
	CHECK_EQUAL(must_limits(device).machine_used, GRANULE);
}

TEST(file_over_its_limit_is_refused)
{
	int device = must_hello(), other = must_hello();

	MUST(set_limit(device, 2 * GRANULE + 4096));
	CHECK_EQUAL(must_limits(device).file_limit, 2 * GRANULE);
	CHECK_EQUAL(must_info(device).available_bytes, 2 * GRANULE);
	REFUSED(device_alloc(device, 3 * GRANULE), EDQUOT);
	must_alloc(device, 2 * GRANULE);
	CHECK_EQUAL(must_info(device).available_bytes, 0);
	REFUSED(device_alloc(device, GRANULE), EDQUOT);
	must_alloc(other, GRANULE);
}

TEST(limit_below_what_is_used_takes_nothing_away)
{
	int device = must_hello();
	int buffer = must_alloc(device, 2 * GRANULE);
	void *memory = must_map(buffer, 2 * GRANULE);

	MUST(set_limit(device, 0));
	REFUSED(device_alloc(device, GRANULE), EDQUOT);
	CHECK_EQUAL(must_info(device).available_bytes, 0);
	pattern_fill(memory, 2 * GRANULE, 1);
	CHECK_EQUAL(pattern_check(memory, 2 * GRANULE, 1), -1);
	MUST(set_limit(device, GREENBOOST_NO_LIMIT));
	must_alloc(device, GRANULE);
}

TEST(only_the_privileged_raise_a_limit)
{
	int device = must_hello();
	int child = test_fork();

	if (child == 0) {
		become_user(ALICE);
		MUST(set_limit(device, 4 * GRANULE));
		MUST(set_limit(device, 2 * GRANULE));
		REFUSED(set_limit(device, 3 * GRANULE), EPERM);
		REFUSED(set_limit(device, GREENBOOST_NO_LIMIT), EPERM);
		_exit(0);
	}
	CHECK_CHILD(child);
	CHECK_EQUAL(must_limits(device).file_limit, 2 * GRANULE);
	MUST(set_limit(device, 3 * GRANULE));
}

TEST(limit_goes_with_the_open_file)
{
	int device = must_hello();
	int child, end;

	MUST(set_limit(device, GRANULE));
	child = test_fork_pair(&end);
	if (child == 0) {
		close(device);
		device = must_receive(end);
		set_memlock(RLIM_INFINITY);
		become_user(ALICE);
		must_alloc(device, GRANULE);
		REFUSED(device_alloc(device, GRANULE), EDQUOT);
		_exit(0);
	}
	must_send(end, device);
	CHECK_CHILD(child);
	CHECK(EVENTUALLY(must_limits(device).file_used == 0));
}

TEST(charge_outlives_the_device)
{
	int device = must_hello();
	int buffer = must_alloc(device, 2 * GRANULE);

	close(device);
	device = must_hello();
	CHECK_EQUAL(must_limits(device).user_used, 2 * GRANULE);
	CHECK_EQUAL(must_limits(device).file_used, 0);
	close(buffer);
	CHECK(EVENTUALLY(must_limits(device).user_used == 0));
}

TEST(locked_memory_of_an_ordinary_user_is_limited)
{
	int first, device;

	set_memlock(2 * GRANULE + 4096);
	become_user(ALICE);
	device = must_hello();
	CHECK_EQUAL(must_limits(device).memlock_limit, 2 * GRANULE + 4096);
	CHECK_EQUAL(must_limits(device).memlock_used, 0);
	CHECK_EQUAL(must_info(device).available_bytes, 2 * GRANULE);
	REFUSED(device_alloc(device, 3 * GRANULE), EPERM);
	first = must_alloc(device, GRANULE);
	must_alloc(device, GRANULE);
	CHECK_EQUAL(must_limits(device).memlock_used, 2 * GRANULE);
	REFUSED(device_alloc(device, GRANULE), EPERM);
	close(first);
	CHECK(EVENTUALLY(must_limits(device).memlock_used == GRANULE));
	must_alloc(device, GRANULE);
}

TEST(locked_memory_is_counted_by_user_and_not_by_file)
{
	int child, end;

	set_memlock(2 * GRANULE);
	become_user(ALICE);
	child = test_fork_pair(&end);
	if (child == 0) {
		must_alloc(must_hello(), 2 * GRANULE);
		test_tell(end);
		test_await(end);
		_exit(0);
	}
	test_await(end);
	REFUSED(device_alloc(must_hello(), GRANULE), EPERM);
	test_tell(end);
	CHECK_CHILD(child);
	CHECK(EVENTUALLY(device_alloc(must_hello(), GRANULE) >= 0));
}

TEST(user_over_his_limit_does_not_hinder_others)
{
	int child, end;

	module_reinsert("user_limit_mib=8");
	set_memlock(RLIM_INFINITY);
	child = test_fork_pair(&end);
	if (child == 0) {
		int device;

		become_user(ALICE);
		device = must_hello();
		CHECK_EQUAL(must_limits(device).user_limit, 8 * MIB);
		must_alloc(device, 6 * MIB);
		REFUSED(device_alloc(device, 4 * MIB), EDQUOT);
		REFUSED(device_alloc(must_hello(), 4 * MIB), EDQUOT);
		test_tell(end);
		test_await(end);
		_exit(0);
	}
	test_await(end);
	become_user(BOB);
	must_alloc(must_hello(), 8 * MIB);
	test_tell(end);
	CHECK_CHILD(child);
}

TEST(user_cannot_raise_limits_in_a_namespace_of_his)
{
	int device = must_hello();

	MUST(set_limit(device, GRANULE));
	set_memlock(GRANULE);
	become_user(ALICE);
	if (unshare(CLONE_NEWUSER))
		test_skip("no user namespaces here");
	REFUSED(set_limit(device, 2 * GRANULE), EPERM);
	must_alloc(device, GRANULE);
	REFUSED(device_alloc(must_hello(), GRANULE), EPERM);
}

TEST(machine_at_its_limit_has_no_space)
{
	int device, buffer;

	module_reinsert("limit_mib=16 file_limit_mib=64");
	device = must_hello();
	CHECK_EQUAL(must_limits(device).file_limit, 64 * MIB);
	CHECK_EQUAL(must_info(device).limit_bytes, 16 * MIB);
	REFUSED(device_alloc(device, 18 * MIB), ENOSPC);
	buffer = must_alloc(device, 10 * MIB);
	REFUSED(device_alloc(must_hello(), 8 * MIB), ENOSPC);
	must_alloc(must_hello(), 6 * MIB);
	CHECK_EQUAL(must_info(device).available_bytes, 0);
	close(buffer);
	CHECK(EVENTUALLY(device_alloc(device, 10 * MIB) >= 0));
}

/* Also by many at once, the sum of all stays within the limit. */
SLOW_TEST(no_race_passes_a_limit, 120)
{
	enum { PROCESSES = 8, TURNS = 200 };
	int children[PROCESSES];

	module_reinsert("limit_mib=16 reserve_mib=0");
	for (int i = 0; i < PROCESSES; i++) {
		children[i] = test_fork();
		if (children[i])
			continue;
		int device = must_hello();

		for (int turn = 0; turn < TURNS / (int)test_ease; turn++) {
			int buffer = device_alloc(device, 4 * MIB);

			CHECK(must_info(device).used_bytes <= 16 * MIB);
			if (buffer < 0)
				CHECK_EQUAL(errno, ENOSPC);
			else
				close(buffer);
		}
		_exit(0);
	}
	for (int i = 0; i < PROCESSES; i++)
		CHECK_CHILD(children[i]);
}
