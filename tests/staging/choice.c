/* SPDX-License-Identifier: GPL-2.0-only */
/* Copy or not, by what has been measured. */
#include "../common/test.h"

#include <stdbool.h>

#include "staging/choice.h"

#define KEY   gb_choice_key(1, 2, 3)
#define BYTES (UINT64_C(100) << 20)
#define GB    UINT64_C(1000000000)

/* As of an H200, in round figures: a copy takes the link 2 ms, VRAM 25 us. */
static struct gb_choices measured(void)
{
	return (struct gb_choices){ .vram_rate = 4000 * GB, .link_rate = 50 * GB };
}

static bool is_direct(struct gb_choices *choices)
{
	return gb_choice_get(choices, KEY) == GB_CHOICE_DIRECT;
}

static void without_rates_it_is_a_copy(void **state)
{
	struct gb_choices choices = { 0 };

	for (int i = 0; i < 10; i++)
		assert_int_equal(gb_choice_get(&choices, KEY), GB_CHOICE_COPY);
	gb_choices_finish(&choices);
}

/* Times it through a copy until that is believed. */
static void read_all_of_it(struct gb_choices *choices, uint64_t key)
{
	int tries = 0;

	while (gb_choice_get(choices, key) == GB_CHOICE_COPY_TIMED) {
		assert_int_equal(gb_choice_get(choices, key), GB_CHOICE_COPY);
		gb_choice_learn(choices, key, false, BYTES, 30000);
		assert_in_range(++tries, 1, 10);
	}
	assert_in_range(tries, 2, 10);
}

static void a_dense_weight_is_never_tried_directly(void **state)
{
	struct gb_choices choices = measured();

	read_all_of_it(&choices, KEY);
	for (int i = 0; i < 100000; i++) {
		enum gb_chosen chosen = gb_choice_get(&choices, KEY);

		if (chosen == GB_CHOICE_COPY)
			continue;
		assert_int_equal(chosen, GB_CHOICE_COPY_TIMED);
		gb_choice_learn(&choices, KEY, false, BYTES, 30000);
	}
	gb_choices_finish(&choices);
}

/* Launches from now on that are not timed. */
static int untimed(struct gb_choices *choices)
{
	int launches = 0;

	while (gb_choice_get(choices, KEY) == GB_CHOICE_COPY)
		assert_in_range(launches++, 0, 100000);
	gb_choice_learn(choices, KEY, false, BYTES, 0);
	return launches;
}

/* What kept the GPU busy when it was first timed may be over soon. */
static void a_copy_is_looked_at_again_soon_then_rarely(void **state)
{
	struct gb_choices choices = measured();
	int first, last = 0;

	read_all_of_it(&choices, KEY);
	first = untimed(&choices);
	assert_in_range(first, 10, 200);
	for (int i = 0; i < 12; i++) {
		read_all_of_it(&choices, KEY);
		last = untimed(&choices);
	}
	assert_in_range(last, 3000, 10000);
	read_all_of_it(&choices, KEY);
	assert_int_equal(untimed(&choices), last);
	gb_choices_finish(&choices);
}

/* All four times of the first trial were long, none of the second. */
static void what_was_taken_for_dense_is_found_out(void **state)
{
	struct gb_choices choices = measured();

	read_all_of_it(&choices, KEY);
	untimed(&choices);
	assert_int_equal(gb_choice_get(&choices, KEY), GB_CHOICE_COPY_TIMED);
	gb_choice_learn(&choices, KEY, false, BYTES, 3000);
	assert_int_equal(gb_choice_get(&choices, KEY), GB_CHOICE_DIRECT_TIMED);
	gb_choices_finish(&choices);
}

/* A kernel that reads 3 % of a bank of experts. */
static void what_reads_little_is_tried_and_stays_direct(void **state)
{
	struct gb_choices choices = measured();

	gb_choice_get(&choices, KEY);
	gb_choice_learn(&choices, KEY, false, BYTES, 3000);
	assert_int_equal(gb_choice_get(&choices, KEY), GB_CHOICE_DIRECT_TIMED);
	gb_choice_learn(&choices, KEY, true, BYTES, 70000);
	assert_true(is_direct(&choices));
	gb_choices_finish(&choices);
}

