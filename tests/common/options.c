/* SPDX-License-Identifier: GPL-2.0-only */
/* Settings: the table itself, each type of value, and the environment. */
#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

static const struct gb_option *row(const char *name)
{
	for (size_t i = 0; i < gb_option_count; i++) {
		if (!strcmp(gb_option_table[i].name, name))
			return &gb_option_table[i];
	}
	fail_msg("no row %s", name);
	return NULL;
}

static void names_follow_from_variables(void **state)
{
	for (size_t i = 0; i < gb_option_count; i++) {
		const char *variable = gb_option_table[i].variable;
		const char *name = gb_option_table[i].name;

		assert_int_equal(strncmp(variable, "GREENBOOST_", 11), 0);
		assert_int_equal(strlen(variable + 11), strlen(name));
		for (size_t at = 0; name[at]; at++) {
			char c = variable[11 + at];

			assert_int_equal(name[at], c == '_' ? '-' : c | 0x20);
		}
	}
}

static void every_default_parses_and_lies_in_range(void **state)
{
	struct gb_options options;

	assert_in_range(gb_option_count, 1, 15);
	for (size_t i = 0; i < gb_option_count; i++) {
		const struct gb_option *option = &gb_option_table[i];

		assert_int_equal(
			gb_option_set(&options, option, option->fallback), 0);
		assert_true(option->minimum <= option->maximum);
		assert_true(option->offset < sizeof(options));
		assert_true((option->type == GB_OPTION_CHOICE) == !!option->choices);
	}
}

static void defaults_are_those_of_the_table(void **state)
{
	struct gb_options options;

	memset(&options, 0x5a, sizeof(options));
	gb_options_init(&options);
	assert_true(options.enable);
	assert_int_equal(options.vram, GB_SIZE_AUTO);
	assert_int_equal(options.ram, GB_SIZE_AUTO);
	assert_int_equal(options.reserve, GB_SIZE_AUTO);
	assert_int_equal(options.report, GB_REPORT_EXTENDED);
	assert_int_equal(options.threads, GB_COUNT_AUTO);
	assert_int_equal(options.log, GB_LOG_WARN);
	assert_string_equal(options.log_file, "");
	assert_string_equal(options.driver, "");
	assert_string_equal(options.runtime_dir, "");
}

static void booleans(void **state)
{
	static const char *const yes[] = { "1",	  "on", "true",
					   "yes", "ON", "True" };
	static const char *const no[] = { "0", "off", "false", "no",
					  "",  "OFF", "No" };
	static const char *const junk[] = { "2",     "-1",  "onn", "o",
					    "maybe", " on", "on " };
	struct gb_options options;

	for (size_t i = 0; i < COUNT(yes); i++) {
		options.enable = false;
		assert_int_equal(gb_option_set(&options, row("enable"), yes[i]), 0);
		assert_true(options.enable);
	}
	for (size_t i = 0; i < COUNT(no); i++) {
		options.enable = true;
		assert_int_equal(gb_option_set(&options, row("enable"), no[i]), 0);
		assert_false(options.enable);
	}
	for (size_t i = 0; i < COUNT(junk); i++) {
		options.enable = true;
		assert_int_equal(gb_option_set(&options, row("enable"), junk[i]),
				 -EINVAL);
		assert_true(options.enable);
	}
}

static void choices(void **state)
{
	static const char *const words[] = { "off", "error", "warn", "info",
					     "debug" };
	static const char *const junk[] = { "",		 "war", "warnx",
					    "off|error", "|",	"3" };
	struct gb_options options;

	for (size_t i = 0; i < COUNT(words); i++) {
		assert_int_equal(gb_option_set(&options, row("log"), words[i]), 0);
		assert_int_equal(options.log, i);
	}
	assert_int_equal(gb_option_set(&options, row("report"), "Physical"), 0);
	assert_int_equal(options.report, GB_REPORT_PHYSICAL);
	for (size_t i = 0; i < COUNT(junk); i++) {
		options.log = GB_LOG_INFO;
		assert_int_equal(gb_option_set(&options, row("log"), junk[i]),
				 -EINVAL);
		assert_int_equal(options.log, GB_LOG_INFO);
	}
}

static void counts_and_their_range(void **state)
{
	static const struct {
		const char *text;
		int result;
	} tries[] = {
		{ "1", 0 },
		{ "64", 0 },
		{ "0", -ERANGE },
		{ "65", -ERANGE },
		{ "4294967297", -ERANGE },
		{ "18446744073709551617", -ERANGE },
		{ "-1", -EINVAL },
		{ "", -EINVAL },
		{ "1.5", -EINVAL },
		{ "8k", -EINVAL },
		{ "0x8", -EINVAL },
		{ " 8", -EINVAL },
	};
	struct gb_options options;

	for (size_t i = 0; i < COUNT(tries); i++) {
		options.threads = 7;
		assert_int_equal(
			gb_option_set(&options, row("threads"), tries[i].text),
			tries[i].result);
		if (tries[i].result)
			assert_int_equal(options.threads, 7);
		else
			assert_int_equal(options.threads, atoi(tries[i].text));
	}
	assert_int_equal(gb_option_set(&options, row("threads"), "Auto"), 0);
	assert_int_equal(options.threads, GB_COUNT_AUTO);
}

