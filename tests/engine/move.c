/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that moves: contents, who leaves, who comes back, and who may not. */
#include "test.h"

#include "staging/staging.h"

/* Fills VRAM with four pieces, since an extent moves as one; the first of them. */
static uint64_t take_pieces(void)
{
	uint64_t first = take_weights(8 * G);

	for (int i = 0; i < 3; i++)
		take_weights(8 * G);
	return first;
}

static void contents_survive_both_directions(void **state)
{
	uint64_t weights = take_weights(20 * G - 3), work;

	fill(weights, 20 * G - 3, 5);
	work = take(30 * G);
	launch_one(work);
	assert_true(granules_in(FAKE_RAM, weights) > 0);
	expect(weights, 20 * G - 3, 5);
	drop(work);
	for (int i = 0; i < 200 && ram_used(); i++) {
		launch_one(weights);
		gb_engine_idle(0);
		gb_engine.device[0].rebalance_after = 0;
	}
	check_all();
	assert_int_equal(granules_in(FAKE_VRAM, weights), 20);
	expect(weights, 20 * G - 3, 5);
}

/* The kernel before the move must have run, and the one behind sees its work. */
static void moves_wait_for_queued_work(void **state)
{
	uint64_t weights = take_weights(32 * G), work = take(8 * G);

	fake_kernel_write(STREAM, weights, 32 * G, 9);
	launch_one(work);
	assert_true(granules_in(FAKE_RAM, weights) > 0);
	fake_kernel_expect(STREAM, weights, 32 * G, 9);
	fake_run_all();
}

/* Work on another GPU may use the memory, too: a copy between the two. */
static void moves_wait_for_all_devices(void **state)
{
	uint64_t weights, work;

	world_begin(&(struct world){ .devices = 2, .vram = USUAL, .ram = USUAL });
	weights = take_weights(32 * G);
	assert_int_equal(gb_engine_share(0, 1, true), 0);
	fake_kernel_write(fake_stream(1, 0), weights, 32 * G, 9);
	work = take(8 * G);
	launch_one(work);
	assert_true(granules_in(FAKE_RAM, weights) > 0);
	expect(weights, 32 * G, 9);
	world_end();
}

static void cold_weights_leave_before_warm_ones(void **state)
{
	uint64_t cold, warm, work;

	warm = take_weights(8 * G);
	cold = take_weights(8 * G);
	take_weights(8 * G);
	take_weights(8 * G);
	for (int i = 0; i < 3; i++)
		launch_one(warm);
	work = take(8 * G);
	launch_one(work);
	assert_int_equal(granules_in(FAKE_VRAM, warm), 8);
	assert_int_equal(granules_in(FAKE_RAM, cold), 8);
}

static void weights_leave_before_working_memory(void **state)
{
	uint64_t old = take_working(16 * G), weights = take_weights(16 * G);
	uint64_t work;

	for (int i = 0; i < 3; i++)
		launch_one(weights); /* warmer, and yet */
	work = take(16 * G);
	launch_one(work);
	assert_int_equal(granules_in(FAKE_RAM, weights), 16);
	assert_int_equal(granules_in(FAKE_VRAM, old), 16);
	assert_int_equal(granules_in(FAKE_VRAM, work), 16);
}

static void hot_working_memory_stays(void **state)
{
	uint64_t hot = take_working(24 * G), work = take(16 * G);

	for (int i = 0; i < 20; i++)
		gb_engine_name(hot);
	launch_one(work);
	assert_int_equal(granules_in(FAKE_VRAM, hot), 24);
	assert_int_equal(granules_in(FAKE_VRAM, work), 8);
}

static void pinned_memory_is_in_vram_and_stays(void **state)
{
	uint64_t weights = take_weights(20 * G), more = take_weights(20 * G);
	uint64_t work;

	assert_int_equal(granules_in(FAKE_RAM, more), 8);
	fill(more, 20 * G, 3);
	assert_int_equal(gb_engine_pin(more), 0);
	check_all();
	assert_int_equal(granules_in(FAKE_VRAM, more), 20);
	expect(more, 20 * G, 3);
	work = take(20 * G);
	launch_one(work);
	assert_int_equal(granules_in(FAKE_VRAM, more), 20);
	assert_int_equal(granules_in(FAKE_RAM, weights), 20);
	assert_int_equal(gb_engine_pin(more + G), 0);
	assert_int_equal(gb_engine_pin(64), -EINVAL);
}

static void pinning_what_vram_cannot_hold_fails(void **state)
{
	uint64_t big = take_weights(40 * G);

	assert_int_equal(gb_engine_pin(big), -ENOMEM);
	check_all();
	assert_int_equal(granules_in(FAKE_NOWHERE, big), 0);
	launch_one(big);
}

