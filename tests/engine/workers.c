/* SPDX-License-Identifier: GPL-2.0-only */
/* Threads that copy and touch: sizes, callers at the same time, end and begin. */
#include "test.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "workers.h"

#define MIB    (UINT64_C(1) << 20)
#define MARGIN 64

/* Copies @bytes between odd addresses and looks at what surrounds them, too. */
static void copy(uint64_t bytes, uint64_t seed)
{
	unsigned char *from = malloc(bytes + 2 * MARGIN);
	unsigned char *to = malloc(bytes + 2 * MARGIN);

	fake_fill_pattern(from, 0, bytes + 2 * MARGIN, seed);
	memset(to, 0xaa, bytes + 2 * MARGIN);
	gb_workers_copy(to + MARGIN, from + 7, bytes);
	assert_memory_equal(to + MARGIN, from + 7, bytes);
	for (int i = 0; i < MARGIN; i++) {
		assert_int_equal(to[i], 0xaa);
		assert_int_equal(to[MARGIN + bytes + (uint64_t)i], 0xaa);
	}
	free(from);
	free(to);
}

static void copies_of_all_sizes(void **state)
{
	static const uint64_t sizes[] = { 0,	       1,	    2,
					  4095,	       4096,	    4097,
					  MIB,	       2 * MIB - 1, 2 * MIB,
					  2 * MIB + 1, 7 * MIB + 3, 33 * MIB };
	static const unsigned int threads[] = { 0, 1, 2, 3, 8, 64, 1000 };

	for (size_t t = 0; t < COUNT(threads); t++) {
		gb_workers_init(threads[t]);
		for (size_t i = 0; i < COUNT(sizes); i++)
			copy(sizes[i], i);
		gb_workers_finish();
	}
}

/* Every page gets its zero, and nothing beyond the end. */
static void touches_write_each_page(void **state)
{
	static const uint64_t sizes[] = { 0, 1, 4096, 4097, 5 * MIB + 4096 };

	gb_workers_init(3);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		uint64_t bytes = sizes[i], pages = (bytes + 4095) / 4096;
		char *memory = malloc(bytes + MARGIN);

		memset(memory, 1, bytes + MARGIN);
		gb_workers_touch(memory, bytes);
		for (uint64_t page = 0; page < pages; page++)
			assert_int_equal(memory[page * 4096], 0);
		for (uint64_t at = 0; at < bytes + MARGIN; at++)
			if (at % 4096 || at >= bytes)
				assert_int_equal(memory[at], 1);
		free(memory);
	}
	gb_workers_finish();
}

static void *copy_often(void *seed)
{
	for (uint64_t i = 0; i < 20; i++)
		copy(3 * MIB + i, (uint64_t)seed + i);
	return NULL;
}

static void callers_do_not_mix(void **state)
{
	pthread_t thread[6];

	gb_workers_init(3);
	for (uint64_t i = 0; i < COUNT(thread); i++)
		pthread_create(&thread[i], NULL, copy_often, (void *)(i * 100));
	for (size_t i = 0; i < COUNT(thread); i++)
		pthread_join(thread[i], NULL);
	gb_workers_finish();
}

static void work_after_the_end_is_done_all_the_same(void **state)
{
	gb_workers_init(4);
	copy(9 * MIB, 1);
	gb_workers_finish();
	copy(9 * MIB, 2);
	gb_workers_finish();
	gb_workers_init(4);
	copy(9 * MIB, 3);
	gb_workers_finish();
}

static void the_end_may_come_without_a_beginning(void **state)
{
	gb_workers_init(4);
	gb_workers_finish();
}

static void a_forked_child_can_copy(void **state)
{
	int status;
	pid_t child;

	gb_workers_init(4);
	copy(9 * MIB, 1);
	child = fork();
	if (!child) {
		alarm(10);
		gb_workers_fork_child();
		gb_workers_init(1);
		copy(9 * MIB, 2);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	gb_workers_finish();
}

static _Atomic int caught;
static __thread bool is_programs;

static void catch (int signal)
{
	/* Not in a worker: its stack and its lock are nobody's business. */
	atomic_fetch_add(&caught, is_programs ? 1 : 1000);
}

static void signals_go_to_the_programs_threads(void **state)
{
	sigset_t set;

	is_programs = true;
	signal(SIGUSR1, catch);
	gb_workers_init(4);
	copy(9 * MIB, 1);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	kill(getpid(), SIGUSR1);
	usleep(20000);
	assert_int_equal(atomic_load(&caught), 0);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	assert_int_equal(atomic_load(&caught), 1);
	gb_workers_finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_of_all_sizes),
		cmocka_unit_test(touches_write_each_page),
		cmocka_unit_test(callers_do_not_mix),
		cmocka_unit_test(work_after_the_end_is_done_all_the_same),
		cmocka_unit_test(the_end_may_come_without_a_beginning),
		cmocka_unit_test(a_forked_child_can_copy),
		cmocka_unit_test(signals_go_to_the_programs_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
