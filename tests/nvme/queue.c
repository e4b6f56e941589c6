// SPDX-License-Identifier: GPL-2.0-only
/* Requests: whatever the system answers, they end well or with its error. */
#include "test.h"

#include <pthread.h>

#include "queue.h"

#define BYTES (3 * MIB)

static struct gb_queue *queue_by(enum way way)
{
	struct gb_queue *queue;

	assert_int_equal(gb_queue_create(&queue,
					 &(struct gb_queue_setup){
						 .depth = 8,
						 .threads = way != BY_RING,
					 }),
			 0);
	return queue;
}

/* A file of @bytes of @seed, without a name. */
static int file_with(uint64_t bytes, uint64_t seed)
{
	int fd = open(folder(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	void *memory = memory_with(bytes, seed);

	if (fd < 0)
		skip();
	assert_int_equal(write(fd, memory, bytes), bytes);
	free(memory);
	return fd;
}

static int run(struct gb_queue *queue, struct gb_io *io)
{
	int error = gb_queue_submit(queue, io);

	return error ? error : gb_queue_wait(queue, io);
}

static void each_byte_arrives_once(enum way way)
{
	struct gb_queue *queue = queue_by(way);
	char *memory = memory_with(BYTES, 1), *back = memory_with(BYTES, 2);
	int fd = file_with(BYTES, 3);
	struct gb_io io = { .fd = fd, .write = true, .memory = memory, .bytes = BYTES };

	assert_int_equal(run(queue, &io), 0);
	io = (struct gb_io){ .fd = fd, .memory = back, .bytes = BYTES };
	assert_int_equal(run(queue, &io), 0);
	assert_memory_equal(memory, back, BYTES);
	gb_queue_destroy(queue);
	close(fd);
	free(memory);
	free(back);
}

static void bytes_arrive(void **unused)
{
	for (enum way way = 0; way < WAYS; way++)
		each_byte_arrives_once(way);
}

static void short_and_interrupted_ones_are_continued(void **unused)
{
	static const int errors[] = { 0, EINTR, EAGAIN };

	for (enum way way = 0; way < WAYS; way++) {
		for (size_t i = 0; i < COUNT(errors); i++) {
			fault.error = errors[i];
			fault.every = 2;
			each_byte_arrives_once(way);
			assert_true(fault.hits > 2);
			fault_clear();
		}
	}
}

/* A read that begins and ends anywhere, past the page cache if possible. */
static void read_at(struct gb_queue *queue, int fd, bool direct,
		    const char *whole, uint64_t offset, uint64_t bytes)
{
	char *back = memory_with(bytes + 64, 9);
	struct gb_io io = { .fd = fd,
			    .direct = direct,
			    .offset = offset,
			    .memory = back + 3,
			    .bytes = bytes };

	back[2] = back[bytes + 3] = 'x';
	assert_int_equal(run(queue, &io), 0);
	assert_memory_equal(back + 3, whole + offset, bytes);
	assert_int_equal(back[2], 'x');
	assert_int_equal(back[bytes + 3], 'x');
	free(back);
}

static void reads_need_no_alignment(void **unused)
{
	uint64_t size = 2 * MIB + 777 * 8;
	char *whole = memory_with(size, 4);
	int fd = file_with(size, 4);
	bool direct = gb_spill_go_direct(fd);

	for (enum way way = 0; way < WAYS; way++) {
		struct gb_queue *queue = queue_by(way);

		for (int shorter = 0; shorter < 2; shorter++) {
			fault.every = shorter ? 2 : 0;
			read_at(queue, fd, direct, whole, 0, size);
			read_at(queue, fd, direct, whole, 1, size - 1);
			read_at(queue, fd, direct, whole, 4095, 2);
			read_at(queue, fd, direct, whole, 513 * KIB - 1, MIB + 5);
			read_at(queue, fd, direct, whole, size - 1, 1);
		}
		gb_queue_destroy(queue);
		fault_clear();
	}
	close(fd);
	free(whole);
}

static void errors_arrive(void **unused)
{
	char *memory = memory_with(BYTES, 1);

	for (enum way way = 0; way < WAYS; way++) {
		for (int write = 0; write < 2; write++) {
			struct gb_queue *queue = queue_by(way);
			int fd = file_with(BYTES, 1);
			struct gb_io io = { .fd = fd,
					    .write = write,
					    .memory = memory,
					    .bytes = BYTES };
			struct gb_queue_stats stats;

			fault.error = write ? ENOSPC : EIO;
			fault.every = 3;
			assert_int_equal(run(queue, &io), write ? -ENOSPC : -EIO);
			fault_clear();
			/* The next one is none the worse for it. */
			assert_int_equal(run(queue, &io), 0);
			gb_queue_get_stats(queue, &stats);
			assert_int_equal(stats.failures[write], 1);
			assert_int_equal(stats.requests[write], 2);
			assert_int_equal(stats.bytes[write], BYTES);
			gb_queue_destroy(queue);
			close(fd);
		}
	}
	free(memory);
}

static void one_that_failed_is_not_gone_on_with(void **unused)
{
	char *memory = memory_with(BYTES, 1);
	int fd = file_with(BYTES, 1);
	struct gb_queue *queue;
	struct gb_io io = { .fd = fd, .memory = memory, .bytes = BYTES };

	assert_int_equal(gb_queue_create(&queue,
					 &(struct gb_queue_setup){
						 .depth = 1, .threads = true }),
			 0);
	fault.error = EIO;
	fault.every = 2;
	assert_int_equal(run(queue, &io), -EIO);
	assert_int_equal(fault.transfers, 2);
	gb_queue_destroy(queue);
	close(fd);
	free(memory);
}

static void what_never_comes_is_an_error(void **unused)
{
	char *memory = memory_with(BYTES, 1);
	int fd = file_with(MIB, 1);

	for (enum way way = 0; way < WAYS; way++) {
		struct gb_queue *queue = queue_by(way);
		struct gb_io io = { .fd = fd, .memory = memory, .bytes = BYTES };

		assert_int_equal(run(queue, &io), -ENODATA);
		fault.error = EAGAIN; /* for ever */
		fault.every = 1;
		assert_int_equal(run(queue, &io), -EAGAIN);
		fault_clear();
		gb_queue_destroy(queue);
	}
	close(fd);
	free(memory);
}

static void nonsense_is_refused(void **unused)
{
	struct gb_queue *queue = queue_by(BY_THREADS);
	char *memory = memory_with(PAGE, 1);

	assert_int_equal(gb_queue_submit(queue, &(struct gb_io){ .memory = memory }),
			 -EINVAL);
	assert_int_equal(gb_queue_submit(queue, &(struct gb_io){ .write = true,
								 .direct = true,
								 .memory = memory + 1,
								 .bytes = PAGE }),
			 -EINVAL);
	gb_queue_destroy(queue);
	free(memory);
}

/* A queue whose ring the kernel stops serving, with much under way. */
static void a_ring_that_breaks_is_replaced(void **unused)
{
	struct gb_queue *queue = queue_by(BY_RING);
	char *memory = memory_with(8 * MIB, 1), *whole = memory_with(8 * MIB, 5);
	int fd = file_with(8 * MIB, 5);
	struct gb_queue_stats stats;

	gb_queue_get_stats(queue, &stats);
	for (int round = 0; round < 3; round++) {
		struct gb_io io[8];

		for (uint64_t i = 0; i < COUNT(io); i++) {
			io[i] = (struct gb_io){ .fd = fd,
						.offset = i * MIB,
						.memory = memory + i * MIB,
						.bytes = MIB };
			assert_int_equal(gb_queue_submit(queue, &io[i]), 0);
			fault.ring = i == 4 ? EPERM : fault.ring;
		}
		for (size_t i = 0; i < COUNT(io); i++)
			assert_int_equal(gb_queue_wait(queue, &io[i]), 0);
		assert_memory_equal(memory, whole, 8 * MIB);
		fill(memory, 8 * MIB, 1);
	}
	assert_true(!stats.uring || fault.logged > 0);
	gb_queue_destroy(queue);
	close(fd);
	free(memory);
	free(whole);
}

struct counted {
	struct gb_io io;
	pthread_mutex_t *lock;
	int *count;
};

static void count_it(struct gb_io *io)
{
	struct counted *counted = gb_container_of(io, struct counted, io);

	pthread_mutex_lock(counted->lock);
	++*counted->count;
	pthread_mutex_unlock(counted->lock);
	free(counted); /* as is allowed */
}

/* Also: destroy waits for what nobody waits for. */
static void many_at_once_all_end(void **unused)
{
	char *memory = memory_with(PAGE, 1);
	int fd = file_with(16 * MIB, 1);

	for (enum way way = 0; way < WAYS; way++) {
		pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
		struct gb_queue *queue = queue_by(way);
		int count = 0;

		for (uint64_t i = 0; i < 256; i++) {
			struct counted *counted = calloc(1, sizeof(*counted));

			assert_non_null(counted);
			counted->lock = &lock;
			counted->count = &count;
			counted->io = (struct gb_io){ .fd = fd,
						      .offset = i * PAGE,
						      .urgent = i % 3 == 0,
						      .bytes = PAGE,
						      .done = count_it };
			assert_int_equal(gb_queue_submit(queue, &counted->io), 0);
		}
		gb_queue_destroy(queue);
		assert_int_equal(count, 256);
	}
	close(fd);
	free(memory);
}

/* The workers share the last parts: each of them has to see that it was so. */
static void a_queue_ends_whoever_takes_the_last(void **unused)
{
	int fd = file_with(PAGE, 1);

	for (int round = 0; round < 1000; round++) {
		struct gb_queue *queue = queue_by(round % 8 ? BY_RING : BY_THREADS);
		struct gb_io io[5] = { 0 };

		for (size_t i = 0; i < COUNT(io); i++) {
			io[i].fd = fd;
			io[i].bytes = PAGE;
			assert_int_equal(gb_queue_submit(queue, &io[i]), 0);
		}
		gb_queue_destroy(queue);
	}
	close(fd);
}

/* One whose end is written down. */
struct ordered {
	struct gb_io io;
	_Atomic int *clock;
	_Atomic int ended;
};

static void write_down(struct gb_io *io)
{
	struct ordered *ordered = gb_container_of(io, struct ordered, io);

	ordered->ended = ++*ordered->clock;
}

/* Urgent ones overtake what has not begun, and not each other. */
static void urgent_ones_go_first(void **unused)
{
	int fd = file_with(BYTES, 1);
	_Atomic int clock = 0;
	struct gb_queue *queue;
	struct ordered one[5] = { 0 };

	assert_int_equal(gb_queue_create(&queue,
					 &(struct gb_queue_setup){
						 .depth = 1, .threads = true }),
			 0);
	fault.wait_ms = 20;
	for (int i = 0; i < 5; i++) {
		one[i].clock = &clock;
		one[i].io = (struct gb_io){
			.fd = fd, .bytes = PAGE, .urgent = i >= 3, .done = write_down
		};
		if (!i)
			one[i].io.bytes = 2 * GB_QUEUE_PART;
		assert_int_equal(gb_queue_submit(queue, &one[i].io), 0);
	}
	gb_queue_destroy(queue);
	assert_int_equal(one[3].ended, 1);
	assert_int_equal(one[4].ended, 2);
	assert_int_equal(one[0].ended, 3);
	assert_int_equal(one[1].ended, 4);
	assert_int_equal(one[2].ended, 5);
	close(fd);
}

static void registered_memory_works(void **unused)
{
	char *memory = memory_with(4 * MIB, 1), *whole = memory_with(4 * MIB, 8);
	int fd = file_with(4 * MIB, 8);
	struct iovec iov = { memory, 4 * MIB };
	struct gb_queue_setup setup = { .memory = &iov, .memory_count = 1 };
	struct gb_queue *queue;
	struct gb_io io = { .fd = fd, .memory = memory, .bytes = 4 * MIB };

	assert_int_equal(gb_queue_create(&queue, &setup), 0);
	assert_int_equal(run(queue, &io), 0);
	assert_memory_equal(memory, whole, 4 * MIB);
	io.write = true;
	assert_int_equal(run(queue, &io), 0);
	gb_queue_destroy(queue);
	close(fd);
	free(memory);
	free(whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(bytes_arrive, clear),
		cmocka_unit_test_teardown(
			short_and_interrupted_ones_are_continued, clear),
		cmocka_unit_test_teardown(reads_need_no_alignment, clear),
		cmocka_unit_test_teardown(errors_arrive, clear),
		cmocka_unit_test_teardown(one_that_failed_is_not_gone_on_with, clear),
		cmocka_unit_test_teardown(what_never_comes_is_an_error, clear),
		cmocka_unit_test_teardown(nonsense_is_refused, clear),
		cmocka_unit_test_teardown(a_ring_that_breaks_is_replaced, clear),
		cmocka_unit_test_teardown(many_at_once_all_end, clear),
		cmocka_unit_test_teardown(a_queue_ends_whoever_takes_the_last, clear),
		cmocka_unit_test_teardown(urgent_ones_go_first, clear),
		cmocka_unit_test_teardown(registered_memory_works, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
