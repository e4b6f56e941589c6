/* SPDX-License-Identifier: GPL-2.0-only */
/* The clients' kernels, for the GPU and for the simulated one (kernel.h). */
#include <greenboost/kernel.h>

/* Changes every word by its place and @seed, so that lost work shows. */
GB_KERNEL(stir, (uint64_t *, data), (uint64_t, words), (uint64_t, seed))
{
	GB_GRID_STRIDE(i, words)
	data[i] = data[i] * 0x9e3779b97f4a7c15u + seed + i;
}

/* @to from @from, word by word. */
GB_KERNEL(blend, (uint64_t *, to), (const uint64_t *, from), (uint64_t, words))
{
	GB_GRID_STRIDE(i, words)
	to[i] = to[i] * 31 + from[i];
}

/* Where a function's parameters are one struct. */
struct job {
	uint32_t seed;
	uint64_t *to;
	uint64_t words;
};

GB_KERNEL(stir_job, (uint32_t, before), (struct job, job), (uint32_t, behind))
{
	GB_GRID_STRIDE(i, job.words)
	job.to[i] = job.to[i] * 3 + job.seed + before + behind + i;
}

/* As a tensor map: 128 bytes by value, the address in the first 8. */
struct map {
	uint64_t word[16];
};

GB_KERNEL(stir_map, (struct map, map), (uint64_t, words))
{
	GB_GRID_STRIDE(i, words)
	((uint64_t *)map.word[0])[i] += i + map.word[1];
}

/* Through addresses that lie in memory, which no launch shows. */
GB_KERNEL(stir_list, (uint64_t *const *, list), (uint64_t, count), (uint64_t, words))
{
	GB_GRID_STRIDE(i, words)
	for (uint64_t j = 0; j < count; j++)
		list[j][i] = list[j][i] * 5 + i + j;
}
