/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of the kernel module's pool: preferred, counted to the byte, given up
 * whole, done without where it is refused, and left alone under pressure.
 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

#include "../tier/tier.h"
#include "extent.h"
#include "fake_pool.h"
#include "pressure.h"

#define VRAM (4 * G)
#define RAM  (16 * G)

static void begin(uint64_t limit)
{
	fake_pool_start(limit);
	world_begin(&(struct world){
		.devices = 1, .vram = VRAM, .ram = RAM, .pool = &fake_pool });
}

/* What is said to be in the pool is there, and no descriptor is left. */
static void check_pool(uint64_t bytes)
{
	check_all();
	assert_int_equal(gb_engine.ram_pool, bytes);
	assert_int_equal(world_stats.ram_pool, bytes);
	assert_int_equal(world_stats.device[0].ram_pool, bytes);
	assert_int_equal(fake_pool_mapped(), bytes);
	assert_int_equal(fake_pool_descriptors(), 0);
}

static void end(void)
{
	world_end();
	assert_int_equal(fake_pool_mapped(), 0);
	assert_int_equal(fake_pool_descriptors(), 0);
}

static void set_level(enum greenboost_level level)
{
	fake_pool_set_level(level);
	gb_engine.pressure_after = 0;
	gb_pressure_look();
}

/* Has the memory at @address this flag in /proc/self/smaps? */
static bool has_flag(uint64_t address, const char *flag)
{
	FILE *file = fopen("/proc/self/smaps", "re");
	unsigned long long from, to;
	bool inside = false, found = false;
	char line[512];

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%llx-%llx ", &from, &to) == 2)
			inside = from <= address && address < to;
		if (inside && !strncmp(line, "VmFlags:", 8))
			found = strstr(line, flag);
	}
	if (file)
		fclose(file);
	return found;
}

static void overflow_goes_to_the_pool(void **state)
{
	uint64_t weights, more;

	begin(RAM);
	weights = take_weights(6 * G);
	fill(weights, 6 * G, 1);
	more = take_weights(3 * G);
	fill(more, 3 * G, 2);
	check_pool(5 * G);
	assert_int_equal(ram_used(), 5 * G);
	expect(weights, 6 * G, 1);
	expect(more, 3 * G, 2);
	assert_true(has_flag(more, " dc"));
	assert_true(has_flag(more, " dd"));
	drop(more);
	check_pool(2 * G);
	end();
}

static void an_upload_fills_it(void **state)
{
	uint64_t weights, bytes = 6 * G;
	char *from = malloc(bytes);

	begin(RAM);
	weights = take(bytes);
	fake_fill_pattern(from, 0, bytes, 3);
	assert_int_equal(gb_engine_upload(weights, from, bytes, STREAM), 1);
	fake_run_all();
	check_pool(2 * G);
	expect(weights, bytes, 3);
	free(from);
	end();
}

static void moves_go_both_ways(void **state)
{
	uint64_t weights, work;

	begin(RAM);
	weights = take_weights(4 * G);
	fill(weights, 4 * G, 1);
	work = take(4 * G);
	launch_one(work);
	check_pool(4 * G);
	expect(weights, 4 * G, 1);
	drop(work);
	gb_engine_idle(0);
	check_pool(0);
	expect(weights, 4 * G, 1);
	end();
}

static void a_full_pool_leaves_the_rest_to_other_ram(void **state)
{
	uint64_t weights;

	begin(3 * G);
	take_weights(4 * G);
	weights = take_weights(2 * G);
	fill(weights, 2 * G, 1);
	fill(take_weights(2 * G), 2 * G, 2);
	check_pool(2 * G);
	assert_int_equal(ram_used(), 4 * G);
	drop(weights);
	take_weights(2 * G);
	check_pool(2 * G);
	end();
}

/* One extent fails at each step; it lives elsewhere, and the next one here. */
static void what_fails_goes_elsewhere(void **state)
{
	static const enum fake_pool_damage damages[] = {
		FAKE_POOL_REFUSES, FAKE_POOL_GONE, FAKE_POOL_CANNOT_BE_MAPPED
	};

	for (size_t i = 0; i < COUNT(damages) + 1; i++) {
		uint64_t first, second;

		begin(RAM);
		take_weights(4 * G);
		if (i < COUNT(damages))
			fake_pool_fail(1, damages[i]);
		else
			fake_fail(FAKE_REGISTER, 1, 1, -EOPNOTSUPP);
		first = take_weights(2 * G);
		assert_true(fake_pool_failed());
		assert_int_equal(fake_failed(), i == COUNT(damages));
		check_pool(0);
		assert_int_equal(ram_used(), 2 * G);
		second = take_weights(2 * G);
		check_pool(2 * G);
		fill(first, 2 * G, 1);
		fill(second, 2 * G, 2);
		expect(first, 2 * G, 1);
		end();
	}
}

/*
 * Moving in fails after the old memory has gone with its mapping: the contents
 * return to new memory, of the pool or, if that refuses, of the process.
 */
