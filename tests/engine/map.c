/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The published map's heat. That it shows where memory lives is checked by the
 * walk (test.c) in every test.
 */
#include "map.h"

#include "lock.h"
#include "test.h"

static void refresh(void)
{
	gb_lock();
	gb_engine.device[0].map_after = 0;
	gb_map_refresh(&gb_engine.device[0]);
	gb_unlock();
	check_all();
}

static unsigned int shown_heat(uint64_t address)
{
	uint64_t granule = (address - gb_engine.device[0].base) / G;

	return world_page.map[0][granule] >> GB_MAP_HEAT_SHIFT;
}

static void heat_is_shown_as_a_power_of_two_of_touches(void **state)
{
	uint64_t cold = take(2 * G), once = take(2 * G), hot = take(2 * G);

	gb_engine_name(once);
	for (int i = 0; i < 9; i++)
		gb_engine_name(hot);
	refresh();
	assert_int_equal(shown_heat(cold), 0);
	assert_int_equal(shown_heat(once), 7);
	assert_int_equal(shown_heat(hot), 10);
	/* Only where an allocation begins. */
	assert_int_equal(shown_heat(hot + G), 0);
}

static void heat_ends_with_the_highest_level(void **state)
{
	uint64_t hot = take(G);

	for (int i = 0; i < 5000; i++)
		gb_engine_name(hot);
	refresh();
	assert_int_equal(shown_heat(hot), 15);
}

static void heat_is_not_written_more_often_than_is_due(void **state)
{
	uint64_t hot = take(G);

	refresh();
	gb_engine_name(hot);
	gb_lock();
	gb_map_refresh(&gb_engine.device[0]);
	gb_unlock();
	assert_int_equal(shown_heat(hot), 0);
}

static void a_new_allocation_is_cold_where_a_hot_one_was(void **state)
{
	uint64_t hot = take(G), next;

	gb_engine_name(hot);
	refresh();
	assert_int_equal(gb_engine_free(hot), 0);
	next = take(G);
	assert_int_equal(next, hot);
	assert_int_equal(shown_heat(next), 0);
}

static void an_engine_without_a_map_works(void **state)
{
	uint64_t address;

	gb_engine.device[0].map = NULL;
	assert_int_equal(gb_engine_allocate(0, G, 1, 0, &address), 0);
	gb_lock();
	gb_map_refresh(&gb_engine.device[0]);
	gb_unlock();
	assert_int_equal(gb_engine_free(address), 0);
	gb_engine.device[0].map = world_page.map[0];
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		usual_test(heat_is_shown_as_a_power_of_two_of_touches),
		usual_test(heat_ends_with_the_highest_level),
		usual_test(heat_is_not_written_more_often_than_is_due),
		usual_test(a_new_allocation_is_cold_where_a_hot_one_was),
		usual_test(an_engine_without_a_map_works),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
