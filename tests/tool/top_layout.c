/* SPDX-License-Identifier: GPL-2.0-only */
/* What `top` puts where, in every size of terminal. */
#include "top_layout.h"

#include "test.h"

/* A screen, and all that it is made from. */
struct world {
	struct gb_stats page[8];
	struct gb_map map[8][GB_STATS_DEVICES];
	struct gb_sample sample;
	struct gb_history history;
	struct gb_memory memory;
	struct gb_top_view view;
	struct gb_screen screen;
};

static void world_begin(struct world *world, unsigned int processes,
			unsigned int devices)
{
	*world = (struct world){
		.sample = { .page = world->page, .map = world->map, .count = processes },
		.memory = { UINT64_C(64) << 30, UINT64_C(32) << 30, 1.5, 0, { 0 } },
		.view = { .sample = &world->sample,
			  .history = &world->history,
			  .memory = &world->memory,
			  .clock = "12:34:56" },
	};
	for (unsigned int i = 0; i < processes; i++) {
		world->page[i] = make_stats(100 + i, devices);
		for (unsigned int d = 0; d < devices; d++)
			world->map[i][d] = make_map("[VVVV [VVRR [.... [RRRR", 9);
	}
	gb_history_add(&world->history, &world->sample, 1000000000);
	for (unsigned int i = 0; i < processes; i++)
		world->page[i].device[0].moved_in = UINT64_C(3) << 30;
	gb_history_add(&world->history, &world->sample, 2000000000);
}

static void world_end(struct world *world)
{
	for (size_t i = 0; i < world->sample.count; i++) {
		for (unsigned int d = 0; d < GB_STATS_DEVICES; d++)
			gb_map_finish(&world->map[i][d]);
	}
	gb_history_finish(&world->history);
}

static void lay_out(struct world *world, int rows, int columns)
{
	gb_screen_init(&world->screen, rows, columns);
	gb_top_layout(&world->screen, &world->view);
}

/* The row that @text is in, or -1. */
static int find(const struct gb_screen *screen, const char *text)
{
	for (int row = 0; row < screen->rows; row++) {
		for (int column = 0; column < screen->columns; column++) {
			const struct gb_glyph *at =
				&screen->glyph[row * screen->columns + column];
			int i = 0;

			while (text[i] && column + i < screen->columns &&
			       at[i].code == (unsigned char)text[i])
				i++;
			if (!text[i])
				return row;
		}
	}
	return -1;
}

static bool shows(const struct gb_screen *screen, const char *text)
{
	return find(screen, text) >= 0;
}

/* Glyphs of @ink and @shade in the row. */
static int count(const struct gb_screen *screen, int row, int tier, int shade)
{
	int found = 0;

	for (int i = 0; i < screen->columns; i++) {
		const struct gb_glyph *at =
			&screen->glyph[row * screen->columns + i];

		found += at->ink == GB_INK_TIER + tier && at->shade == shade;
	}
	return found;
}

/* What there is more of with staging and a disk, and its rates. */
static void use_all(struct world *world)
{
	struct gb_stats *page = &world->page[0];

	page->nvme_budget = UINT64_C(64) << 30;
	page->nvme_used = page->device[0].nvme_used = UINT64_C(16) << 30;
	page->nvme_read = 3200000000;
	page->nvme_written = 5000000;
	page->device[0].ring = UINT64_C(512) << 20;
	page->device[0].stage_hits = 10;
	page->device[0].prefetch_hits = 80;
	page->device[0].stage_misses = 10;
	page->device[0].stalls = 17;
	page->device[0].stall_ns = 250000000;
	gb_history_add(&world->history, &world->sample, 3000000000);
}

static void have_parts_in_order(struct world *world)
{
	static const char *const parts[] = { "greenboost", "PID",  "VRAM [",
					     "RAM  [",	   "Link", "Map ",
					     "q quit" };

	for (int rows = GB_TOP_ROWS; rows < 70; rows++) {
		for (int columns = GB_TOP_COLUMNS; columns < 200; columns += 7) {
			int last = -1;

			lay_out(world, rows, columns);
			for (size_t i = 0; i < COUNT(parts); i++) {
				int row = find(&world->screen, parts[i]);

				assert_true(row > last);
				last = row;
			}
			assert_int_equal(last, rows - 1);
			gb_screen_finish(&world->screen);
		}
	}
}

static void every_size_has_its_parts_in_order(void **state)
{
	struct world world;

	world_begin(&world, 3, 2);
	have_parts_in_order(&world);
	use_all(&world);
	have_parts_in_order(&world);
	world_end(&world);
}

