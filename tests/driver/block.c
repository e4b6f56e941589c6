/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernels as the GPU runs them, with 256 threads a block, barriers and
 * shuffles: the device's half of the source, compiled for the processor.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lockstep.h"
#include "staged.h"

#define PAGES 5u

void greenboost_learn(const void *, uint64_t *, uint32_t);
void greenboost_carry(const void *, void *, uint64_t *, uint32_t,
		      struct gb_verdict *);
void greenboost_verify(const void *, const void *, uint32_t, struct gb_verdict *);

static _Alignas(16) uint64_t copy[PAGES * WORDS], home[PAGES * WORDS];
static uint64_t hashes[PAGES];
static struct gb_verdict verdict;

static void learn(void)
{
	greenboost_learn(copy, hashes, PAGES);
}

static void carry(void)
{
	greenboost_carry(copy, home, hashes, PAGES, &verdict);
}

static void verify(void)
{
	greenboost_verify(copy, home, PAGES, &verdict);
}

static void run_blocks(unsigned int blocks, void (*kernel)(void))
{
	memset(&verdict, 0, sizeof(verdict));
	lockstep.turns = 0;
	assert_true(lockstep_run(blocks, 256, kernel));
}

static void run_job(void (*kernel)(void))
{
	run_blocks(PAGES, kernel);
}

static int set_up(void **state)
{
	for (uint32_t i = 0; i < PAGES * WORDS; i++)
		copy[i] = home[i] = i * UINT64_C(0x2545f4914f6cdd1d) ^ i >> 3;
	lockstep.before = NULL;
	run_job(learn);
	return 0;
}

static void want_entries(void)
{
	for (uint32_t page = 0; page < PAGES; page++)
		assert_true(hashes[page] == reference_hash(home + page * WORDS));
}

static void learns_the_hash_of_every_page(void **state)
{
	want_entries();
}

/* A grid may be smaller than the job: a block then does several pages. */
static void one_block_does_all_pages(void **state)
{
	memset(hashes, 0, sizeof(hashes));
	run_blocks(1, learn);
	want_entries();
	copy[WORDS] = copy[3 * WORDS - 1] = 1;
	run_blocks(2, carry);
	assert_int_equal(verdict.pages, 2);
	assert_int_equal(verdict.first, 2);
	assert_memory_equal(copy, home, sizeof(copy));
	want_entries();
}

static void carries_what_has_changed(void **state)
{
	run_job(carry);
	assert_int_equal(verdict.pages, 0);
	assert_int_equal(verdict.first, 0);
	copy[4 * WORDS + 511] ^= UINT64_C(1) << 63;
	copy[1 * WORDS + WORDS - 1] ^= 1;
	home[0] ^= 1;
	run_job(carry);
	assert_int_equal(verdict.pages, 2);
	assert_int_equal(verdict.first, 2);
	assert_memory_equal(copy + WORDS, home + WORDS, 4 * GB_PAGE);
	assert_true(home[0] != copy[0]);
}

static void finds_what_differs(void **state)
{
	run_job(verify);
	assert_int_equal(verdict.pages, 0);
	home[WORDS - 1] ^= 1;
	home[4 * WORDS + 100] ^= 1;
	run_job(verify);
	assert_int_equal(verdict.pages, 2);
	assert_int_equal(verdict.first, 1);
}

/* Somebody writes to the copy while it is carried, at turn number when. */
static unsigned int when;

static void write_meanwhile(void)
{
	if (lockstep.turns != when)
		return;
	for (uint32_t i = 0; i < WORDS; i += 129)
		copy[2 * WORDS + i] = when + i;
}

static void a_hash_is_of_what_went_home(void **state)
{
	unsigned int changed_late = 0;

	for (when = 1; when < 6 * 256 * 30; when += 1021) {
		set_up(state);
		copy[2 * WORDS + 7] = when;
		lockstep.before = write_meanwhile;
		run_job(carry);
		want_entries();
		changed_late += memcmp(copy, home, sizeof(copy)) != 0;
		lockstep.before = NULL;
		run_job(carry);
		want_entries();
		assert_memory_equal(copy, home, sizeof(copy));
	}
	assert_true(changed_late > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(learns_the_hash_of_every_page, set_up),
		cmocka_unit_test_setup(one_block_does_all_pages, set_up),
		cmocka_unit_test_setup(carries_what_has_changed, set_up),
		cmocka_unit_test_setup(finds_what_differs, set_up),
		cmocka_unit_test_setup(a_hash_is_of_what_went_home, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
