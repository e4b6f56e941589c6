/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The long-term pin that a GPU's driver takes when memory is registered with
 * it, taken here by io_uring. A buffer's pages may not go to anybody else while
 * they are pinned, whatever becomes of the buffer.
 */
#include <fcntl.h>
#include <linux/if_xdp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "device.h"
#include "disk.h"
#include "ring.h"
#include "test.h"

static void register_all(struct ring *ring, void *memory, uint64_t size)
{
	struct iovec range = { memory, size };

	if (ring_register(ring, &range, 1))
		FAIL("cannot pin %llu bytes", (unsigned long long)size);
}

static void move_pinned(uint32_t flags)
{
	uint64_t size = 4 * GRANULE;
	int disk = disk_open();
	int buffer = device_alloc_flags(must_hello(), size, flags,
					GREENBOOST_NODE_ANY);
	struct ring *ring = ring_create();
	void *memory;

	CHECK(buffer >= 0);
	memory = must_map(buffer, size);
	register_all(ring, memory, size);
	pattern_fill(memory, size, 81);
	ring_write(ring, disk, memory, size, 0, 0);
	disk_check(disk, size, 0, 81);
	disk_fill(disk, size, 0, 82);
	ring_read(ring, disk, memory, size, 0, 0);
	CHECK_EQUAL(pattern_check(memory, size, 82), -1);
	ring_destroy(ring);
}

TEST(pinned_memory_is_read_and_written_by_devices)
{
	move_pinned(0);
	move_pinned(GREENBOOST_ALLOC_SMALL_PAGES);
}

TEST(part_of_a_buffer_can_be_pinned)
{
	uint8_t *memory =
		must_map(must_alloc(must_hello(), 2 * GRANULE), 2 * GRANULE);
	int disk = disk_open();
	struct ring *ring = ring_create();
	struct iovec ranges[] = {
		{ memory + 4096, 4096 },
		{ memory + GRANULE - 8192, 16384 },
		{ memory + 100 * 4096 + 512, 12288 },
	};

	MUST(ring_register(ring, ranges, 3));
	for (unsigned int i = 0; i < 3; i++) {
		pattern_fill(ranges[i].iov_base, ranges[i].iov_len, 83 + i);
		ring_write(ring, disk, ranges[i].iov_base, ranges[i].iov_len, 0, i);
		disk_check(disk, ranges[i].iov_len, 0, 83 + i);
	}
	ring_destroy(ring);
}

/* What the pool gives out now, filled with something else. */
static void churn(uint64_t size)
{
	int device = must_hello();

	for (int turn = 0; turn < 6 / (int)test_ease + 1; turn++) {
		int buffer = device_alloc_flags(device, size, turn & 1,
						GREENBOOST_NODE_ANY);
		void *memory;

		if (buffer < 0)
			FAIL("cannot allocate");
		memory = must_map(buffer, size);
		CHECK_EQUAL(zero_check(memory, size), -1);
		pattern_fill(memory, size, 99);
		MUST(munmap(memory, size));
		close(buffer);
		CHECK(EVENTUALLY(device_used() == 0));
	}
}

/*
 * All descriptors and mappings go; the pin stays, as it does when a program
 * with registered memory is killed. What the device then writes may not land
 * in somebody else's buffer, nor may it send what somebody else wrote.
 */
static void keep_pinned(uint32_t flags)
{
	uint64_t size = 4 * GRANULE;
	int disk = disk_open(), device = must_hello();
	int buffer = device_alloc_flags(device, size, flags, GREENBOOST_NODE_ANY);
	struct ring *ring = ring_create();
	void *memory;

	CHECK(buffer >= 0);
	memory = must_map(buffer, size);
	register_all(ring, memory, size);
	pattern_fill(memory, size, 84);
	MUST(munmap(memory, size));
	close(buffer);
	close(device);
	CHECK(EVENTUALLY(device_used() == 0));

	churn(32 * MIB);
	ring_write(ring, disk, memory, size, 0, 0);
	disk_check(disk, size, 0, 84);

	/* And the other way: a device that writes, while others have memory. */
	device = must_hello();
	buffer = must_alloc(device, 64 * MIB);
	void *other = must_map(buffer, 64 * MIB);

	pattern_fill(other, 64 * MIB, 85);
	disk_fill(disk, size, 0, 86);
	ring_read(ring, disk, memory, size, 0, 0);
	CHECK_EQUAL(pattern_check(other, 64 * MIB, 85), -1);
	ring_destroy(ring);
}

