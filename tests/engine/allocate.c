/* SPDX-License-Identifier: GPL-2.0-only */
/* Where memory goes, by what it is for and when it was asked for. */
#include "test.h"

static void memory_is_vram_while_there_is_room(void **state)
{
	uint64_t a = take(10 * G), b = take(22 * G);

	assert_int_equal(granules_in(FAKE_VRAM, a), 10);
	assert_int_equal(granules_in(FAKE_VRAM, b), 22);
	assert_int_equal(ram_used(), 0);
}

static void a_size_is_rounded_up_to_granules(void **state)
{
	uint64_t a = take(1), b = take(G + 1);

	assert_int_equal(granules_in(FAKE_VRAM, a), 1);
	assert_int_equal(granules_in(FAKE_VRAM, b), 2);
}

static void overflow_waits_for_the_first_touch(void **state)
{
	uint64_t a = take(30 * G), b = take(4 * G);

	assert_int_equal(granules_in(FAKE_VRAM, a), 30);
	assert_int_equal(granules_in(FAKE_NOWHERE, b), 4);
	assert_int_equal(gb_engine_touch(b, GB_TOUCH_READ), 0);
	assert_int_equal(granules_in(FAKE_NOWHERE, b), 0);
}

static void uploads_overflow_into_ram_and_fill_vram_first(void **state)
{
	uint64_t a = take_weights(24 * G), b = take_weights(20 * G);

	assert_int_equal(granules_in(FAKE_VRAM, a), 24);
	assert_int_equal(granules_in(FAKE_VRAM, b), 8);
	assert_int_equal(granules_in(FAKE_RAM, b), 12);
	assert_int_equal(vram_used(0), USUAL);
}

/* What may hold many small tensors, that is; but not more of the same. */
static void small_uploads_push_large_ones_out(void **state)
{
	uint64_t large = take_weights(24 * G), small[5];

	for (int i = 0; i < 5; i++)
		small[i] = take_weights(8 * G);
	for (int i = 0; i < 4; i++)
		assert_int_equal(granules_in(FAKE_VRAM, small[i]), 8);
	assert_int_equal(granules_in(FAKE_RAM, large), 24);
	assert_int_equal(granules_in(FAKE_RAM, small[4]), 8);
}

static void working_memory_pushes_weights_out(void **state)
{
	uint64_t weights = take_weights(32 * G), work = take(8 * G);

	launch_one(work);
	assert_int_equal(granules_in(FAKE_VRAM, work), 8);
	assert_int_equal(granules_in(FAKE_RAM, weights), 8 + 24);
}

static void what_a_launch_does_not_name_is_backed_all_the_same(void **state)
{
	uint64_t a = take_weights(32 * G), b = take(4 * G), c = take(2 * G);

	launch_one(a);
	assert_int_equal(granules_in(FAKE_NOWHERE, b), 0);
	assert_int_equal(granules_in(FAKE_NOWHERE, c), 0);
}

/* Weights in small pieces, as programs have them. */
static void take_layers(uint64_t *layers, int count, uint64_t bytes)
{
	for (int i = 0; i < count; i++)
		layers[i] = take_weights(bytes);
}

static uint64_t in_vram(const uint64_t *layers, int count)
{
	uint64_t granules = 0;

	for (int i = 0; i < count; i++)
		granules += granules_in(FAKE_VRAM, layers[i]);
	return granules;
}

static void weights_then_activations(void **state)
{
	uint64_t layers[20], work[2];

	take_layers(layers, 20, 2 * G);
	for (int i = 0; i < 2; i++)
		work[i] = take(4 * G);
	launch(work, 2);
	assert_int_equal(in_vram(work, 2), 8);
	assert_int_equal(in_vram(layers, 20), 24);
}

static void activations_then_weights(void **state)
{
	uint64_t layers[20], work[2];

	for (int i = 0; i < 2; i++)
		work[i] = take_working(4 * G);
	take_layers(layers, 20, 2 * G);
	launch(work, 2);
	assert_int_equal(in_vram(work, 2), 8);
	assert_int_equal(in_vram(layers, 20), 24);
}

static void activations_among_weights(void **state)
{
	uint64_t layers[20], work[2];

	take_layers(layers, 10, 2 * G);
	work[0] = take_working(4 * G);
	take_layers(layers + 10, 10, 2 * G);
	work[1] = take(4 * G);
	launch(work, 2);
	assert_int_equal(in_vram(work, 2), 8);
	assert_int_equal(in_vram(layers, 20), 24);
}

