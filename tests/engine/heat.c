/* SPDX-License-Identifier: GPL-2.0-only */
/* Heat: what touches add, and what time takes away. */
#include "test.h"

/* The launches after which a touch counts half. */
#define HALF_LIFE 1024

static void wait_launches(unsigned int launches)
{
	while (launches--)
		gb_heat_tick();
}

static void memory_that_nobody_touches_is_cold(void **state)
{
	struct gb_allocation allocation = { 0 };

	assert_int_equal(gb_heat_now(&allocation), 0);
	wait_launches(5000);
	assert_int_equal(gb_heat_now(&allocation), 0);
}

static void touches_add_up(void **state)
{
	struct gb_allocation allocation = { 0 };

	wait_launches(123);
	for (unsigned int i = 1; i <= 10; i++) {
		gb_heat_touch(&allocation);
		assert_int_equal(gb_heat_now(&allocation), i * GB_HEAT_UNIT);
	}
}

static void a_touch_counts_half_after_a_half_life(void **state)
{
	struct gb_allocation allocation = { 0 };
	uint32_t heat = 1000 * GB_HEAT_UNIT;

	gb_heat_touch(&allocation);
	allocation.heat = heat;
	for (int i = 0; i < 5; i++) {
		wait_launches(HALF_LIFE);
		heat /= 2;
		assert_int_equal(gb_heat_now(&allocation), heat);
	}
}

static void heat_falls_and_never_jumps(void **state)
{
	struct gb_allocation allocation = { 0 };
	uint32_t last, now;

	gb_heat_touch(&allocation);
	allocation.heat = last = 1u << 20;
	for (int i = 0; i < 8 * HALF_LIFE; i++) {
		gb_heat_tick();
		now = gb_heat_now(&allocation);
		assert_true(now <= last);
		assert_true(last - now <= last / HALF_LIFE + 1);
		last = now;
	}
}

static void old_heat_is_gone_in_the_end(void **state)
{
	struct gb_allocation allocation = { 0 };

	gb_heat_touch(&allocation);
	allocation.heat = UINT32_MAX / 2;
	wait_launches(33 * HALF_LIFE);
	assert_int_equal(gb_heat_now(&allocation), 0);
}

static void heat_has_a_ceiling(void **state)
{
	struct gb_allocation allocation = { 0 };

	gb_heat_touch(&allocation);
	allocation.heat = UINT32_MAX / 2;
	for (int i = 0; i < 100; i++)
		gb_heat_touch(&allocation);
	assert_true(gb_heat_now(&allocation) <= UINT32_MAX / 2 + GB_HEAT_UNIT);
	assert_true(gb_heat_now(&allocation) >= UINT32_MAX / 2);
}

/* A weight that each pass touches once, and a buffer that every layer uses. */
static void what_is_used_more_often_is_hotter(void **state)
{
	struct gb_allocation weight = { 0 }, buffer = { 0 };

	for (int pass = 0; pass < 20; pass++) {
		gb_heat_touch(&weight);
		for (int layer = 0; layer < 500; layer++) {
			gb_heat_tick();
			gb_heat_touch(&buffer);
		}
	}
	assert_true(gb_heat_now(&weight) < 8 * GB_HEAT_UNIT);
	assert_true(gb_heat_now(&buffer) > 100 * GB_HEAT_UNIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_that_nobody_touches_is_cold),
		cmocka_unit_test(touches_add_up),
		cmocka_unit_test(a_touch_counts_half_after_a_half_life),
		cmocka_unit_test(heat_falls_and_never_jumps),
		cmocka_unit_test(old_heat_is_gone_in_the_end),
		cmocka_unit_test(heat_has_a_ceiling),
		cmocka_unit_test(what_is_used_more_often_is_hotter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