static void a_failed_move_goes_back(void **state)
{
	for (int refused = 0; refused < 2; refused++) {
		uint64_t weights, work;
		unsigned int copies;

		begin(RAM);
		work = take_working(4 * G);
		weights = take_weights(2 * G);
		fill(weights, 2 * G, 1);
		check_pool(2 * G);
		drop(work);
		copies = fake_calls(FAKE_COPY);
		fake_fail(FAKE_COPY, 1, 1, -ENOMEM);
		if (refused)
			fake_pool_fail(1, FAKE_POOL_REFUSES);
		gb_engine_idle(0);
		assert_true(fake_calls(FAKE_COPY) > copies);
		assert_int_equal(fake_failed(), 1);
		assert_true(fake_pool_failed());
		check_pool(refused ? 0 : 2 * G);
		assert_int_equal(ram_used(), 2 * G);
		expect(weights, 2 * G, 1);
		end();
	}
}

/* Weights of a granule each, so that they move one by one; the last one. */
static uint64_t take_pieces(int count)
{
	uint64_t address = 0;

	while (count--)
		address = take_weights(G);
	return address;
}

static void elevated_takes_no_more_than_was_promised(void **state)
{
	uint64_t promised;

	begin(RAM);
	take_pieces(5);
	promised = take(2 * G);
	set_level(GREENBOOST_LEVEL_ELEVATED);
	take_weights(2 * G);
	launch_one(promised);
	check_pool(3 * G);
	assert_int_equal(ram_used(), 5 * G);
	set_level(GREENBOOST_LEVEL_NORMAL);
	take_weights(2 * G);
	check_pool(5 * G);
	end();
}

static void critical_refuses_what_needs_ram(void **state)
{
	uint64_t promised, weights;

	begin(RAM);
	weights = take_pieces(3);
	promised = take(2 * G);
	set_level(GREENBOOST_LEVEL_CRITICAL);
	assert_int_equal(allocate(G), -ENOMEM);
	assert_false(gb_engine_has_ram(1));
	assert_int_equal(world_stats.device[0].refused, 1);
	/* What was promised is given, from wherever there is some. */
	launch_one(promised);
	check_pool(0);
	assert_int_equal(ram_used(), G);
	drop(weights);
	/* VRAM is nobody's concern. */
	take_weights(G);
	assert_int_equal(allocate(G), -ENOMEM);
	set_level(GREENBOOST_LEVEL_NORMAL);
	assert_int_equal(allocate(G), 0);
	assert_true(gb_engine_has_ram(1));
	end();
}

/* The buffers for moves and uploads are pinned, and no contents are in them. */
static void critical_gives_back_buffers(void **state)
{
	uint64_t weights, work;
	char *from = malloc(4 * G);

	begin(RAM);
	weights = take(4 * G);
	fake_fill_pattern(from, 0, 4 * G, 7);
	assert_int_equal(gb_engine_upload(weights, from, 4 * G, STREAM), 1);
	fake_run_all();
	work = take(2 * G);
	launch_one(work);
	assert_int_equal(fake_pinned(), 2);
	set_level(GREENBOOST_LEVEL_CRITICAL);
	assert_int_equal(fake_pinned(), 0);
	expect(weights, 4 * G, 7);
	/* And makes none: what it would have done is the driver's. */
	assert_int_equal(gb_engine_upload(work, from, 2 * G, STREAM), 0);
	assert_int_equal(fake_pinned(), 0);
	set_level(GREENBOOST_LEVEL_NORMAL);
	assert_int_equal(gb_engine_upload(work, from, 2 * G, STREAM), 1);
	assert_int_equal(fake_pinned(), 1);
	fake_run_all();
	free(from);
	end();
}

static void pressure_is_not_asked_for_all_the_time(void **state)
{
	begin(RAM);
	take_weights(5 * G);
	fake_pool_set_level(GREENBOOST_LEVEL_CRITICAL);
	gb_engine.pressure_after = UINT64_MAX;
	gb_pressure_look();
	assert_false(gb_pressure_is_critical());
	gb_engine.pressure_after = 0;
	assert_int_equal(allocate(G), -ENOMEM);
	assert_true(gb_pressure_is_critical());
	fake_pool_set_level(GREENBOOST_LEVEL_NORMAL);
	gb_engine.pressure_after = 0;
	gb_engine_idle(0);
	assert_false(gb_pressure_is_critical());
	end();
}

static void without_a_pool_nothing_asks_for_it(void **state)
{
	fake_pool_start(RAM);
	world_begin(&(struct world){ .devices = 1, .vram = VRAM, .ram = RAM });
	take_weights(6 * G);
	check_pool(0);
	assert_int_equal(fake_pool_allocations(), 0);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(overflow_goes_to_the_pool),
		cmocka_unit_test(an_upload_fills_it),
		cmocka_unit_test(moves_go_both_ways),
		cmocka_unit_test(a_full_pool_leaves_the_rest_to_other_ram),
		cmocka_unit_test(what_fails_goes_elsewhere),
		cmocka_unit_test(a_failed_move_goes_back),
		cmocka_unit_test(elevated_takes_no_more_than_was_promised),
		cmocka_unit_test(critical_refuses_what_needs_ram),
		cmocka_unit_test(critical_gives_back_buffers),
		cmocka_unit_test(pressure_is_not_asked_for_all_the_time),
		cmocka_unit_test(without_a_pool_nothing_asks_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
