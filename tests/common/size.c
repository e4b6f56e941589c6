/* SPDX-License-Identifier: GPL-2.0-only */
/* Sizes: what parses, what does not, and how they are written. */
#include "test.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

#define KIB UINT64_C(1024)
#define MIB (KIB * 1024)
#define GIB (MIB * 1024)
#define TIB (GIB * 1024)

static const struct {
	const char *text;
	uint64_t bytes;
} good[] = {
	{ "0", 0 },
	{ "1", 1 },
	{ "0007", 7 },
	{ "4096", 4096 },
	{ "64k", 64 * KIB },
	{ "64K", 64 * KIB },
	{ "64kb", 64 * KIB },
	{ "64KiB", 64 * KIB },
	{ "64kIB", 64 * KIB },
	{ "800m", 800 * MIB },
	{ "6g", 6 * GIB },
	{ "6G", 6 * GIB },
	{ "6gb", 6 * GIB },
	{ "2t", 2 * TIB },
	{ "0g", 0 },
	{ "1.5g", GIB + GIB / 2 },
	{ "0.5k", 512 },
	{ "0.1k", 102 },
	{ "1.999999999999999999999999999999k", 2047 },
	{ "0.000000000000000000000000001t", 0 },
	{ "0.25GiB", GIB / 4 },
	{ "16777215t", UINT64_MAX - TIB + 1 },
	{ "16777215.999999999999t", UINT64_MAX - 1 },
	{ "18446744073709551614", UINT64_MAX - 1 },
	{ "00000000000000000000000000000001", 1 },
	{ "auto", GB_SIZE_AUTO },
	{ "AUTO", GB_SIZE_AUTO },
	{ "Auto", GB_SIZE_AUTO },
};

static const struct {
	const char *text;
	int error;
} bad[] = {
	{ "", -EINVAL },
	{ " ", -EINVAL },
	{ "-1", -EINVAL },
	{ "-0", -EINVAL },
	{ "+1", -EINVAL },
	{ " 1", -EINVAL },
	{ "1 ", -EINVAL },
	{ "1 g", -EINVAL },
	{ "g", -EINVAL },
	{ "b", -EINVAL },
	{ "512b", -EINVAL },
	{ "512ib", -EINVAL },
	{ "1x", -EINVAL },
	{ "1gg", -EINVAL },
	{ "1gi", -EINVAL },
	{ "1gibb", -EINVAL },
	{ "1bg", -EINVAL },
	{ "1.", -EINVAL },
	{ "1.g", -EINVAL },
	{ ".5g", -EINVAL },
	{ "1.5", -EINVAL },
	{ "1,5g", -EINVAL },
	{ "1.5.5g", -EINVAL },
	{ "1e9", -EINVAL },
	{ "0x10", -EINVAL },
	{ "nan", -EINVAL },
	{ "inf", -EINVAL },
	{ "aut", -EINVAL },
	{ "autos", -EINVAL },
	{ "6g\n", -EINVAL },
	{ "\xef\xbc\x96g", -EINVAL },
	{ "99999999999999999999x", -EINVAL },
	{ "18446744073709551615", -ERANGE },
	{ "18446744073709551616", -ERANGE },
	{ "99999999999999999999999999", -ERANGE },
	{ "99999999999999999999999999g", -ERANGE },
	{ "16777216t", -ERANGE },
	{ "16777215.99999999999999999999t", -ERANGE },
	{ "17179869184g", -ERANGE },
};

static void sizes_that_people_write(void **state)
{
	for (size_t i = 0; i < COUNT(good); i++) {
		uint64_t bytes = 42;

		if (gb_size_parse(good[i].text, &bytes) || bytes != good[i].bytes)
			fail_msg("'%s': %" PRIu64, good[i].text, bytes);
	}
}

static void nonsense_is_refused_and_changes_nothing(void **state)
{
	for (size_t i = 0; i < COUNT(bad); i++) {
		uint64_t bytes = 42;

		print_message("%s\n", bad[i].text);
		assert_int_equal(gb_size_parse(bad[i].text, &bytes), bad[i].error);
		assert_int_equal(bytes, 42);
	}
}

