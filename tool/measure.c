/* SPDX-License-Identifier: GPL-2.0-only */
#include "measure.h"

#include <stdlib.h>

#define MIB (UINT64_C(1) << 20)

/*
 * A copy of 64 MiB is within 0.2 % of one of 2 GiB (docs/measurements.md, rows
 * L1 and L2); kernels want more than the largest L2 of today, 126 MiB.
 */
const struct gb_effort gb_effort_full = {
	.runs = 5,
	.copy_bytes = 1024 * MIB,
	.pin_bytes = 256 * MIB,
	.ram_bytes = 2048 * MIB,
	.disk_bytes = 1024 * MIB,
	.disk_seconds = 3,
};

const struct gb_effort gb_effort_quick = {
	.runs = 3,
	.copy_bytes = 256 * MIB,
	.pin_bytes = 64 * MIB,
	.ram_bytes = 256 * MIB,
	.disk_bytes = 128 * MIB,
	.disk_seconds = 0.5,
};

static int compare(const void *a, const void *b)
{
	double first = *(const double *)a, second = *(const double *)b;

	return (first > second) - (first < second);
}

double gb_median(double *value, unsigned int count)
{
	qsort(value, count, sizeof(*value), compare);
	return value[count / 2];
}
