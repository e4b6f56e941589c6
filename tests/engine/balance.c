/* SPDX-License-Identifier: GPL-2.0-only */
/* Weights in RAM among those in VRAM: who changes places, and when nobody does. */
#include "test.h"

#include "balance.h"
#include "clock.h"
#include "staging/state.h"

#define MOST  80
#define STAMP UINT64_C(4096)

static struct gb_device *const gpu = &gb_engine.device[0];
static uint64_t weights[MOST];
static uint64_t sizes[MOST], seeds[MOST];
static uint64_t even; /* half of the ring */
static int count;
static uint64_t dice;

static uint64_t roll(uint64_t sides)
{
	dice = dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (dice >> 33) % sides;
}

static uint64_t moves(void)
{
	return world_stats.device[0].moves;
}

/*
 * VRAM and RAM of so many granules; of VRAM staging takes the ring, a quarter,
 * and one more.
 */
static void begin(uint64_t vram, uint64_t ram)
{
	world_begin(&(struct world){ .devices = 1,
				     .vram = vram * G,
				     .ram = ram * G,
				     .staging = vram / 4 * G });
	even = vram / 8 * G;
	count = 0;
}

static void add(uint64_t granules)
{
	weights[count] = take_weights(granules * G);
	sizes[count] = granules;
	seeds[count] = (uint64_t)count + 1;
	fill(weights[count], STAMP, seeds[count]);
	count++;
}

static void add_many(int number, uint64_t granules)
{
	while (number--)
		add(granules);
}

static void use(uint64_t address, uint64_t seed)
{
	struct gb_stage_word word = { .address = address };
	struct gb_stage_launch launch = { .device = 0,
					  .stream = STREAM,
					  .function = 1,
					  .words = &word,
					  .count = 1 };
	bool staged;

	gb_engine_note_launch(0);
	gb_engine_name(address);
	gb_staging_prepare(0);
	assert_int_equal(gb_engine_enter(), 0);
	staged = gb_staging_begin(&launch);
	fake_kernel_expect(STREAM, staged ? word.to : address, STAMP, seed);
	if (staged)
		gb_staging_end(&launch, true);
	gb_gate_leave();
}

static void use_at(int at)
{
	use(weights[at], seeds[at]);
}

static struct gb_stalls *stalls(void)
{
	return &gb_staging_of(gpu)->stalls;
}

/*
 * The program waits, and has done so for as long as the engine might wish;
 * launches had to wait for copies.
 */
static void wait_idle(void)
{
	uint64_t before = moves();

	assert_int_equal(fake_driver.drain(0), 0);
	if (gb_staging_of(gpu))
		stalls()->held += UINT64_C(1000000000000);
	gpu->rebalance_after = 0;
	gb_engine_idle(0);
	/* Four extents each way hold a program up for some 30 ms. */
	assert_true(moves() - before <= 8);
	check_all();
}

static void pass(void)
{
	for (int i = 0; i < count; i++)
		use_at(i);
	wait_idle();
}

static void swap(uint64_t *a, uint64_t *b)
{
	uint64_t was = *a;

	*a = *b;
	*b = was;
}

/*
 * A first pass, which brings the ring, and from then on the worst order: what
 * is in VRAM first.
 */
static void lump(void)
{
	int front = 0;

	pass();
	for (int i = 0; i < count; i++) {
		if (granules_in(FAKE_RAM, weights[i]))
			continue;
		swap(&weights[i], &weights[front]);
		swap(&sizes[i], &sizes[front]);
		swap(&seeds[i], &seeds[front++]);
	}
	pass();
}

/* Passes until the weights stand evenly; how many. */
static int passes_until_even(int most)
{
	int passes = 0;

	lump();
	while (gb_balance_excess(gpu) > even && passes < most) {
		uint64_t before = gb_balance_excess(gpu);

		pass();
		/* Never further away than one exchange undoes. */
		assert_true(gb_balance_excess(gpu) <= before + 2 * G);
		passes++;
	}
	assert_true(gb_balance_excess(gpu) <= even);
	return passes;
}

static void expect_quiet(int passes)
{
	uint64_t before = moves();

	while (passes--)
		pass();
	assert_int_equal(moves(), before);
}