/*
 * Texts drawn from the letters that matter, against a second reading of the
 * grammar by other means: strtold() and the length of what it took.
 */
static int expected(const char *text, long double *value)
{
	static const char *const units[] = { "", "k", "m", "g", "t" };
	size_t digits = strspn(text, "0123456789");
	size_t fraction = 0;
	char rest[16] = "";

	if (!digits)
		return -EINVAL;
	if (text[digits] == '.') {
		fraction = strspn(text + digits + 1, "0123456789");
		if (!fraction)
			return -EINVAL;
	}
	*value = strtold(text, NULL);
	text += digits + (fraction ? fraction + 1 : 0);
	for (size_t i = 0; text[i] && i < sizeof(rest) - 1; i++)
		rest[i] = text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 32
							   : text[i];
	for (size_t i = 0; i < COUNT(units); i++, *value *= 1024) {
		size_t length = strlen(units[i]);

		if (strncmp(rest, units[i], length) || (fraction && !i))
			continue;
		if (!rest[length] || (i && (!strcmp(rest + length, "b") ||
					    !strcmp(rest + length, "ib"))))
			return 0;
	}
	return -EINVAL;
}

static void random_texts_agree_with_another_reading(void **state)
{
	static const char letters[] = "0123456789..kKmMgGtTbBiI- x";
	unsigned int seed = 20, accepted = 0;

	for (int round = 0; round < 200000; round++) {
		char text[10];
		size_t length = rand_r(&seed) % sizeof(text);
		long double value = 0;
		uint64_t bytes = 0;
		int ret;

		for (size_t i = 0; i < length; i++)
			text[i] = letters[rand_r(&seed) % (sizeof(letters) - 1)];
		text[length] = '\0';
		ret = gb_size_parse(text, &bytes);
		if (ret != expected(text, &value))
			fail_msg("'%s': %d", text, ret);
		if (!ret && bytes != (uint64_t)value)
			fail_msg("'%s': %" PRIu64, text, bytes);
		accepted += !ret;
	}
	assert_in_range(accepted, 1000, 199000);
}

static const struct {
	uint64_t bytes;
	const char *text;
} written[] = {
	{ 0, "0 B" },
	{ 1, "1 B" },
	{ 512, "512 B" },
	{ 1023, "1023 B" },
	{ KIB, "1.00 KiB" },
	{ 1536, "1.50 KiB" },
	{ 10 * KIB + 5, "10.00 KiB" },
	{ 10 * KIB + 6, "10.01 KiB" },
	{ MIB - 1, "1.00 MiB" },
	{ MIB - 6, "1023.99 KiB" },
	{ 6 * GIB, "6.00 GiB" },
	{ 999 * GIB + GIB / 2, "999.50 GiB" },
	{ GIB - 1, "1.00 GiB" },
	{ 15 * TIB, "15.00 TiB" },
	{ 2048 * TIB, "2.00 PiB" },
	{ UINT64_C(1) << 60, "1.00 EiB" },
	{ UINT64_MAX - 1, "16.00 EiB" },
	{ GB_SIZE_AUTO, "auto" },
};

static void sizes_are_written_for_people(void **state)
{
	char text[GB_SIZE_TEXT];

	for (size_t i = 0; i < COUNT(written); i++) {
		assert_ptr_equal(
			gb_size_format(written[i].bytes, text, sizeof(text)), text);
		assert_string_equal(text, written[i].text);
	}
}

static void a_short_buffer_is_respected(void **state)
{
	char text[GB_SIZE_TEXT];

	for (size_t size = 0; size < sizeof(text); size++) {
		memset(text, '#', sizeof(text));
		gb_size_format(1023 * MIB, text, size);
		assert_int_equal(text[size], '#');
		if (!size)
			continue;
		assert_int_equal(strlen(text), size - 1 < 11 ? size - 1 : 11);
		assert_int_equal(strncmp(text, "1023.00 MiB", size - 1), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_that_people_write),
		cmocka_unit_test(nonsense_is_refused_and_changes_nothing),
		cmocka_unit_test(random_texts_agree_with_another_reading),
		cmocka_unit_test(sizes_are_written_for_people),
		cmocka_unit_test(a_short_buffer_is_respected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