static void pinning_backs_what_is_pending(void **state)
{
	uint64_t weights = take_pieces(), pending = take(20 * G);

	assert_int_equal(gb_engine_pin(pending), 0);
	check_all();
	assert_int_equal(granules_in(FAKE_VRAM, pending), 20);
	assert_int_equal(granules_in(FAKE_NOWHERE, weights), 0);
}

static void nothing_moves_in_a_capture(void **state)
{
	uint64_t weights = take_pieces(), work = take(8 * G);

	fake_capture(true, STREAM);
	launch_one(work);
	assert_int_equal(granules_in(FAKE_VRAM, weights), 8);
	assert_int_equal(granules_in(FAKE_RAM, work), 8);
	assert_int_equal(gb_engine_make_room(0, G), -EBUSY);
	assert_int_equal(gb_engine_give_way(0, G), -ENOMEM);
	assert_int_equal(gb_engine_pin(work), -EBUSY);
	gb_engine_idle(0);
	check_all();
	fake_capture(false, 0);
	assert_int_equal(gb_engine_pin(work), 0);
}

/* A graph's copy cannot be cut where its memory would come to lie. */
static void what_a_graph_copies_in_one_piece_stays(void **state)
{
	uint64_t size = GB_EXTENT_MAX + 8 * G, within, across;

	world_begin(&(struct world){
		.devices = 1, .vram = 2 * size, .ram = 2 * size });
	within = take_weights(size);
	across = take_weights(size);
	gb_engine_hold(within, GB_EXTENT_MAX);
	gb_engine_hold(within + GB_EXTENT_MAX, 8 * G);
	gb_engine_hold(across + GB_EXTENT_MAX - 1, 2);
	for (int i = 0; i < 2; i++)
		launch_one(take(size));
	check_all();
	assert_int_equal(granules_in(FAKE_VRAM, within), 0);
	assert_int_equal(granules_in(FAKE_VRAM, across), size / G);
	world_end();
}

/* Freed memory makes room before memory in use has to go. */
static void freed_memory_goes_first(void **state)
{
	uint64_t weights = take_weights(16 * G), freed = take_weights(16 * G);
	uint64_t work = take(16 * G);

	fake_capture(true, 0);
	drop(freed);
	fake_capture(false, 0);
	launch_one(work);
	assert_int_equal(granules_in(FAKE_VRAM, weights), 16);
	assert_int_equal(granules_in(FAKE_VRAM, work), 16);
	assert_int_equal(world_stats.device[0].moves, 0);
}

/* A model that overflows by half, its layers one after the other. */
#define LAYERS 24

static void sweep(const uint64_t *layers)
{
	for (int i = 0; i < LAYERS; i++)
		launch_one(layers[i]);
	gb_engine_idle(0);
	gb_engine.device[0].rebalance_after = 0;
}

static void a_cyclic_sweep_moves_nothing(void **state)
{
	uint64_t layers[LAYERS], moves;

	for (int i = 0; i < LAYERS; i++)
		layers[i] = take_weights(2 * G);
	sweep(layers);
	moves = world_stats.device[0].moves;
	for (int i = 0; i < 60; i++)
		sweep(layers);
	assert_int_equal(world_stats.device[0].moves, moves);
	assert_int_equal(vram_used(0), USUAL);
}

static void idle_moments_fill_vram_again(void **state)
{
	uint64_t first = take_weights(20 * G), second = take_weights(20 * G);

	fill(second, 20 * G, 8);
	drop(first);
	launch_one(second);
	gb_engine_idle(0);
	check_all();
	assert_int_equal(granules_in(FAKE_VRAM, second), 20);
	expect(second, 20 * G, 8);
}

/* While a stream is captured nothing makes room. */
static uint64_t in_ram(uint64_t (*take_it)(uint64_t bytes), uint64_t bytes)
{
	uint64_t address;

	fake_capture(true, 0);
	address = take_it(bytes);
	fake_capture(false, 0);
	return address;
}

static void hot_memory_in_ram_changes_places_with_cold(void **state)
{
	uint64_t cold = take_pieces(), hot;

	hot = in_ram(take_working, 8 * G);
	assert_int_equal(granules_in(FAKE_RAM, hot), 8);
	fill(hot, 8 * G, 4);
	for (int i = 0; i < 100; i++)
		launch_one(hot);
	for (int i = 0; i < 4; i++) {
		gb_engine.device[0].rebalance_after = 0;
		gb_engine_idle(0);
		check_all();
	}
	assert_int_equal(granules_in(FAKE_VRAM, hot), 8);
	assert_true(granules_in(FAKE_RAM, cold) > 0);
	expect(hot, 8 * G, 4);
}

