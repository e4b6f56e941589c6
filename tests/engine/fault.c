/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every operation of the driver fails once, one after the other: the error that
 * comes out is one of ours, nothing leaks, all records stay right, and contents
 * are unharmed.
 */
#include "test.h"

#include <stdlib.h>

#include "fake_pool.h"

#define PIECES 2

/* What a program has, and what must be in it. */
struct have {
	uint64_t address, bytes, seed;
};

static struct have have[PIECES + 2];
static int count;

static bool is_sane(int error)
{
	return error == 0 || error == -ENOMEM || error == -EIO ||
	       error == -EBUSY || error == -EOPNOTSUPP;
}

static int sane(int error)
{
	assert_true(is_sane(error));
	check_all();
	return error;
}

/* The hook's part of an upload, which also may have to be given up. */
static int upload(uint64_t to, uint64_t bytes, uint64_t seed)
{
	char *from = malloc(bytes);
	int result;

	fake_fill_pattern(from, 0, bytes, seed);
	result = gb_engine_upload(to, from, bytes, STREAM);
	free(from);
	if (!result) {
		result = sane(gb_engine_touch(to, GB_TOUCH_UPLOAD));
		if (!result)
			result = sane(gb_engine_enter());
		if (!result) {
			fake_kernel_write(STREAM, to, bytes, seed);
			gb_gate_leave();
		}
	}
	return result < 0 ? sane(result) : 0;
}

static int fill_new(uint64_t bytes, uint64_t seed, enum gb_touch touch)
{
	uint64_t address;
	int error = sane(gb_engine_allocate(0, bytes, 1, 0, &address));

	if (error)
		return error;
	if (touch == GB_TOUCH_UPLOAD) {
		error = upload(address, bytes, seed);
	} else {
		error = sane(gb_engine_touch(address, touch));
		if (!error)
			error = sane(gb_engine_enter());
		if (!error) {
			fake_kernel_write(STREAM, address, bytes, seed);
			gb_gate_leave();
		}
	}
	if (error) /* as a program does that cannot go on with it */
		sane(gb_engine_free(address));
	else
		have[count++] = (struct have){ address, bytes, seed };
	return error;
}

/* Samples of each granule: other tests look at every byte. */
static void expect_samples(const struct have *what)
{
	static char expected[4096], found[4096];

	for (uint64_t at = 0; at + sizeof(found) <= what->bytes;
	     at += G / 2 - sizeof(found)) {
		fake_fill_pattern(expected, at, sizeof(expected), what->seed);
		assert_true(fake_peek(0, what->address + at, found, sizeof(found)));
		assert_memory_equal(found, expected, sizeof(found));
	}
}

static void look_at_everything(void)
{
	fake_run_all();
	for (int i = 0; i < count; i++)
		if (!gb_allocation_is_pending(gb_arena_owner(have[i].address)))
			expect_samples(&have[i]);
}

/* A program with overflow, moves both ways, and frees of both kinds. */
static void live(void)
{
	gb_ticket ticket;

	count = 0;
	for (uint64_t i = 0; i < PIECES; i++)
		fill_new(2 * G, i + 1, GB_TOUCH_UPLOAD);
	fill_new(2 * G, 10, GB_TOUCH_WORK);
	look_at_everything();
	fill_new(3 * G - 99, 11, GB_TOUCH_UPLOAD);
	look_at_everything();
	sane(gb_engine_make_room(0, G));
	sane(gb_engine_give_way(0, G));
	look_at_everything();
	if (count)
		sane(gb_engine_pin(have[0].address));
	look_at_everything();
	gb_engine_idle(0);
	check_all();
	look_at_everything();
	while (count-- > 0) {
		ticket = 0;
		if (count % 2 && !fake_driver.mark(STREAM, &ticket))
			sane(gb_engine_free_after(have[count].address, ticket));
		else
			sane(gb_engine_free(have[count].address));
	}
}

/* Over a pool, or with NULL without one. */
static void fail_each(enum fake_op op, int error, const struct gb_pool_ops *pool)
{
	unsigned int nth = 1, failed;

	do {
		fake_pool_start(8 * G);
		world_begin(&(struct world){
			.devices = 1, .vram = 4 * G, .ram = 8 * G, .pool = pool });
		fake_fail(op, nth++, 1, error);
		live();
		assert_int_equal(fake_pool_mapped(), gb_engine.ram_pool);
		failed = fake_failed();
		world_end();
	} while (failed);
	assert_true(nth > 2);
}

static void memory_runs_out_anywhere(void **state)
{
	fail_each(FAKE_ANY, -ENOMEM, NULL);
	fail_each(FAKE_ANY, -ENOMEM, &fake_pool);
}

