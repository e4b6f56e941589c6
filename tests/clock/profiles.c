/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading profiles: the shipped ones load, broken ones are refused with a line
 * that names the file, the line and what to do.
 */
#include <errno.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "profile.h"

/* The text of h200.profile, which every broken file is made from. */
static char *good;

static int read_good(void **state)
{
	FILE *file = fopen(PROFILE_DIR "/h200.profile", "r");

	good = calloc(1, 1 << 16);
	if (!file || !good || !fread(good, 1, (1 << 16) - 1, file))
		return -1;
	fclose(file);
	return 0;
}

static int free_good(void **state)
{
	free(good);
	return 0;
}

/*
 * A file broken in one place: the line that begins with @key is replaced by
 * @line (NULL: taken out), or @line is put at the end where @key is NULL.
 */
static const struct broken {
	const char *what, *key, *line;
	int error;
	const char *says;
} broken[] = {
	{ "no equals sign", "sm_count", "sm_count 132 # x", -EINVAL, "has no \"=\"" },
	{ "unknown key", NULL, "sm_counts = 132 # x", -EINVAL, "is no figure" },
	{ "empty key", NULL, " = 132 # x", -EINVAL, "is no figure" },
	{ "repeated key", NULL, "sm_count = 132 # x", -EINVAL, "twice" },
	{ "repeated title", NULL, "title = again", -EINVAL, "twice" },
	{ "missing key", "sm_count", NULL, -EINVAL, "sm_count is missing" },
	{ "missing curve", "host_map_us", NULL, -EINVAL, "host_map_us is missing" },
	{ "missing title", "title", NULL, -EINVAL, "title is missing" },
	{ "empty title", "title", "title =", -EINVAL, "0 characters" },
	{ "no source", "sm_count", "sm_count = 132", -EINVAL, "no source" },
	{ "empty source", "sm_count", "sm_count = 132 #  ", -EINVAL, "no source" },
	{ "no value", "sm_count", "sm_count = # x", -EINVAL, "not a number" },
	{ "word", "sm_count", "sm_count = many # x", -EINVAL, "not a number" },
	{ "negative", "sm_count", "sm_count = -1 # x", -EINVAL, "not a number" },
	{ "exponent", "sm_count", "sm_count = 1e2 # x", -EINVAL, "not a number" },
	{ "infinity", "sm_count", "sm_count = inf # x", -EINVAL, "not a number" },
	{ "not a number", "sm_count", "sm_count = nan # x", -EINVAL, "not a number" },
	{ "hexadecimal", "sm_count", "sm_count = 0x84 # x", -EINVAL, "not a number" },
	{ "decimal comma", "copy_setup_us", "copy_setup_us = 2,5 # x", -EINVAL,
	  "not a number" },
	{ "bare point", "sm_count", "sm_count = 132. # x", -EINVAL, "not a number" },
	{ "unit behind", "copy_setup_us", "copy_setup_us = 2.5us # x", -EINVAL,
	  "not a number" },
	{ "two values", "sm_count", "sm_count = 1 2 # x", -EINVAL, "not a number" },
	{ "zero", "sm_count", "sm_count = 0 # x", -ERANGE, "outside" },
	{ "too large", "sm_count", "sm_count = 1025 # x", -ERANGE, "outside" },
	{ "absurd", "sm_count", "sm_count = 99999999999999999999999999 # x",
	  -ERANGE, "outside" },
	{ "zero rate", "link_up", "link_up_gb_per_s = 0 # x", -ERANGE, "outside" },
	{ "number for a curve", "host_map_us", "host_map_us = 3 # x", -EINVAL,
	  "not a point" },
	{ "curve for a number", "sm_count", "sm_count = 2:3 # x", -EINVAL,
	  "not a number" },
	{ "half a point", "host_map_us", "host_map_us = 2: # x", -EINVAL,
	  "not a point" },
	{ "points run together", "host_map_us", "host_map_us = 2:3:4 # x",
	  -EINVAL, "not a point" },
	{ "no point", "host_map_us", "host_map_us = # x", -EINVAL, "not a point" },
	{ "comma between", "host_map_us", "host_map_us = 2:3, 64:4 # x",
	  -EINVAL, "not a point" },
	{ "points fall", "host_map_us", "host_map_us = 64:4 2:3 # x", -EINVAL,
	  "does not rise" },
	{ "points repeat", "host_map_us", "host_map_us = 2:3 2:4 # x", -EINVAL,
	  "does not rise" },
	{ "nine points", "host_map_us",
	  "host_map_us = 1:1 2:1 3:1 4:1 5:1 6:1 7:1 8:1 9:1 # x", -EINVAL,
	  "more than 8 points" },
	{ "x outside", "host_map_us", "host_map_us = 0:1 2:1 # x", -ERANGE,
	  "outside" },
	{ "y outside", "memcpy_read", "memcpy_read_gb_per_s = 1:0 # x", -ERANGE,
	  "outside" },
};

