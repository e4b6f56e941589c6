/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The three jobs of struct gb_reconcile, as the GPU does them: one block a page.
 *
 * The hash. A page is 512 chains of 16 words of 8 bytes: chain n has the words n,
 * n + 512, n + 1024 and so on. It takes them in one by one, each with
 *
 *	state = rotate(state + word * PRIME_2, 31) * PRIME_1
 *
 * which is XXH64's round with its constants (Y. Collet, xxHash). That maps one
 * to one from the word for any state, and from the state for any word: a chain
 * in which one word differs, be it by one bit, always ends in another state.
 * States begin as the numbers of their chains, so that a word counts for where
 * it is. In the end each goes through a mix, again one to one, in which any bit
 * sways all (the 13th of D. Stafford's, that of splitmix64), and the hash is the
 * sum. So a difference within one chain's one word never passes; any other does
 * by 1 in 2^64, as far as the mix is as good as chance. Nobody is kept from
 * making two pages of one hash on purpose.
 *
 * The cost is 20 instructions for 16 bytes (ptxas 13.0 for sm_90), of the 120 that
 * an H200 has the time for while it reads them at 4.4 TB/s.
 */
#include <stdint.h>

#include <greenboost/kernel.h>

#include "../engine/driver.h"

/* The most that a thread can read at once. */
typedef uint64_t gb_lane __attribute__((vector_size(16)));

/* A page as the block sees it: a thread has a column. */
#define LANES	4096u
#define COLUMNS 256u
#define ROWS	(LANES / COLUMNS)
_Static_assert(LANES * sizeof(gb_lane) == GB_PAGE, "a page is so many lanes");

/* Loads that a thread has under way; more would cost registers, so warps. */
#define BATCH 8u

#define PRIME_1 UINT64_C(0x9e3779b185ebca87)
#define PRIME_2 UINT64_C(0xc2b2ae3d27d4eb4f)

GB_DEVICE uint64_t take_in(uint64_t state, uint64_t word)
{
	state += word * PRIME_2;
	return (state << 31 | state >> 33) * PRIME_1;
}

GB_DEVICE uint64_t mix(uint64_t state)
{
	state = (state ^ state >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	state = (state ^ state >> 27) * UINT64_C(0x94d049bb133111eb);
	return state ^ state >> 31;
}

/*
 * A column's part of the hash of the page at @from. With @to, the column is
 * stored there too, the very bytes that were hashed.
 */
GB_DEVICE uint64_t hash_column(const gb_lane *from, gb_lane *to, uint32_t column)
{
	uint64_t even = 2 * column + 1, odd = 2 * column + 2;
	gb_lane lane[BATCH];

	from += column;
	for (uint32_t row = 0; row < ROWS; row += BATCH) {
		GB_UNROLL
		for (uint32_t i = 0; i < BATCH; i++)
			lane[i] = from[(row + i) * COLUMNS];
		GB_UNROLL
		for (uint32_t i = 0; i < BATCH; i++) {
			even = take_in(even, lane[i][0]);
			odd = take_in(odd, lane[i][1]);
		}
		if (!to)
			continue;
		GB_UNROLL
		for (uint32_t i = 0; i < BATCH; i++)
			to[column + (row + i) * COLUMNS] = lane[i];
	}
	return mix(even) + mix(odd);
}

/*
 * Called by one thread a page. The GPU's own atomics are enough, which all GPUs
 * have on memory of the host's too: nobody else writes there meanwhile.
 */
GB_DEVICE void report(struct gb_verdict *verdict, uint32_t page)
{
	uint32_t first;

	if (!verdict)
		return;
	gb_atomic_add(&verdict->pages, 1);
	first = __atomic_load_n(&verdict->first, __ATOMIC_RELAXED);
	while (!first || first > page + 1)
		if (__atomic_compare_exchange_n(&verdict->first, &first,
						page + 1, 0, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED))
			break;
}

#define EACH_PAGE(page, pages)                                                 \
	for (uint32_t page = gb_block_x(); page < (pages);                     \
	     page += gb_grid_dim_x())

GB_KERNEL(greenboost_learn, (const gb_lane *, copy), (uint64_t *, hashes),
	  (uint32_t, pages))
{
	EACH_PAGE(page, pages)
	{
		const gb_lane *from = copy + (uint64_t)page * LANES;
		uint64_t hash = 0;

		GB_BLOCK_STRIDE(column, COLUMNS)
		hash += hash_column(from, 0, column);
		hash = gb_block_sum(hash);
		if (gb_thread_x() == 0)
			hashes[page] = hash;
	}
}

/*
 * A page that has changed is read once more, to go home: keeping it in
 * registers from the first time would cost each thread 64 of them, hence half
 * of the warps that hide the reading, and changed pages are few. The hash that
 * is entered is of what went home, should somebody write to the copy meanwhile.
 *
 * One thread compares, for all to agree on the way.
 */
GB_KERNEL(greenboost_carry, (const gb_lane *, copy), (gb_lane *, home),
	  (uint64_t *, hashes), (uint32_t, pages), (struct gb_verdict *, verdict))
{
	EACH_PAGE(page, pages)
	{
		const gb_lane *from = copy + (uint64_t)page * LANES;
		gb_lane *to = home + (uint64_t)page * LANES;
		uint64_t hash = 0, change = 0;

		if (gb_thread_x() == 0)
			change -= hashes[page];
		GB_BLOCK_STRIDE(column, COLUMNS)
		change += hash_column(from, 0, column);
		if (!gb_block_sum(change))
			continue;
		GB_BLOCK_STRIDE(column, COLUMNS)
		hash += hash_column(from, to, column);
		hash = gb_block_sum(hash);
		if (gb_thread_x() != 0)
			continue;
		hashes[page] = hash;
		report(verdict, page);
	}
}

GB_KERNEL(greenboost_verify, (const gb_lane *, copy), (const gb_lane *, home),
	  (uint32_t, pages), (struct gb_verdict *, verdict))
{
	EACH_PAGE(page, pages)
	{
		const gb_lane *a = copy + (uint64_t)page * LANES;
		const gb_lane *b = home + (uint64_t)page * LANES;
		uint64_t differing = 0;

		GB_BLOCK_STRIDE(i, LANES)
		differing += a[i][0] != b[i][0] || a[i][1] != b[i][1];
		differing = gb_block_sum(differing);
		if (differing && gb_thread_x() == 0)
			report(verdict, page);
	}
}

/* For the simulator's clock, which is told before anything is known to differ. */

GB_COST(greenboost_learn)
{
	uint64_t pages = gb_argument(launch, 2, uint32_t);

	gb_cost_read(cost, gb_argument(launch, 0, const void *), pages * GB_PAGE);
	gb_cost_write(cost, gb_argument(launch, 1, const void *), pages * 8);
}

GB_COST(greenboost_carry)
{
	uint64_t pages = gb_argument(launch, 3, uint32_t);

	gb_cost_read(cost, gb_argument(launch, 0, const void *), pages * GB_PAGE);
	gb_cost_read(cost, gb_argument(launch, 2, const void *), pages * 8);
}

GB_COST(greenboost_verify)
{
	uint64_t pages = gb_argument(launch, 2, uint32_t);

	gb_cost_read(cost, gb_argument(launch, 0, const void *), pages * GB_PAGE);
	gb_cost_read(cost, gb_argument(launch, 1, const void *), pages * GB_PAGE);
}
