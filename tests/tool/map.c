/* SPDX-License-Identifier: GPL-2.0-only */
/* The map of an arena in cells and in allocations. */
#include "test.h"

static void cells_show_what_most_of_them_is(void **state)
{
	struct gb_map map = make_map("[VVVR[RRRV  .  [PPNN", 3);
	struct gb_map_cell cell[8];
	static const uint8_t tiers[] = { GB_MAP_VRAM, GB_MAP_RAM,
					 GB_MAP_PENDING, GB_MAP_POOL };

	assert_int_equal(gb_map_cells(&map, 4, cell, COUNT(cell)), 5);
	assert_int_equal(cell[0].tier, tiers[0]);
	assert_int_equal(cell[1].tier, tiers[1]);
	/* One granule among free ones is seen. */
	assert_int_equal(cell[2].tier, tiers[2]);
	assert_int_equal(cell[3].tier, tiers[3]);
	gb_map_finish(&map);
}

static void a_cell_is_as_hot_as_what_it_shows(void **state)
{
	struct gb_map map = make_map("[VVV[R", 0);
	struct gb_map_cell cell;

	map.granule[0] |= 5 << GB_MAP_HEAT_SHIFT;
	map.granule[3] |= 9 << GB_MAP_HEAT_SHIFT;
	assert_int_equal(gb_map_cells(&map, 4, &cell, 1), 1);
	assert_int_equal(cell.tier, GB_MAP_VRAM);
	assert_int_equal(cell.heat, 5);
	gb_map_finish(&map);
}

static void heat_holds_for_the_whole_allocation(void **state)
{
	struct gb_map map = make_map("[VVVV [VV", 8);
	struct gb_map_cell cell[7];

	assert_int_equal(gb_map_cells(&map, 1, cell, COUNT(cell)), 7);
	for (unsigned int i = 0; i < 7; i++)
		assert_int_equal(cell[i].heat, i == 4 ? 0 : 8);
	gb_map_finish(&map);
}

static void a_scale_is_a_power_of_two_and_just_enough(void **state)
{
	struct gb_map map = { 0 };

	for (map.count = 0; map.count < 5000; map.count++) {
		for (size_t cells = 1; cells < 300; cells = cells * 3 + 1) {
			uint64_t scale = gb_map_scale(&map, cells);

			assert_int_equal(scale & (scale - 1), 0);
			assert_true(scale * cells >= map.count);
			assert_true(scale == 1 || scale / 2 * cells < map.count);
		}
	}
}

static void cells_never_exceed_their_room(void **state)
{
	struct gb_map map = make_map("[VVVVVVVVVV", 0);
	struct gb_map_cell cell[4] = { 0 };

	cell[3].tier = 99;
	assert_int_equal(gb_map_cells(&map, 1, cell, 3), 3);
	assert_int_equal(cell[3].tier, 99);
	gb_map_finish(&map);
}

static void allocations_are_told_apart(void **state)
{
	struct gb_map map = make_map(" [VVRR[R [.", 4);
	struct gb_map_allocation found;

	assert_int_equal(gb_map_next(&map, 0, &found), 0);
	assert_int_equal(found.first, 1);
	assert_int_equal(found.count, 4);
	assert_int_equal(found.tier[GB_MAP_VRAM], 2);
	assert_int_equal(found.tier[GB_MAP_RAM], 2);
	assert_int_equal(found.heat, 4);
	assert_int_equal(gb_map_next(&map, 5, &found), 0);
	assert_int_equal(found.first, 5);
	assert_int_equal(found.count, 1);
	assert_int_equal(gb_map_next(&map, 6, &found), 0);
	assert_int_equal(found.first, 7);
	assert_int_equal(found.tier[GB_MAP_PENDING], 1);
	assert_int_equal(gb_map_next(&map, 8, &found), -ENOENT);
	gb_map_finish(&map);
}

static void an_empty_map_has_nothing(void **state)
{
	struct gb_map map = { 0 };
	struct gb_map_allocation found;
	struct gb_map_cell cell;

	assert_int_equal(gb_map_scale(&map, 7), 1);
	assert_int_equal(gb_map_cells(&map, 1, &cell, 1), 0);
	assert_int_equal(gb_map_next(&map, 0, &found), -ENOENT);
}

static void letters_name_the_tiers(void **state)
{
	for (int i = 0; i < GB_MAP_TIERS; i++)
		assert_int_equal(
			gb_map_letter_tier(gb_map_tier_letter((unsigned int)i)), i);
	assert_int_equal(gb_map_letter_tier('?'), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cells_show_what_most_of_them_is),
		cmocka_unit_test(a_cell_is_as_hot_as_what_it_shows),
		cmocka_unit_test(heat_holds_for_the_whole_allocation),
		cmocka_unit_test(a_scale_is_a_power_of_two_and_just_enough),
		cmocka_unit_test(cells_never_exceed_their_room),
		cmocka_unit_test(allocations_are_told_apart),
		cmocka_unit_test(an_empty_map_has_nothing),
		cmocka_unit_test(letters_name_the_tiers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