TEST(pinned_pages_are_given_to_nobody_else)
{
	keep_pinned(0);
}

TEST(pinned_small_pages_are_given_to_nobody_else)
{
	keep_pinned(GREENBOOST_ALLOC_SMALL_PAGES);
}

TEST(pins_of_a_killed_process_go)
{
	int end;

	void *probe = must_map(must_alloc(must_hello(), GRANULE), GRANULE);

	/* Skips where it cannot be done. */
	register_all(ring_create(), probe, GRANULE);
	MUST(munmap(probe, GRANULE));
	test_close_from(3);
	for (int turn = 0; turn < 10; turn++) {
		int child = test_fork_pair(&end);

		if (child == 0) {
			uint64_t size = 16 * GRANULE;
			void *memory =
				must_map(must_alloc(must_hello(), size), size);

			register_all(ring_create(), memory, size);
			test_tell(end);
			pause();
		}
		test_await(end);
		test_kill(child);
		close(end);
		CHECK(EVENTUALLY(device_used() == 0));
	}
}

/* A fork between pin and transfer must not leave the parent with a copy. */
TEST(pinned_memory_stays_with_the_parent_of_a_fork)
{
	uint64_t size = GRANULE;
	int disk = disk_open(), child;
	void *memory = must_map(must_alloc(must_hello(), size), size);
	struct ring *ring = ring_create();

	register_all(ring, memory, size);
	pattern_fill(memory, size, 87);
	child = test_fork();
	if (child == 0)
		_exit(0);
	CHECK_CHILD(child);
	pattern_fill(memory, size, 88);
	ring_write(ring, disk, memory, size, 0, 0);
	disk_check(disk, size, 0, 88);
	ring_destroy(ring);
}

/* A packet socket's memory: the other long-term pin that programs can take. */
static int pin_by_socket(void *memory, uint64_t size)
{
	struct xdp_umem_reg registration = {
		.addr = (uintptr_t)memory,
		.len = size,
		.chunk_size = 4096,
	};
	int fd = socket(AF_XDP, SOCK_RAW, 0);

	if (fd < 0)
		test_skip("no AF_XDP here");
	MUST(setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &registration,
			sizeof(registration)));
	return fd;
}

TEST(memory_can_be_pinned_for_packets)
{
	uint64_t size = 4 * GRANULE;
	int device = must_hello(), buffer = must_alloc(device, size);
	void *memory = must_map(buffer, size);
	int pin = pin_by_socket(memory, size);

	pattern_fill(memory, size, 89);
	MUST(munmap(memory, size));
	close(buffer);
	close(device);
	CHECK(EVENTUALLY(device_used() == 0));
	churn(32 * MIB);
	close(pin);
}

/*
 * The same for the short pin, and with a look at what is pinned: a pipe holds
 * the pages themselves, so it has what they held when the buffer went.
 */
static void keep_in_pipe(uint32_t flags)
{
	enum { SIZE = 65536 };
	static uint8_t copy[SIZE];
	int buffer = device_alloc_flags(must_hello(), GRANULE, flags,
					GREENBOOST_NODE_ANY);
	struct iovec part;
	void *memory;
	int ends[2];

	CHECK(buffer >= 0);
	memory = must_map(buffer, GRANULE);
	part = (struct iovec){ (uint8_t *)memory + 262144, SIZE };
	pattern_fill(part.iov_base, SIZE, 90);
	MUST(pipe(ends));
	CHECK_EQUAL(vmsplice(ends[1], &part, 1, 0), SIZE);
	MUST(munmap(memory, GRANULE));
	close(buffer);
	CHECK(EVENTUALLY(device_used() == 0));
	churn(32 * MIB);
	CHECK_EQUAL(read(ends[0], copy, SIZE), SIZE);
	CHECK_EQUAL(pattern_check(copy, SIZE, 90), -1);
}

TEST(pages_in_a_pipe_are_given_to_nobody_else)
{
	keep_in_pipe(0);
	keep_in_pipe(GREENBOOST_ALLOC_SMALL_PAGES);
}