static void weights_in_ram_come_to_stand_evenly(void **state)
{
	begin(32, 48);
	add_many(56, 1);
	assert_in_range(passes_until_even(20), 2, 6);
	/* Half of what was too many in a row changes places at the most. */
	assert_true(world_stats.device[0].moved_in <= 33 * G / 2);
	assert_int_equal(vram_used(0), 32 * G);
	expect_quiet(5);
	world_end();
}

static void the_order_is_that_of_use(void **state)
{
	begin(32, 48);
	add_many(56, 1);
	/* Every second one first, then the others. */
	for (int turn = 0; turn < 12; turn++) {
		for (int i = 0; i < 2 * count; i += 2) {
			int at = i < count ? i : i - count + 1;

			use_at(at);
		}
		wait_idle();
	}
	assert_true(gb_balance_excess(gpu) <= even);
	for (int i = 0, run = 0; i < 2 * count; i += 2) {
		int at = i < count ? i : i - count + 1;

		run = granules_in(FAKE_RAM, weights[at]) ? run + 1 : 0;
		assert_true(run <= 10);
	}
	world_end();
}

static void a_program_may_wait_anywhere(void **state)
{
	begin(32, 48);
	add_many(56, 1);
	lump();
	assert_true(gb_balance_excess(gpu) > even);
	for (int i = 0; i < 14 * count; i++) {
		use_at(i % count);
		if (i % 37 == 36)
			wait_idle();
	}
	assert_true(gb_balance_excess(gpu) <= even);
	world_end();
}

static void mixed_sizes_stay_whole(void **state)
{
	static const uint64_t layer[] = { 2, 1, 1, 2, 4, 4, 4 };

	begin(64, 96);
	for (int i = 0; i < 7; i++)
		for (int k = 0; k < 7; k++)
			add(layer[k]);
	assert_true(passes_until_even(30) > 0);
	expect_quiet(5);
	for (int i = 0, split = 0; i < count; i++) {
		uint64_t in_ram = granules_in(FAKE_RAM, weights[i]);

		split += in_ram && in_ram < sizes[i];
		/* Where VRAM ended when it filled, and where room was made. */
		assert_true(split <= 3);
	}
	world_end();
}

static void what_must_stay_stays(void **state)
{
	uint64_t pinned, working, table;

	begin(32, 48);
	pinned = take_weights(2 * G);
	assert_int_equal(gb_engine_pin(pinned), 0);
	working = take_working(2 * G);
	table = take_weights(2 * G);
	fill(pinned, STAMP, 101);
	fill(working, STAMP, 102);
	fill(table, STAMP, 103);
	add_many(50, 1);
	for (int turn = 0; turn < 12; turn++) {
		for (int i = 0; i < count; i++) {
			use_at(i);
			use(table, 103);
			if (i % 10 == 0) {
				use(pinned, 101);
				use(working, 102);
			}
		}
		wait_idle();
		if (turn < 2)
			continue;
		assert_int_equal(granules_in(FAKE_VRAM, pinned), 2);
		assert_int_equal(granules_in(FAKE_VRAM, working), 2);
	}
	assert_true(gb_balance_excess(gpu) <= even);
	assert_true(moves() > 0);
	world_end();
}

/* In the middle of what is in VRAM, where others would be the first to go. */
static void what_is_hotter_is_not_given_for_a_layer(void **state)
{
	uint64_t before;

	begin(32, 48);
	add_many(56, 1);
	lump();
	before = moves();
	for (int turn = 0; turn < 10; turn++) {
		for (int i = 0; i < count; i++)
			for (int k = 0; k < (i >= 8 && i < 16 ? 8 : 1); k++)
				use_at(i);
		/* The first two passes say nothing of what follows. */
		if (turn > 1)
			wait_idle();
		for (int i = 8; i < 16; i++)
			assert_int_equal(granules_in(FAKE_VRAM, weights[i]), 1);
	}
	assert_true(moves() > before);
	world_end();
}

static void without_staging_nothing_changes_places(void **state)
{
	world_begin(&(struct world){ .devices = 1, .vram = 32 * G, .ram = 48 * G });
	count = 0;
	add_many(56, 1);
	expect_quiet(5);
	world_end();
}

