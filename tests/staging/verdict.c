/* SPDX-License-Identifier: GPL-2.0-only */
/* The queue of what jobs find. */
#include "../engine/test.h"

#include "staging/verdict.h"

static struct gb_verdicts verdicts;
static struct gb_lanes lanes;
static uint64_t copy_stream;

static int setup(void **state)
{
	usual_setup(state);
	assert_int_equal(fake_driver.stream_create(0, &copy_stream), 0);
	assert_int_equal(gb_lanes_init(&lanes, copy_stream), 0);
	assert_int_equal(gb_verdicts_init(&verdicts), 0);
	return 0;
}

static int teardown(void **state)
{
	fake_run_all();
	gb_verdicts_finish(&verdicts);
	gb_lanes_finish(&lanes);
	fake_driver.stream_destroy(copy_stream);
	return usual_teardown(state);
}

/* As if a job of @number had been given to the copy stream. */
static void enter(uint64_t number)
{
	struct gb_verdict_entry *entry = gb_verdict_begin(&verdicts);

	assert_non_null(entry);
	assert_int_equal(entry->cell->pages, 0);
	assert_int_equal(entry->count, 0);
	entry->function = number;
	entry->cell->pages = (uint32_t)number;
	assert_int_equal(gb_lane_mark(lanes.copy, &entry->point), 0);
	gb_verdict_commit(&verdicts);
}

static void they_come_in_order_once_their_jobs_have_run(void **state)
{
	uint64_t address = take(G);

	assert_null(gb_verdict_next(&verdicts));
	fake_kernel_write(copy_stream, address, 64, 1);
	enter(1);
	enter(2);
	assert_null(gb_verdict_next(&verdicts));
	fake_run_all();
	for (uint64_t i = 1; i <= 2; i++) {
		assert_int_equal(gb_verdict_next(&verdicts)->function, i);
		assert_int_equal(gb_verdict_next(&verdicts)->cell->pages, i);
		gb_verdict_done(&verdicts);
	}
	assert_null(gb_verdict_next(&verdicts));
	drop(address);
}

static void what_is_not_committed_is_none(void **state)
{
	struct gb_verdict_entry *entry = gb_verdict_begin(&verdicts);

	entry->cell->pages = 3;
	entry->count = 2;
	enter(7);
	fake_run_all();
	assert_int_equal(gb_verdict_next(&verdicts)->function, 7);
	gb_verdict_done(&verdicts);
	assert_null(gb_verdict_next(&verdicts));
}

/* A launch whose job has no place for its verdict goes unjudged, no more. */
static void a_full_queue_says_so(void **state)
{
	uint64_t address = take(G), entered = 0;

	fake_kernel_write(copy_stream, address, 64, 1);
	while (gb_verdict_begin(&verdicts))
		enter(entered++);
	assert_true(entered >= 256);
	fake_run_all();
	for (uint64_t i = 0; i < 3 * entered; i++) {
		assert_int_equal(gb_verdict_next(&verdicts)->function, i);
		gb_verdict_done(&verdicts);
		enter(entered + i);
		assert_null(gb_verdict_begin(&verdicts));
	}
	drop(address);
}

static void without_memory_there_are_none(void **state)
{
	struct gb_verdicts none;

	fake_fail(FAKE_HOST_ALLOC, 1, 1, -ENOMEM);
	assert_int_equal(gb_verdicts_init(&none), -ENOMEM);
	fake_failed();
	assert_null(gb_verdict_begin(&none));
	assert_null(gb_verdict_next(&none));
	gb_verdicts_finish(&none);
}

#define verdict_test(function)                                                 \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		verdict_test(they_come_in_order_once_their_jobs_have_run),
		verdict_test(what_is_not_committed_is_none),
		verdict_test(a_full_queue_says_so),
		verdict_test(without_memory_there_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
