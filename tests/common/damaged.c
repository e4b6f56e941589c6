/* SPDX-License-Identifier: GPL-2.0-only */
/* Sizes and settings that are nearly right: refused, or read for what they say. */
#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "damage.h"
#include "options.h"

static const char alphabet[] = "0123456789.kKmMgGtTiIbBauto-+ eExX|\t\xff";
static uint64_t seeds = 20000;

/* Only the word means auto, and only a success is written down. */
static void sizes(void **state)
{
	static const char *const texts[] = {
		"64k",	"1.5GiB",      "0.25tb",
		"auto", "16777215.9t", "18446744073709551614"
	};

	for (uint64_t seed = 1; seed <= seeds; seed++) {
		char *text = damage(texts[seed % COUNT(texts)], alphabet, seed);
		uint64_t bytes = 12345;
		int rc = gb_size_parse(text, &bytes);

		if (rc) {
			assert_true(rc == -EINVAL || rc == -ERANGE);
			assert_int_equal(bytes, 12345);
		} else {
			assert_true((bytes == GB_SIZE_AUTO) ==
				    !strcasecmp(text, "auto"));
		}
		free(text);
	}
}

/* A setting that is refused leaves everything as it was. */
static void settings(void **state)
{
	static const char *const texts[] = { "on",	 "off",	 "0",
					     "16",	 "6g",	 "physical",
					     "extended", "debug" };
	struct gb_options options, before;

	gb_options_init(&options);
	for (uint64_t seed = 1; seed <= seeds; seed++) {
		const struct gb_option *row =
			&gb_option_table[seed % gb_option_count];
		char *text = damage(texts[seed / gb_option_count % COUNT(texts)],
				    alphabet, seed);
		int rc;

		before = options;
		rc = gb_option_set(&options, row, text);
		if (rc) {
			assert_true(rc == -EINVAL || rc == -ERANGE);
			assert_memory_equal(&options, &before, sizeof(options));
		}
		if (row->type == GB_OPTION_TEXT)
			gb_options_init(&options); /* it points into text */
		free(text);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(settings),
	};

	if (argc == 2)
		seeds = strtoull(argv[1], NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
