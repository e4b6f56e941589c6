// SPDX-License-Identifier: GPL-2.0-only
/* What was put comes back as it was, or not at all. */
#include "test.h"

#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/vfs.h>

#define BYTES (4 * MIB)

static void what_was_put_comes_back(void **unused)
{
	char *memory = memory_with(BYTES, 1), *back = memory_with(BYTES, 2);

	for (enum way way = 0; way < WAYS; way++) {
		struct gb_store *store = store_on(way);
		struct gb_stored *stored;

		assert_int_equal(put(store, memory, BYTES, &stored), 0);
		assert_int_equal(get(store, stored, 0, BYTES, back), 0);
		assert_memory_equal(back, memory, BYTES);
		gb_store_drop(store, stored);
		gb_store_destroy(store);
		fill(back, BYTES, 2);
	}
	free(memory);
	free(back);
}

static void a_part_may_come_alone(void **unused)
{
	struct gb_store *store = store_on(BY_RING);
	char *memory = memory_with(BYTES, 1), *back = memory_with(BYTES, 2);
	struct gb_stored *stored;

	assert_int_equal(put(store, memory, BYTES, &stored), 0);
	assert_int_equal(get(store, stored, 3 * PAGE, 9 * PAGE, back), 0);
	assert_memory_equal(back, memory + 3 * PAGE, 9 * PAGE);
	assert_int_equal(get(store, stored, 1, PAGE, back), -EINVAL);
	assert_int_equal(get(store, stored, 0, PAGE + 1, back), -EINVAL);
	assert_int_equal(get(store, stored, BYTES, PAGE, back), -EINVAL);
	assert_int_equal(get(store, stored, PAGE, BYTES, back), -EINVAL);
	assert_int_equal(get(store, stored, 0, 0, back), -EINVAL);
	gb_store_drop(store, stored);
	gb_store_destroy(store);
	free(memory);
	free(back);
}

static void a_flipped_bit_is_found(void **unused)
{
	char *memory = memory_with(BYTES, 1), *back = memory_with(BYTES, 2);

	for (enum way way = 0; way < WAYS; way++) {
		struct gb_store *store = store_on(way);
		struct gb_stored *stored;
		int fd = find_descriptor("");

		assert_true(fd >= 0);
		assert_int_equal(put(store, memory, BYTES, &stored), 0);
		fd = dup(fd);
		assert_int_equal(
			fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_DIRECT), 0);
		memory[BYTES - 1] ^= 4;
		assert_int_equal(pwrite(fd, memory + BYTES - 1, 1, BYTES - 1), 1);
		memory[BYTES - 1] ^= 4;
		assert_int_equal(get(store, stored, 0, BYTES, back), -EILSEQ);
		assert_non_null(strstr(fault.last, "4128768")); /* of the last page */
		assert_int_equal(stats_of(store).corrupt, 1);
		/* The other pages are as good as ever. */
		assert_int_equal(get(store, stored, 0, BYTES - PAGE, back), 0);
		assert_memory_equal(back, memory, BYTES - PAGE);
		close(fd);
		gb_store_drop(store, stored);
		gb_store_destroy(store);
		fault_clear();
	}
	free(memory);
	free(back);
}

static void errors_of_the_disk_arrive(void **unused)
{
	char *memory = memory_with(BYTES, 1), *back = memory_with(BYTES, 2);

	for (enum way way = 0; way < WAYS; way++) {
		struct gb_store *store = store_on(way);
		struct gb_stored *stored, *second;

		assert_int_equal(put(store, memory, BYTES, &stored), 0);
		fault.every = 4;
		fault.error = EIO;
		assert_int_equal(put(store, memory, BYTES, &second), -EIO);
		assert_non_null(strstr(fault.last, "cannot write"));
		gb_store_drop(store, second);
		assert_int_equal(get(store, stored, 0, BYTES, back), -EIO);
		assert_non_null(strstr(fault.last, "cannot read"));
		fault_clear();
		assert_int_equal(get(store, stored, 0, BYTES, back), 0);
		assert_memory_equal(back, memory, BYTES);
		gb_store_drop(store, stored);
		assert_int_equal(stats_of(store).used, 0);
		gb_store_destroy(store);
	}
	free(memory);
	free(back);
}

static void what_the_page_cache_could_not_write_is_an_error(void **unused)
{
	struct gb_store *store = store_on(BY_CACHE);
	char *memory = memory_with(BYTES, 1);
	struct gb_stored *stored;

	fault.writeback = EIO;
	assert_int_equal(put(store, memory, BYTES, &stored), -EIO);
	gb_store_drop(store, stored);
	gb_store_destroy(store);
	free(memory);
}

