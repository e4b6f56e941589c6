/* SPDX-License-Identifier: GPL-2.0-only */
/* The library as it is built where there is no compiler for GPUs. */
#include <errno.h>

#include "staged.h"

static void there_are_no_jobs(void)
{
	struct staged s;

	begin_on(0);
	s = stage(0, 1);
	WANT(-EOPNOTSUPP, ops->reconcile_prepare(s.stream));
	WANT(-EOPNOTSUPP, reconcile(&s, GB_RECONCILE_LEARN));
	finish(s.stream);
}

SCENARIO(there_are_no_jobs, NULL)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_are_no_jobs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
