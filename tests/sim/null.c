/* SPDX-License-Identifier: GPL-2.0-only */
/* No entry point may crash when all its parameters are 0. */
#include <dlfcn.h>

#include "sim_test.h"

typedef CUresult (*any_call)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
			     uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
			     uint64_t, uint64_t);

static const char *current;

static void call_current(void)
{
	any_call call = (any_call)dlsym(RTLD_DEFAULT, current);

	TRUE_(call != NULL);
	start();
	call(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
}

static void test_null(void **state)
{
	FILE *names = fopen(getenv("DRIVER_EXPORTS"), "r");
	char line[128];
	int failed = 0;

	assert_non_null(names);
	while (fgets(line, sizeof(line), names)) {
		line[strcspn(line, "\n")] = '\0';
		current = line;
		if (!run(call_current, NULL))
			continue;
		print_message("%s crashed\n", line);
		failed++;
	}
	fclose(names);
	assert_int_equal(failed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
