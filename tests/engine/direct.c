/* SPDX-License-Identifier: GPL-2.0-only */
/* VRAM and RAM that programs take past the arena, and what they are told. */
#include "test.h"

static uint64_t told_free(void)
{
	uint64_t free, total;

	gb_engine_memory(0, &free, &total);
	assert_int_equal(total, 2 * USUAL);
	return free;
}

static void room_is_made_by_moving_weights(void **state)
{
	uint64_t weights = take_weights(32 * G);

	assert_false(gb_engine_has_room(0, G));
	assert_int_equal(gb_engine_make_room(0, 5 * G), 0);
	assert_true(gb_engine_has_room(0, 5 * G));
	gb_engine_count_direct(0, 5 * G);
	check_all();
	assert_true(granules_in(FAKE_VRAM, weights) <= 27);
	gb_engine_count_direct(0, -5 * (int64_t)G);
}

/* Results stay out of its way; what can be nowhere but in VRAM does not. */
static void memory_in_use_leaves_at_last(void **state)
{
	uint64_t busy[] = { take_working(13 * G), take_working(13 * G) };
	uint64_t idle = take_working(6 * G), result;

	for (int i = 0; i < 20; i++)
		launch(busy, 2);
	result = take_working(8 * G);
	assert_int_equal(granules_in(FAKE_VRAM, idle), 0);
	assert_int_equal(granules_in(FAKE_RAM, result), 2);
	assert_int_equal(vram_used(0), 32 * G);
	assert_int_equal(gb_engine_make_room(0, 10 * G), 0);
	gb_engine_count_direct(0, 10 * G);
	check_all();
	assert_int_equal(granules_in(FAKE_VRAM, result), 0);
	assert_int_equal(vram_used(0), 13 * G);
	/* Of the two it is the other's turn. */
	assert_int_equal(gb_engine_pin(result), 0);
	assert_int_equal(gb_engine_pin(idle), 0);
	assert_int_equal(vram_used(0), 14 * G);
	gb_engine_count_direct(0, -10 * (int64_t)G);
}

static void what_goes_past_the_arena_counts(void **state)
{
	assert_int_equal(gb_engine_make_room(0, 20 * G), 0);
	gb_engine_count_direct(0, 20 * G);
	assert_int_equal(world_stats.device[0].vram_direct, 20 * G);
	assert_int_equal(told_free(), 44 * G);
	take_weights(20 * G);
	assert_int_equal(vram_used(0), 12 * G);
	assert_int_equal(gb_engine_make_room(0, 25 * G), -ENOMEM);
	gb_engine_count_direct(0, -20 * (int64_t)G);
}

static void ram_that_the_program_pins_counts(void **state)
{
	assert_true(gb_engine_has_ram(32 * G));
	gb_engine_count_ram(30 * G);
	assert_int_equal(world_stats.ram_direct, 30 * G);
	assert_false(gb_engine_has_ram(3 * G));
	assert_int_equal(told_free(), 34 * G);
	assert_int_equal(allocate(35 * G), -ENOMEM);
	launch_one(take(34 * G));
	gb_engine_count_ram(-30 * (int64_t)G);
	assert_int_equal(world_stats.ram_direct, 0);
}

static void room_promised_to_pending_memory_is_not_given_away(void **state)
{
	uint64_t all[4];

	take_weights(24 * G);
	for (int i = 0; i < 4; i++)
		all[i] = take(10 * G);
	assert_false(gb_engine_has_room(0, G));
	assert_int_equal(gb_engine_make_room(0, G), -ENOMEM);
	launch(all, 4);
}

static void free_falls_as_the_program_allocates(void **state)
{
	uint64_t last = told_free(), all[8];

	assert_int_equal(last, 2 * USUAL);
	for (int i = 0; i < 8; i++) {
		all[i] = take(7 * G + 1);
		assert_int_equal(told_free(), last - 8 * G);
		last = told_free();
	}
	assert_int_equal(last, 0);
	launch(all, 8);
	assert_int_equal(told_free(), 0);
	for (int i = 0; i < 8; i++) {
		drop(all[i]);
		assert_int_equal(told_free(), last + 8 * G);
		last = told_free();
	}
}

static void what_is_free_can_be_allocated_and_no_more(void **state)
{
	take_weights(13 * G + 77);
	gb_engine_count_direct(0, 12345);
	assert_int_equal(allocate(told_free() + 1), -ENOMEM);
	take(told_free());
	assert_int_equal(told_free(), 0);
	gb_engine_count_direct(0, -12345);
}

static void giving_way_moves_memory_out(void **state)
{
	uint64_t a = take_weights(20 * G);

	assert_int_equal(gb_engine_give_way(0, 4 * G), 0);
	check_all();
	assert_true(granules_in(FAKE_RAM, a) >= 4);
}

static void giving_way_with_nothing_to_give_says_so(void **state)
{
	assert_int_equal(gb_engine_give_way(0, 4 * G), -ENOMEM);
	take_weights(4 * G);
	gb_engine_count_ram(32 * G);
	assert_int_equal(gb_engine_give_way(0, 4 * G), -ENOMEM);
	gb_engine_count_ram(-32 * (int64_t)G);
}

/* Freed memory whose stream has passed is room, too. */
static void giving_way_takes_what_has_been_freed(void **state)
{
	uint64_t a = take_working(8 * G);

	assert_int_equal(gb_engine_free_after(a, 0), 0);
	assert_int_equal(vram_used(0), 8 * G);
	assert_int_equal(gb_engine_give_way(0, 4 * G), 0);
	assert_int_equal(vram_used(0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		usual_test(room_is_made_by_moving_weights),
		usual_test(memory_in_use_leaves_at_last),
		usual_test(what_goes_past_the_arena_counts),
		usual_test(ram_that_the_program_pins_counts),
		usual_test(room_promised_to_pending_memory_is_not_given_away),
		usual_test(free_falls_as_the_program_allocates),
		usual_test(what_is_free_can_be_allocated_and_no_more),
		usual_test(giving_way_moves_memory_out),
		usual_test(giving_way_with_nothing_to_give_says_so),
		usual_test(giving_way_takes_what_has_been_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
