// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens to the process in the middle of it all: it is killed, it forks,
 * it has neighbours, it may not use io_uring or lock memory.
 */
#include "test.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define BYTES (8 * MIB)

/* Runs @body in a child; its result, or 128 and the signal. */
static int in_child(int (*body)(int), int argument)
{
	pid_t child = fork();
	int status;

	if (!child)
		_exit(body(argument));
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Stores and brings back, again and again. */
static int go_round(struct gb_store *store, int seed, int rounds)
{
	char *memory = memory_with(BYTES, (uint64_t)seed),
	     *back = memory_with(BYTES, 0);

	for (int i = 0; i < rounds; i++) {
		struct gb_stored *stored;

		if (put(store, memory, BYTES, &stored) ||
		    get(store, stored, 0, BYTES, back) ||
		    memcmp(memory, back, BYTES))
			return 1;
		gb_store_drop(store, stored);
		fill(back, BYTES, 0);
	}
	free(memory);
	free(back);
	return 0;
}

static int store_for_ever(int way)
{
	struct gb_store *store = store_on((enum way)way);

	for (int i = 0;; i++)
		if (go_round(store, i, 1))
			return 1;
}

static void killed_it_leaves_nothing(void **unused)
{
	for (int named = 0; named < 2; named++) {
		for (enum way way = 0; way < WAYS; way++) {
			pid_t child;
			int status;

			fault.open = named ? EOPNOTSUPP : 0;
			assert_int_equal(files_left(), 0);
			child = fork();
			if (!child)
				_exit(store_for_ever((int)way));
			usleep(50000);
			kill(child, SIGKILL);
			assert_int_equal(waitpid(child, &status, 0), child);
			assert_true(WIFSIGNALED(status));
			assert_int_equal(files_left(), 0);
		}
	}
}

static int neighbour(int seed)
{
	struct gb_store *store = store_on(seed % 2 ? BY_RING : BY_THREADS);
	int result = go_round(store, seed, 5);

	gb_store_destroy(store);
	return result;
}

static void neighbours_in_one_directory_do_not_meet(void **unused)
{
	pid_t child[4];
	int status;

	folder();
	for (int i = 0; i < 4; i++) {
		child[i] = fork();
		if (!child[i])
			_exit(neighbour(i));
	}
	for (int i = 0; i < 4; i++) {
		assert_int_equal(waitpid(child[i], &status, 0), child[i]);
		assert_int_equal(status, 0);
	}
}

static struct gb_store *inherited;
static struct gb_stored *inherited_stored;

static bool sees_a_ring(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[4096];
	bool seen = false;

	while (maps && fgets(line, sizeof(line), maps))
		seen |= strstr(line, "io_uring") != NULL;
	if (maps)
		fclose(maps);
	return seen;
}

/* In the child: nothing works, nothing hangs, nothing is harmed. */
static int use_inherited(int tell)
{
	char *memory = memory_with(BYTES, 1);
	struct gb_stored *stored;
	int open = find_descriptor("");

	if (tell)
		gb_store_fork_child(inherited);
	if (put(inherited, memory, BYTES, &stored) != -ESHUTDOWN ||
	    get(inherited, inherited_stored, 0, BYTES, memory) != -ESHUTDOWN)
		return 1;
	if (tell && (open < 0 || find_descriptor("") >= 0))
		return 2;
	if (sees_a_ring())
		return 3;
	gb_store_drop(inherited, inherited_stored);
	gb_store_destroy(inherited);
	free(memory);
	return 0;
}

static struct gb_queue *inherited_queue;

static int submit_inherited(int unused)
{
	char byte;
	struct gb_io io = { .fd = 0, .memory = &byte, .bytes = 1 };
	int error = gb_queue_submit(inherited_queue, &io);

	gb_queue_destroy(inherited_queue);
	return error == -ESHUTDOWN ? 0 : 1;
}

static void a_child_has_no_queue(void **unused)
{
	struct gb_queue_setup setup = { 0 };

	assert_int_equal(gb_queue_create(&inherited_queue, &setup), 0);
	assert_int_equal(in_child(submit_inherited, 0), 0);
	gb_queue_destroy(inherited_queue);
}

static void a_child_leaves_the_parents_alone(void **unused)
{
	char *memory = memory_with(BYTES, 1), *back = memory_with(BYTES, 2);

	for (enum way way = 0; way < WAYS; way++) {
		for (int tell = 0; tell < 2; tell++) {
			struct gb_stored *second;
			struct gb_job job[2] = { 0 };

			inherited = store_on(way);
			assert_int_equal(
				put(inherited, memory, BYTES, &inherited_stored), 0);
			fault.wait_ms = 2; /* still under way when we fork */
			assert_int_equal(gb_store_get(inherited, inherited_stored,
						      0, BYTES, back,
						      GB_STORE_LAUNCH, &job[0]),
					 0);
			assert_int_equal(gb_store_put(inherited, memory, BYTES,
						      GB_STORE_EVICT, &job[1],
						      &second),
					 0);
			assert_int_equal(sees_a_ring(),
					 stats_of(inherited).queue.uring);
			assert_int_equal(in_child(use_inherited, tell), 0);
			assert_int_equal(gb_store_wait(&job[0]), 0);
			assert_int_equal(gb_store_wait(&job[1]), 0);
			assert_memory_equal(back, memory, BYTES);
			assert_int_equal(get(inherited, second, 0, BYTES, back), 0);
			assert_memory_equal(back, memory, BYTES);
			gb_store_drop(inherited, inherited_stored);
			gb_store_drop(inherited, second);
			gb_store_destroy(inherited);
			fault_clear();
		}
	}
	free(memory);
	free(back);
}

/* From here on @call fails with @error, in all threads of the process. */
static int forbid(long call, int error)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned int)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { COUNT(filter), filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return (int)syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER,
			    SECCOMP_FILTER_FLAG_TSYNC, &program);
}