/* Writes the broken text; returns the number of the line that is wrong. */
static unsigned int make_broken(const struct broken *row, char *text)
{
	const char *from = good;
	unsigned int line = 1, wrong = 0;

	for (; *from; from = strchr(from, '\n') + 1, line++) {
		size_t length = (size_t)(strchr(from, '\n') - from) + 1;

		if (row->key && !strncmp(from, row->key, strlen(row->key))) {
			wrong = row->line ? line : 0;
			if (row->line)
				text += sprintf(text, "%s\n", row->line);
			continue;
		}
		memcpy(text, from, length);
		text += length;
	}
	*text = '\0';
	if (row->key)
		return wrong;
	strcpy(text, row->line);
	return line;
}

static void broken_files_are_refused(void **state)
{
	char *text = calloc(1, 1 << 17), error[512], place[64];
	struct sim_profile profile;
	size_t i;

	assert_non_null(text);
	for (i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		const struct broken *row = &broken[i];
		unsigned int line = make_broken(row, text);
		int result = sim_profile_parse(&profile, "some/file.profile",
					       text, error, sizeof(error));

		if (result != row->error)
			fail_msg("%s: %d, expected %d", row->what, result,
				 row->error);
		snprintf(place, sizeof(place),
			 line ? "some/file.profile:%u: " : "some/file.profile: ", line);
		if (strncmp(error, place, strlen(place)) ||
		    strchr(error, '\n') || !strstr(error, row->says))
			fail_msg("%s: \"%s\" is not at %s or does not say \"%s\"",
				 row->what, error, place, row->says);
	}
	free(text);
}

/* Cut, overwritten and swapped bytes: any answer but a crash will do. */
static void mangled_files_do_no_harm(void **state)
{
	static const char bytes[] = "=#:. \t\n\r0-9x\x7f\xff\x01";
	size_t length = strlen(good), i;
	char *text = malloc(length + 1), error[64];
	struct sim_profile profile;
	uint32_t seed = 1;

	assert_non_null(text);
	for (i = 0; i < 3000; i++) {
		unsigned int k;

		memcpy(text, good, length + 1);
		for (k = 0; k < 1 + i % 4; k++) {
			seed = seed * 1664525u + 1013904223u;
			text[(seed >> 8) % length] =
				bytes[seed % (sizeof(bytes) - 1)];
		}
		if (i % 3 == 0)
			text[(seed >> 7) % length] = '\0';
		memset(error, 'x', sizeof(error));
		if (sim_profile_parse(&profile, "m", text, error, sizeof(error)))
			assert_non_null(memchr(error, '\0', sizeof(error)));
	}
	free(text);
}

