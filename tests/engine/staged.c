/* SPDX-License-Identifier: GPL-2.0-only */
/* The fake driver's streams, tickets and jobs, on which staging is tested. */
#include "test.h"

#include <stdlib.h>

#define PAGES (G / GB_PAGE)

static const struct gb_driver_ops *const ops = &fake_driver;

/* A copy, its home, and room for hashes. */
struct staged {
	uint64_t copy, home, hashes, stream;
	struct gb_verdict *verdict;
};

static struct staged stage(void)
{
	struct staged s = { take(G), take(G), take(G) };

	assert_int_equal(ops->stream_create(0, &s.stream), 0);
	assert_int_equal(ops->host_alloc(sizeof(*s.verdict), (void **)&s.verdict),
			 0);
	fill(s.copy, G, 7);
	fill(s.home, G, 7);
	return s;
}

static void unstage(struct staged *s)
{
	ops->stream_destroy(s->stream);
	ops->host_free(s->verdict);
	drop(s->copy);
	drop(s->home);
	drop(s->hashes);
}

static void reconcile(const struct staged *s, enum gb_reconcile_what what)
{
	struct gb_reconcile job = {
		.what = what,
		.copy = s->copy,
		.home = s->home,
		.hashes = s->hashes,
		.verdict = what == GB_RECONCILE_LEARN ? NULL : s->verdict,
		.pages = PAGES,
	};

	memset(s->verdict, 0, sizeof(*s->verdict));
	assert_int_equal(ops->reconcile(s->stream, &job), 0);
	fake_run_all();
}

static void a_changed_page_goes_home(void **state)
{
	struct staged s = stage();
	uint64_t word = 5;

	reconcile(&s, GB_RECONCILE_LEARN);
	reconcile(&s, GB_RECONCILE_CARRY);
	assert_int_equal(s.verdict->pages, 0);
	assert_true(fake_poke(0, s.copy + 3 * GB_PAGE, &word, 8));
	reconcile(&s, GB_RECONCILE_VERIFY);
	assert_int_equal(s.verdict->pages, 1);
	assert_true(matches(s.home, G, 7));
	reconcile(&s, GB_RECONCILE_CARRY);
	assert_int_equal(s.verdict->pages, 1);
	assert_int_equal(s.verdict->first, 4);
	assert_true(fake_peek(0, s.home + 3 * GB_PAGE, &word, 8) && word == 5);
	reconcile(&s, GB_RECONCILE_VERIFY);
	assert_int_equal(s.verdict->pages, 0);
	unstage(&s);
}

static void a_stream_waits_for_another(void **state)
{
	struct staged s = stage();
	gb_ticket ticket;

	assert_int_equal(ops->ticket_create(STREAM, false, &ticket), 0);
	assert_int_equal(ops->ticket_passed(ticket), 1);
	fake_kernel_write(STREAM, s.home, G, 9);
	assert_int_equal(ops->ticket_record(ticket, STREAM), 0);
	assert_int_equal(ops->ticket_passed(ticket), 0);
	assert_int_equal(ops->stream_wait(s.stream, ticket), 0);
	assert_int_equal(ops->stream_copy(s.stream, s.copy, s.home, G), 0);
	fake_kernel_write(STREAM, s.home, G, 10);
	/* The later record is none of that wait's. */
	assert_int_equal(ops->ticket_record(ticket, STREAM), 0);
	ops->stream_destroy(s.stream);
	assert_true(matches(s.copy, G, 9));
	assert_int_equal(ops->ticket_wait(ticket), 0);
	assert_true(matches(s.home, G, 10));
	ops->ticket_drop(ticket);
	assert_int_equal(ops->stream_create(0, &s.stream), 0);
	unstage(&s);
}

static void work_that_is_not_waited_for_comes_late(void **state)
{
	struct staged s = stage();

	fake_kernel_write(STREAM, s.home, G, 9);
	assert_int_equal(ops->stream_copy(s.stream, s.copy, s.home, G), 0);
	ops->stream_destroy(s.stream);
	assert_true(matches(s.copy, G, 7));
	fake_run_all();
	assert_int_equal(ops->stream_create(0, &s.stream), 0);
	unstage(&s);
}

static void a_state_is_of_the_stream(void **state)
{
	struct gb_stream_state one, two;

	assert_int_equal(ops->stream_state(0, &one), -EINVAL);
	assert_int_equal(ops->stream_state(STREAM, &one), 0);
	assert_int_equal(ops->stream_state(fake_stream(1, 0), &two), 0);
	assert_true(one.context != two.context && !one.capture);
	fake_capture(true, STREAM);
	assert_int_equal(ops->stream_state(STREAM, &one), 0);
	assert_true(one.capture);
	fake_capture(false, 0);
}

static void mistakes_are_faults(void **state)
{
	struct staged s = stage();
	struct gb_reconcile job = {
		.what = GB_RECONCILE_CARRY,
		.copy = s.copy,
		.home = s.home,
		.hashes = s.hashes,
		.verdict = s.verdict,
		.pages = 1,
	};

	memset(s.verdict, 0, sizeof(*s.verdict));
	job.copy += 4096;
	ops->reconcile(s.stream, &job);
	assert_int_equal(fake_faults(), 1);
	job.copy = s.copy;
	s.verdict->pages = 1;
	ops->reconcile(s.stream, &job);
	assert_int_equal(fake_faults(), 2);
	job.verdict = &(struct gb_verdict){ 0 };
	ops->reconcile(s.stream, &job);
	assert_int_equal(fake_faults(), 3);
	ops->stream_destroy(STREAM);
	assert_int_equal(fake_faults(), 4);
	fake_run_all();
	fake_pardon();
	unstage(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		usual_test(a_changed_page_goes_home),
		usual_test(a_stream_waits_for_another),
		usual_test(work_that_is_not_waited_for_comes_late),
		usual_test(a_state_is_of_the_stream),
		usual_test(mistakes_are_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