static uint64_t cached_pages(int fd)
{
	uint64_t pages = BYTES / 4096, count = 0;
	unsigned char resident[BYTES / 4096];
	void *map = mmap(NULL, BYTES, PROT_READ, MAP_SHARED, fd, 0);

	assert_ptr_not_equal(map, MAP_FAILED);
	assert_int_equal(mincore(map, BYTES, resident), 0);
	for (uint64_t i = 0; i < pages; i++)
		count += resident[i] & 1;
	munmap(map, BYTES);
	return count;
}

static bool is_in_memory(void)
{
	struct statfs fs;

	return !statfs(folder(), &fs) && fs.f_type == TMPFS_MAGIC;
}

/* A page may be in use for a moment when it is to go. */
static void the_page_cache_does_not_fill_up(void **unused)
{
	char *memory = memory_with(BYTES, 1);

	if (sysconf(_SC_PAGESIZE) != 4096 || is_in_memory())
		skip();
	for (enum way way = 0; way < WAYS; way++) {
		struct gb_store *store = store_on(way);
		struct gb_stored *stored;
		int fd = find_descriptor("");

		assert_int_equal(put(store, memory, BYTES, &stored), 0);
		assert_true(cached_pages(fd) < BYTES / 4096 / 4);
		assert_int_equal(get(store, stored, 0, BYTES, memory), 0);
		assert_true(cached_pages(fd) < BYTES / 4096 / 4);
		gb_store_drop(store, stored);
		gb_store_destroy(store);
	}
	free(memory);
}

static void a_spill_file_cut_short_is_an_error(void **unused)
{
	struct gb_store *store = store_on(BY_RING);
	char *memory = memory_with(BYTES, 1);
	struct gb_stored *stored;

	assert_int_equal(put(store, memory, BYTES, &stored), 0);
	assert_int_equal(ftruncate(find_descriptor(""), MIB + 4096), 0);
	assert_int_equal(get(store, stored, 0, BYTES, memory), -EIO);
	assert_int_equal(get(store, stored, 0, MIB, memory), 0);
	gb_store_drop(store, stored);
	gb_store_destroy(store);
	free(memory);
}

static void a_full_disk_is_said_at_once(void **unused)
{
	struct gb_store *store = store_on(BY_RING);
	char *memory = memory_with(BYTES, 1);
	struct gb_stored *stored = NULL;

	fault.fallocate = ENOSPC;
	assert_int_equal(put(store, memory, BYTES, &stored), -ENOSPC);
	assert_null(stored);
	assert_int_equal(stats_of(store).queue.requests[1], 0);
	gb_store_destroy(store);
	free(memory);
}

static void writes_end_where_they_may_not_go_on(void **unused)
{
	char *memory = memory_with(BYTES, 1);
	struct gb_stored *stored[3];
	struct gb_store *store;

	assert_int_equal(gb_store_create(&store,
					 &(struct gb_store_setup){
						 .directory = folder(),
						 .capacity = 1024 * MIB,
						 .writes = 2 * BYTES + PAGE,
					 }),
			 0);
	assert_int_equal(put(store, memory, BYTES, &stored[0]), 0);
	gb_store_drop(store, stored[0]);
	assert_int_equal(put(store, memory, BYTES, &stored[1]), 0);
	assert_int_equal(put(store, memory, BYTES, &stored[2]), -EDQUOT);
	assert_int_equal(stats_of(store).writes_left, PAGE);
	assert_int_equal(stats_of(store).written[GB_STORE_EVICT], 2 * BYTES);
	assert_int_equal(stats_of(store).used, BYTES);
	gb_store_drop(store, stored[1]);
	gb_store_destroy(store);
	free(memory);
}

static void accounts_say_who(void **unused)
{
	struct gb_store *store = store_on(BY_THREADS);
	char *memory = memory_with(BYTES, 1);
	struct gb_stored *stored;
	struct gb_store_stats stats;

	assert_int_equal(put(store, memory, BYTES, &stored), 0);
	assert_int_equal(get(store, stored, PAGE, 2 * PAGE, memory), 0);
	stats = stats_of(store);
	assert_int_equal(stats.written[GB_STORE_EVICT], BYTES);
	assert_int_equal(stats.read[GB_STORE_LAUNCH], 2 * PAGE);
	assert_int_equal(stats.read[GB_STORE_PREFETCH], 0);
	assert_int_equal(stats.queue.bytes[0], 2 * PAGE);
	assert_int_equal(stats.queue.bytes[1], BYTES);
	assert_true(stats.queue.busy_ns[1] > 0);
	assert_true(stats.queue.wait_max_ns[1] >= stats.queue.busy_ns[1] / 2);
	assert_true(stats.reserved >= stats.used);
	gb_store_drop(store, stored);
	gb_store_destroy(store);
	free(memory);
}