static void shipped_profiles_load(void **state)
{
	static const struct {
		const char *name, *title;
		double vram_mib;
	} shipped[] = {
		{ "h200", "NVIDIA H200", 143155 },
		{ "rtx5070", "NVIDIA GeForce RTX 5070", 12227 },
		{ "rtx4090", "NVIDIA GeForce RTX 4090", 24564 },
		{ "rtx3060", "NVIDIA GeForce RTX 3060", 12288 },
	};
	struct sim_profile profile;
	char error[512];
	size_t i;

	for (i = 0; i < sizeof(shipped) / sizeof(shipped[0]); i++) {
		if (sim_profile_load(&profile, shipped[i].name, error, sizeof(error)))
			fail_msg("%s", error);
		assert_string_equal(profile.name, shipped[i].name);
		assert_string_equal(profile.title, shipped[i].title);
		assert_true(profile.vram_mib == shipped[i].vram_mib);
		assert_true(profile.vram_read_gb_per_s >
			    10 * profile.link_up_gb_per_s);
		assert_true(profile.zerocopy_read_gb_per_s <=
			    profile.link_up_gb_per_s);
		assert_true(profile.link_duplex_gb_per_s <=
			    profile.link_up_gb_per_s + profile.link_down_gb_per_s);
	}
}

static void figures_arrive_where_they_belong(void **state)
{
	struct sim_profile profile;

	assert_int_equal(
		sim_profile_load(&profile, PROFILE_DIR "/h200.profile", NULL, 0), 0);
	assert_string_equal(profile.name, "h200");
	assert_true(profile.link_up_gb_per_s == 55.3);
	assert_true(profile.zerocopy_gather_gb_per_s.count == 3);
	assert_true(profile.zerocopy_gather_gb_per_s.x[1] == 2048);
	assert_true(profile.zerocopy_gather_gb_per_s.y[0] == 30);
	assert_true(profile.disk_setup_us == 100);
}

static void a_decimal_comma_locale_changes_nothing(void **state)
{
	struct sim_profile profile;

	if (!setlocale(LC_ALL, "de_DE.UTF-8"))
		skip();
	assert_int_equal(sim_profile_load(&profile, "h200", NULL, 0), 0);
	setlocale(LC_ALL, "C");
	assert_true(profile.link_up_gb_per_s == 55.3);
}

static void names_that_lead_nowhere_are_explained(void **state)
{
	static const struct {
		const char *name, *says;
	} rows[] = {
		{ "", "empty" },
		{ "voodoo2", "no such profile" },
		{ "/nonexistent/x.profile", "no such file" },
		{ "./", "cannot be" },
		{ "/dev/zero", "larger than 64 KiB" },
	};
	struct sim_profile profile;
	char error[512];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(sim_profile_load(&profile, rows[i].name, error,
					     sizeof(error)) < 0);
		if (!strstr(error, rows[i].says))
			fail_msg("\"%s\": %s", rows[i].name, error);
	}
}

static void the_folder_of_the_environment_comes_first(void **state)
{
	char folder[] = "/tmp/greenboost-profiles-XXXXXX", path[128], error[512];
	struct sim_profile profile;
	char *title = strstr(good, "title = NVIDIA H200");
	FILE *file;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/h200.profile", folder);
	file = fopen(path, "w");
	assert_non_null(file);
	memcpy(title, "title = Mine, mine.", 19);
	fputs(good, file);
	fclose(file);
	setenv("GREENBOOST_SIM_PROFILE_DIR", folder, 1);
	assert_int_equal(sim_profile_load(&profile, "h200", error, sizeof(error)),
			 0);
	assert_string_equal(profile.title, "Mine, mine.");
	assert_int_equal(
		sim_profile_load(&profile, "rtx3060", error, sizeof(error)), 0);
	unsetenv("GREENBOOST_SIM_PROFILE_DIR");
	memcpy(title, "title = NVIDIA H200", 19);
	unlink(path);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(broken_files_are_refused),
		cmocka_unit_test(mangled_files_do_no_harm),
		cmocka_unit_test(shipped_profiles_load),
		cmocka_unit_test(figures_arrive_where_they_belong),
		cmocka_unit_test(a_decimal_comma_locale_changes_nothing),
		cmocka_unit_test(names_that_lead_nowhere_are_explained),
		cmocka_unit_test(the_folder_of_the_environment_comes_first),
	};

	return cmocka_run_group_tests(tests, read_good, free_good);
}