static void the_device_fails_anywhere(void **state)
{
	fail_each(FAKE_ANY, -EIO, NULL);
	fail_each(FAKE_ANY, -EIO, &fake_pool);
}

/* The pool's own calls, one after the other. */
static void the_pool_fails_anywhere(void **state)
{
	for (int damage = FAKE_POOL_REFUSES;
	     damage <= FAKE_POOL_CANNOT_BE_MAPPED; damage++) {
		unsigned int nth = 1;
		bool failed;

		do {
			fake_pool_start(8 * G);
			fake_pool_fail(nth++, (enum fake_pool_damage)damage);
			world_begin(&(struct world){ .devices = 1,
						     .vram = 4 * G,
						     .ram = 8 * G,
						     .pool = &fake_pool });
			live();
			failed = fake_pool_failed();
			assert_int_equal(fake_pool_mapped(), gb_engine.ram_pool);
			world_end();
		} while (failed);
		assert_true(nth > 2);
	}
}

static void a_tier_that_never_works(void **state)
{
	static const enum fake_op ops[] = { FAKE_REGISTER, FAKE_HOST_ALLOC,
					    FAKE_COPY, FAKE_SEND, FAKE_MARK };

	for (size_t i = 0; i < COUNT(ops); i++) {
		world_begin(&(struct world){
			.devices = 1, .vram = 4 * G, .ram = 8 * G });
		fake_fail(ops[i], 1, 1000000, -EOPNOTSUPP);
		live();
		assert_true(fake_failed() > 0);
		world_end();
	}
}

/* Memory whose unmapping fails is where it was, with what was in it. */
static void an_extent_that_cannot_leave_stays(void **state)
{
	uint64_t weights, work;

	world_begin(&(struct world){ .devices = 1, .vram = 4 * G, .ram = 8 * G });
	weights = take_weights(4 * G);
	fill(weights, 4 * G, 1);
	fake_fail(FAKE_UNMAP, 1, 1000000, -EINVAL);
	work = take(4 * G);
	launch_one(work);
	assert_true(fake_failed() > 0);
	assert_int_equal(granules_in(FAKE_VRAM, weights), 4);
	check_all();
	expect(weights, 4 * G, 1);
	fill(work, 4 * G, 2);
	expect(work, 4 * G, 2);
	drop(work);
	expect(weights, 4 * G, 1);
	drop(weights);
	world_end();
}

/* Where memory cannot be registered the driver's own host memory serves. */
static void the_second_host_tier_serves(void **state)
{
	uint64_t weights, work;

	world_begin(&(struct world){ .devices = 1, .vram = 4 * G, .ram = 8 * G });
	fake_fail(FAKE_REGISTER, 1, 1000000, -EOPNOTSUPP);
	weights = take_weights(4 * G);
	fill(weights, 4 * G, 1);
	work = take(4 * G);
	launch_one(work);
	assert_int_equal(granules_in(FAKE_RAM, weights), 4);
	assert_true(fake_handles() > 0);
	expect(weights, 4 * G, 1);
	drop(work);
	gb_engine_idle(0);
	check_all();
	assert_int_equal(granules_in(FAKE_VRAM, weights), 4);
	expect(weights, 4 * G, 1);
	world_end();
}

/* The way back fails, too: only then contents may be lost, and it is said. */
static void only_a_failing_way_back_loses_contents(void **state)
{
	unsigned int failed, nth = 1, lost = 0;

	do {
		uint64_t weights;
		int error;

		world_begin(&(struct world){
			.devices = 1, .vram = 4 * G, .ram = 8 * G });
		weights = take_weights(4 * G);
		fill(weights, 4 * G, 1);
		fake_fail(FAKE_ANY, nth++, 2, -ENOMEM);
		error = gb_engine_make_room(0, 4 * G);
		failed = fake_failed();
		assert_true(is_sane(error));
		if (error == -EIO) {
			lost++;
			/* Its extent cannot be taken from where it is not. */
			gb_engine_finish();
			fake_pardon();
			assert_int_equal(world_give_up(), 0);
			continue;
		}
		check_all();
		expect(weights, 4 * G, 1);
		world_end();
	} while (failed);
	assert_int_equal(lost, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_runs_out_anywhere),
		cmocka_unit_test(the_device_fails_anywhere),
		cmocka_unit_test(the_pool_fails_anywhere),
		cmocka_unit_test(a_tier_that_never_works),
		cmocka_unit_test(an_extent_that_cannot_leave_stays),
		cmocka_unit_test(the_second_host_tier_serves),
		cmocka_unit_test(only_a_failing_way_back_loses_contents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
