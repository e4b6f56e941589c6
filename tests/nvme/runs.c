// SPDX-License-Identifier: GPL-2.0-only
/* Free space of a file: none of it is handed out twice, none is lost. */
#include "test.h"

#include "runs.h"

#define UNITS 256

static void neighbours_become_one(void **unused)
{
	struct gb_runs runs;
	uint64_t offset, bytes;

	gb_runs_init(&runs);
	assert_int_equal(gb_runs_add(&runs, 0, 10), 0);
	assert_int_equal(gb_runs_add(&runs, 20, 10), 0);
	assert_false(gb_runs_take(&runs, 11, &offset));
	assert_int_equal(gb_runs_add(&runs, 10, 10), 0);
	assert_true(gb_runs_pop(&runs, &offset, &bytes));
	assert_int_equal(offset, 0);
	assert_int_equal(bytes, 30);
	assert_false(gb_runs_pop(&runs, &offset, &bytes));
	gb_runs_finish(&runs);
}

static void the_rest_of_a_run_stays(void **unused)
{
	struct gb_runs runs;
	uint64_t offset;

	gb_runs_init(&runs);
	assert_int_equal(gb_runs_add(&runs, 100, 10), 0);
	assert_true(gb_runs_take(&runs, 4, &offset));
	assert_int_equal(offset, 100);
	assert_true(gb_runs_take(&runs, 6, &offset));
	assert_int_equal(offset, 104);
	assert_false(gb_runs_take(&runs, 1, &offset));
	assert_int_equal(runs.bytes, 0);
	gb_runs_finish(&runs);
}

/* Takes a random size; marks it. */
static void take_one(struct gb_runs *runs, bool *taken)
{
	uint64_t bytes = 1 + (uint64_t)rand() % 9, offset;

	if (!gb_runs_take(runs, bytes, &offset))
		return;
	for (uint64_t i = offset; i < offset + bytes; i++) {
		assert_false(taken[i]);
		taken[i] = true;
	}
}

static void give_one(struct gb_runs *runs, bool *taken)
{
	uint64_t from = (uint64_t)rand() % UNITS, to = from;

	while (to < UNITS && taken[to] && to < from + 5)
		taken[to++] = false;
	if (to > from)
		assert_int_equal(gb_runs_add(runs, from, to - from), 0);
}

static void any_order_keeps_count(void **unused)
{
	bool taken[UNITS] = { false };
	struct gb_runs runs;
	uint64_t left = 0;

	srand(7);
	gb_runs_init(&runs);
	assert_int_equal(gb_runs_add(&runs, 0, UNITS), 0);
	for (int i = 0; i < 20000; i++)
		rand() % 2 ? take_one(&runs, taken) : give_one(&runs, taken);
	for (int i = 0; i < UNITS; i++)
		left += !taken[i];
	assert_int_equal(runs.bytes, left);
	gb_runs_finish(&runs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(neighbours_become_one),
		cmocka_unit_test(the_rest_of_a_run_stays),
		cmocka_unit_test(any_order_keeps_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
