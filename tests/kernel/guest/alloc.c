/* SPDX-License-Identifier: GPL-2.0-only */
/* ALLOC: sizes, nodes, descriptors, and what a buffer is. */
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "device.h"
#include "module.h"
#include "test.h"

TEST(sizes_that_are_no_granules_are_refused)
{
	static const uint64_t sizes[] = {
		0,	     1,
		4096,	     GRANULE - 1,
		GRANULE + 1, GRANULE + 4096,
		UINT64_MAX,  UINT64_MAX - 4095,
		INT64_MAX,
	};
	int device = must_hello();

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		REFUSED(device_alloc(device, sizes[i]), EINVAL);
	CHECK_EQUAL(device_used(), 0);
}

/* Among them those whose counts of pages and bytes of tables overflow. */
TEST(sizes_beyond_the_machine_are_refused)
{
	static const uint64_t sizes[] = {
		(uint64_t)1 << 34,	  (uint64_t)1 << 43, (uint64_t)1 << 44,
		(uint64_t)1 << 52,	  (uint64_t)1 << 61, (uint64_t)1 << 63,
		UINT64_MAX - GRANULE + 1,
	};
	int device = must_hello();

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		REFUSED(device_alloc(device, sizes[i]), EFBIG);
	CHECK_EQUAL(device_used(), 0);
}

TEST(unknown_flags_are_refused)
{
	int device = must_hello();
	uint32_t known = must_info(device).alloc_flags;

	CHECK_EQUAL(known, GREENBOOST_ALLOC_FLAGS);
	for (int bit = 0; bit < 32; bit++)
		if (!(known & (1u << bit)))
			REFUSED(device_alloc_flags(device, GRANULE, 1u << bit,
						   GREENBOOST_NODE_ANY),
				EINVAL);
}

TEST(nodes_that_do_not_exist_are_refused)
{
	int device = must_hello();

	REFUSED(device_alloc_flags(device, GRANULE, 0, -2), EINVAL);
	REFUSED(device_alloc_flags(device, GRANULE, 0, INT_MIN), EINVAL);
	REFUSED(device_alloc_flags(device, GRANULE, 0, INT_MAX), EINVAL);
	REFUSED(device_alloc_flags(device, GRANULE, 0, 1 << 20), EINVAL);
	REFUSED(device_alloc_flags(device, GRANULE, GREENBOOST_ALLOC_BIND,
				   GREENBOOST_NODE_ANY),
		EINVAL);
	REFUSED(device_alloc_flags(device, GRANULE, GREENBOOST_ALLOC_BIND, 5),
		ENXIO);
}

TEST(buffer_is_a_descriptor_of_its_size)
{
	int device = must_hello();
	int buffer = must_alloc(device, 3 * GRANULE);

	CHECK_EQUAL(lseek(buffer, 0, SEEK_END), 3 * GRANULE);
	CHECK_EQUAL(fcntl(buffer, F_GETFD), FD_CLOEXEC);
	CHECK_EQUAL(fcntl(buffer, F_GETFL) & O_ACCMODE, O_RDWR);
	CHECK_EQUAL(device_used(), 3 * GRANULE);
	close(buffer);
	CHECK(EVENTUALLY(device_used() == 0));
}

TEST(every_size_of_a_few_granules_works)
{
	int device = must_hello();

	for (uint64_t granules = 1; granules <= 40; granules += 3 * test_ease) {
		uint64_t size = granules * GRANULE;
		int buffer = must_alloc(device, size);
		uint8_t *memory = must_map(buffer, size);

		CHECK_EQUAL(zero_check(memory, size), -1);
		pattern_fill(memory, size, granules);
		CHECK_EQUAL(pattern_check(memory, size, granules), -1);
		MUST(munmap(memory, size));
		close(buffer);
	}
}

TEST(small_pages_are_taken_only_where_needed)
{
	int device = must_hello();
	struct greenboost_alloc alloc = {
		.size = 4 * GRANULE,
		.flags = GREENBOOST_ALLOC_SMALL_PAGES,
		.node = GREENBOOST_NODE_ANY,
	};

	MUST(ioctl(device, GREENBOOST_IOC_ALLOC, &alloc));
	CHECK_EQUAL(alloc.small_bytes, 0);
}

TEST(no_descriptor_left_leaves_nothing)
{
	struct rlimit few = { .rlim_cur = 8, .rlim_max = 8 };
	int device = must_hello(), last;

	MUST(setrlimit(RLIMIT_NOFILE, &few));
	do
		last = dup(device);
	while (last >= 0);
	for (int i = 0; i < 20; i++)
		REFUSED(device_alloc(device, 2 * GRANULE), EMFILE);
	CHECK(EVENTUALLY(must_info(device).used_bytes == 0));
}

/* How many bytes of a mapping lie on a node, as the kernel's tables say. */
static uint64_t bytes_on_node(const void *memory, int node)
{
	char line[1024], begin[32], place[16], *at;
	uint64_t bytes = 0;
	FILE *maps = fopen("/proc/self/numa_maps", "r");

	if (!maps)
		test_skip("no NUMA here");
	snprintf(begin, sizeof(begin), "%lx ", (unsigned long)memory);
	snprintf(place, sizeof(place), " N%d=", node);
	while (fgets(line, sizeof(line), maps))
		if (!strncmp(line, begin, strlen(begin)) &&
		    (at = strstr(line, place)))
			bytes = strtoull(at + strlen(place), NULL, 10) * 4096;
	fclose(maps);
	return bytes;
}

TEST(memory_comes_from_the_node_named)
{
	uint64_t size = 32 * MIB;
	int device = must_hello();

	for (int node = 0; node < 2; node++) {
		int buffer = device_alloc_flags(device, size,
						GREENBOOST_ALLOC_BIND, node);
		void *memory;

		if (buffer < 0)
			FAIL("nothing from node %d", node);
		memory = must_map(buffer, size);
		CHECK_EQUAL(zero_check(memory, size), -1);
		CHECK_EQUAL(bytes_on_node(memory, node), size);
		MUST(munmap(memory, size));
		close(buffer);
	}
}

TEST(bound_memory_comes_from_no_other_node)
{
	int device = must_hello();
	int buffers = 0;

	while (device_alloc_flags(device, 16 * MIB, GREENBOOST_ALLOC_BIND, 1) >= 0)
		CHECK(++buffers < 1000);
	CHECK_EQUAL(errno, ENOMEM);
	CHECK((uint64_t)buffers * 16 * MIB < 256 * MIB);
	/* Where it is a wish only, the other node helps out. */
	CHECK(device_alloc_flags(device, 16 * MIB, 0, 1) >= 0);
}