static void a_slow_disk_is_waited_for(void **unused)
{
	char *memory = memory_with(BYTES, 1), *back = memory_with(BYTES, 2);

	for (enum way way = 0; way < WAYS; way++) {
		struct gb_store *store = store_on(way);
		struct gb_stored *stored;
		struct gb_job job = { 0 };

		assert_int_equal(put(store, memory, BYTES, &stored), 0);
		fault.wait_ms = 50;
		assert_int_equal(gb_store_get(store, stored, 0, BYTES, back,
					      GB_STORE_PREFETCH, &job),
				 0);
		assert_false(gb_store_is_over(&job));
		assert_false(job.io.urgent);
		assert_null(strstr(fault.last, "still waiting"));
		fault.impatient = true; /* 10 s, as far as we can see */
		assert_int_equal(gb_store_wait(&job), 0);
		assert_non_null(strstr(fault.last, "still waiting for the disk"));
		assert_true(gb_store_is_over(&job));
		assert_memory_equal(back, memory, BYTES);
		fault_clear();
		gb_store_drop(store, stored);
		gb_store_destroy(store);
	}
	free(memory);
	free(back);
}

struct told {
	struct gb_job job;
	_Atomic int error;
};

static void tell(struct gb_job *job, int error)
{
	struct told *told = gb_container_of(job, struct told, job);

	atomic_store(&told->error, error);
}

static void a_job_may_call_instead(void **unused)
{
	struct gb_store *store = store_on(BY_RING);
	char *memory = memory_with(BYTES, 1);
	struct told told = { .job.done = tell, .error = 1 };
	struct gb_stored *stored;

	assert_int_equal(gb_store_put(store, memory, BYTES, GB_STORE_PRESSURE,
				      &told.job, &stored),
			 0);
	while (atomic_load(&told.error) == 1)
		usleep(100);
	assert_int_equal(told.error, 0);
	fault.every = 1;
	fault.error = EIO;
	told.error = 1;
	assert_int_equal(gb_store_get(store, stored, 0, BYTES, memory,
				      GB_STORE_LAUNCH, &told.job),
			 0);
	while (atomic_load(&told.error) == 1)
		usleep(100);
	assert_int_equal(told.error, -EIO);
	assert_true(told.job.io.urgent);
	gb_store_drop(store, stored);
	gb_store_destroy(store);
	free(memory);
}

static void sizes_that_no_disk_takes_are_refused(void **unused)
{
	struct gb_store *store = store_on(BY_RING);
	char *memory = memory_with(BYTES, 1);
	struct gb_stored *stored;

	assert_int_equal(put(store, memory, 0, &stored), -EINVAL);
	assert_int_equal(put(store, memory, PAGE + 4096, &stored), -EINVAL);
	assert_int_equal(put(store, memory + 512, PAGE, &stored), -EINVAL);
	gb_store_drop(store, NULL);
	gb_store_destroy(store);
	gb_store_destroy(NULL);
	free(memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(what_was_put_comes_back, clear),
		cmocka_unit_test_teardown(a_part_may_come_alone, clear),
		cmocka_unit_test_teardown(a_flipped_bit_is_found, clear),
		cmocka_unit_test_teardown(errors_of_the_disk_arrive, clear),
		cmocka_unit_test_teardown(
			what_the_page_cache_could_not_write_is_an_error, clear),
		cmocka_unit_test_teardown(the_page_cache_does_not_fill_up, clear),
		cmocka_unit_test_teardown(a_spill_file_cut_short_is_an_error, clear),
		cmocka_unit_test_teardown(a_full_disk_is_said_at_once, clear),
		cmocka_unit_test_teardown(writes_end_where_they_may_not_go_on, clear),
		cmocka_unit_test_teardown(accounts_say_who, clear),
		cmocka_unit_test_teardown(a_slow_disk_is_waited_for, clear),
		cmocka_unit_test_teardown(a_job_may_call_instead, clear),
		cmocka_unit_test_teardown(sizes_that_no_disk_takes_are_refused, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
