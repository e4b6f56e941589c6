/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernels of kernels.c for the simulated GPU, which runs host functions in
 * place of PTX; it loads this object when GREENBOOST_SIM_KERNELS names it. Only
 * the tests need it.
 */
#include "greenboost/kernel.h"

GB_KERNEL(bench_empty)
{
}

GB_KERNEL(bench_four, (uint64_t, a), (uint64_t, b), (uint64_t, c), (uint64_t, d))
{
}

GB_COST(bench_fill)
{
	gb_cost_write(cost, gb_argument(launch, 0, uint32_t *),
		      4 * gb_argument(launch, 1, uint64_t));
}

GB_KERNEL(bench_fill, (uint32_t *, data), (uint64_t, count), (uint32_t, seed))
{
	GB_GRID_STRIDE(i, count)
	data[i] = (uint32_t)i * 2654435761u + seed;
}

GB_COST(bench_sum)
{
	gb_cost_read(cost, gb_argument(launch, 0, uint32_t *),
		     16 * gb_argument(launch, 1, uint64_t));
}

GB_KERNEL(bench_sum, (const uint32_t *, data), (uint64_t, count),
	  (uint32_t *, total))
{
	uint32_t sum = 0;

	GB_GRID_STRIDE(i, 4 * count)
	sum += data[i];
	gb_atomic_add(total, sum);
}
