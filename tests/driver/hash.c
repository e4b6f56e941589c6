/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the hash of a page tells apart: differences as programs make them, page
 * by page against one that all began as.
 */
#include "staged.h"

#define LANE 2	  /* words */
#define ROW  512u /* words that a block reads at once */

#define PAGES 512u

static struct staged s;

/* Every page the same, with its hash learnt. */
static void begin(const uint64_t *page)
{
	if (!s.pages) {
		begin_on(0);
		s = stage(0, PAGES);
	}
	for (uint32_t i = 0; i < PAGES; i++)
		memcpy(s.image + i * WORDS, page, GB_PAGE);
	memcpy(s.home, s.image, PAGES * GB_PAGE);
	write_copy(&s);
	WANT(0, reconcile(&s, GB_RECONCILE_LEARN));
}

/* Every page was changed: does the hash say so of each? */
static void want_all_found(void)
{
	write_copy(&s);
	WANT(0, reconcile(&s, GB_RECONCILE_CARRY));
	TRUE_(is_verdict(&s, PAGES, 1));
	TRUE_(is_home(&s));
}

/* Weights as they are: floats around zero. */
static const uint64_t *floats(void)
{
	static float page[GB_PAGE / sizeof(float)];
	uint32_t x = 12345;

	for (size_t i = 0; i < GB_PAGE / sizeof(float); i++) {
		x = x * 1664525 + 1013904223;
		page[i] = (float)(int32_t)x * 0x1p-34f;
	}
	return (const uint64_t *)page;
}

static const uint64_t *zeros(void)
{
	static uint64_t page[WORDS];

	return page;
}

static uint64_t *page_of(uint32_t i)
{
	return s.image + i * WORDS;
}

static void swap(uint64_t *a, uint64_t *b, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint64_t held = a[i];

		a[i] = b[i];
		b[i] = held;
	}
}

/*
 * One bit: each of a word, in words of every row, of columns at the edges of
 * warps and of the block, and in both halves of a lane.
 */
static void finds_any_single_bit(void)
{
	static const uint32_t column[] = { 0, 1, 15, 31, 32, 127, 254, 255 };

	for (uint32_t row = 0; row < WORDS / ROW; row++)
		for (uint32_t half = 0; half < LANE; half++) {
			begin(half ? floats() : zeros());
			for (uint32_t i = 0; i < PAGES; i++)
				page_of(i)[row * ROW + LANE * column[i / 64] + half] ^=
					UINT64_C(1) << i % 64;
			want_all_found();
		}
}

/* The same bit in two words, where sums of products tend to cancel. */
static void finds_the_same_bit_twice(void)
{
	static const uint32_t distance[] = { 1,	  2,	   3,	    ROW - 1,
					     ROW, 2 * ROW, ROW + 1, WORDS / 2 };
	static const uint64_t bits[] = { UINT64_C(1) << 63, 1, UINT64_C(1) << 31,
					 UINT64_C(1) << 31 | UINT64_C(1) << 63 };

	for (int bit = 0; bit < 4; bit++) {
		begin(floats());
		for (uint32_t i = 0; i < PAGES; i++) {
			uint32_t at = i * 61 % (WORDS / 2);

			page_of(i)[at] ^= bits[bit];
			page_of(i)[at + distance[i % 8]] ^= bits[bit];
		}
		want_all_found();
	}
}

/* What adds up to the same: the words, or their exclusive or. */
static void finds_what_sums_miss(void)
{
	begin(floats());
	for (uint32_t i = 0; i < PAGES; i++) {
		uint64_t *at = page_of(i) + 13 * i % (WORDS - ROW);

		at[0] += i + 1;
		at[i % 2 ? 1 : ROW] -= i + 1;
	}
	want_all_found();
}

