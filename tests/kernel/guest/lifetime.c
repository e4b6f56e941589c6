/* SPDX-License-Identifier: GPL-2.0-only */
/* Mappings, and what happens to buffers when those who hold them go. */
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "device.h"
#include "test.h"

/* Does reading there end a process? */
static bool faults(const volatile uint8_t *address)
{
	int status, pid = test_fork();

	if (pid == 0)
		_exit(*address == 0xff);
	MUST(waitpid(pid, &status, 0));
	return WIFSIGNALED(status) &&
	       (WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGBUS);
}

TEST(buffer_outlives_the_device)
{
	int device = must_hello();
	int buffer = must_alloc(device, 2 * GRANULE);
	void *memory;

	close(device);
	memory = must_map(buffer, 2 * GRANULE);
	pattern_fill(memory, 2 * GRANULE, 7);
	CHECK_EQUAL(pattern_check(memory, 2 * GRANULE, 7), -1);
	CHECK_EQUAL(device_used(), 2 * GRANULE);
}

TEST(mapping_outlives_the_descriptor)
{
	int device = must_hello();
	int buffer = must_alloc(device, 2 * GRANULE);
	void *memory = must_map(buffer, 2 * GRANULE);

	pattern_fill(memory, 2 * GRANULE, 8);
	close(buffer);
	close(device);
	CHECK_EQUAL(device_used(), 2 * GRANULE);
	CHECK_EQUAL(pattern_check(memory, 2 * GRANULE, 8), -1);
	MUST(munmap(memory, 2 * GRANULE));
	CHECK(EVENTUALLY(device_used() == 0));
}

static void let_go(char what, int device, int buffer, void *memory)
{
	if (what == 'd')
		close(device);
	else if (what == 'b')
		close(buffer);
	else
		MUST(munmap(memory, GRANULE));
}

/* Device, buffer and mapping: the last of the latter two frees it. */
TEST(freed_in_any_order)
{
	static const char orders[][4] = { "dbm", "dmb", "bdm",
					  "bmd", "mdb", "mbd" };

	for (int i = 0; i < 6; i++) {
		int device = must_hello();
		int buffer = must_alloc(device, GRANULE);
		void *memory = must_map(buffer, GRANULE);
		int holders = 2;

		for (int step = 0; step < 3; step++) {
			CHECK_EQUAL(device_used(), holders ? GRANULE : 0);
			let_go(orders[i][step], device, buffer, memory);
			if (orders[i][step] != 'd' && --holders == 0)
				CHECK(EVENTUALLY(device_used() == 0));
		}
	}
}

TEST(two_mappings_show_one_memory)
{
	int buffer = must_alloc(must_hello(), 2 * GRANULE);
	void *first = must_map(buffer, 2 * GRANULE);
	void *second = must_map(buffer, 2 * GRANULE);

	pattern_fill(first, 2 * GRANULE, 9);
	CHECK_EQUAL(pattern_check(second, 2 * GRANULE, 9), -1);
	MUST(munmap(first, 2 * GRANULE));
	CHECK_EQUAL(pattern_check(second, 2 * GRANULE, 9), -1);
}

TEST(part_of_a_buffer_can_be_mapped)
{
	uint64_t size = 3 * GRANULE;
	int buffer = must_alloc(must_hello(), size);
	uint8_t *all = must_map(buffer, size), *part;

	for (uint64_t page = 0; page < size / 4096; page++)
		*(uint64_t *)(all + page * 4096) = page + 1;
	for (uint64_t page = 0; page < size / 4096; page += 97) {
		part = mmap(NULL, 4096, PROT_READ, MAP_SHARED, buffer,
			    (off_t)(page * 4096));
		CHECK(part != MAP_FAILED);
		CHECK_EQUAL(*(uint64_t *)part, page + 1);
		MUST(munmap(part, 4096));
	}
}

TEST(no_mapping_reaches_beyond_the_buffer)
{
	int buffer = must_alloc(must_hello(), GRANULE);
	uint8_t *memory = must_map(buffer, GRANULE), *grown;

	CHECK(mmap(NULL, GRANULE + 4096, PROT_READ, MAP_SHARED, buffer, 0) ==
	      MAP_FAILED);
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, buffer, (off_t)GRANULE) ==
	      MAP_FAILED);
	CHECK(mmap(NULL, 8192, PROT_READ, MAP_SHARED, buffer,
		   (off_t)GRANULE - 4096) == MAP_FAILED);
	CHECK(mmap(NULL, GRANULE, PROT_READ, MAP_SHARED, buffer,
		   INT64_MAX & -4096) == MAP_FAILED);
	/* Growing a mapping may be refused or not, but shows nothing new. */
	grown = mremap(memory, GRANULE, 2 * GRANULE, MREMAP_MAYMOVE);
	if (grown != MAP_FAILED)
		CHECK(faults(grown + GRANULE));
}

