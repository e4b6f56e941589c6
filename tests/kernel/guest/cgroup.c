/* SPDX-License-Identifier: GPL-2.0-only */
/* Buffers are charged to the cgroup of the one who takes them. */
#include <string.h>
#include <sys/stat.h>

#include "device.h"
#include "module.h"
#include "test.h"

#define ROOT "/tmp/cgroup"
#define OURS ROOT "/test"

/* Enters a fresh cgroup with this limit. */
static void enter(const char *limit)
{
	if (file_write(ROOT "/cgroup.subtree_control", "+memory"))
		test_skip("no cgroup controls memory here");
	rmdir(OURS);
	MUST(mkdir(OURS, 0755));
	MUST(file_write(OURS "/memory.max", limit));
	MUST(file_write(OURS "/cgroup.procs", "0"));
}

static uint64_t current(void)
{
	return file_number(OURS "/memory.current");
}

static uint64_t event(const char *name)
{
	char text[512], *at;

	MUST(file_read(OURS "/memory.events", text, sizeof(text)));
	at = strstr(text, name);
	CHECK(at);
	return strtoull(at + strlen(name), NULL, 10);
}

TEST(buffers_are_charged_to_the_cgroup)
{
	uint64_t before;
	int device, buffer;

	enter("max");
	device = must_hello();
	before = current();
	buffer = must_alloc(device, 32 * MIB);
	if (current() < before + 32 * MIB)
		FAIL("charged %lld bytes of 32 MiB",
		     (long long)(current() - before));
	close(buffer);
	CHECK(EVENTUALLY(device_used() == 0));
	CHECK(EVENTUALLY(current() < before + 4 * MIB));
}

/* Also from the reserve, whose pages were nobody's when they were cleared. */
TEST(reserve_does_not_pass_by_the_cgroup)
{
	int device;

	module_fill_reserve(64 * MIB);
	device = must_hello();
	enter("max");
	must_alloc(device, 32 * MIB);
	CHECK(current() >= 32 * MIB);
}

static void hit_limit(uint32_t flags)
{
	uint64_t bytes = 0, counted = module_number("counters/refused_memory");
	int device;

	enter("48M");
	device = must_hello();
	while (device_alloc_flags(device, 4 * MIB, flags, GREENBOOST_NODE_ANY) >= 0)
		bytes += 4 * MIB;
	CHECK_EQUAL(errno, ENOMEM);
	CHECK(bytes >= 32 * MIB && bytes <= 48 * MIB);
	CHECK_EQUAL(event("oom_kill "), 0);
	CHECK(module_number("counters/refused_memory") > counted);
	CHECK_EQUAL(device_used(), bytes);
	test_close_from(device);
	CHECK(EVENTUALLY(device_used() == 0));
	must_alloc(must_hello(), 32 * MIB);
}

TEST(cgroup_at_its_limit_gets_no_memory)
{
	hit_limit(0);
}

/* Nobody is killed: single pages are what the kernel kills for elsewhere. */
TEST(cgroup_at_its_limit_gets_no_small_pages_either)
{
	hit_limit(GREENBOOST_ALLOC_SMALL_PAGES);
}

TEST(large_buffer_over_the_limit_is_given_back_whole)
{
	int device;

	enter("64M");
	device = must_hello();
	for (int turn = 0; turn < 10; turn++) {
		REFUSED(device_alloc(device, 128 * MIB), ENOMEM);
		CHECK_EQUAL(device_used(), 0);
	}
	CHECK(EVENTUALLY(current() < 8 * MIB));
	CHECK_EQUAL(event("oom_kill "), 0);
}