static int without_setup(int error)
{
	struct gb_store *store;
	int result;

	if (forbid(__NR_io_uring_setup, error))
		return 77;
	store = store_on(BY_RING);
	result = stats_of(store).queue.uring ? 2 : go_round(store, 1, 2);
	gb_store_destroy(store);
	return result;
}

/* A program that shuts itself off once it has started. */
static int without_enter(int error)
{
	struct gb_store *store = store_on(BY_RING);
	int result = go_round(store, 1, 1);

	if (result || forbid(__NR_io_uring_enter, error))
		return result ? result : 77;
	result = go_round(store, 2, 3);
	gb_store_destroy(store);
	return result;
}

static void where_io_uring_is_forbidden_threads_do_it(void **unused)
{
	static const int errors[] = { ENOSYS, EPERM };

	for (size_t i = 0; i < COUNT(errors); i++) {
		int result = in_child(without_setup, errors[i]);

		if (result == 77)
			skip();
		assert_int_equal(result, 0);
		assert_int_equal(in_child(without_enter, errors[i]), 0);
	}
}

static int with_little_locked_memory(int unused)
{
	static const struct rlimit little = { 4096, 4096 };
	char *memory = memory_with(BYTES, 1), *back = memory_with(BYTES, 2);
	struct iovec iov = { memory, BYTES };
	struct gb_queue_setup setup = { .memory = &iov, .memory_count = 1 };
	int fd = open(folder(), O_TMPFILE | O_RDWR, 0600);
	struct gb_io io = { .fd = fd, .write = true, .memory = memory, .bytes = BYTES };
	struct gb_queue_stats stats;
	struct gb_queue *queue;

	/* Root may lock what it wants. */
	if (fd < 0 || setrlimit(RLIMIT_MEMLOCK, &little) ||
	    (!geteuid() && setuid(65534)))
		return 77;
	if (gb_queue_create(&queue, &setup))
		return 1;
	gb_queue_get_stats(queue, &stats);
	if (stats.registered)
		return 2;
	if (gb_queue_submit(queue, &io) || gb_queue_wait(queue, &io))
		return 3;
	io.write = false;
	io.memory = back;
	if (gb_queue_submit(queue, &io) || gb_queue_wait(queue, &io))
		return 4;
	gb_queue_destroy(queue);
	return memcmp(memory, back, BYTES) ? 5 : 0;
}

static void memory_that_may_not_be_locked_is_not(void **unused)
{
	int result = in_child(with_little_locked_memory, 0);

	if (result == 77)
		skip();
	assert_int_equal(result, 0);
}

static int with_short_files(int way)
{
	static const struct rlimit none = { 0, 0 }, some = { 3 * MIB, 3 * MIB };
	char *memory = memory_with(BYTES, 1);
	struct gb_stored *stored;
	struct gb_store *store;

	signal(SIGXFSZ, SIG_DFL);
	setrlimit(RLIMIT_FSIZE, way < 0 ? &none : &some);
	store = store_on(way < 0 ? BY_RING : (enum way)way);
	if (put(store, memory, BYTES, &stored) != -ENOSPC)
		return 1;
	if (way >= 0 && put(store, memory, 2 * MIB, &stored))
		return 2;
	if (way >= 0)
		gb_store_drop(store, stored);
	gb_store_destroy(store);
	free(memory);
	return 0;
}

/* Whoever makes a file longer than allowed is killed by a signal. */
static void a_limit_of_file_sizes_is_kept(void **unused)
{
	for (int way = -1; way < WAYS; way++)
		assert_int_equal(in_child(with_short_files, way), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(killed_it_leaves_nothing, clear),
		cmocka_unit_test_teardown(neighbours_in_one_directory_do_not_meet,
					  clear),
		cmocka_unit_test_teardown(a_child_has_no_queue, clear),
		cmocka_unit_test_teardown(a_child_leaves_the_parents_alone, clear),
		cmocka_unit_test_teardown(
			where_io_uring_is_forbidden_threads_do_it, clear),
		cmocka_unit_test_teardown(a_limit_of_file_sizes_is_kept, clear),
		cmocka_unit_test_teardown(memory_that_may_not_be_locked_is_not, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