/* Words, lanes, rows, columns and halves of the page in another order. */
static void finds_what_has_only_moved(void)
{
	begin(floats());
	for (uint32_t i = 0; i < PAGES; i++) {
		uint32_t n = i / 8;
		uint64_t *at = page_of(i);

		switch (i % 8) {
		case 0: /* two words of a lane */
			swap(at + LANE * n, at + LANE * n + 1, 1);
			break;
		case 1: /* two lanes of a row */
			swap(at + LANE * n, at + LANE * (n + 64), LANE);
			break;
		case 2: /* two lanes of a column */
			swap(at + LANE * n, at + LANE * n + ROW, LANE);
			break;
		case 3: /* two rows */
			swap(at + n % 8 * ROW, at + (n % 8 + 8) * ROW, ROW);
			break;
		case 4: /* two columns */
			for (uint32_t row = 0; row < WORDS; row += ROW)
				swap(at + row + LANE * n,
				     at + row + LANE * (n + 100), LANE);
			break;
		case 5: /* halves */
			swap(at, at + WORDS / 2, WORDS / 2);
			break;
		case 6: /* all by some words */
			memmove(at, at + 1 + n, GB_PAGE - 8 * (1 + n));
			break;
		default: /* all by some bytes */
			memmove((uint8_t *)at + 1 + n % 7, at, GB_PAGE - 8);
		}
	}
	want_all_found();
}

/* What a kernel does to all of a page. */
static void finds_what_is_done_to_every_word(void)
{
	begin(floats());
	for (uint32_t i = 0; i < PAGES; i++)
		for (uint32_t k = 0; k < WORDS; k++)
			page_of(i)[k] =
				i % 2 ? page_of(i)[k] ^ UINT64_C(0x8000000080000000)
				      : page_of(i)[k] + 1 + i;
	want_all_found();
	begin(zeros());
	for (uint32_t i = 0; i < PAGES; i++)
		memset(page_of(i), 1 + (int)i % 255, GB_PAGE);
	want_all_found();
}

static int bits_set(uint64_t value)
{
	return __builtin_popcountll(value);
}

/*
 * An input bit sways half of the hash's, whichever it is. By chance an output
 * bit's share of 8192 cases is off by a twentieth once in 10^18 times (nine
 * standard deviations), and that of all of them by a fiftieth never.
 */
static void every_bit_sways_every_bit(void)
{
	static uint64_t page[WORDS];
	uint64_t all = 0, before, after;
	uint32_t count[64] = { 0 }, tries = 0;

	memcpy(page, floats(), GB_PAGE);
	before = reference_hash(page);
	for (uint32_t i = 0; i < 8192; i++, tries++) {
		uint64_t bit = UINT64_C(1) << i % 64;

		page[i * 67 % WORDS] ^= bit;
		after = reference_hash(page) ^ before;
		page[i * 67 % WORDS] ^= bit;
		all += (uint64_t)bits_set(after);
		for (int k = 0; k < 64; k++)
			count[k] += after >> k & 1;
	}
	TRUE_(all > tries * 64 * 0.49 && all < tries * 64 * 0.51);
	for (int k = 0; k < 64; k++)
		TRUE_(count[k] > tries * 0.45 && count[k] < tries * 0.55);
}

/* Pages that differ in one small number have hashes that share nothing. */
static void the_same_page_with_another_number_hashes_anew(void)
{
	static uint64_t page[WORDS], hash[4096];

	for (uint64_t i = 0; i < 4096; i++) {
		page[777] = i;
		hash[i] = reference_hash(page);
		for (uint64_t k = 0; k < i; k++)
			TRUE_((uint32_t)hash[i] != (uint32_t)hash[k] ||
			      hash[i] >> 32 != hash[k] >> 32);
	}
}

SCENARIO(finds_any_single_bit, NULL)
SCENARIO(finds_the_same_bit_twice, NULL)
SCENARIO(finds_what_sums_miss, NULL)
SCENARIO(finds_what_has_only_moved, NULL)
SCENARIO(finds_what_is_done_to_every_word, NULL)
SCENARIO(every_bit_sways_every_bit, NULL)
SCENARIO(the_same_page_with_another_number_hashes_anew, NULL)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds_any_single_bit),
		cmocka_unit_test(test_finds_the_same_bit_twice),
		cmocka_unit_test(test_finds_what_sums_miss),
		cmocka_unit_test(test_finds_what_has_only_moved),
		cmocka_unit_test(test_finds_what_is_done_to_every_word),
		cmocka_unit_test(test_every_bit_sways_every_bit),
		cmocka_unit_test(test_the_same_page_with_another_number_hashes_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
