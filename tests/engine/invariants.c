/* SPDX-License-Identifier: GPL-2.0-only */
/* What the engine asserts of itself holds, and is noticed where it does not. */
#include "test.h"

static struct gb_device *device = &gb_engine.device[0];

/* The usual device with memory in both tiers and some pending. */
static struct gb_allocation *some_memory(void)
{
	uint64_t weights = take_weights(24 * G);

	launch_one(take(16 * G));
	take(20 * G);
	assert_true(device->vram_used > 0);
	assert_true(device->ram_used > 0);
	assert_true(device->pending > 0);
	assert_true(gb_device_is_valid(device));
	assert_true(gb_budgets_are_kept());
	return gb_allocation_at(weights);
}

static void a_counter_that_is_off_is_noticed(void **state)
{
	uint64_t *counters[] = { &device->vram_used, &device->ram_used,
				 &device->pending };

	some_memory();
	for (size_t i = 0; i < COUNT(counters); i++) {
		*counters[i] += G;
		assert_false(gb_device_is_valid(device));
		*counters[i] -= G;
	}
	assert_true(gb_device_is_valid(device));
}

static void a_gap_between_extents_is_noticed(void **state)
{
	struct gb_allocation *allocation = some_memory();

	allocation->extents[0].bytes -= G;
	assert_false(gb_allocation_is_valid(allocation));
	allocation->extents[0].bytes += G;
	assert_true(gb_allocation_is_valid(allocation));
}

static void pinned_memory_without_handles_is_noticed(void **state)
{
	struct gb_allocation *allocation = some_memory();

	allocation->pinned = true;
	assert_false(gb_allocation_is_valid(allocation));
	allocation->pinned = false;
}

static void a_budget_that_is_exceeded_is_noticed(void **state)
{
	uint64_t vram, ram = gb_engine.ram_budget;

	some_memory();
	vram = device->vram_budget;
	device->vram_budget = device->vram_used - 1;
	assert_false(gb_budgets_are_kept());
	device->vram_budget = vram;
	gb_engine.ram_budget = gb_engine.ram_used - 1;
	assert_false(gb_budgets_are_kept());
	gb_engine.ram_budget = ram;
	assert_true(gb_budgets_are_kept());
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, usual_setup, usual_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_counter_that_is_off_is_noticed),
		TEST(a_gap_between_extents_is_noticed),
		TEST(pinned_memory_without_handles_is_noticed),
		TEST(a_budget_that_is_exceeded_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
