/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How fast the jobs are, by the GPU's own clock: figures to read on a real one
 * (see staged.h), and on the simulated one what its clock makes of a job, which
 * has to be what the memory that is read takes.
 */
#include "staged.h"

#define PAGES 4096u /* 256 MiB: more than any cache */

#define TIMES 5

/* The best of a few, in GB/s; with @changed no hash fits beforehand. */
static double rate(const struct staged *s, enum gb_reconcile_what what, bool changed)
{
	struct gb_reconcile job = job_of(s, what);
	gb_ticket from, to;
	uint64_t ns, best = UINT64_MAX;

	WANT(0, ops->ticket_create(s->stream, true, &from));
	WANT(0, ops->ticket_create(s->stream, true, &to));
	for (int i = 0; i < TIMES; i++) {
		if (changed)
			OK(cuMemsetD32_v2(s->hashes, 0, 2 * PAGES));
		OK(cuCtxSynchronize());
		WANT(0, ops->ticket_record(from, s->stream));
		WANT(0, ops->reconcile(s->stream, &job));
		WANT(0, ops->ticket_record(to, s->stream));
		WANT(0, ops->ticket_wait(to));
		WANT(0, ops->ticket_elapsed(from, to, &ns));
		best = ns < best ? ns : best;
	}
	ops->ticket_drop(from);
	ops->ticket_drop(to);
	return (double)(PAGES * GB_PAGE) / (double)best;
}

/* What is known of a card beforehand is only what its profile says. */
static void want(const char *what, double gb_per_s, double low, double high)
{
	fprintf(stderr, "%s: %.1f GB/s\n", what, gb_per_s);
	if (getenv("GREENBOOST_SIM_PROFILE"))
		TRUE_(gb_per_s > low && gb_per_s < high);
}

static void jobs_take_the_time_of_reading(void)
{
	struct staged s;

	begin_on(0);
	s = stage(0, PAGES);
	want("learn", rate(&s, GB_RECONCILE_LEARN, false), 3500, 4800);
	want("carry nothing", rate(&s, GB_RECONCILE_CARRY, false), 3500, 4800);
	want("verify", rate(&s, GB_RECONCILE_VERIFY, false), 40, 60);
	TRUE_(is_verdict(&s, 0, 0));
	want("carry all", rate(&s, GB_RECONCILE_CARRY, true), 0, 4800);
	TRUE_(is_verdict(&s, TIMES * PAGES, 1));
	TRUE_(is_home(&s));
}

SCENARIO(jobs_take_the_time_of_reading, NULL)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_jobs_take_the_time_of_reading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
