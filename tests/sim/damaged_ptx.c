/* SPDX-License-Identifier: GPL-2.0-only */
/* PTX that is nearly right: refused, or read into a table that makes sense. */
#include "sim_test.h"

#include "../../sim/ptx.h"
#include "../common/damage.h"
#include "ptx_sample.h"

static const char good[] = PTX_SAMPLE;
static const char alphabet[] = ".,;(){}[]=<>/*\"\\ \n\tab01289xfX_%$@-\xff";

static uint64_t seeds = 5000;

static void check(const struct sim_ptx *ptx)
{
	for (size_t i = 0; i < ptx->entry_count; i++) {
		const struct sim_entry *entry = &ptx->entries[i];

		assert_true(strlen(entry->name) <= sizeof(good));
		assert_true(entry->count <= SIM_PARAMETERS);
		for (unsigned int k = 0; k < entry->count; k++)
			assert_true(entry->offset[k] + entry->size[k] <=
				    entry->bytes);
	}
	for (size_t i = 0; i < ptx->variable_count; i++)
		assert_true(strlen(ptx->variables[i].name) <= sizeof(good));
}

static void test_undamaged(void **state)
{
	struct sim_ptx ptx;

	assert_true(sim_ptx_parse(good, &ptx));
	assert_int_equal(ptx.entry_count, 2);
	assert_int_equal(ptx.entries[0].count, 3);
	assert_int_equal(ptx.entries[0].bytes, 40);
	check(&ptx);
	sim_ptx_finish(&ptx);
}

/* Declared as large as one likes; but not with values, which take memory. */
static void test_too_large(void **state)
{
	static const char head[] = ".version 7.0\n.target sm_70\n.address_size 64\n"
				   ".global .align 4 .b8 large[80000000000]";
	char text[256];
	struct sim_ptx ptx;

	snprintf(text, sizeof(text), "%s;\n", head);
	assert_true(sim_ptx_parse(text, &ptx));
	assert_int_equal(ptx.variables[0].bytes, 80000000000);
	sim_ptx_finish(&ptx);
	snprintf(text, sizeof(text), "%s = {1, 2};\n", head);
	assert_false(sim_ptx_parse(text, &ptx));
}

static void test_damaged(void **state)
{
	for (uint64_t seed = 1; seed <= seeds; seed++) {
		char *text = damage(good, alphabet, seed);
		struct sim_ptx ptx;

		if (sim_ptx_parse(text, &ptx)) {
			check(&ptx);
			sim_ptx_finish(&ptx);
		}
		free(text);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_undamaged),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_damaged),
	};

	if (argc == 2)
		seeds = strtoull(argv[1], NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
