/* SPDX-License-Identifier: GPL-2.0-only */
/* Buffers that go from process to process, and many processes at once. */
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "device.h"
#include "module.h"
#include "test.h"

TEST(buffer_passed_on_shows_the_same_memory)
{
	uint64_t size = 2 * GRANULE;
	int giver, end;
	void *memory;

	giver = test_fork_pair(&end);
	if (giver == 0) {
		int buffer = must_alloc(must_hello(), size);

		pattern_fill(must_map(buffer, size), size, 21);
		must_send(end, buffer);
		_exit(0);
	}
	CHECK_CHILD(giver);
	memory = must_map(must_receive(end), size);
	CHECK_EQUAL(pattern_check(memory, size, 21), -1);
	CHECK_EQUAL(device_used(), size);
}

TEST(buffer_that_nobody_received_is_freed_with_the_socket)
{
	int pair[2], buffer = must_alloc(must_hello(), GRANULE);

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	must_send(pair[0], buffer);
	close(buffer);
	CHECK_EQUAL(device_used(), GRANULE);
	close(pair[0]);
	close(pair[1]);
	CHECK(EVENTUALLY(device_used() == 0));
}

TEST(user_without_the_device_can_use_what_he_is_given)
{
	int child, buffer, end;

	child = test_fork_pair(&end);
	if (child == 0) {
		become_user(1000);
		buffer = must_receive(end);
		pattern_fill(must_map(buffer, GRANULE), GRANULE, 22);
		_exit(0);
	}
	buffer = must_alloc(must_hello(), GRANULE);
	must_send(end, buffer);
	CHECK_CHILD(child);
	CHECK_EQUAL(pattern_check(must_map(buffer, GRANULE), GRANULE, 22), -1);
}

/* One process of many: takes, looks that all is zero, marks, looks, gives. */
static void use_buffers(uint64_t seed, int turns)
{
	int device = must_hello();
	unsigned int random = (unsigned int)seed;

	for (int turn = 0; turn < turns; turn++) {
		uint64_t size = (1 + (unsigned int)rand_r(&random) % 4) * GRANULE;
		uint32_t flags = (unsigned int)rand_r(&random) & 1;
		int buffer = device_alloc_flags(device, size, flags,
						GREENBOOST_NODE_ANY);
		void *memory;

		if (buffer < 0) {
			CHECK(errno == ENOMEM || errno == ENOSPC);
			continue;
		}
		memory = must_map(buffer, size);
		if (zero_check(memory, size) != -1)
			FAIL("foreign data at %lld",
			     (long long)zero_check(memory, size));
		pattern_fill(memory, size, seed);
		sched_yield();
		CHECK_EQUAL(pattern_check(memory, size, seed), -1);
		if (rand_r(&random) & 1)
			close(buffer);
		MUST(munmap(memory, size));
		close(buffer);
	}
}

SLOW_TEST(twenty_four_processes_at_once, 180)
{
	enum { PROCESSES = 24, TURNS = 12 };
	int children[PROCESSES];

	for (int i = 0; i < PROCESSES; i++) {
		children[i] = test_fork();
		if (children[i] == 0) {
			use_buffers(1000 + (uint64_t)i, TURNS / (int)test_ease);
			_exit(0);
		}
	}
	for (int i = 0; i < PROCESSES; i++)
		CHECK_CHILD(children[i]);
}

/* All threads of a process share one open file and one buffer's faults. */
SLOW_TEST(processes_fault_in_one_buffer_at_once, 120)
{
	enum { PROCESSES = 8, TURNS = 20 };
	uint64_t size = 4 * GRANULE;
	int device = must_hello(), children[PROCESSES];

	for (int turn = 0; turn < TURNS / (int)test_ease; turn++) {
		int buffer = must_alloc(device, size);

		for (int i = 0; i < PROCESSES; i++) {
			children[i] = test_fork();
			if (children[i])
				continue;
			uint64_t *words = must_map(buffer, size);

			for (uint64_t at = (uint64_t)i; at < size / 8; at += 512)
				words[at] = at;
			_exit(0);
		}
		for (int i = 0; i < PROCESSES; i++)
			CHECK_CHILD(children[i]);
		uint64_t *words = must_map(buffer, size);

		for (uint64_t at = 0; at < size / 8; at++)
			if (words[at] != (at % 512 < PROCESSES ? at : 0))
				FAIL("word %llu is %llu", (unsigned long long)at,
				     (unsigned long long)words[at]);
		MUST(munmap(words, size));
		close(buffer);
	}
}
