// SPDX-License-Identifier: GPL-2.0-only
/* The engine's side of sharing, over the fake driver: every way to fail. */
#include "../engine/test.h"
#include "share.h"

#include <unistd.h>

#define EXTENTS 5u

static const struct gb_origin origin = { { 1, 2 }, 3 };

/* Handles as the driver would make them of descriptors. */
static void make_imports(struct gb_import *imports, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		imports[i].bytes = (1 + i % 2) * G;
		imports[i].on_host = i == 1;
		assert_int_equal(fake_driver.memory_create(0, 0, imports[i].bytes,
							   &imports[i].handle),
				 0);
	}
}

/* Five of them, of one or two granules; the last is not full. */
#define SIZE (7 * G - 100)

static int take_in(uint64_t size, uint64_t *address)
{
	struct gb_import imports[EXTENTS];

	make_imports(imports, EXTENTS);
	return gb_engine_import(0, 77, &origin, size, imports, EXTENTS, address);
}

static void what_comes_in_is_an_allocation(void **state)
{
	struct gb_view view;
	uint64_t address;

	assert_int_equal(take_in(SIZE, &address), 0);
	assert_int_equal(gb_engine_view(address + 6 * G, &view), 0);
	assert_int_equal(view.address, address);
	assert_int_equal(view.size, SIZE);
	assert_int_equal(view.bytes, 7 * G);
	assert_int_equal(view.context, 77);
	assert_int_equal(fake_mapped_granules(), 7);
	assert_true(fake_may_access(0, address + 6 * G));
	/* Reading it costs what reading RAM costs, and it is nobody's here. */
	assert_int_equal(gb_arena_owner(address)->in_ram, 2 * G);
	assert_int_equal(vram_used(0) + ram_used(), 0);
	assert_int_equal(gb_engine.device[0].pending, 0);
	assert_int_equal(gb_engine_close(address), 0);
	assert_int_equal(fake_mapped_granules(), 0);
	assert_int_equal(fake_handles(), 0);
	assert_int_equal(gb_engine_view(address, &view), -EINVAL);
}

static void only_closing_takes_it_back(void **state)
{
	uint64_t address, own = take_working(2 * G);
	gb_ticket ticket;

	assert_int_equal(take_in(SIZE, &address), 0);
	assert_int_equal(gb_engine_free(address), -EINVAL);
	assert_int_equal(fake_driver.mark(STREAM, &ticket), 0);
	assert_int_equal(gb_engine_free_after(address, ticket), -EINVAL);
	assert_int_equal(gb_engine_close(own), -EINVAL);
	assert_int_equal(gb_engine_close(address + G), -EINVAL);
	assert_int_equal(gb_engine_close(0), -EINVAL);
	assert_int_equal(gb_engine_close(address), 0);
	assert_int_equal(gb_engine_close(address), -EINVAL);
	drop(own);
}

static void closing_waits_for_work(void **state)
{
	uint64_t address;

	assert_int_equal(take_in(SIZE, &address), 0);
	fake_kernel_write(STREAM, address, 7 * G, 1);
	assert_int_equal(gb_engine_close(address), 0);
	assert_int_equal(fake_mapped_granules(), 0);
}

/* The second set of handles is not needed, and goes at once. */
static void opening_twice_is_one_mapping(void **state)
{
	uint64_t address, again;

	assert_int_equal(gb_engine_reopen(0, &origin, &again), -ENOENT);
	assert_int_equal(take_in(SIZE, &address), 0);
	assert_int_equal(take_in(SIZE, &again), 0);
	assert_int_equal(again, address);
	assert_int_equal(fake_handles(), EXTENTS);
	assert_int_equal(gb_engine_reopen(0, &origin, &again), 0);
	assert_int_equal(again, address);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(fake_mapped_granules(), 7);
		assert_int_equal(gb_engine_close(address), 0);
	}
	assert_int_equal(fake_mapped_granules(), 0);
	assert_int_equal(gb_engine_reopen(0, &origin, &again), -ENOENT);
}

