// SPDX-License-Identifier: GPL-2.0-only
/*
 * Directories of other kinds than the one that tests run in: file systems that
 * are mounted for the test alone, where that is allowed.
 */
#include "test.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define NOT_ALLOWED 77

static char place[128]; /* where the child mounts */

/* Mounts that only this process sees. */
static bool mount_here(const char *type, unsigned long flags, const char *options)
{
	return !unshare(CLONE_NEWNS) &&
	       !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	       !mount("none", place, type, flags, options);
}

/* The child's verdict: a skipped test where it may not mount. */
static void in_child(int (*body)(void))
{
	pid_t child;
	int status;

	snprintf(place, sizeof(place), "%s", folder());
	child = fork();
	if (!child)
		_exit(body());
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_ALLOWED)
		skip();
	assert_int_equal(status, 0);
}

static int create(struct gb_store **store)
{
	return gb_store_create(store,
			       &(struct gb_store_setup){ .directory = place,
							 .capacity = 1024 * MIB,
							 .writes = UINT64_MAX });
}

/* Stores @things of 1 MiB; then there is no space, which is @error, or 0. */
static int store_up_to(struct gb_store *store, int things, int error)
{
	char *memory = memory_with(MIB, 1), *back = memory_with(MIB, 2);
	struct gb_stored *stored[64], *more;

	for (int i = 0; i < things; i++) {
		fill(memory, MIB, (uint64_t)i);
		if (put(store, memory, MIB, &stored[i]))
			return 10;
	}
	if (error && put(store, memory, MIB, &more) != error)
		return 11;
	for (int i = 0; i < things; i++) {
		fill(memory, MIB, (uint64_t)i);
		if (get(store, stored[i], 0, MIB, back) || memcmp(memory, back, MIB))
			return 12;
		gb_store_drop(store, stored[i]);
	}
	if (put(store, memory, MIB, &more))
		return 13; /* what was dropped is space again */
	gb_store_drop(store, more);
	gb_store_destroy(store);
	free(memory);
	free(back);
	return 0;
}

static int small_disk(void)
{
	struct gb_store *store;

	if (!mount_here("tmpfs", 0, "size=8m"))
		return NOT_ALLOWED;
	return create(&store) ? 1 : store_up_to(store, 8, -ENOSPC);
}

static int neighbour_fills_it(void)
{
	struct gb_store *store;
	char path[160];
	int fd;

	if (!mount_here("tmpfs", 0, "size=8m"))
		return NOT_ALLOWED;
	if (create(&store))
		return 1;
	snprintf(path, sizeof(path), "%s/neighbour", place);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || fallocate(fd, 0, 0, 5 * MIB))
		return 2;
	return store_up_to(store, 3, -ENOSPC);
}

static int full_inode_table(void)
{
	struct gb_store *store;

	if (!mount_here("tmpfs", 0, "size=8m,nr_inodes=1"))
		return NOT_ALLOWED;
	return create(&store) == -ENOSPC ? 0 : 1;
}

static int read_only(void)
{
	struct gb_store *store;

	if (!mount_here("tmpfs", MS_RDONLY, NULL))
		return NOT_ALLOWED;
	return create(&store) == -EROFS ? 0 : 1;
}

/* No fallocate there. */
static int on_ramfs(void)
{
	struct gb_store *store;
	int result;

	if (!mount_here("ramfs", 0, NULL))
		return NOT_ALLOWED;
	if (create(&store))
		return 1;
	result = store_up_to(store, 20, 0);
	return result ? result : strstr(fault.last, "cannot reserve") ? 0 : 2;
}

static int on_overlayfs(void)
{
	static const char *const parts[] = { "lower", "upper", "work" };
	char options[600], path[160];
	struct gb_store *store;

	for (size_t i = 0; i < COUNT(parts); i++) {
		snprintf(path, sizeof(path), "%s.%s", place, parts[i]);
		if (mkdir(path, 0700))
			return 1;
	}
	snprintf(options, sizeof(options),
		 "lowerdir=%s.lower,upperdir=%s.upper,workdir=%s.work", place,
		 place, place);
	if (!mount_here("overlay", 0, options))
		return NOT_ALLOWED;
	return create(&store) ? 2 : store_up_to(store, 20, 0);
}

static void a_small_disk_says_so_and_loses_nothing(void **unused)
{
	in_child(small_disk);
}

static void a_neighbour_that_fills_the_disk_is_noticed(void **unused)
{
	in_child(neighbour_fills_it);
}

static void a_full_inode_table_is_a_full_disk(void **unused)
{
	in_child(full_inode_table);
}

static void a_read_only_file_system_is_refused(void **unused)
{
	in_child(read_only);
}

static void ramfs_works(void **unused)
{
	in_child(on_ramfs);
}

static void overlayfs_works(void **unused)
{
	in_child(on_overlayfs);
}

static int remove_overlay(void **unused)
{
	char command[600];

	snprintf(command, sizeof(command), "rm -rf %s.lower %s.upper %s.work",
		 place, place, place);
	return system(command) ? -1 : clear(unused);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_small_disk_says_so_and_loses_nothing,
					  clear),
		cmocka_unit_test_teardown(
			a_neighbour_that_fills_the_disk_is_noticed, clear),
		cmocka_unit_test_teardown(a_full_inode_table_is_a_full_disk, clear),
		cmocka_unit_test_teardown(a_read_only_file_system_is_refused, clear),
		cmocka_unit_test_teardown(ramfs_works, clear),
		cmocka_unit_test_teardown(overlayfs_works, remove_overlay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
