/* SPDX-License-Identifier: GPL-2.0-only */
/* Rates out of one sample and the next. */
#include "history.h"

#include "test.h"

#define SECOND UINT64_C(1000000000)

static unsigned int number_of(const char *name)
{
	const struct gb_field *field = gb_field_find(name);

	assert_non_null(field);
	return (unsigned int)(field - gb_fields);
}

static void a_first_look_knows_no_rate(void **state)
{
	struct gb_stats page = make_stats(7, 1);
	struct gb_sample sample = { .page = &page, .count = 1 };
	struct gb_history history = { 0 };
	const struct gb_track *track;

	page.device[0].moved_in = 5000;
	gb_history_add(&history, &sample, 1);
	track = gb_history_find(&history, &page, 0);
	assert_non_null(track);
	assert_int_equal(track->count, 0);
	assert_true(track->rate[number_of("moved_in")] == 0);
	gb_history_finish(&history);
}

static void counters_have_rates_and_the_link_their_sum(void **state)
{
	struct gb_stats page = make_stats(7, 1);
	struct gb_sample sample = { .page = &page, .count = 1 };
	struct gb_history history = { 0 };
	const struct gb_track *track;

	gb_history_add(&history, &sample, SECOND);
	page.device[0].moved_in = 4000;
	page.device[0].direct_read = 2000;
	page.device[0].uploaded_ram = 7000; /* stays on this side of the link */
	page.device[0].moved_out = 600;
	page.device[0].ram_used = 12345; /* a gauge */
	gb_history_add(&history, &sample, 3 * SECOND);
	track = gb_history_find(&history, &page, 0);
	assert_true(track->rate[number_of("moved_in")] == 2000);
	assert_true(track->rate[number_of("uploaded_ram")] == 3500);
	assert_true(track->rate[number_of("ram_used")] == 0);
	assert_true(gb_track_past(track, track->in, 0) == 3000);
	assert_true(gb_track_past(track, track->out, 0) == 300);
	assert_true(gb_track_past(track, track->in, 1) == 0);
	gb_history_finish(&history);
}

static void the_disk_of_a_process_has_rates(void **state)
{
	struct gb_stats page = make_stats(7, 2);
	struct gb_sample sample = { .page = &page, .count = 1 };
	struct gb_history history = { 0 };
	const struct gb_track *track;

	page.nvme_read = 5000;
	gb_history_add(&history, &sample, SECOND);
	page.nvme_read = 9000;
	page.nvme_written = 600;
	gb_history_add(&history, &sample, 3 * SECOND);
	track = gb_history_find(&history, &page, 1);
	assert_true(track->nvme_read == 2000);
	assert_true(track->nvme_written == 300);
	page.nvme_read = 0;
	gb_history_add(&history, &sample, 4 * SECOND);
	assert_true(track->nvme_read == 0);
	gb_history_finish(&history);
}

static void a_counter_that_went_back_counts_as_still(void **state)
{
	struct gb_stats page = make_stats(7, 1);
	struct gb_sample sample = { .page = &page, .count = 1 };
	struct gb_history history = { 0 };

	page.device[0].moved_in = 4000;
	gb_history_add(&history, &sample, SECOND);
	page.device[0].moved_in = 10;
	gb_history_add(&history, &sample, 2 * SECOND);
	assert_true(gb_history_find(&history, &page, 0)->rate[number_of("moved_in")] ==
		    0);
	gb_history_finish(&history);
}

static void the_past_is_kept_for_as_long_as_it_is_wide(void **state)
{
	struct gb_stats page = make_stats(7, 1);
	struct gb_sample sample = { .page = &page, .count = 1 };
	struct gb_history history = { 0 };
	const unsigned int looks = GB_HISTORY + 100;
	const struct gb_track *track;

	for (unsigned int i = 0; i <= looks; i++) {
		page.device[0].moved_in += i;
		gb_history_add(&history, &sample, (1 + i) * SECOND);
	}
	track = gb_history_find(&history, &page, 0);
	for (unsigned int ago = 0; ago < GB_HISTORY; ago++)
		assert_true(gb_track_past(track, track->in, ago) == looks - ago);
	assert_true(gb_track_past(track, track->in, GB_HISTORY) == 0);
	gb_history_finish(&history);
}

static void what_is_gone_is_forgotten_and_numbers_come_again(void **state)
{
	struct gb_stats page[] = { make_stats(7, 2), make_stats(9, 1) };
	struct gb_sample sample = { .page = page, .count = 2 };
	struct gb_history history = { 0 };

	gb_history_add(&history, &sample, SECOND);
	assert_int_equal(history.count, 3);
	sample.page = &page[1];
	sample.count = 1;
	gb_history_add(&history, &sample, 2 * SECOND);
	assert_int_equal(history.count, 1);
	assert_null(gb_history_find(&history, &page[0], 1));
	/* Another process of the same number. */
	page[1].start_ticks++;
	page[1].device[0].moved_in = 1 << 30;
	gb_history_add(&history, &sample, 3 * SECOND);
	assert_int_equal(history.count, 1);
	assert_int_equal(gb_history_find(&history, &page[1], 0)->count, 0);
	gb_history_finish(&history);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_first_look_knows_no_rate),
		cmocka_unit_test(counters_have_rates_and_the_link_their_sum),
		cmocka_unit_test(the_disk_of_a_process_has_rates),
		cmocka_unit_test(a_counter_that_went_back_counts_as_still),
		cmocka_unit_test(the_past_is_kept_for_as_long_as_it_is_wide),
		cmocka_unit_test(what_is_gone_is_forgotten_and_numbers_come_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