/* Nothing may leave for what is only read; that keeps nobody else out. */
static void what_is_hotter_and_has_to_stay_is_passed_over(void **state)
{
	uint64_t cold = take_pieces(), table = take_weights(20 * G), hot;

	hot = in_ram(take_working, 4 * G);
	assert_int_equal(granules_in(FAKE_RAM, table), 20);
	for (int i = 0; i < 100; i++) {
		launch_one(hot);
		launch_one(table);
		launch_one(table);
	}
	gb_engine.device[0].rebalance_after = 0;
	gb_engine_idle(0);
	check_all();
	assert_int_equal(granules_in(FAKE_VRAM, hot), 4);
	assert_int_equal(granules_in(FAKE_RAM, table), 20);
	assert_true(granules_in(FAKE_RAM, cold) > 0);
}

/* A few small tensors in one allocation, which every launch reads. */
static void small_uploads_change_places_with_large_cold_ones(void **state)
{
	uint64_t large = take_weights(16 * G), small;

	take_weights(10 * G);
	take_weights(6 * G);
	small = in_ram(take_weights, 8 * G);
	assert_int_equal(granules_in(FAKE_RAM, small), 8);
	fill(small, 8 * G, 5);
	for (int i = 0; i < 100; i++)
		launch_one(small);
	gb_engine.device[0].rebalance_after = 0;
	gb_engine_idle(0);
	check_all();
	assert_int_equal(granules_in(FAKE_VRAM, small), 8);
	assert_true(granules_in(FAKE_RAM, large) > 0);
	expect(small, 8 * G, 5);
}

/* Too large for a copy: it takes the place of what has one, but not more. */
static void what_is_read_whole_changes_places_with_what_has_copies(void **state)
{
	uint64_t layers, shared, table;

	world_begin(&(struct world){ .devices = 1, .vram = USUAL, .ram = 2 * USUAL });
	layers = take_weights(22 * G);
	shared = take_weights(10 * G);
	table = take_weights(18 * G);
	assert_int_equal(granules_in(FAKE_RAM, table), 18);
	fill(table, 18 * G, 6);
	atomic_store(&gb_arena_owner(table)->staged.read_whole, true);
	for (int i = 0; i < 4; i++) {
		launch_one(table);
		launch_one(layers);
		gb_engine.device[0].rebalance_after = 0;
		gb_engine_idle(0);
		check_all();
	}
	assert_int_equal(granules_in(FAKE_VRAM, table), 18);
	assert_int_equal(granules_in(FAKE_VRAM, shared), 10);
	expect(table, 18 * G, 6);
	world_end();
}

/*
 * An idle moment: what is cold in VRAM changes places with what is hot in RAM.
 * For that all of RAM is needed.
 */
static void what_comes_to_vram_does_not_leave_for_that(void **state)
{
	uint64_t cold, piece[16];

	world_begin(&(struct world){ .devices = 1,
				     .vram = 26 * G,
				     .ram = 28 * G,
				     .staging = 4 * G,
				     .nvme = 64 * G });
	cold = take_working(20 * G);
	for (int i = 0; i < 10; i++)
		launch_one(cold);
	gb_engine_pin(take_working(G));
	for (int i = 0; i < 16; i++) {
		piece[i] = take_weights(G);
		fill(piece[i], G, (uint64_t)i);
	}
	gb_staging_prepare(0);
	drop(cold);
	take_weights(20 * G);
	assert_int_equal(granules_in(FAKE_RAM, piece[5]), 1);
	for (int i = 0; i < 40; i++)
		launch_one(piece[5]);
	gb_engine.device[0].rebalance_after = 0;
	gb_engine_idle(0);
	assert_false(gb_arena_owner(piece[5])->away);
	expect(piece[5], G, 5);
	check_all();
	world_end();
}

static void an_exchange_takes_nothing_warm(void **state)
{
	uint64_t cold = take_weights(2 * G), warm = take_weights(30 * G), hot;

	hot = in_ram(take_working, 8 * G);
	for (int i = 0; i < 100; i++) {
		launch_one(hot);
		launch_one(warm);
	}
	gb_engine.device[0].rebalance_after = 0;
	gb_engine_idle(0);
	check_all();
	assert_int_equal(granules_in(FAKE_VRAM, warm), 30);
	assert_int_equal(granules_in(FAKE_RAM, hot), 8);
	assert_int_equal(granules_in(FAKE_VRAM, cold), 2);
}

