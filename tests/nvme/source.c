// SPDX-License-Identifier: GPL-2.0-only
/* Bytes that came from a mapped file, and what may happen to that file. */
#include "test.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "mapping.h"

#define SIZE (4 * MIB + 12345)

/* A model file, mapped as programs do, and what they upload from it. */
struct model {
	char path[96];
	int fd;
	char *map;
	char *upload; /* a copy of the whole */
};

static void model_open(struct model *model, int protection, int flags)
{
	snprintf(model->path, sizeof(model->path), "%s/model of mine", folder());
	model->fd = open(model->path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_true(model->fd >= 0);
	model->upload = memory_with(SIZE, 42);
	assert_int_equal(write(model->fd, model->upload, SIZE), SIZE);
	model->map = mmap(NULL, SIZE, protection, flags, model->fd, 0);
	assert_ptr_not_equal(model->map, MAP_FAILED);
}

static void model_close(struct model *model)
{
	munmap(model->map, SIZE);
	close(model->fd);
	unlink(model->path);
	free(model->upload);
}

static int remember(struct gb_store *store, const struct model *model,
		    uint64_t offset, uint64_t bytes, struct gb_stored **stored)
{
	struct gb_job job = { 0 };
	int error = gb_store_remember(store, model->map + offset,
				      model->upload + offset, bytes, &job, stored);

	return error ? error : gb_store_wait(&job);
}

static void check_back(struct gb_store *store, struct gb_stored *stored,
		       const char *expected, uint64_t bytes)
{
	char *back = memory_with(bytes, 5);

	assert_int_equal(get(store, stored, 0, bytes, back), 0);
	assert_memory_equal(back, expected, bytes);
	free(back);
}

static void it_comes_back_from_the_file_without_a_write(void **unused)
{
	static const struct {
		uint64_t offset, bytes;
	} parts[] = { { 0, SIZE },    { 1, SIZE - 1 }, { 4096, 2 * MIB },
		      { 1234567, 7 }, { SIZE - 1, 1 }, { 100, 600 * KIB } };
	struct model model;

	model_open(&model, PROT_READ, MAP_SHARED);
	for (enum way way = 0; way < WAYS; way++) {
		struct gb_store *store = store_on(way);
		struct gb_stored *stored[COUNT(parts)];

		for (size_t i = 0; i < COUNT(parts); i++)
			assert_int_equal(remember(store, &model, parts[i].offset,
						  parts[i].bytes, &stored[i]),
					 0);
		for (size_t i = 0; i < COUNT(parts); i++)
			check_back(store, stored[i],
				   model.upload + parts[i].offset, parts[i].bytes);
		assert_int_equal(stats_of(store).queue.requests[1], 0);
		assert_int_equal(stats_of(store).used, 0);
		assert_true(stats_of(store).remembered > SIZE);
		for (size_t i = 0; i < COUNT(parts); i++)
			gb_store_drop(store, stored[i]);
		assert_int_equal(stats_of(store).remembered, 0);
		gb_store_destroy(store);
	}
	model_close(&model);
}

static void it_is_found_by_its_name_without_privilege(void **unused)
{
	struct gb_store *store = store_on(BY_RING);
	struct gb_stored *stored = NULL;
	struct model model;

	model_open(&model, PROT_READ, MAP_PRIVATE);
	fault.no_map_files = true;
	assert_int_equal(remember(store, &model, 0, SIZE, &stored), 0);
	check_back(store, stored, model.upload, SIZE);
	gb_store_drop(store, stored);
	/* A name that leads elsewhere by now, or nowhere. */
	assert_int_equal(unlink(model.path), 0);
	assert_int_equal(remember(store, &model, 0, SIZE, &stored), -ENOENT);
	gb_store_destroy(store);
	model_close(&model);
}

static void one_file_is_opened_once(void **unused)
{
	struct gb_store *store = store_on(BY_THREADS);
	struct gb_stored *stored[20];
	struct model model;
	int before, after;

	model_open(&model, PROT_READ, MAP_PRIVATE);
	before = dup(0);
	close(before);
	for (uint64_t i = 0; i < COUNT(stored); i++)
		assert_int_equal(
			remember(store, &model, i * PAGE, PAGE, &stored[i]), 0);
	after = dup(0);
	close(after);
	assert_true(after - before <= 2);
	for (size_t i = 0; i < COUNT(stored); i++)
		gb_store_drop(store, stored[i]);
	after = dup(0);
	close(after);
	assert_int_equal(after, before);
	gb_store_destroy(store);
	model_close(&model);
}

static void other_memory_is_not_remembered(void **unused)
{
	struct gb_store *store = store_on(BY_THREADS);
	char *anonymous = mmap(NULL, MIB, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct gb_job job = { 0 };
	struct gb_stored *stored = NULL;
	struct model model, zero;

	assert_int_equal(gb_store_remember(store, anonymous, anonymous, MIB,
					   &job, &stored),
			 -ENOENT);
	assert_int_equal(gb_store_remember(store, NULL, anonymous, MIB, &job, &stored),
			 -ENOENT);
	/* A device is no file, even where it reads like one. */
	zero.fd = open("/dev/zero", O_RDWR | O_CLOEXEC);
	zero.map = mmap(NULL, MIB, PROT_READ, MAP_PRIVATE, zero.fd, 0);
	zero.upload = calloc(1, MIB);
	assert_ptr_not_equal(zero.map, MAP_FAILED);
	assert_int_equal(remember(store, &zero, 0, MIB, &stored), -ENOENT);
	munmap(zero.map, MIB);
	close(zero.fd);
	free(zero.upload);
	/* A file that the program may change by writing to its memory. */
	model_open(&model, PROT_READ | PROT_WRITE, MAP_SHARED);
	assert_int_equal(remember(store, &model, 0, PAGE, &stored), -EPERM);
	/* One that ends before the memory does. */
	assert_int_equal(remember(store, &model, 0, SIZE * 4, &stored), -EPERM);
	assert_null(stored);
	model_close(&model);
	munmap(anonymous, MIB);
	gb_store_destroy(store);
}

/* Changed in the program's own copy of a page: private mappings allow it. */
static void a_page_of_the_programs_own_is_noticed(void **unused)
{
	struct gb_store *store = store_on(BY_RING);
	struct gb_stored *stored;
	struct model model;

	model_open(&model, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	model.map[3 * PAGE] ^= 1;
	model.upload[3 * PAGE] ^= 1;
	assert_int_equal(remember(store, &model, 0, SIZE, &stored), -ESTALE);
	gb_store_drop(store, stored);
	assert_int_equal(remember(store, &model, 0, 3 * PAGE, &stored), 0);
	gb_store_drop(store, stored);
	assert_int_equal(stats_of(store).stale, 0);
	gb_store_destroy(store);
	model_close(&model);
}

/* mprotect and madvise cut mappings. */
static void check_pieces(void)
{
	struct gb_mapping mapping;
	struct model model;

	model_open(&model, PROT_READ, MAP_PRIVATE);
	assert_int_equal(mprotect(model.map + MIB, PAGE, PROT_NONE), 0);
	assert_int_equal(gb_mapping_find(model.map + 17, 2 * MIB, &mapping), 0);
	assert_int_equal(mapping.offset, 17);
	assert_non_null(strstr(mapping.path, "/model of mine"));
	assert_int_equal(gb_mapping_find(model.map + MIB + 5, MIB, &mapping), 0);
	assert_int_equal(mapping.offset, MIB + 5);
	/* Another part of the file in between. */
	assert_ptr_not_equal(mmap(model.map + MIB, PAGE, PROT_READ,
				  MAP_PRIVATE | MAP_FIXED, model.fd, 0),
			     MAP_FAILED);
	assert_int_equal(gb_mapping_find(model.map, 2 * MIB, &mapping), -ENOENT);
	model_close(&model);
}

static void a_mapping_in_pieces_is_one(void **unused)
{
	check_pieces();
	fault.no_query = true;
	check_pieces();
}

/* The kernel writes a line feed in a path as \\012, in one of its answers. */
static void names_may_be_strange(void **unused)
{
	char path[128];
	struct gb_mapping mapping;
	char *map;
	int fd;

	snprintf(path, sizeof(path), "%s/a model\nin two \\ lines (deleted)",
		 folder());
	fd = open(path, O_RDWR | O_CREAT, 0600);
	assert_int_equal(write(fd, path, sizeof(path)), sizeof(path));
	map = mmap(NULL, sizeof(path), PROT_READ, MAP_PRIVATE, fd, 0);
	for (int old = 0; old < 2; old++) {
		fault.no_query = old;
		assert_int_equal(gb_mapping_find(map, 100, &mapping), 0);
		assert_int_equal(access(mapping.path, R_OK), 0);
	}
	munmap(map, sizeof(path));
	close(fd);
	unlink(path);
}

static void a_deleted_or_replaced_file_still_works(void **unused)
{
	struct gb_store *store = store_on(BY_RING);
	struct gb_stored *stored;
	struct model model;
	char path[128];
	int fd;

	model_open(&model, PROT_READ, MAP_PRIVATE);
	assert_int_equal(remember(store, &model, 0, SIZE, &stored), 0);
	snprintf(path, sizeof(path), "%s.new", model.path);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "other", 5), 5);
	close(fd);
	assert_int_equal(rename(path, model.path), 0);
	check_back(store, stored, model.upload, SIZE);
	assert_int_equal(unlink(model.path), 0);
	check_back(store, stored, model.upload, SIZE);
	assert_true(gb_store_still_has(stored));
	gb_store_drop(store, stored);
	gb_store_destroy(store);
	model_close(&model);
}

enum harm {
	REWRITTEN,
	TRUNCATED,
	EMPTIED,
	HARMS,
};

static void do_harm(const struct model *model, enum harm harm)
{
	char byte = (char)~model->upload[2 * MIB];

	if (harm == REWRITTEN)
		assert_int_equal(pwrite(model->fd, &byte, 1, 2 * MIB), 1);
	else
		assert_int_equal(
			ftruncate(model->fd, harm == EMPTIED ? 0 : MIB + 77), 0);
}

static void a_changed_file_is_an_error_that_names_it(void **unused)
{
	char *back = memory_with(SIZE, 5);

	for (enum way way = 0; way < WAYS; way++) {
		for (enum harm harm = 0; harm < HARMS; harm++) {
			struct gb_store *store = store_on(way);
			struct gb_stored *stored;
			struct model model;

			model_open(&model, PROT_READ, MAP_PRIVATE);
			assert_int_equal(
				remember(store, &model, 0, SIZE, &stored), 0);
			assert_true(gb_store_still_has(stored));
			usleep(20000); /* times of files are as fine as a tick */
			do_harm(&model, harm);
			assert_false(gb_store_still_has(stored));
			assert_int_equal(get(store, stored, 0, SIZE, back), -ESTALE);
			assert_non_null(strstr(fault.last, "model of mine"));
			gb_store_drop(store, stored);
			gb_store_destroy(store);
			model_close(&model);
			fault_clear();
		}
	}
	free(back);
}

/* Loaded again after a change, it is another file to us. */
static void a_file_loaded_again_is_another(void **unused)
{
	struct gb_store *store = store_on(BY_RING);
	struct gb_stored *before, *after;
	struct model model;

	model_open(&model, PROT_READ, MAP_PRIVATE);
	assert_int_equal(remember(store, &model, 0, MIB, &before), 0);
	usleep(20000);
	do_harm(&model, REWRITTEN);
	model.upload[2 * MIB] = (char)~model.upload[2 * MIB];
	assert_int_equal(remember(store, &model, 0, SIZE, &after), 0);
	assert_false(gb_store_still_has(before));
	assert_true(gb_store_still_has(after));
	check_back(store, before, model.upload, MIB);
	check_back(store, after, model.upload, SIZE);
	gb_store_drop(store, before);
	gb_store_drop(store, after);
	gb_store_destroy(store);
	model_close(&model);
}

static void a_child_does_not_hold_it_open(void **unused)
{
	struct gb_store *store = store_on(BY_RING);
	struct gb_stored *stored;
	struct model model;
	pid_t child;
	int status;

	model_open(&model, PROT_READ, MAP_PRIVATE);
	assert_int_equal(remember(store, &model, 0, SIZE, &stored), 0);
	child = fork();
	if (!child) {
		close(model.fd);
		status = find_descriptor("model of mine") < 0;
		gb_store_fork_child(store);
		_exit(status || find_descriptor("model of mine") >= 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	check_back(store, stored, model.upload, SIZE);
	gb_store_drop(store, stored);
	gb_store_destroy(store);
	model_close(&model);
}

/* Whose time has changed and nothing else: right numbers are right. */
static void a_file_that_was_only_touched_is_fine(void **unused)
{
	struct gb_store *store = store_on(BY_RING);
	struct gb_stored *stored;
	struct model model;

	model_open(&model, PROT_READ, MAP_PRIVATE);
	assert_int_equal(remember(store, &model, 0, SIZE, &stored), 0);
	assert_int_equal(
		futimens(model.fd, (struct timespec[2]){ { 1, 1 }, { 1, 1 } }), 0);
	assert_false(gb_store_still_has(stored));
	check_back(store, stored, model.upload, SIZE);
	gb_store_drop(store, stored);
	gb_store_destroy(store);
	model_close(&model);
}

static void a_file_that_cannot_be_read_is_an_error(void **unused)
{
	struct gb_store *store = store_on(BY_THREADS);
	struct gb_stored *stored;
	struct model model;
	char *back = memory_with(SIZE, 5);

	model_open(&model, PROT_READ, MAP_PRIVATE);
	assert_int_equal(remember(store, &model, 0, SIZE, &stored), 0);
	fault.every = 3;
	fault.error = EIO;
	assert_int_equal(get(store, stored, 0, SIZE, back), -EIO);
	assert_non_null(strstr(fault.last, "model of mine"));
	gb_store_drop(store, stored);
	gb_store_destroy(store);
	model_close(&model);
	free(back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(
			it_comes_back_from_the_file_without_a_write, clear),
		cmocka_unit_test_teardown(
			it_is_found_by_its_name_without_privilege, clear),
		cmocka_unit_test_teardown(one_file_is_opened_once, clear),
		cmocka_unit_test_teardown(other_memory_is_not_remembered, clear),
		cmocka_unit_test_teardown(a_page_of_the_programs_own_is_noticed,
					  clear),
		cmocka_unit_test_teardown(a_mapping_in_pieces_is_one, clear),
		cmocka_unit_test_teardown(names_may_be_strange, clear),
		cmocka_unit_test_teardown(a_deleted_or_replaced_file_still_works,
					  clear),
		cmocka_unit_test_teardown(
			a_changed_file_is_an_error_that_names_it, clear),
		cmocka_unit_test_teardown(a_file_that_was_only_touched_is_fine, clear),
		cmocka_unit_test_teardown(a_file_loaded_again_is_another, clear),
		cmocka_unit_test_teardown(a_child_does_not_hold_it_open, clear),
		cmocka_unit_test_teardown(a_file_that_cannot_be_read_is_an_error,
					  clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