static void goes_with_its_context(void **state)
{
	uint64_t address;

	assert_int_equal(take_in(SIZE, &address), 0);
	gb_engine_free_context(0, 78);
	assert_int_equal(fake_mapped_granules(), 7);
	gb_engine_free_context(0, 77);
	assert_int_equal(fake_mapped_granules(), 0);
	assert_int_equal(gb_engine_close(address), -EINVAL);
}

static void extents_must_make_up_the_size(void **state)
{
	static const uint64_t sizes[] = { 0, 1, 6 * G, 7 * G + 1, UINT64_MAX };
	struct gb_import imports[2];
	uint64_t address;

	for (size_t i = 0; i < COUNT(sizes); i++) {
		assert_int_equal(take_in(sizes[i], &address), -EINVAL);
		assert_int_equal(fake_handles(), 0);
	}
	make_imports(imports, 2);
	imports[0].bytes = G / 2;
	assert_int_equal(gb_engine_import(0, 0, &origin, 2 * G + G / 2, imports,
					  2, &address),
			 -EINVAL);
	assert_int_equal(fake_handles(), 0);
	assert_int_equal(gb_engine_import(0, 0, &origin, G, NULL, 0, &address),
			 -EINVAL);
}

/* Whichever extent it happens to, nothing stays behind. */
static void failing_to_map_leaves_nothing(void **state)
{
	static const enum fake_op ops[] = { FAKE_MAP, FAKE_ACCESS };
	uint64_t address;

	for (unsigned int i = 0; i < 2 * EXTENTS; i++) {
		fake_fail(ops[i / EXTENTS], 1 + i % EXTENTS, 1, -ENOMEM);
		assert_int_equal(take_in(SIZE, &address), -ENOMEM);
		assert_int_equal(fake_failed(), 1);
		assert_int_equal(fake_handles(), 0);
		check_all();
	}
	assert_int_equal(take_in(SIZE, &address), 0);
	assert_int_equal(gb_engine_close(address), 0);
}

/* In VRAM alone it is not known in RAM, and cannot be asked to leave. */
static void what_is_exported_stays(void **state)
{
	uint64_t id, again, size, address = take_weights(20 * G);
	enum fake_place place = FAKE_VRAM;

	assert_int_equal(gb_engine_export(address + 3 * G, &id, &size), 0);
	assert_int_equal(size, 20 * G);
	assert_int_equal(gb_engine_export(address, &again, &size), 0);
	assert_int_equal(id, again);
	take_working(30 * G);
	assert_int_equal(granules_in(place, address), 20);
	check_all();
}

static void what_is_exported_can_be_had_in_parts(void **state)
{
	struct gb_export exports[4];
	uint64_t id, size, address = take_weights(30 * G);
	uint32_t total = 0;

	assert_int_equal(gb_engine_export_extents(1000, 0, exports, 4, &total),
			 -ENOENT);
	assert_int_equal(gb_engine_export(address, &id, &size), 0);
	assert_int_equal(gb_engine_export_extents(id, 0, exports, 4, &total), 1);
	assert_int_equal(total, 1);
	assert_int_equal(exports[0].bytes, 30 * G);
	close(exports[0].fd);
	assert_int_equal(gb_engine_export_extents(id, 1, exports, 4, &total),
			 -ENOENT);
	drop(address);
	assert_int_equal(gb_engine_export_extents(id, 0, exports, 4, &total),
			 -ENOENT);
}

static void what_is_not_ours_is_not_exported(void **state)
{
	uint64_t id, size, address, local;

	assert_int_equal(take_in(SIZE, &address), 0);
	assert_int_equal(gb_engine_export(address, &id, &size), -EINVAL);
	assert_int_equal(gb_engine_export((uint64_t)&local, &id, &size), -EINVAL);
	assert_int_equal(gb_engine_close(address), 0);
	assert_int_equal(gb_engine_export(address, &id, &size), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		usual_test(what_comes_in_is_an_allocation),
		usual_test(only_closing_takes_it_back),
		usual_test(closing_waits_for_work),
		usual_test(opening_twice_is_one_mapping),
		usual_test(goes_with_its_context),
		usual_test(extents_must_make_up_the_size),
		usual_test(failing_to_map_leaves_nothing),
		usual_test(what_is_exported_stays),
		usual_test(what_is_exported_can_be_had_in_parts),
		usual_test(what_is_not_ours_is_not_exported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
