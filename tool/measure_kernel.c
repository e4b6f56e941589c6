/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel that greenboost doctor measures with, for GPUs and the simulator. */
#include "greenboost/kernel.h"

/* What a thread reads at a time: one request of 16 bytes. */
struct gb_group {
	uint32_t word[4];
} __attribute__((aligned(16)));

GB_COST(greenboost_read)
{
	gb_cost_read(cost, gb_argument(launch, 0, const struct gb_group *),
		     16 * gb_argument(launch, 1, uint64_t));
}

/* Adds all words of @count groups to *@total; blocks of whole warps. */
GB_KERNEL(greenboost_read, (const struct gb_group *, data), (uint64_t, count),
	  (uint32_t *, total))
{
	uint32_t sum = 0;

	GB_GRID_STRIDE(i, count)
	{
		struct gb_group group = data[i];

		sum += group.word[0] + group.word[1] + group.word[2] +
		       group.word[3];
	}
	sum = (uint32_t)gb_block_sum(sum);
	if (!gb_thread_x())
		gb_atomic_add(total, sum);
}
