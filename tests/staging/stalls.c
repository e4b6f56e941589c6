/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is said of launches that stood until a copy had come, over the fake
 * driver, whose events are as far apart as a test says. tests/tool/live.py has
 * the same in the simulated machine's time.
 */
#include "../engine/test.h"

#include "staging/state.h"

#define FUNCTION 77
#define STAMP	 4096
#define PIECES	 6
#define MS	 UINT64_C(1000000)

static uint64_t piece[PIECES];
static struct gb_stats_device *const stats = &world_stats.device[0];

/* Pieces of a granule, all of them in RAM; a ring of four. */
static void begin(void)
{
	world_begin(&(struct world){
		.devices = 1, .vram = 16 * G, .ram = 16 * G, .staging = 4 * G });
	gb_engine_pin(take_working(11 * G));
	take_weights(5 * G);
	for (int i = 0; i < PIECES; i++)
		piece[i] = take_weights(G);
}

static void read_piece(int which)
{
	struct gb_stage_word word = { .address = piece[which] };
	struct gb_stage_launch launch = {
		.stream = STREAM, .function = FUNCTION, .words = &word, .count = 1
	};

	gb_staging_prepare(0);
	assert_int_equal(gb_engine_enter(), 0);
	if (gb_staging_begin(&launch))
		gb_staging_end(&launch, true);
	gb_gate_leave();
	fake_run_all();
}

/* Over more than the ring holds, so that each waits for a copy of its own. */
static void read_all(int launches, uint64_t late_ns)
{
	begin();
	fake_set_elapsed(late_ns);
	for (int i = 0; i < launches; i++)
		read_piece(i % PIECES);
	gb_staging_idle(0);
	fake_set_elapsed(0);
}

/* The first, and of the others each 17th, which stands for so many. */
static void what_is_late_is_counted(void **state)
{
	read_all(1 + 3 * GB_STALL_EVERY, 3 * MS);
	assert_int_equal(stats->stage_hits, 0);
	assert_int_equal(stats->stalls, 1 + 3 * GB_STALL_EVERY);
	assert_int_equal(stats->stall_ns, (1 + 3 * GB_STALL_EVERY) * 3 * MS);
	world_end();
}

static void what_is_in_time_is_not(void **state)
{
	static const uint64_t in_time[] = { 0, GB_STALL_LEAST - 1 };

	for (size_t i = 0; i < COUNT(in_time); i++) {
		read_all(4 * GB_STALL_EVERY, in_time[i]);
		assert_true(stats->stage_misses + stats->prefetch_hits >=
			    4 * GB_STALL_EVERY);
		assert_int_equal(stats->stalls, 0);
		assert_int_equal(stats->stall_ns, 0);
		world_end();
	}
}

static void what_is_found_in_the_ring_waits_for_nothing(void **state)
{
	begin();
	read_piece(0);
	fake_set_elapsed(3 * MS);
	for (unsigned int i = 0; i < 4 * GB_STALL_EVERY; i++)
		read_piece(0);
	assert_int_equal(stats->stage_hits, 4 * GB_STALL_EVERY);
	assert_true(stats->stalls <= 1);
	fake_set_elapsed(0);
	world_end();
}

/* So that waits cost little: what is counted grows by so many at a time. */
static void few_are_timed(void **state)
{
	uint64_t seen = 0;
	unsigned int steps = 0;

	begin();
	fake_set_elapsed(3 * MS);
	for (unsigned int i = 0; i < 4 * GB_STALL_EVERY; i++) {
		read_piece((int)i % PIECES);
		steps += stats->stalls != seen;
		seen = stats->stalls;
	}
	assert_in_range(steps, 3, 4);
	fake_set_elapsed(0);
	world_end();
}

static void pass(void)
{
	for (int i = 0; i < PIECES; i++)
		read_piece(i);
	gb_staging_idle(0);
	fake_run_all();
}

/* A stretch is known of once the copy stream has come past its end. */
static void the_time_between_two_waits_is_known(void **state)
{
	uint64_t before, seen, held;

	begin();
	fake_set_elapsed(3 * MS);
	for (int i = 0; i < 3; i++)
		pass();
	gb_staging_stalls(&gb_engine.device[0], &before);
	for (int i = 0; i < 10; i++)
		pass();
	held = gb_staging_stalls(&gb_engine.device[0], &seen);
	assert_int_equal(seen - before, 10 * 3 * MS);
	assert_int_equal(held, stats->stall_ns);
	/* Nothing is copied, and so nothing is asked. */
	for (int i = 0; i < 10; i++)
		gb_staging_idle(0);
	gb_staging_stalls(&gb_engine.device[0], &before);
	for (int i = 0; i < 10; i++)
		gb_staging_idle(0);
	gb_staging_stalls(&gb_engine.device[0], &seen);
	assert_int_equal(seen, before);
	fake_set_elapsed(0);
	world_end();
}

/* What cannot be timed is launched all the same, and counted by the next. */
static void failures_lose_no_launch(void **state)
{
	static const enum fake_op op[] = { FAKE_STREAM, FAKE_RECORD, FAKE_ELAPSED };

	for (size_t i = 0; i < COUNT(op); i++) {
		begin();
		fake_set_elapsed(3 * MS);
		for (unsigned int n = 0; n < 4 * GB_STALL_EVERY; n++) {
			fake_fail(op[i], 1 + n % 5, 1, -ENOMEM);
			read_piece((int)n % PIECES);
			if (n % PIECES == PIECES - 1)
				gb_staging_idle(0);
		}
		fake_failed();
		assert_true(stats->stalls <= 4 * GB_STALL_EVERY);
		fake_set_elapsed(0);
		world_end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_late_is_counted),
		cmocka_unit_test(what_is_in_time_is_not),
		cmocka_unit_test(what_is_found_in_the_ring_waits_for_nothing),
		cmocka_unit_test(few_are_timed),
		cmocka_unit_test(the_time_between_two_waits_is_known),
		cmocka_unit_test(failures_lose_no_launch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
