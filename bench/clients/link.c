/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the machine can do, to hold the other figures against: the copy engine
 * from and to pinned memory, a copy from pageable memory, a kernel reading
 * pinned memory directly (zero-copy), and a kernel reading the GPU's own
 * memory. Every kind of transfer moves the same bytes, once to warm up and then
 * --runs times; each run is reported in nanoseconds.
 */
#include "driver.h"

#include <stdio.h>
#include <stdlib.h>

static struct {
	uint64_t bytes, runs;
} settings = { 1ull << 30, 5 };

static const struct bench_option options[] = {
	{ "bytes", &settings.bytes, "bytes of one transfer" },
	{ "runs", &settings.runs, "timed runs of each" },
};

struct buffers {
	uint32_t *pinned, *pageable;
	CUdeviceptr mapped; /* the pinned one, as the GPU sees it */
	CUdeviceptr device;
	uint32_t sum; /* of the words of each */
};

static void copy_in(struct bench_gpu *gpu, struct buffers *b, uint64_t *elapsed)
{
	uint64_t start = bench_now();

	BENCH_CHECK(gpu->call.cuMemcpyHtoD_v2(b->device, b->pinned, settings.bytes));
	BENCH_CHECK(gpu->call.cuCtxSynchronize());
	*elapsed = bench_now() - start;
}

static void copy_out(struct bench_gpu *gpu, struct buffers *b, uint64_t *elapsed)
{
	uint64_t start = bench_now();

	BENCH_CHECK(gpu->call.cuMemcpyDtoH_v2(b->pinned, b->device, settings.bytes));
	*elapsed = bench_now() - start;
}

static void copy_pageable(struct bench_gpu *gpu, struct buffers *b, uint64_t *elapsed)
{
	uint64_t start = bench_now();

	BENCH_CHECK(gpu->call.cuMemcpyHtoD_v2(b->device, b->pageable,
					      settings.bytes));
	BENCH_CHECK(gpu->call.cuCtxSynchronize());
	*elapsed = bench_now() - start;
}

static void read_and_compare(struct bench_gpu *gpu, CUdeviceptr data,
			     uint32_t sum, uint64_t *elapsed)
{
	if (bench_sum(gpu, data, settings.bytes, elapsed) != sum)
		bench_fail("the GPU read other words than were written");
}

static void read_link(struct bench_gpu *gpu, struct buffers *b, uint64_t *elapsed)
{
	read_and_compare(gpu, b->mapped, b->sum, elapsed);
}

static void read_device(struct bench_gpu *gpu, struct buffers *b, uint64_t *elapsed)
{
	read_and_compare(gpu, b->device, b->sum, elapsed);
}

static const struct {
	const char *name;
	void (*run)(struct bench_gpu *, struct buffers *, uint64_t *elapsed);
} transfers[] = {
	{ "copy_in_ns", copy_in },
	{ "copy_out_ns", copy_out },
	{ "copy_pageable_ns", copy_pageable },
	{ "read_link_ns", read_link },
	{ "read_device_ns", read_device },
};

static void buffers_init(struct bench_gpu *gpu, struct buffers *b)
{
	uint32_t word = 1;
	size_t i;

	BENCH_CHECK(gpu->call.cuMemHostAlloc((void **)&b->pinned, settings.bytes,
					     CU_MEMHOSTALLOC_DEVICEMAP));
	BENCH_CHECK(gpu->call.cuMemHostGetDevicePointer_v2(&b->mapped, b->pinned, 0));
	BENCH_CHECK(gpu->call.cuMemAlloc_v2(&b->device, settings.bytes));
	b->pageable = malloc(settings.bytes);
	if (!b->pageable)
		bench_fail("no memory");
	for (i = 0; i < settings.bytes / 4; i++) {
		word = word * 1664525u + 1013904223u;
		b->pinned[i] = b->pageable[i] = word;
	}
	b->sum = bench_host_sum(b->pinned, settings.bytes);
}

static void buffers_finish(struct bench_gpu *gpu, struct buffers *b)
{
	free(b->pageable);
	BENCH_CHECK(gpu->call.cuMemFree_v2(b->device));
	BENCH_CHECK(gpu->call.cuMemFreeHost(b->pinned));
}

int main(int argc, char **argv)
{
	struct bench_gpu gpu;
	struct buffers buffers;
	uint64_t elapsed, run;
	size_t i;

	bench_options(argc, argv, options, sizeof(options) / sizeof(*options));
	if (!settings.bytes || settings.bytes % 16)
		bench_fail("--bytes must be a multiple of 16");
	bench_gpu_init(&gpu);
	buffers_init(&gpu, &buffers);

	printf("{\"client\": \"link\", ");
	bench_print_gpu(&gpu);
	printf("\"bytes\": %llu", (unsigned long long)settings.bytes);
	for (i = 0; i < sizeof(transfers) / sizeof(transfers[0]); i++) {
		transfers[i].run(&gpu, &buffers, &elapsed);
		printf(", \"%s\": [", transfers[i].name);
		for (run = 0; run < settings.runs; run++) {
			transfers[i].run(&gpu, &buffers, &elapsed);
			printf("%s%llu", run ? ", " : "",
			       (unsigned long long)elapsed);
		}
		printf("]");
	}
	printf("}\n");

	buffers_finish(&gpu, &buffers);
	bench_gpu_finish(&gpu);
	return 0;
}