static void a_size_outside_its_row_is_refused(void **state)
{
	struct gb_option narrow = *row("vram");
	struct gb_options options = { .vram = 7 };

	narrow.minimum = 1024;
	narrow.maximum = 4096;
	assert_int_equal(gb_option_set(&options, &narrow, "1023"), -ERANGE);
	assert_int_equal(gb_option_set(&options, &narrow, "5k"), -ERANGE);
	assert_int_equal(options.vram, 7);
	assert_int_equal(gb_option_set(&options, &narrow, "4k"), 0);
	assert_int_equal(options.vram, 4096);
	assert_int_equal(gb_option_set(&options, &narrow, "auto"), 0);
	assert_int_equal(options.vram, GB_SIZE_AUTO);
}

struct complaints {
	int count;
	const char *variable;
	const char *text;
	int error;
};

static void complain(const struct gb_option *option, const char *text,
		     int error, void *data)
{
	struct complaints *complaints = data;

	complaints->count++;
	complaints->variable = option->variable;
	complaints->text = text;
	complaints->error = error;
}

static int clear_environment(void **state)
{
	for (size_t i = 0; i < gb_option_count; i++)
		unsetenv(gb_option_table[i].variable);
	return 0;
}

static void the_environment_is_read(void **state)
{
	struct complaints complaints = { 0 };
	struct gb_options options;

	setenv("GREENBOOST_VRAM", "1.5g", 1);
	setenv("GREENBOOST_ENABLE", "", 1);
	setenv("GREENBOOST_LOG_FILE", "/tmp/a b", 1);
	setenv("GREENBOOST_THREADS", "3", 1);
	setenv("GREENBOOST_REPORT", "physical", 1);
	gb_options_from_environment(&options, complain, &complaints);
	assert_int_equal(complaints.count, 0);
	assert_int_equal(options.vram, 1536 << 20);
	assert_false(options.enable);
	assert_string_equal(options.log_file, "/tmp/a b");
	assert_int_equal(options.threads, 3);
	assert_int_equal(options.report, GB_REPORT_PHYSICAL);
	assert_int_equal(options.ram, GB_SIZE_AUTO);
}

static void a_bad_variable_leaves_the_default_and_is_reported(void **state)
{
	struct complaints complaints = { 0 };
	struct gb_options options;

	setenv("GREENBOOST_VRAM", "lots", 1);
	gb_options_from_environment(&options, complain, &complaints);
	assert_int_equal(complaints.count, 1);
	assert_string_equal(complaints.variable, "GREENBOOST_VRAM");
	assert_string_equal(complaints.text, "lots");
	assert_int_equal(complaints.error, -EINVAL);
	assert_int_equal(options.vram, GB_SIZE_AUTO);
	gb_options_from_environment(&options, NULL, NULL);
	assert_int_equal(options.vram, GB_SIZE_AUTO);
}

static void an_empty_variable_is_an_unset_one(void **state)
{
	struct complaints complaints = { 0 };
	struct gb_options options;

	setenv("GREENBOOST_VRAM", "", 1);
	setenv("GREENBOOST_LOG", "", 1);
	setenv("GREENBOOST_THREADS", "", 1);
	gb_options_from_environment(&options, complain, &complaints);
	assert_int_equal(complaints.count, 0);
	assert_int_equal(options.log, GB_LOG_WARN);
}

static void a_hostile_variable_does_no_harm(void **state)
{
	struct complaints complaints = { 0 };
	struct gb_options options;
	size_t length = 1 << 20;
	char *huge = malloc(length + 1);

	memset(huge, '9', length);
	huge[length] = '\0';
	setenv("GREENBOOST_VRAM", huge, 1);
	setenv("GREENBOOST_THREADS", huge, 1);
	setenv("GREENBOOST_LOG", huge, 1);
	setenv("GREENBOOST_ENABLE", "%s%n\033[2J", 1);
	gb_options_from_environment(&options, complain, &complaints);
	assert_int_equal(complaints.count, 4);
	assert_true(options.enable);
	free(huge);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_follow_from_variables),
		cmocka_unit_test(every_default_parses_and_lies_in_range),
		cmocka_unit_test(defaults_are_those_of_the_table),
		cmocka_unit_test(booleans),
		cmocka_unit_test(choices),
		cmocka_unit_test(counts_and_their_range),
		cmocka_unit_test(a_size_outside_its_row_is_refused),
		cmocka_unit_test_setup(the_environment_is_read, clear_environment),
		cmocka_unit_test_setup(a_bad_variable_leaves_the_default_and_is_reported,
				       clear_environment),
		cmocka_unit_test_setup(an_empty_variable_is_an_unset_one,
				       clear_environment),
		cmocka_unit_test_setup(a_hostile_variable_does_no_harm,
				       clear_environment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
