/* SPDX-License-Identifier: GPL-2.0-only */
/* RAM that is set aside for guests, memory from the NVMe disk in use. */
#include "../engine/test.h"

/* Half of RAM is for what does not leave it, however many devices there are. */
static void windows_leave_half_of_ram(void **state)
{
	world_begin(&(struct world){ .devices = 4,
				     .vram = 16 * G,
				     .ram = 32 * G,
				     .staging = 4 * G,
				     .nvme = 64 * G });
	for (int i = 0; i < 4; i++)
		assert_int_equal(gb_engine.device[i].ram_aside, 4 * G);
	assert_int_equal(gb_budget_ram_room(), 16 * G);
	world_end();
}

/* What RAM holds when a device is first used is not taken for its window. */
static void a_late_window_takes_what_ram_has_left(void **state)
{
	world_begin(&(struct world){ .devices = 2,
				     .late = 1,
				     .vram = 16 * G,
				     .ram = 32 * G,
				     .staging = 4 * G,
				     .nvme = 64 * G });
	gb_engine_pin(take_working(11 * G));
	take_weights(18 * G);
	take(3 * G);
	assert_int_equal(gb_budget_ram_room(), 11 * G);
	assert_non_null(gb_engine_device(1));
	/* The pending piece is promised room there, and so is what the ring pushes out. */
	assert_int_equal(gb_engine.device[1].ram_aside, 3 * G);
	check_all();
	world_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows_leave_half_of_ram),
		cmocka_unit_test(a_late_window_takes_what_ram_has_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
