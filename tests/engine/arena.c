/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses: taken, given back, grown together, and whose they are. */
#include "test.h"

static struct gb_device *device(void)
{
	return &gb_engine.device[0];
}

static uint64_t take_run(uint64_t granules)
{
	uint64_t address = 0;

	assert_int_equal(gb_arena_take(device(), granules * G, &address), 0);
	return address;
}

static void give_run(uint64_t address, uint64_t granules)
{
	gb_arena_give(device(), address, granules * G);
}

static uint64_t arena_granules(void)
{
	uint64_t address = take_run(1), last = address;

	give_run(address, 1);
	while (gb_arena_device(last + G))
		last += G;
	return (last - address) / G + 1;
}

static void runs_do_not_touch_each_other(void **state)
{
	uint64_t a = take_run(3), b = take_run(1), c = take_run(5);

	assert_int_equal(a % G, 0);
	assert_true(b >= a + 4 * G);
	assert_true(c >= b + 2 * G);
	give_run(a, 3);
	give_run(b, 1);
	give_run(c, 5);
}

static void every_order_of_giving_back_makes_one_run_again(void **state)
{
	static const int orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
					 { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
	uint64_t whole = arena_granules();

	for (size_t i = 0; i < COUNT(orders); i++) {
		uint64_t run[3], all;

		for (int n = 0; n < 3; n++)
			run[n] = take_run(7);
		for (int n = 0; n < 3; n++)
			give_run(run[orders[i][n]], 7);
		all = take_run(whole - 1); /* and the guard */
		give_run(all, whole - 1);
	}
}

static void a_full_arena_refuses_and_recovers(void **state)
{
	uint64_t whole = arena_granules(), all, none;

	assert_int_equal(gb_arena_take(device(), whole * G, &none), -ENOMEM);
	all = take_run(whole - 1);
	assert_int_equal(gb_arena_take(device(), G, &none), -ENOMEM);
	give_run(all, whole - 1);
	give_run(take_run(1), 1);
}

static void a_hole_is_used_again(void **state)
{
	uint64_t a = take_run(4), b = take_run(4), c;

	give_run(a, 4);
	c = take_run(2);
	assert_int_equal(c, a);
	give_run(c, 2);
	give_run(b, 4);
}

static void both_ends_of_an_allocation_are_its_own(void **state)
{
	uint64_t a = take(3 * G - 5), b = take(G);
	struct gb_allocation *owner = gb_arena_owner(a);

	assert_non_null(owner);
	assert_int_equal(owner->address, a);
	assert_ptr_equal(gb_arena_owner(a + owner->size), owner);
	assert_ptr_equal(gb_arena_owner(a + owner->bytes), owner);
	assert_ptr_not_equal(gb_arena_owner(b), owner);
	assert_true(b > a + owner->bytes);
	drop(a);
	assert_null(gb_arena_owner(a));
	assert_null(gb_arena_owner(a + 3 * G));
	drop(b);
}

static void other_memory_is_nobodys(void **state)
{
	const struct gb_device *mine = device();
	uint64_t first = take(G), past = first;
	int local;

	while (gb_arena_device(past))
		past += UINT64_C(1) << 30;
	assert_null(gb_arena_device((uint64_t)&local));
	assert_null(gb_arena_device(0));
	assert_null(gb_arena_device(first - 1));
	assert_null(gb_arena_device(UINT64_MAX));
	assert_null(gb_arena_owner(past));
	assert_ptr_equal(gb_arena_device(first), mine);
	assert_null(gb_arena_owner((uint64_t)&local));
	drop(first);
}

static void two_devices_have_two_arenas(void **state)
{
	uint64_t a, b;

	world_begin(&(struct world){ .devices = 2, .vram = USUAL, .ram = USUAL });
	a = take_on(0, G);
	b = take_on(1, G);
	assert_int_equal(gb_arena_device(a)->ordinal, 0);
	assert_int_equal(gb_arena_device(b)->ordinal, 1);
	world_end();
}

/* The fake driver has no reservation as large as the first that is tried. */
static void a_failed_start_leaves_nothing_and_is_tried_again(void **state)
{
	fake_start(1, USUAL, USUAL);
	gb_engine_init(&(struct gb_engine_setup){ .driver = &fake_driver,
						  .device_count = 1,
						  .vram = GB_SIZE_AUTO,
						  .ram = USUAL,
						  .threads = 1,
						  .stats = &world_stats });
	fake_fail(FAKE_RESERVE, 1, 20, -ENOMEM);
	assert_null(gb_engine_device(0));
	assert_true(fake_failed() > 0);
	fake_fail(FAKE_INFO, 1, 1, -EIO);
	assert_null(gb_engine_device(0));
	assert_int_equal(fake_failed(), 1);
	assert_non_null(gb_engine_device(0));
	assert_null(gb_engine_device(1));
	assert_null(gb_engine_device(-1));
	gb_engine_finish();
	assert_int_equal(fake_stop(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		usual_test(runs_do_not_touch_each_other),
		usual_test(every_order_of_giving_back_makes_one_run_again),
		usual_test(a_full_arena_refuses_and_recovers),
		usual_test(a_hole_is_used_again),
		usual_test(both_ends_of_an_allocation_are_its_own),
		usual_test(other_memory_is_nobodys),
		cmocka_unit_test(two_devices_have_two_arenas),
		cmocka_unit_test(a_failed_start_leaves_nothing_and_is_tried_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
