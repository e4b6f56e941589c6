/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that is given back, and when it may really go. */
#include "test.h"

static void freed_memory_can_be_had_again(void **state)
{
	for (int i = 0; i < 10; i++) {
		uint64_t a = take_weights(30 * G), b = take_working(34 * G);

		drop(a);
		drop(b);
		assert_int_equal(vram_used(0) + ram_used(), 0);
	}
	assert_int_equal(world_stats.device[0].freed, 20);
}

static void only_the_base_of_a_live_allocation_can_be_freed(void **state)
{
	uint64_t a = take(4 * G), local;

	assert_int_equal(gb_engine_free(a + 1), -EINVAL);
	assert_int_equal(gb_engine_free(a + G), -EINVAL);
	assert_int_equal(gb_engine_free(a + 4 * G), -EINVAL);
	assert_int_equal(gb_engine_free((uint64_t)&local), -EINVAL);
	assert_int_equal(gb_engine_free(0), -EINVAL);
	drop(a);
	assert_int_equal(gb_engine_free(a), -EINVAL);
	check_all();
}

static void a_ticket_goes_back_even_if_freeing_fails(void **state)
{
	uint64_t a = take(4 * G);
	gb_ticket ticket;

	for (int i = 0; i < 3; i++) {
		assert_int_equal(fake_driver.mark(STREAM, &ticket), 0);
		assert_int_equal(gb_engine_free_after(a + G, ticket), -EINVAL);
	}
	assert_int_equal(fake_driver.mark(STREAM, &ticket), 0);
	assert_int_equal(gb_engine_free_after(a, ticket), 0);
	assert_int_equal(fake_driver.mark(STREAM, &ticket), 0);
	assert_int_equal(gb_engine_free_after(a, ticket), -EINVAL);
	assert_int_equal(gb_engine_free_after(a, 0), -EINVAL);
}

static void freeing_waits_for_work(void **state)
{
	uint64_t a = take_weights(4 * G);

	fake_kernel_write(STREAM, a, 4 * G, 1);
	drop(a);
	assert_int_equal(fake_mapped_granules(), 0);
}

static void pending_memory_can_be_freed(void **state)
{
	uint64_t a, b;

	take_weights(32 * G);
	a = take(20 * G);
	assert_int_equal(gb_engine.device[0].pending, 20 * G);
	drop(a);
	b = take(32 * G);
	launch_one(b);
}

static uint64_t free_in_order(uint64_t address, uint64_t stream)
{
	gb_ticket ticket;

	assert_int_equal(fake_driver.mark(stream, &ticket), 0);
	assert_int_equal(gb_engine_free_after(address, ticket), 0);
	check_all();
	return ticket;
}

static void memory_freed_in_a_stream_stays_until_the_stream_is_there(void **state)
{
	uint64_t a = take_weights(32 * G), b;

	fake_kernel_write(STREAM, a, 32 * G, 1);
	free_in_order(a, STREAM);
	assert_int_equal(vram_used(0), 32 * G);
	b = take(8 * G); /* there is RAM for it: no wait */
	assert_int_equal(fake_calls(FAKE_DRAIN), 0);
	fake_run_all();
	gb_engine_idle(0);
	assert_int_equal(vram_used(0), 0);
	launch_one(b);
	assert_int_equal(granules_in(FAKE_VRAM, b), 8);
}

static void an_allocation_takes_what_a_stream_has_passed(void **state)
{
	uint64_t a = take_weights(32 * G);

	free_in_order(a, STREAM);
	take(32 * G);
	assert_int_equal(vram_used(0), 32 * G);
}

static void an_allocation_waits_rather_than_fail(void **state)
{
	uint64_t a = take_weights(64 * G), b;

	fake_kernel_write(STREAM, a, 64 * G, 1);
	free_in_order(a, STREAM);
	b = take(64 * G);
	launch_one(b);
	assert_int_equal(world_stats.device[0].refused, 0);
}

static void an_address_is_not_used_again_while_its_memory_is(void **state)
{
	uint64_t a = take(4 * G);

	fake_kernel_write(STREAM, a, 4 * G, 1);
	free_in_order(a, STREAM);
	assert_int_not_equal(take(4 * G), a);
}

static uint64_t other;

/* What another thread does while the first waits in its free. */
static void use_and_free_other(void)
{
	gb_ticket ticket;

	fake_kernel_write(fake_stream(0, 1), other, 4 * G, 2);
	assert_int_equal(fake_driver.mark(fake_stream(0, 1), &ticket), 0);
	assert_int_equal(gb_engine_free_after(other, ticket), 0);
}

static void one_free_does_not_take_what_another_thread_frees(void **state)
{
	uint64_t a = take_weights(4 * G);

	other = take_weights(4 * G);
	fake_after_drain(use_and_free_other);
	drop(a); /* the fake driver minds if @other goes, too */
	assert_int_equal(vram_used(0), 4 * G);
	fake_run_all();
	gb_engine_idle(0);
}

static void a_free_during_capture_waits_until_later(void **state)
{
	uint64_t a = take_weights(4 * G), b = take(4 * G);

	fake_capture(true, STREAM);
	drop(a);
	assert_int_equal(vram_used(0), 8 * G);
	assert_int_equal(gb_engine_free(a), -EINVAL);
	fake_capture(false, 0);
	drop(b);
	assert_int_equal(vram_used(0), 0);
}

static void a_context_takes_its_memory_along(void **state)
{
	uint64_t mine, theirs, leaving, stays;

	assert_int_equal(gb_engine_allocate(0, 4 * G, 7, 0, &mine), 0);
	assert_int_equal(gb_engine_allocate(0, 4 * G, 8, 0, &theirs), 0);
	assert_int_equal(gb_engine_allocate(0, 4 * G, 7, 0, &leaving), 0);
	assert_int_equal(gb_engine_allocate(0, 4 * G, 8, 0, &stays), 0);
	free_in_order(leaving, STREAM);
	fake_kernel_write(fake_stream(0, 1), stays, 4 * G, 1);
	free_in_order(stays, fake_stream(0, 1));
	gb_engine_free_context(0, 7);
	check_all();
	assert_null(gb_arena_owner(mine));
	assert_non_null(gb_arena_owner(theirs));
	assert_int_equal(vram_used(0), 8 * G);
	fake_run_all();
	gb_engine_free_context(0, 0);
	check_all();
	assert_int_equal(vram_used(0), 0);
	gb_engine_free_context(-1, 0);
	gb_engine_free_context(1, 0);
	gb_engine_free_context(1000, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		usual_test(freed_memory_can_be_had_again),
		usual_test(only_the_base_of_a_live_allocation_can_be_freed),
		usual_test(a_ticket_goes_back_even_if_freeing_fails),
		usual_test(freeing_waits_for_work),
		usual_test(pending_memory_can_be_freed),
		usual_test(memory_freed_in_a_stream_stays_until_the_stream_is_there),
		usual_test(an_allocation_takes_what_a_stream_has_passed),
		usual_test(an_allocation_waits_rather_than_fail),
		usual_test(an_address_is_not_used_again_while_its_memory_is),
		usual_test(one_free_does_not_take_what_another_thread_frees),
		usual_test(a_free_during_capture_waits_until_later),
		usual_test(a_context_takes_its_memory_along),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