/* The program gave it to the GPU late, the first time. */
static void one_long_time_says_nothing(void **state)
{
	struct gb_choices choices = measured();

	gb_choice_get(&choices, KEY);
	gb_choice_learn(&choices, KEY, false, BYTES, 30000);
	assert_int_equal(gb_choice_get(&choices, KEY), GB_CHOICE_COPY_TIMED);
	gb_choice_learn(&choices, KEY, false, BYTES, 3000);
	assert_int_equal(gb_choice_get(&choices, KEY), GB_CHOICE_DIRECT_TIMED);
	gb_choices_finish(&choices);
}

/* It read little of it, but again and again. */
static void what_is_dear_directly_is_copied(void **state)
{
	struct gb_choices choices = measured();

	gb_choice_get(&choices, KEY);
	gb_choice_learn(&choices, KEY, false, BYTES, 3000);
	gb_choice_get(&choices, KEY);
	gb_choice_learn(&choices, KEY, true, BYTES, 1990000);
	assert_int_equal(gb_choice_get(&choices, KEY), GB_CHOICE_COPY);
	gb_choices_finish(&choices);
}

static void what_was_not_timed_is_timed_later(void **state)
{
	struct gb_choices choices = measured();

	assert_int_equal(gb_choice_get(&choices, KEY), GB_CHOICE_COPY_TIMED);
	gb_choice_learn(&choices, KEY, false, BYTES, 0);
	assert_int_equal(gb_choice_get(&choices, KEY), GB_CHOICE_COPY_TIMED);
	gb_choices_finish(&choices);
}

static void uses_are_apart(void **state)
{
	struct gb_choices choices = measured();

	gb_choice_get(&choices, KEY);
	gb_choice_learn(&choices, KEY, false, BYTES, 3000);
	gb_choice_get(&choices, KEY);
	gb_choice_learn(&choices, KEY, true, BYTES, 70000);
	assert_int_equal(gb_choice_get(&choices, gb_choice_key(2, 2, 3)),
			 GB_CHOICE_COPY_TIMED);
	assert_int_equal(gb_choice_get(&choices, gb_choice_key(1, 3, 3)),
			 GB_CHOICE_COPY_TIMED);
	assert_int_equal(gb_choice_get(&choices, gb_choice_key(1, 2, 4)),
			 GB_CHOICE_COPY_TIMED);
	assert_true(is_direct(&choices));
	gb_choices_finish(&choices);
	assert_int_equal(gb_choice_get(&choices, KEY), GB_CHOICE_COPY_TIMED);
	assert_true(choices.link_rate);
	gb_choices_finish(&choices);
}

static void many_uses_are_no_trouble(void **state)
{
	struct gb_choices choices = measured();
	int forgotten = 0;

	for (uint64_t i = 0; i < 100000; i++) {
		uint64_t key = gb_choice_key(i, 1, BYTES);

		assert_int_equal(gb_choice_get(&choices, key), GB_CHOICE_COPY_TIMED);
		gb_choice_learn(&choices, key, false, BYTES, 3000);
		/* It may be forgotten with all others, once in a while. */
		if (gb_choice_get(&choices, key) == GB_CHOICE_COPY_TIMED)
			forgotten++;
	}
	assert_in_range(forgotten, 1, 100);
	gb_choices_finish(&choices);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_rates_it_is_a_copy),
		cmocka_unit_test(a_dense_weight_is_never_tried_directly),
		cmocka_unit_test(what_reads_little_is_tried_and_stays_direct),
		cmocka_unit_test(one_long_time_says_nothing),
		cmocka_unit_test(what_is_dear_directly_is_copied),
		cmocka_unit_test(what_was_not_timed_is_timed_later),
		cmocka_unit_test(a_copy_is_looked_at_again_soon_then_rarely),
		cmocka_unit_test(what_was_taken_for_dense_is_found_out),
		cmocka_unit_test(uses_are_apart),
		cmocka_unit_test(many_uses_are_no_trouble),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
