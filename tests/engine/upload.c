/* SPDX-License-Identifier: GPL-2.0-only */
/* Filling memory from the host: contents, order, and what is left to the driver. */
#include "test.h"

#include <stdlib.h>

#define MIB (UINT64_C(1) << 20)

/* The hook's part: what the engine leaves alone the driver copies. */
static void upload(uint64_t to, uint64_t bytes, uint64_t stream, uint64_t seed)
{
	char *from = malloc(bytes + 1);
	int result;

	fake_fill_pattern(from, 0, bytes, seed);
	result = gb_engine_upload(to, from, bytes, stream);
	assert_true(result == 0 || result == 1);
	if (!result) {
		assert_int_equal(gb_engine_touch(to, GB_TOUCH_UPLOAD), 0);
		fake_kernel_write(stream, to, bytes, seed);
	}
	memset(from, 0x55, bytes); /* it is the program's again */
	free(from);
	check_all();
}

static void all_sizes_arrive(void **state)
{
	static const uint64_t sizes[] = {
		1,
		3,
		4096,
		G - 1,
		G,
		G + 1,
		4 * MIB - 1,
		4 * MIB,
		4 * MIB + 1,
		16 * MIB,
		16 * MIB + 7,
		47 * MIB + 13,
		100 * MIB + 5,
	};

	for (size_t i = 0; i < COUNT(sizes); i++) {
		uint64_t address = take(sizes[i]);

		upload(address, sizes[i], STREAM, i + 1);
		fake_kernel_expect(STREAM, address, sizes[i], i + 1);
		fake_run_all();
		drop(address);
	}
}

static void parts_arrive_where_they_belong(void **state)
{
	uint64_t address = take(40 * G), at = 0;
	static const uint64_t parts[] = { 5 * MIB + 1, 4 * MIB,	 20 * MIB + 3,
					  17,	       30 * MIB, 9 * MIB };

	assert_int_equal(granules_in(FAKE_VRAM, address), 0);
	for (size_t i = 0; i < COUNT(parts); i++) {
		upload(address + at, parts[i], STREAM, i + 1);
		at += parts[i];
	}
	at = 0;
	for (size_t i = 0; i < COUNT(parts); i++) {
		fake_kernel_expect(STREAM, address + at, parts[i], i + 1);
		at += parts[i];
	}
	fake_run_all();
}

static void an_upload_into_memory_in_both_places(void **state)
{
	uint64_t address = take(44 * G);

	upload(address, 44 * G, STREAM, 1);
	assert_int_equal(granules_in(FAKE_VRAM, address), 32);
	assert_int_equal(granules_in(FAKE_RAM, address), 12);
	fake_kernel_expect(STREAM, address, 44 * G, 1);
	fake_run_all();
	upload(address + 20 * G + 5, 20 * G, STREAM, 2);
	fake_kernel_expect(STREAM, address, 20 * G, 1);
	fake_kernel_expect(STREAM, address + 20 * G + 5, 20 * G, 2);
	fake_run_all();
	assert_int_equal(world_stats.device[0].uploaded_vram, 44 * G - 5);
	assert_int_equal(world_stats.device[0].uploaded_ram, 20 * G + 5);
}

static void order(uint64_t address, uint64_t bytes)
{
	fake_kernel_write(STREAM, address, bytes, 1);
	fake_kernel_expect(STREAM, address, bytes, 1);
	upload(address, bytes, STREAM, 2);
	fake_kernel_expect(STREAM, address, bytes, 2);
	fake_kernel_write(STREAM, address, bytes, 3);
	fake_kernel_expect(STREAM, address, bytes, 3);
	fake_run_all();
}

static void uploads_keep_the_order_of_their_stream(void **state)
{
	uint64_t in_vram = take_weights(32 * G), in_ram = take_weights(20 * G);

	assert_int_equal(granules_in(FAKE_RAM, in_ram), 20);
	order(in_vram, 32 * G);
	order(in_ram, 20 * G);
}

/* More than the slots hold, in several streams that all run late. */
static void slots_are_not_filled_before_they_are_empty(void **state)
{
	uint64_t address[4];

	for (int i = 0; i < 4; i++)
		address[i] = take(8 * G);
	for (uint64_t round = 0; round < 5; round++)
		for (uint64_t i = 0; i < 4; i++)
			upload(address[i], 8 * G - i, fake_stream(0, (int)i),
			       10 * round + i);
	for (uint64_t i = 0; i < 4; i++)
		fake_kernel_expect(fake_stream(0, (int)i), address[i],
				   8 * G - i, 40 + i);
	fake_run_all();
}