/* Uploaded memory leaves first, but not if it is warm and other memory is not. */
static void an_exchange_takes_all_that_is_cold(void **state)
{
	uint64_t warm, idle, hot;

	take_weights(2 * G);
	warm = take_weights(22 * G);
	idle = take_working(8 * G);
	hot = in_ram(take_working, 8 * G);
	for (int i = 0; i < 100; i++) {
		launch_one(hot);
		launch_one(warm);
	}
	gb_engine.device[0].rebalance_after = 0;
	gb_engine_idle(0);
	check_all();
	assert_int_equal(granules_in(FAKE_VRAM, warm), 22);
	assert_int_equal(granules_in(FAKE_VRAM, hot), 8);
	assert_int_equal(granules_in(FAKE_RAM, idle), 8);
}

static void an_exchange_without_ram_disturbs_nobody(void **state)
{
	uint64_t cold = take_weights(32 * G), hot;
	unsigned int drains;

	hot = in_ram(take_working, 32 * G);
	for (int i = 0; i < 100; i++)
		launch_one(hot);
	drains = fake_calls(FAKE_DRAIN);
	for (int i = 0; i < 5; i++) {
		gb_engine.device[0].rebalance_after = 0;
		gb_engine_idle(0);
	}
	check_all();
	assert_int_equal(fake_calls(FAKE_DRAIN), drains);
	assert_int_equal(granules_in(FAKE_VRAM, cold), 32);
}

static void sharing_reaches_all_memory(void **state)
{
	uint64_t before, after;

	world_begin(&(struct world){ .devices = 2, .vram = USUAL, .ram = USUAL });
	before = take_weights(40 * G);
	assert_false(fake_may_access(1, before));
	assert_int_equal(gb_engine_share(0, 1, true), 0);
	check_all();
	assert_true(fake_may_access(1, before));
	assert_int_equal(gb_engine_share(0, 1, false), 0);
	after = take_weights(4 * G);
	assert_int_equal(gb_engine_share(0, 1, true), 0);
	check_all();
	assert_true(fake_may_access(1, after));
	assert_int_equal(gb_engine_share(0, 2, true), -EINVAL);
	assert_int_equal(gb_engine_share(0, -1, true), -EINVAL);
	assert_int_equal(gb_engine_share(5, 0, true), -EINVAL);
	assert_int_equal(gb_engine_share(0, 0, false), 0);
	drop(before);
	assert_true(fake_may_access(0, take(G)));
	world_end();
}

static void a_view_tells_what_was_allocated(void **state)
{
	uint64_t first, second = take(G), address;
	struct gb_view view;

	assert_int_equal(gb_engine_allocate(0, 5 * G - 9, 11, 12, &first), 0);
	assert_int_equal(gb_engine_view(first + 3 * G, &view), 0);
	assert_int_equal(view.device, 0);
	assert_int_equal(view.address, first);
	assert_int_equal(view.size, 5 * G - 9);
	assert_int_equal(view.bytes, 5 * G);
	assert_int_equal(view.context, 11);
	assert_int_equal(view.pool, 12);
	assert_false(view.pinned);
	assert_int_equal(gb_engine_view(first + 5 * G, &view), -EINVAL);
	assert_int_equal(gb_engine_set_sync_memops(first, true), 0);
	assert_int_equal(gb_engine_view(first, &view), 0);
	assert_true(view.sync_memops);
	address = view.id;
	assert_int_equal(gb_engine_view(second, &view), 0);
	assert_int_not_equal(view.id, address);
	assert_int_equal(gb_engine_set_sync_memops(1, true), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		usual_test(contents_survive_both_directions),
		usual_test(moves_wait_for_queued_work),
		cmocka_unit_test(moves_wait_for_all_devices),
		usual_test(cold_weights_leave_before_warm_ones),
		usual_test(weights_leave_before_working_memory),
		usual_test(hot_working_memory_stays),
		usual_test(pinned_memory_is_in_vram_and_stays),
		usual_test(pinning_what_vram_cannot_hold_fails),
		usual_test(pinning_backs_what_is_pending),
		usual_test(nothing_moves_in_a_capture),
		cmocka_unit_test(what_a_graph_copies_in_one_piece_stays),
		usual_test(freed_memory_goes_first),
		usual_test(a_cyclic_sweep_moves_nothing),
		usual_test(idle_moments_fill_vram_again),
		usual_test(hot_memory_in_ram_changes_places_with_cold),
		usual_test(what_is_hotter_and_has_to_stay_is_passed_over),
		usual_test(small_uploads_change_places_with_large_cold_ones),
		cmocka_unit_test(
			what_is_read_whole_changes_places_with_what_has_copies),
		cmocka_unit_test(what_comes_to_vram_does_not_leave_for_that),
		usual_test(an_exchange_takes_nothing_warm),
		usual_test(an_exchange_takes_all_that_is_cold),
		usual_test(an_exchange_without_ram_disturbs_nobody),
		cmocka_unit_test(sharing_reaches_all_memory),
		usual_test(a_view_tells_what_was_allocated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