static void an_order_that_never_repeats_moves_nothing(void **state)
{
	uint64_t before = 0;

	begin(32, 48);
	add_many(56, 1);
	dice = 1;
	for (int turn = 0; turn < 8; turn++) {
		for (int i = count - 1; i > 0; i--) {
			uint64_t other = roll((uint64_t)i + 1);

			swap(&weights[i], &weights[other]);
			swap(&seeds[i], &seeds[other]);
		}
		for (int i = 0; i < count; i++)
			use_at(i);
		wait_idle();
		if (!turn)
			before = moves();
	}
	assert_int_equal(moves(), before);
	world_end();
}

static void what_fits_in_the_ring_moves_nothing(void **state)
{
	begin(32, 48);
	/* 23 granules of VRAM are left, and half of the ring is 4. */
	add_many(26, 1);
	expect_quiet(5);
	world_end();
}

static void waiting_without_copies_moves_nothing(void **state)
{
	uint64_t before;

	begin(32, 48);
	add_many(56, 1);
	lump();
	before = moves();
	assert_true(gb_balance_excess(gpu) > even);
	for (int i = 0; i < 10; i++)
		wait_idle();
	assert_int_equal(moves(), before);
	world_end();
}

/* The program waits for the link, in whatever order. */
static void a_busy_link_is_no_reason_to_look(void **state)
{
	const uint64_t begun = UINT64_C(1000000000000), second = 1000000000;

	begin(32, 48);
	add_many(56, 1);
	lump();
	gb_balance_note(gpu, begun);
	assert_false(gb_balance_is_due(gpu, begun + second));
	gpu->stats->staged += 10 * G;
	gpu->stats->link_rate = G;
	assert_false(gb_balance_is_due(gpu, begun + 10 * second));
	assert_true(gb_balance_is_due(gpu, begun + 11 * second));
	/* Unmeasured. */
	gpu->stats->link_rate = 0;
	assert_true(gb_balance_is_due(gpu, begun + 10 * second));
	gb_balance_note(gpu, begun + 11 * second);
	assert_false(gb_balance_is_due(gpu, begun + 20 * second));
	world_end();
}

/* After a pass with copies that took so long, and launches that stood so long in it. */
static bool is_due_after(uint64_t seen, uint64_t held)
{
	const uint64_t now = UINT64_C(1000000000000);

	gb_balance_note(gpu, now);
	gpu->stats->staged += G;
	stalls()->seen += seen;
	stalls()->held += held;
	gb_balance_look(gpu);
	return gb_balance_is_due(gpu, now + seen);
}

/* The estimate jumps: it is what of late comes to that counts. */
static void launches_that_hardly_wait_are_no_reason_to_look(void **state)
{
	const uint64_t pass = 300000000;

	begin(32, 48);
	add_many(56, 1);
	lump();
	gpu->balance.seen = gpu->balance.held = 0;
	/* 1 % of the time, in every fifth pass 5 %. */
	for (int i = 0; i < 60; i++) {
		bool due = is_due_after(pass, i % 5 == 4 ? pass / 20 : 0);

		assert_false(due && i > 20);
	}
	for (int i = 0; i < 12; i++) {
		bool due = is_due_after(pass, pass / 20);

		assert_true(i == 0 ? !due : due || i < 9);
	}
	/* A program that has paused for long begins anew. */
	assert_false(is_due_after(1000 * pass, 0));
	/* Staging, too. */
	stalls()->seen = stalls()->held = pass;
	assert_true(is_due_after(pass, 0));
	assert_in_range(gpu->balance.held, pass, 2 * pass);
	world_end();
}

static void full_ram_moves_nothing(void **state)
{
	begin(32, 33);
	add_many(56, 1);
	lump();
	assert_int_equal(ram_used(), 33 * G);
	assert_true(gb_balance_excess(gpu) > even);
	expect_quiet(5);
	world_end();
}

static void an_exchange_costs_a_share_of_the_time(void **state)
{
	uint64_t before, began, moved;

	begin(32, 48);
	add_many(56, 1);
	lump();
	do {
		before = moves();
		began = gb_now_ns();
		moved = gpu->stats->move_ns;
		pass();
		moved = gpu->stats->move_ns - moved;
	} while (moves() == before || gb_balance_excess(gpu) <= even);
	/* However long this thread was without a processor. */
	assert_true(moved > 0);
	assert_true(gpu->rebalance_after >= began + 11 * moved);
	before = moves();
	use(weights[0], 1);
	gpu->rebalance_after += UINT64_C(1000000000000);
	gb_engine_idle(0);
	assert_int_equal(moves(), before);
	world_end();
}