static void small_and_foreign_uploads_are_the_drivers(void **state)
{
	uint64_t address = take(8 * G);
	char *from = calloc(1, 8 * G);
	int local;

	assert_int_equal(gb_engine_upload(address, from, 64, STREAM), 0);
	assert_int_equal(gb_engine_upload((uint64_t)&local, from, 8 * G, STREAM), 0);
	assert_int_equal(gb_engine_upload(address + G, from, 8 * G, STREAM), 0);
	assert_int_equal(gb_engine_upload(address + 8 * G, from, 8 * G, STREAM), 0);
	assert_int_equal(gb_engine_upload(address, from, UINT64_MAX, STREAM), 0);
	assert_int_equal(gb_engine_upload(address + G, from,
					  UINT64_MAX - address, STREAM),
			 0);
	assert_int_equal(gb_engine_upload(address, from, 8 * G, STREAM), 1);
	fake_run_all();
	free(from);
	check_all();
}

static void a_captured_upload_is_the_graphs(void **state)
{
	uint64_t in_vram = take_weights(8 * G), in_ram, pending;
	char *from = calloc(1, 32 * G);

	take_weights(24 * G);
	in_ram = take_weights(8 * G);
	pending = take(16 * G);
	fake_capture(true, STREAM);
	assert_int_equal(gb_engine_upload(in_vram, from, 8 * G, STREAM), 0);
	assert_int_equal(gb_engine_upload(in_ram, from, 8 * G, STREAM), 0);
	assert_int_equal(gb_engine_upload(pending, from, 16 * G, STREAM), 0);
	check_all();
	free(from);
}

static void push_out(void)
{
	assert_int_equal(gb_engine_give_way(0, G), 0);
}

/* Another thread makes what lay in VRAM move to RAM in the middle of it. */
static void an_upload_whose_memory_moves_meanwhile(void **state)
{
	uint64_t address;

	take_weights(28 * G);
	gb_engine_name(gb_engine.device[0].base);
	address = take(20 * G);
	fake_before(FAKE_MARK, push_out);
	upload(address, 20 * G, STREAM, 6);
	assert_int_equal(world_stats.device[0].moves, 1);
	assert_int_equal(granules_in(FAKE_RAM, address), 20);
	fake_kernel_expect(STREAM, address, 20 * G, 6);
	fake_run_all();
}

static void an_upload_makes_weights_of_unknown_memory_only(void **state)
{
	uint64_t weights = take(8 * G), work = take_working(8 * G);

	upload(weights, 8 * G, STREAM, 1);
	upload(work, 8 * G, STREAM, 1);
	assert_int_equal(gb_arena_owner(weights)->kind, GB_KIND_UPLOADED);
	assert_int_equal(gb_arena_owner(work)->kind, GB_KIND_WORKING);
	launch_one(weights);
	assert_int_equal(gb_arena_owner(weights)->kind, GB_KIND_UPLOADED);
	fake_run_all();
}

static uint64_t span(uint64_t address, uint64_t bytes)
{
	uint64_t result;

	assert_int_equal(gb_engine_enter(), 0);
	result = gb_engine_span(address, bytes);
	gb_gate_leave();
	return result;
}

/* Extents of RAM end a copy on either side; those of VRAM do not. */
static void spans_end_at_the_borders_of_ram(void **state)
{
	uint64_t local = 0, in_vram, split;

	world_begin(&(struct world){ .devices = 1, .vram = 48 * G, .ram = 48 * G });
	in_vram = take_weights(40 * G); /* two extents */
	split = take_weights(48 * G);	/* 8 in VRAM, 32 and 8 in RAM */
	assert_int_equal(granules_in(FAKE_VRAM, split), 8);
	assert_int_equal(span(in_vram, 40 * G), 40 * G);
	assert_int_equal(span(in_vram + 5, 40 * G - 5), 40 * G - 5);
	assert_int_equal(span(split, 48 * G), 8 * G);
	assert_int_equal(span(split, 8 * G), 8 * G);
	assert_int_equal(span(split, 3), 3);
	assert_int_equal(span(split + 8 * G - 1, 2), 1);
	assert_int_equal(span(split + 8 * G, 40 * G), 32 * G);
	assert_int_equal(span(split + 8 * G + 7, G), G);
	assert_int_equal(span(split + 40 * G, 8 * G), 8 * G);
	assert_int_equal(span((uint64_t)&local, 12345), 12345);
	world_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		usual_test(all_sizes_arrive),
		usual_test(parts_arrive_where_they_belong),
		usual_test(an_upload_into_memory_in_both_places),
		usual_test(uploads_keep_the_order_of_their_stream),
		usual_test(slots_are_not_filled_before_they_are_empty),
		usual_test(small_and_foreign_uploads_are_the_drivers),
		usual_test(a_captured_upload_is_the_graphs),
		usual_test(an_upload_whose_memory_moves_meanwhile),
		usual_test(an_upload_makes_weights_of_unknown_memory_only),
		cmocka_unit_test(spans_end_at_the_borders_of_ram),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
