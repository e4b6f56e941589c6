/* SPDX-License-Identifier: GPL-2.0-only */
/* How the library speaks to /dev/greenboost: standin.c answers in its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "log.h"
#include "tier/pool.h"

#define G ((uint64_t)GREENBOOST_GRANULE_BYTES)

static char log_path[] = "/tmp/greenboost-device-XXXXXX";

static void behave(const char *words)
{
	assert_int_equal(setenv("GREENBOOST_STANDIN", words, 1), 0);
}

/* What has been logged since the last look. */
static const char *logged(void)
{
	static char text[4096];
	int fd = open(log_path, O_RDWR | O_CLOEXEC);
	ssize_t length = read(fd, text, sizeof(text) - 1);

	text[length > 0 ? length : 0] = '\0';
	assert_int_equal(ftruncate(fd, 0), 0);
	close(fd);
	return text;
}

/* A descriptor of the device, or -1. */
static int device_fd(void)
{
	char path[32], target[64];

	for (int fd = 3; fd < 64; fd++) {
		ssize_t length;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		length = readlink(path, target, sizeof(target) - 1);
		target[length > 0 ? length : 0] = '\0';
		if (strstr(target, "greenboost-standin"))
			return fd;
	}
	return -1;
}

static int setup(void **state)
{
	behave("");
	logged();
	return 0;
}

/* As in the child of a fork: it gives the descriptor up. */
static int teardown(void **state)
{
	gb_pool_fork_child();
	assert_int_equal(device_fd(), -1);
	return 0;
}

static void refuses_to_open(const char *how, const char *why)
{
	behave(how);
	assert_null(gb_pool_open());
	if (why)
		assert_non_null(strstr(logged(), why));
	else
		assert_string_equal(logged(), "");
	assert_int_equal(device_fd(), -1);
}

static void without_a_device_nothing_is_said(void **state)
{
	refuses_to_open("absent", NULL);
}

static void what_else_stands_in_the_way_is_said(void **state)
{
	refuses_to_open("denied", "group greenboost");
	refuses_to_open("version", "speaks versions 2 to 2, the library 1");
	refuses_to_open("memlock=8388608", "RLIMIT_MEMLOCK is 8192 KiB");
}

static void memory_is_cleared_and_can_be_mapped(void **state)
{
	const struct gb_pool_ops *pool = gb_pool_open();
	uint64_t *memory;
	int fd;

	assert_non_null(pool);
	fd = pool->alloc(2 * G);
	assert_true(fd >= 0);
	memory = mmap(NULL, 2 * G, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(memory, MAP_FAILED);
	close(fd);
	for (uint64_t i = 0; i < 2 * G / sizeof(*memory); i += 512)
		assert_true(memory[i] == 0);
	munmap(memory, 2 * G);
	assert_string_equal(logged(), "");
}

/* EACCES stands for any that has no text of its own. */
static void each_refusal_is_said_once(void **state)
{
	static const struct {
		int error;
		const char *why;
	} kinds[] = { { EPERM, "RLIMIT_MEMLOCK" },   { EDQUOT, "user" },
		      { ENOSPC, "short of memory" }, { ENOMEM, "contiguous" },
		      { EMFILE, "descriptor" },	     { EACCES, "Permission" } };
	const struct gb_pool_ops *pool = gb_pool_open();
	char words[32];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		snprintf(words, sizeof(words), "refuse=%d", kinds[i].error);
		behave(words);
		assert_int_equal(pool->alloc(G), -ENOMEM);
		assert_non_null(strstr(logged(), kinds[i].why));
		assert_int_equal(pool->alloc(G), -ENOMEM);
		assert_string_equal(logged(), "");
	}
}

static void the_level_is_told(void **state)
{
	const struct gb_pool_ops *pool = gb_pool_open();

	assert_int_equal(pool->level(), GREENBOOST_LEVEL_NORMAL);
	behave("level=2");
	assert_int_equal(pool->level(), GREENBOOST_LEVEL_CRITICAL);
	assert_int_equal(pool->alloc(G), -ENOMEM);
	behave("level=1");
	assert_int_equal(pool->level(), GREENBOOST_LEVEL_ELEVATED);
}

/* A program that closes all descriptors, and uses the number for itself. */
static void a_closed_descriptor_is_opened_anew(void **state)
{
	const struct gb_pool_ops *pool = gb_pool_open();
	int before = device_fd(), theirs, fd;

	close(before);
	theirs = memfd_create("theirs", MFD_CLOEXEC);
	assert_int_equal(theirs, before);
	assert_int_equal(write(theirs, "abc", 3), 3);
	fd = pool->alloc(G);
	assert_true(fd >= 0);
	close(fd);
	assert_true(device_fd() >= 0 && device_fd() != theirs);
	assert_int_equal(lseek(theirs, 0, SEEK_END), 3);
	close(device_fd());
	behave("absent");
	assert_int_equal(pool->alloc(G), -EOPNOTSUPP);
	assert_int_equal(pool->level(), GREENBOOST_LEVEL_NORMAL);
	assert_int_equal(lseek(theirs, 0, SEEK_END), 3);
	close(theirs);
}

#define device_test(function)                                                  \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		device_test(without_a_device_nothing_is_said),
		device_test(what_else_stands_in_the_way_is_said),
		device_test(memory_is_cleared_and_can_be_mapped),
		device_test(each_refusal_is_said_once),
		device_test(the_level_is_told),
		device_test(a_closed_descriptor_is_opened_anew),
	};
	int result;

	close(mkstemp(log_path));
	gb_log_init(GB_LOG_INFO, log_path);
	result = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(log_path);
	return result;
}