/* On the smallest usual terminal, each in a row of its own, uncut. */
static void disk_and_staging_have_their_rates(void **state)
{
	struct world world;
	int row;

	world_begin(&world, 1, 1);
	lay_out(&world, 24, 80);
	assert_false(shows(&world.screen, "NVMe"));
	assert_false(shows(&world.screen, "Ring"));
	gb_screen_finish(&world.screen);
	use_all(&world);
	lay_out(&world, 24, 80);
	row = find(&world.screen, "NVMe [");
	assert_true(row > 0);
	assert_int_equal(count(&world.screen, row, GB_MAP_NVME, 2), 8);
	assert_int_equal(
		find(&world.screen, "16.00 GiB, read 3.2 GB/s write 5 MB/s"), row);
	row = find(&world.screen, "Ring 512.00 MiB, stalled 25 %, "
				  "of uses hit 10 %, prefetched 80 %");
	assert_true(row > 0);
	gb_screen_finish(&world.screen);
	lay_out(&world, 24, 120);
	assert_true(shows(&world.screen, "16.00 GiB of 64.00 GiB, read 3.2 GB/s"));
	gb_screen_finish(&world.screen);
	world_end(&world);
}

static void no_size_is_written_beyond(void **state)
{
	struct world world;

	world_begin(&world, 8, 4);
	/* The sanitizers look on; here it is enough that it ends. */
	for (int rows = 0; rows < 30; rows++) {
		for (int columns = 0; columns < 60; columns++) {
			lay_out(&world, rows, columns);
			if (rows < GB_TOP_ROWS || columns < GB_TOP_COLUMNS)
				assert_false(shows(&world.screen, "Map"));
			gb_screen_finish(&world.screen);
		}
	}
	world_end(&world);
}

static void too_small_says_how_much_is_needed(void **state)
{
	struct world world;

	world_begin(&world, 1, 1);
	lay_out(&world, 9, 40);
	assert_true(shows(&world.screen, "40x9 here"));
	assert_true(shows(&world.screen, "40x10 needed"));
	gb_screen_finish(&world.screen);
	world_end(&world);
}

static void nothing_running_says_how_to_start(void **state)
{
	struct world world;

	world_begin(&world, 0, 0);
	lay_out(&world, 24, 80);
	assert_true(shows(&world.screen, "greenboost run -- command"));
	gb_screen_finish(&world.screen);
	world_end(&world);
}

static void a_process_without_a_gpu_is_listed(void **state)
{
	struct world world;

	world_begin(&world, 1, 0);
	lay_out(&world, 24, 80);
	assert_true(shows(&world.screen, "100 program"));
	assert_true(shows(&world.screen, "used no GPU yet"));
	gb_screen_finish(&world.screen);
	world_end(&world);
}

static void the_selected_one_is_always_in_the_list(void **state)
{
	struct world world;
	char text[32];

	world_begin(&world, 8, 2);
	assert_int_equal(gb_top_subjects(&world.sample), 16);
	for (size_t i = 0; i < 20; i++) {
		size_t shown = i < 16 ? i : 15;

		world.view.selected = i;
		lay_out(&world, 24, 80);
		snprintf(text, sizeof(text), ">     %zu program", 100 + shown / 2);
		assert_true(shows(&world.screen, text));
		snprintf(text, sizeof(text), " %zu: GPU %zu, Card ",
			 100 + shown / 2, shown % 2);
		assert_true(shows(&world.screen, text));
		gb_screen_finish(&world.screen);
	}
	world_end(&world);
}

static void the_map_shows_tiers_and_heat(void **state)
{
	struct world world;
	int row;

	world_begin(&world, 1, 1);
	lay_out(&world, 24, 80);
	row = find(&world.screen, "Map ") + 1;
	assert_int_equal(find(&world.screen, "VVVV VVRR .... RRRR"), row);
	assert_int_equal(count(&world.screen, row, GB_MAP_VRAM, 2), 6);
	assert_int_equal(count(&world.screen, row, GB_MAP_RAM, 2), 6);
	assert_int_equal(count(&world.screen, row, GB_MAP_PENDING, 2), 4);
	gb_screen_finish(&world.screen);
	world.map[0][0].granule[0] &= 0x0f; /* cold */
	lay_out(&world, 24, 80);
	assert_int_equal(find(&world.screen, "vvvv VVRR"), row);
	gb_screen_finish(&world.screen);
	world_end(&world);
}

static void bars_are_as_long_as_what_they_show(void **state)
{
	struct world world;
	struct gb_stats_device *device = &world.page[0].device[0];
	int row;

	world_begin(&world, 1, 1);
	device->vram_used = UINT64_C(6) << 30;
	device->vram_direct = UINT64_C(3) << 30;
	lay_out(&world, 24, 80);
	row = find(&world.screen, "VRAM [");
	/* The bar is two fifths of the width; the card has 12 GiB. */
	assert_int_equal(count(&world.screen, row, GB_MAP_VRAM, 2), 16);
	assert_int_equal(count(&world.screen, row, GB_MAP_IMPORTED, 2), 8);
	assert_true(shows(&world.screen, "9.00 GiB of 8.00 GiB, card 12.00 GiB"));
	gb_screen_finish(&world.screen);
	/* The least is seen, and the most goes no further than the end. */
	device->vram_used = 1;
	device->vram_direct = 0;
	lay_out(&world, 24, 80);
	assert_int_equal(count(&world.screen, row, GB_MAP_VRAM, 2), 1);
	gb_screen_finish(&world.screen);
	device->vram_used = UINT64_C(1) << 60;
	lay_out(&world, 24, 80);
	assert_int_equal(count(&world.screen, row, GB_MAP_VRAM, 2), 32);
	gb_screen_finish(&world.screen);
	world_end(&world);
}