TEST(private_mappings_are_no_copies_of_others_writes)
{
	int buffer = must_alloc(must_hello(), GRANULE);
	uint8_t *shared = must_map(buffer, GRANULE);
	uint8_t *own = mmap(NULL, GRANULE, PROT_READ | PROT_WRITE, MAP_PRIVATE,
			    buffer, 0);

	/* Refused is best. Where it is not, a write must stay private. */
	if (own == MAP_FAILED)
		return;
	own[0] = 1;
	CHECK_EQUAL(shared[0], 0);
}

TEST(hole_in_the_middle_leaves_the_rest)
{
	uint64_t size = 4 * GRANULE;
	int buffer = must_alloc(must_hello(), size);
	uint8_t *memory = must_map(buffer, size);

	pattern_fill(memory, size, 10);
	close(buffer);
	MUST(munmap(memory + GRANULE + 4096, GRANULE));
	CHECK(faults(memory + GRANULE + 4096));
	CHECK(faults(memory + 2 * GRANULE));
	CHECK_EQUAL(pattern_check(memory, GRANULE + 4096, 10), -1);
	CHECK_EQUAL(*(uint64_t *)(memory + 2 * GRANULE + 4096),
		    (2 * GRANULE / 8 + 513) * 0x9e3779b97f4a7c15u ^ 10);
	CHECK_EQUAL(device_used(), size);
	MUST(munmap(memory, GRANULE + 4096));
	CHECK_EQUAL(device_used(), size);
	MUST(munmap(memory + 2 * GRANULE + 4096, 2 * GRANULE - 4096));
	CHECK(EVENTUALLY(device_used() == 0));
}

