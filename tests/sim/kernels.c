/* SPDX-License-Identifier: GPL-2.0-only */
/* A kernel in one source for both worlds; see kernel.c. */
#include <greenboost/kernel.h>

struct range {
	float *at;
	uint64_t count;
};

GB_KERNEL(axpy, (struct range, y), (const float *, x), (float, a))
{
	GB_GRID_STRIDE(i, y.count)
	y.at[i] += a * x[i];
}

GB_COST(axpy)
{
	struct range y = gb_argument(launch, 0, struct range);

	gb_cost_read(cost, gb_argument(launch, 1, const float *), 4 * y.count);
	gb_cost_read(cost, y.at, 4 * y.count);
	gb_cost_write(cost, y.at, 4 * y.count);
}