static void the_link_is_shown_against_its_limit(void **state)
{
	struct world world;

	world_begin(&world, 1, 1);
	lay_out(&world, 24, 80);
	assert_true(shows(&world.screen, "in 3.2 GB/s "));
	gb_screen_finish(&world.screen);
	world.page[0].device[0].link_rate = 6442450944;
	lay_out(&world, 24, 80);
	assert_true(shows(&world.screen, "in 3.2 GB/s (50 % of 6.4 GB/s)"));
	gb_screen_finish(&world.screen);
	world_end(&world);
}

static void unknown_is_shown_as_unknown(void **state)
{
	struct world world;

	world_begin(&world, 1, 1);
	world.page[0].ram_budget = UINT64_MAX;
	world.memory = (struct gb_memory){ UINT64_MAX, UINT64_MAX, 0, 0, { 0 } };
	lay_out(&world, 24, 80);
	assert_true(shows(&world.screen, "RAM ? left of ?"));
	assert_true(shows(&world.screen, "0 of ?, RAM ?"));
	gb_screen_finish(&world.screen);
	world_end(&world);
}

static void shortness_of_ram_is_an_alarm(void **state)
{
	struct world world;

	world_begin(&world, 1, 1);
	for (int short_of = 0; short_of < 2; short_of++) {
		world.memory.available = short_of ? 1 << 20 : UINT64_C(32) << 30;
		lay_out(&world, 24, 80);
		assert_int_equal(world.screen.glyph[12].ink,
				 short_of ? GB_INK_ALARM : GB_INK_PLAIN);
		gb_screen_finish(&world.screen);
	}
	world_end(&world);
}

static void the_modules_pool_is_shown_where_there_is_one(void **state)
{
	struct world world;

	world_begin(&world, 1, 1);
	lay_out(&world, 24, 80);
	assert_false(shows(&world.screen, "pool"));
	gb_screen_finish(&world.screen);
	world.memory.pool =
		(struct gb_pool_state){ true, UINT64_C(12) << 30,
					UINT64_C(48) << 30, 0, GB_POOL_NORMAL };
	lay_out(&world, 24, 80);
	assert_true(shows(&world.screen, "pool 12.00 GiB "));
	gb_screen_finish(&world.screen);
	lay_out(&world, 24, 120);
	assert_true(shows(&world.screen, "pool 12.00 GiB of 48.00 GiB "));
	gb_screen_finish(&world.screen);
	world.memory.pool.limit = UINT64_MAX;
	world.memory.pool.level = GB_POOL_CRITICAL;
	lay_out(&world, 24, 80);
	assert_true(shows(&world.screen, "pool critical "));
	gb_screen_finish(&world.screen);
	lay_out(&world, 24, 120);
	assert_true(shows(&world.screen, "pool 12.00 GiB critical "));
	gb_screen_finish(&world.screen);
	world_end(&world);
}

static void names_cannot_steer_the_terminal(void **state)
{
	struct world world;

	world_begin(&world, 1, 1);
	strcpy(world.page[0].command, "\033[2Ja\nb\x9b\x7f");
	strcpy(world.page[0].device[0].name, "\033]0;x\a\xc3\xa9");
	lay_out(&world, 24, 80);
	for (int i = 0; i < 24 * 80; i++)
		assert_in_range(world.screen.glyph[i].code, 0x20, 0x7e);
	assert_true(shows(&world.screen, "?[2Ja?b??"));
	gb_screen_finish(&world.screen);
	world_end(&world);
}

static void numbers_that_say_nothing_give_way(void **state)
{
	struct world world;

	world_begin(&world, 1, 1);
	world.page[0].device[0].direct_read = 4096;
	lay_out(&world, 14, 80);
	assert_true(shows(&world.screen, "read direct"));
	assert_false(shows(&world.screen, "moved out"));
	gb_screen_finish(&world.screen);
	lay_out(&world, 50, 80);
	assert_true(shows(&world.screen, "moved out"));
	gb_screen_finish(&world.screen);
	world_end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_size_has_its_parts_in_order),
		cmocka_unit_test(disk_and_staging_have_their_rates),
		cmocka_unit_test(no_size_is_written_beyond),
		cmocka_unit_test(too_small_says_how_much_is_needed),
		cmocka_unit_test(nothing_running_says_how_to_start),
		cmocka_unit_test(a_process_without_a_gpu_is_listed),
		cmocka_unit_test(the_selected_one_is_always_in_the_list),
		cmocka_unit_test(the_map_shows_tiers_and_heat),
		cmocka_unit_test(bars_are_as_long_as_what_they_show),
		cmocka_unit_test(the_link_is_shown_against_its_limit),
		cmocka_unit_test(unknown_is_shown_as_unknown),
		cmocka_unit_test(shortness_of_ram_is_an_alarm),
		cmocka_unit_test(the_modules_pool_is_shown_where_there_is_one),
		cmocka_unit_test(names_cannot_steer_the_terminal),
		cmocka_unit_test(numbers_that_say_nothing_give_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