/* Each byte that had to go to RAM is good for one exchange. */
static void orders_that_take_turns_stay_within_the_credit(void **state)
{
	uint64_t credit, before;

	begin(32, 48);
	add_many(56, 1);
	pass();
	credit = gpu->balance.credit;
	assert_int_equal(credit, ram_used());
	before = world_stats.device[0].moved_in;
	for (int turn = 0; turn < 18; turn++) {
		for (int i = 0; i < count; i++)
			use_at(turn / 3 % 2 ? i * 9 % count : i);
		wait_idle();
		assert_int_equal(world_stats.device[0].moved_in - before,
				 credit - gpu->balance.credit);
	}
	assert_true(gpu->balance.credit > 0 && gpu->balance.credit < credit);
	world_end();
}

static void a_failure_loses_nothing(void **state)
{
	static const enum fake_op ops[] = { FAKE_CREATE,   FAKE_MAP,
					    FAKE_UNMAP,	   FAKE_ACCESS,
					    FAKE_REGISTER, FAKE_COPY };

	begin(32, 48);
	add_many(56, 1);
	lump();
	for (size_t i = 0; i < COUNT(ops); i++) {
		fake_fail(ops[i], 1 + i % 2, 1, -ENOMEM);
		pass();
		fake_failed();
	}
	assert_true(passes_until_even(20) > 0);
	expect_quiet(3);
	world_end();
}

/* Models of all kinds: they come to rest, and soon. */
static void random_models_come_to_rest(void **state)
{
	for (uint64_t seed = 1; seed <= 5; seed++) {
		uint64_t total = 0, before, started;
		int kinds;

		dice = seed;
		kinds = 1 + (int)roll(4);
		begin(32 + roll(32), 100);
		while (total < 100 && count < MOST) {
			uint64_t size = 1 + roll((uint64_t)kinds);

			add(size);
			total += size;
		}
		lump();
		started = gb_balance_excess(gpu);
		for (int i = 0; i < 18; i++)
			pass();
		assert_true(gb_balance_excess(gpu) <= even + 2 * G ||
			    gb_balance_excess(gpu) < started / 2);
		before = moves();
		assert_true(world_stats.device[0].moved_in <= 100 * G);
		for (int i = 0; i < 4; i++)
			pass();
		assert_int_equal(moves(), before);
		world_end();
	}
}

static void the_ring_takes_its_room_evenly(void **state)
{
	int run = 0;

	begin(32, 48);
	add_many(33, 1);
	use(weights[0], 1);
	/* Ten have left for ring and hashes, or never came in. */
	assert_int_equal(ram_used(), 10 * G);
	for (int i = 0; i < count; i++) {
		run = granules_in(FAKE_RAM, weights[i]) ? run + 1 : 0;
		assert_true(run <= 2);
	}
	world_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weights_in_ram_come_to_stand_evenly),
		cmocka_unit_test(the_order_is_that_of_use),
		cmocka_unit_test(a_program_may_wait_anywhere),
		cmocka_unit_test(mixed_sizes_stay_whole),
		cmocka_unit_test(what_must_stay_stays),
		cmocka_unit_test(what_is_hotter_is_not_given_for_a_layer),
		cmocka_unit_test(without_staging_nothing_changes_places),
		cmocka_unit_test(an_order_that_never_repeats_moves_nothing),
		cmocka_unit_test(what_fits_in_the_ring_moves_nothing),
		cmocka_unit_test(waiting_without_copies_moves_nothing),
		cmocka_unit_test(a_busy_link_is_no_reason_to_look),
		cmocka_unit_test(launches_that_hardly_wait_are_no_reason_to_look),
		cmocka_unit_test(full_ram_moves_nothing),
		cmocka_unit_test(an_exchange_costs_a_share_of_the_time),
		cmocka_unit_test(orders_that_take_turns_stay_within_the_credit),
		cmocka_unit_test(a_failure_loses_nothing),
		cmocka_unit_test(random_models_come_to_rest),
		cmocka_unit_test(the_ring_takes_its_room_evenly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
