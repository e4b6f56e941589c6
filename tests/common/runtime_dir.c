/* SPDX-License-Identifier: GPL-2.0-only */
/* The runtime directory, in a world where others set traps. */
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "options.h"

static char base[64];
static char path[4096];

/* Each test has an empty directory @base, which XDG_RUNTIME_DIR names. */
static int set_up(void **state)
{
	strcpy(base, "/tmp/gb-test-XXXXXX");
	if (!mkdtemp(base))
		return -1;
	return setenv("XDG_RUNTIME_DIR", base, 1);
}

static int tear_down(void **state)
{
	char command[192];

	snprintf(command, sizeof(command), "chmod -R u+w %s; rm -rf %s", base, base);
	return system(command);
}

static const char *below(const char *name)
{
	static char full[128];

	snprintf(full, sizeof(full), "%s/%s", base, name);
	return full;
}

static int runtime_dir(const char *chosen)
{
	struct gb_options options = { .runtime_dir = chosen };

	return gb_runtime_dir(&options, path, sizeof(path));
}

static void the_session_directory_is_made(void **state)
{
	struct stat st;

	umask(0);
	assert_int_equal(runtime_dir(""), 0);
	assert_string_equal(path, below("greenboost"));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
	assert_int_equal(runtime_dir(""), 0);
}

static void without_a_session_it_is_in_tmp(void **state)
{
	char expected[64];

	snprintf(expected, sizeof(expected), "/tmp/greenboost-%u", geteuid());
	unsetenv("XDG_RUNTIME_DIR");
	assert_int_equal(runtime_dir(""), 0);
	assert_string_equal(path, expected);
	setenv("XDG_RUNTIME_DIR", "relative", 1);
	assert_int_equal(runtime_dir(""), 0);
	assert_string_equal(path, expected);
	setenv("XDG_RUNTIME_DIR", below("missing"), 1);
	assert_int_equal(runtime_dir(""), 0);
	assert_string_equal(path, expected);
}

static void a_chosen_directory_wins(void **state)
{
	char chosen[128];

	strcpy(chosen, below("mine"));
	assert_int_equal(runtime_dir(chosen), 0);
	assert_string_equal(path, chosen);
}

static void a_chosen_directory_has_no_substitute(void **state)
{
	assert_int_equal(runtime_dir(below("missing/deeper")), -ENOENT);
	assert_int_equal(runtime_dir("/proc/self/nothing"), -ENOENT);
	assert_int_equal(runtime_dir("relative"), -EINVAL);
}

static void a_file_in_its_place_is_refused(void **state)
{
	FILE *file = fopen(below("file"), "w");

	fclose(file);
	assert_int_equal(runtime_dir(below("file")), -ENOTDIR);
	assert_int_equal(runtime_dir(below("file/in")), -ENOTDIR);
}

static void a_symbolic_link_is_refused(void **state)
{
	char target[128];

	strcpy(target, below("target"));
	assert_int_equal(mkdir(target, 0700), 0);
	assert_int_equal(symlink(target, below("link")), 0);
	assert_int_equal(runtime_dir(below("link")), -ELOOP);
	assert_int_equal(symlink("nowhere", below("dangling")), 0);
	assert_int_equal(runtime_dir(below("dangling")), -ELOOP);
}

static void one_that_others_may_write_is_refused(void **state)
{
	static const mode_t modes[] = { 0777, 0770, 0702, 01777 };

	mkdir(below("open"), 0700);
	for (size_t i = 0; i < COUNT(modes); i++) {
		assert_int_equal(chmod(below("open"), modes[i]), 0);
		assert_int_equal(runtime_dir(below("open")), -EPERM);
	}
	assert_int_equal(chmod(below("open"), 0755), 0);
	assert_int_equal(runtime_dir(below("open")), 0);
}

static void one_that_another_user_owns_is_refused(void **state)
{
	/* Root can give a directory away; anyone else finds /usr to be root's. */
	if (geteuid()) {
		assert_int_equal(runtime_dir("/usr"), -EPERM);
		return;
	}
	mkdir(below("theirs"), 0700);
	assert_int_equal(chown(below("theirs"), 65534, 65534), 0);
	assert_int_equal(runtime_dir(below("theirs")), -EPERM);
}

static void a_hostile_session_directory_falls_back_to_tmp(void **state)
{
	mkdir(below("greenboost"), 0700);
	chmod(below("greenboost"), 0777);
	assert_int_equal(runtime_dir(""), 0);
	assert_int_equal(strncmp(path, "/tmp/greenboost-", 16), 0);
}

static void a_read_only_place_is_an_error(void **state)
{
	if (!geteuid()) {
		assert_in_range(-runtime_dir("/proc/greenboost"), 1, 4095);
		return;
	}
	mkdir(below("read-only"), 0500);
	assert_int_equal(runtime_dir(below("read-only/in")), -EACCES);
}

static void a_short_buffer_is_an_error(void **state)
{
	struct gb_options options = { .runtime_dir = "/tmp" };
	char small[4];

	assert_int_equal(gb_runtime_dir(&options, small, sizeof(small)),
			 -ENAMETOOLONG);
	assert_int_equal(gb_runtime_dir(&options, small, 0), -ENAMETOOLONG);
}

static void candidates_end(void **state)
{
	struct gb_options options = { .runtime_dir = "" };

	assert_int_equal(
		gb_runtime_dir_candidate(&options, 0, path, sizeof(path)), 0);
	assert_string_equal(path, below("greenboost"));
	assert_int_equal(
		gb_runtime_dir_candidate(&options, 1, path, sizeof(path)), 0);
	assert_int_equal(strncmp(path, "/tmp/greenboost-", 16), 0);
	assert_int_equal(gb_runtime_dir_candidate(&options, 2, path, sizeof(path)),
			 -ENOENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_session_directory_is_made),
		TEST(without_a_session_it_is_in_tmp),
		TEST(a_chosen_directory_wins),
		TEST(a_chosen_directory_has_no_substitute),
		TEST(a_file_in_its_place_is_refused),
		TEST(a_symbolic_link_is_refused),
		TEST(one_that_others_may_write_is_refused),
		TEST(one_that_another_user_owns_is_refused),
		TEST(a_hostile_session_directory_falls_back_to_tmp),
		TEST(a_read_only_place_is_an_error),
		TEST(a_short_buffer_is_an_error),
		TEST(candidates_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
