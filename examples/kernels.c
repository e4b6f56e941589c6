/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernels of the example. clang makes PTX of this file, which goes into the
 * program as text; the host's compiler makes of it what the simulated GPU runs
 * in their place, a library of its own that the program knows nothing of.
 */
#include <greenboost/kernel.h>

/* data[i] depends on @seed and i. */
GB_KERNEL(fill, (uint64_t *, data), (uint64_t, words), (uint64_t, seed))
{
	GB_GRID_STRIDE(i, words)
	{
		uint64_t x = (i + seed) * 0x9e3779b97f4a7c15u;

		data[i] = x ^ (x >> 29);
	}
}

GB_COST(fill)
{
	gb_cost_write(cost, gb_argument(launch, 0, uint64_t *),
		      8 * gb_argument(launch, 1, uint64_t));
}

/*
 * One layer: each word of @to from its weight and two neighbours of @from, so
 * that a word lost anywhere spreads.
 */
GB_KERNEL(mix, (uint64_t *, to), (const uint64_t *, from),
	  (const uint64_t *, weights), (uint64_t, words))
{
	GB_GRID_STRIDE(i, words)
	{
		uint64_t next = from[i + 1 < words ? i + 1 : 0];
		uint64_t x = (from[i] ^ weights[i]) * 0xff51afd7ed558ccdu + next;

		to[i] = x ^ (x >> 33);
	}
}

GB_COST(mix)
{
	uint64_t bytes = 8 * gb_argument(launch, 3, uint64_t);

	gb_cost_write(cost, gb_argument(launch, 0, uint64_t *), bytes);
	gb_cost_read(cost, gb_argument(launch, 1, uint64_t *), bytes);
	gb_cost_read(cost, gb_argument(launch, 2, uint64_t *), bytes);
}

/*
 * Every @slots-th word from @data[slot] on, folded in this order into one: the
 * same whatever the number of threads.
 */
GB_KERNEL(reduce, (uint64_t *, sums), (uint64_t, slots),
	  (const uint64_t *, data), (uint64_t, words))
{
	GB_GRID_STRIDE(slot, slots)
	{
		uint64_t sum = slot;

		for (uint64_t i = slot; i < words; i += slots)
			sum = (sum ^ data[i]) * 0x100000001b3u;
		sums[slot] = sum;
	}
}

GB_COST(reduce)
{
	gb_cost_write(cost, gb_argument(launch, 0, uint64_t *),
		      8 * gb_argument(launch, 1, uint64_t));
	gb_cost_read(cost, gb_argument(launch, 2, uint64_t *),
		     8 * gb_argument(launch, 3, uint64_t));
}
