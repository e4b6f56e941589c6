/* SPDX-License-Identifier: GPL-2.0-only */
/* What is known of functions' parameters. */
#include "../common/test.h"

#include "staging/pair.h"

static void a_new_pair_is_not_trusted(void **state)
{
	struct gb_pairs pairs = { 0 };
	const struct gb_pair *pair = gb_pair_get(&pairs, 7, 8);

	assert_non_null(pair);
	assert_false(gb_pair_is_trusted(pair));
	assert_false(pair->writes);
	gb_pairs_finish(&pairs);
}

static void trust_takes_its_number_of_launches(void **state)
{
	struct gb_pairs pairs = { 0 };
	struct gb_pair *pair = gb_pair_get(&pairs, 7, 8);

	pair->clean = GB_PAIR_TRUST - 1;
	assert_false(gb_pair_is_trusted(pair));
	pair->clean = GB_PAIR_TRUST;
	assert_true(gb_pair_is_trusted(gb_pair_get(&pairs, 7, 8)));
	pair->writes = true;
	assert_false(gb_pair_is_trusted(pair));
	gb_pairs_finish(&pairs);
}

static void words_of_one_function_are_apart(void **state)
{
	struct gb_pairs pairs = { 0 };

	gb_pair_get(&pairs, 7, 8)->writes = true;
	assert_false(gb_pair_get(&pairs, 7, 16)->writes);
	assert_false(gb_pair_get(&pairs, 8, 8)->writes);
	assert_true(gb_pair_get(&pairs, 7, 8)->writes);
	gb_pairs_finish(&pairs);
}

static void finding_makes_none(void **state)
{
	struct gb_pairs pairs = { 0 };

	assert_null(gb_pair_find(&pairs, 7, 8));
	gb_pair_get(&pairs, 7, 16);
	assert_null(gb_pair_find(&pairs, 7, 8));
	assert_non_null(gb_pair_find(&pairs, 7, 16));
	assert_int_equal(pairs.count, 1);
	gb_pairs_finish(&pairs);
}

/* Handles are addresses, so near each other, and words are multiples of 8. */
static void thousands_are_told_apart(void **state)
{
	struct gb_pairs pairs = { 0 };
	const uint64_t base = UINT64_C(0x55d0c0a81000);

	for (uint64_t f = 0; f < 300; f++)
		for (uint32_t word = 0; word < 30; word++)
			gb_pair_get(&pairs, base + 64 * f, 8 * word)->clean =
				(uint8_t)((f * 7 + word) % 16);
	assert_int_equal(pairs.count, 300 * 30);
	for (uint64_t f = 0; f < 300; f++)
		for (uint32_t word = 0; word < 30; word++)
			assert_int_equal(
				gb_pair_find(&pairs, base + 64 * f, 8 * word)->clean,
				(f * 7 + word) % 16);
	gb_pairs_finish(&pairs);
	assert_null(gb_pair_find(&pairs, base, 0));
	assert_false(gb_pair_get(&pairs, base + 64, 8)->clean);
	gb_pairs_finish(&pairs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_pair_is_not_trusted),
		cmocka_unit_test(trust_takes_its_number_of_launches),
		cmocka_unit_test(words_of_one_function_are_apart),
		cmocka_unit_test(finding_makes_none),
		cmocka_unit_test(thousands_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