/* All of it reserved first, and told apart only by the touches. */
static void allocations_first_and_touches_later(void **state)
{
	uint64_t layers[20], work[2];

	for (int i = 0; i < 20; i++)
		layers[i] = take(2 * G);
	for (int i = 0; i < 2; i++)
		work[i] = take(4 * G);
	for (int i = 0; i < 20; i++)
		assert_int_equal(gb_engine_touch(layers[i], GB_TOUCH_UPLOAD), 0);
	launch(work, 2);
	assert_int_equal(in_vram(work, 2), 8);
	assert_int_equal(in_vram(layers, 20), 24);
}

static void a_refusal_comes_from_the_allocating_call(void **state)
{
	uint64_t all[8];

	for (int i = 0; i < 8; i++)
		all[i] = take(8 * G);
	assert_int_equal(allocate(G), -ENOMEM);
	assert_int_equal(allocate(1), -ENOMEM);
	assert_int_equal(world_stats.device[0].refused, 2);
	launch(all, 8);
	assert_int_equal(allocate(G), -ENOMEM);
	drop(all[3]);
	drop(all[5]);
	assert_int_equal(allocate(17 * G), -ENOMEM);
	all[3] = take(16 * G);
	launch_one(all[3]);
	assert_int_equal(vram_used(0), USUAL);
	assert_int_equal(ram_used(), USUAL);
}

static void nonsense_sizes_are_refused(void **state)
{
	static const uint64_t sizes[] = {
		UINT64_MAX,	     UINT64_MAX - G,
		UINT64_MAX - 2 * G,  -3 * G,
		UINT64_C(1) << 63,   UINT64_C(1) << 45,
		-(UINT64_C(1) << 30)
	};

	take(4 * G);
	for (size_t i = 0; i < COUNT(sizes); i++)
		assert_int_equal(allocate(sizes[i]), -ENOMEM);
	assert_int_equal(allocate(0), -EINVAL);
	take(4 * G);
}

/* The card has less than was thought: RAM serves. */
static void a_card_fuller_than_its_budget_is_no_error(void **state)
{
	uint64_t a;

	fake_take_vram(0, 20 * G);
	a = take(16 * G);
	assert_true(granules_in(FAKE_RAM, a) > 0);
	assert_int_equal(granules_in(FAKE_NOWHERE, a), 0);
	fake_take_vram(0, -20 * (int64_t)G);
}

static void budgets_that_are_no_whole_granules(void **state)
{
	uint64_t free, total;

	world_begin(&(struct world){
		.devices = 1, .vram = USUAL, .ram = 8 * G + G / 2 });
	gb_engine_count_direct(0, 3 * G + G / 2);
	gb_engine_memory(0, &free, &total);
	assert_int_equal(free / G, 28 + 8);
	assert_int_equal(allocate(37 * G), -ENOMEM);
	launch_one(take(36 * G));
	assert_int_equal(allocate(1), -ENOMEM);
	gb_engine_count_direct(0, -(int64_t)(3 * G + G / 2));
	world_end();
}

/* RAM that one device holds is not there for another. */
static void devices_share_the_ram_budget(void **state)
{
	uint64_t first, small, second;

	world_begin(&(struct world){ .devices = 2, .vram = 8 * G, .ram = 8 * G });
	first = take_on(0, 8 * G);
	small = take_on(0, 8 * G);
	launch_one(small);
	assert_int_equal(ram_used(), 8 * G);
	drop(granules_in(FAKE_VRAM, first) ? first : small);
	/* Promised or refused, but never promised and then not there. */
	if (!gb_engine_allocate(1, 12 * G, 1, 0, &second)) {
		check_all();
		launch_one(second);
		assert_int_equal(granules_in(FAKE_NOWHERE, second), 0);
	}
	world_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		usual_test(memory_is_vram_while_there_is_room),
		usual_test(a_size_is_rounded_up_to_granules),
		usual_test(overflow_waits_for_the_first_touch),
		usual_test(uploads_overflow_into_ram_and_fill_vram_first),
		usual_test(small_uploads_push_large_ones_out),
		usual_test(working_memory_pushes_weights_out),
		usual_test(what_a_launch_does_not_name_is_backed_all_the_same),
		usual_test(weights_then_activations),
		usual_test(activations_then_weights),
		usual_test(activations_among_weights),
		usual_test(allocations_first_and_touches_later),
		usual_test(a_refusal_comes_from_the_allocating_call),
		usual_test(nonsense_sizes_are_refused),
		usual_test(a_card_fuller_than_its_budget_is_no_error),
		cmocka_unit_test(budgets_that_are_no_whole_granules),
		cmocka_unit_test(devices_share_the_ram_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