/* As the library does: over a reserved range, at an address of its choice. */
TEST(buffer_goes_to_a_fixed_address)
{
	uint64_t size = 8 * GRANULE;
	int buffer = must_alloc(must_hello(), 2 * GRANULE);
	uint8_t *arena = mmap(NULL, size, PROT_NONE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint8_t *at = arena + 3 * GRANULE;

	CHECK(arena != MAP_FAILED);
	CHECK(mmap(at, 2 * GRANULE, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_FIXED, buffer, 0) == at);
	pattern_fill(at, 2 * GRANULE, 11);
	/* And back: the range is reserved again, and the buffer gone. */
	CHECK(mmap(at, 2 * GRANULE, PROT_NONE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
		   0) == at);
	close(buffer);
	CHECK(EVENTUALLY(device_used() == 0));
	CHECK(faults(at));
}

TEST(moved_mapping_keeps_its_contents)
{
	int buffer = must_alloc(must_hello(), 2 * GRANULE);
	uint8_t *memory = must_map(buffer, 2 * GRANULE);
	uint8_t *place = mmap(NULL, 2 * GRANULE, PROT_NONE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	pattern_fill(memory, 2 * GRANULE, 12);
	memory = mremap(memory, 2 * GRANULE, 2 * GRANULE,
			MREMAP_MAYMOVE | MREMAP_FIXED, place);
	if (memory == MAP_FAILED)
		test_skip("these mappings do not move");
	CHECK_EQUAL(pattern_check(memory, 2 * GRANULE, 12), -1);
}

TEST(advice_does_not_lose_data)
{
	static const int advice[] = { MADV_DONTNEED,	   MADV_COLD,
				      MADV_PAGEOUT,	   MADV_HUGEPAGE,
				      MADV_NOHUGEPAGE,	   MADV_WILLNEED,
				      MADV_POPULATE_WRITE, MADV_FREE,
				      MADV_REMOVE,	   MADV_MERGEABLE };
	int buffer = must_alloc(must_hello(), 2 * GRANULE);
	void *memory = must_map(buffer, 2 * GRANULE);

	pattern_fill(memory, 2 * GRANULE, 13);
	for (size_t i = 0; i < sizeof(advice) / sizeof(*advice); i++) {
		madvise(memory, 2 * GRANULE, advice[i]);
		if (pattern_check(memory, 2 * GRANULE, 13) != -1)
			FAIL("advice %d changed the data", advice[i]);
	}
}

TEST(protection_is_kept)
{
	int buffer = must_alloc(must_hello(), GRANULE), pid, status;
	uint8_t *memory = must_map(buffer, GRANULE);

	memory[0] = 1;
	MUST(mprotect(memory, GRANULE, PROT_READ));
	pid = test_fork();
	if (pid == 0) {
		*(volatile uint8_t *)memory = 2;
		_exit(0);
	}
	MUST(waitpid(pid, &status, 0));
	CHECK(WIFSIGNALED(status));
	CHECK_EQUAL(memory[0], 1);
	MUST(mprotect(memory, GRANULE, PROT_NONE));
	CHECK(faults(memory));
}

TEST(child_shares_the_memory_and_outlives_the_parent)
{
	int buffer = must_alloc(must_hello(), 2 * GRANULE);
	uint8_t *memory = must_map(buffer, 2 * GRANULE);
	int parent, end;

	close(buffer);
	parent = test_fork_pair(&end);
	if (parent == 0) {
		if (test_fork())
			_exit(0);
		/* Its parent is gone; it writes and goes on reading. */
		pattern_fill(memory, 2 * GRANULE, 14);
		test_tell(end);
		test_await(end);
		CHECK_EQUAL(pattern_check(memory, 2 * GRANULE, 14), -1);
		test_tell(end);
		_exit(0);
	}
	CHECK_CHILD(parent);
	test_await(end);
	CHECK_EQUAL(pattern_check(memory, 2 * GRANULE, 14), -1);
	MUST(munmap(memory, 2 * GRANULE));
	CHECK_EQUAL(device_used(), 2 * GRANULE);
	test_tell(end);
	test_await(end);
	CHECK(EVENTUALLY(device_used() == 0));
}

TEST(mapping_kept_from_children_is_not_there)
{
	int buffer = must_alloc(must_hello(), GRANULE);
	uint8_t *memory = must_map(buffer, GRANULE);

	MUST(madvise(memory, GRANULE, MADV_DONTFORK));
	CHECK(faults(memory));
	memory[0] = 1;
}

/* Where a process can be when SIGKILL comes. */
static void hold_device(void)
{
	must_hello();
}

static void hold_buffer(void)
{
	must_alloc(must_hello(), 4 * GRANULE);
}

static void hold_mapping(void)
{
	int device = must_hello();
	int buffer = must_alloc(device, 4 * GRANULE);
	void *memory = must_map(buffer, 4 * GRANULE);

	close(device);
	close(buffer);
	pattern_fill(memory, 4 * GRANULE, 15);
}

static void hold_half_a_mapping(void)
{
	uint8_t *memory =
		must_map(must_alloc(must_hello(), 4 * GRANULE), 4 * GRANULE);

	MUST(munmap(memory, 2 * GRANULE + 4096));
}

static void hold_in_a_socket(void)
{
	int pair[2];
	int buffer = must_alloc(must_hello(), 4 * GRANULE);

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	must_send(pair[0], buffer);
	close(buffer);
}

/* A socket in its own queue, which only the collector of cycles frees. */
static void hold_in_a_cycle(void)
{
	int pair[2];
	int buffer = must_alloc(must_hello(), 4 * GRANULE);

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	must_send(pair[0], buffer);
	must_send(pair[0], pair[1]);
	must_send(pair[1], pair[0]);
}

TEST(killed_process_leaves_nothing)
{
	static void (*const states[])(void) = {
		hold_device,	     hold_buffer,      hold_mapping,
		hold_half_a_mapping, hold_in_a_socket, hold_in_a_cycle,
	};
	int child, end;

	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
		child = test_fork_pair(&end);
		if (child == 0) {
			states[i]();
			test_tell(end);
			pause();
		}
		test_await(end);
		test_kill(child);
		close(end);
		if (!EVENTUALLY(device_used() == 0))
			FAIL("state %zu leaves memory", i);
	}
}

static void loop_of_calls(int kind)
{
	int device = must_hello();

	for (;;) {
		uint64_t size = kind ? 48 * MIB : 2 * GRANULE;
		int buffer = device_alloc(device, size);
		uint8_t *memory;

		if (buffer < 0)
			continue;
		memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			      MAP_SHARED | (kind == 2 ? MAP_POPULATE : 0),
			      buffer, 0);
		close(buffer);
		if (memory == MAP_FAILED)
			continue;
		memory[size - 1] = 1;
		munmap(memory, size);
	}
}

SLOW_TEST(killed_in_the_middle_of_calls_leaves_nothing, 120)
{
	enum { TURNS = 60 };

	for (int turn = 0; turn < TURNS / (int)test_ease; turn++) {
		int child = test_fork();

		if (child == 0)
			loop_of_calls(turn % 3);
		/* Reaches another place of the loop each time. */
		usleep(5000 + (unsigned int)turn * 1777 % 40000);
		test_kill(child);
		if (!EVENTUALLY(device_used() == 0))
			FAIL("turn %d leaves memory", turn);
	}
}
