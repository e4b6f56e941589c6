/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What one launch of an empty kernel costs the program's thread.
 *
 * Launches are timed in bursts short enough that the driver's queue (about a
 * thousand) never fills, and the wait for the GPU between bursts is left out:
 * otherwise the GPU's own pace, and not the call, would be what is measured.
 *
 * With --hold the program first takes that much memory, in --pieces, and fills
 * it, and with --four the kernel gets four addresses in it. With --read it is a
 * kernel that reads a piece whole, one after the other of --few of them: those
 * that took longest to be read the first time, so that memory behind the link
 * is chosen where there is any. What was read is compared, before and after.
 */
#include "driver.h"

#include <stdio.h>
#include <stdlib.h>

static struct {
	uint64_t launches, burst, batches, hold, four, pieces, read, few;
} settings = { 1000000, 500, 10, 0, 0, 1, 0, 0 };

static const struct bench_option options[] = {
	{ "launches", &settings.launches, "launches in all" },
	{ "burst", &settings.burst, "launches between two waits" },
	{ "batches", &settings.batches, "parts that are reported one by one" },
	{ "hold", &settings.hold, "bytes of GPU memory to hold meanwhile" },
	{ "four", &settings.four, "1: pass four addresses to the kernel" },
	{ "pieces", &settings.pieces, "allocations that --hold is parted into" },
	{ "read", &settings.read, "1: the kernel reads a piece" },
	{ "few", &settings.few, "pieces that are read in turn (all)" },
};

struct piece {
	CUdeviceptr data;
	uint32_t seed;
	uint64_t read_ns; /* how long the first read took */
};

/* What all is launched with. */
struct launches {
	struct bench_gpu *gpu;
	struct piece *pieces; /* the slowest to read first */
	size_t bytes;	      /* of one piece */
	uint64_t next;	      /* of --few */
	uint64_t compared, wrong;
};

static void look(struct launches *all, struct piece *piece)
{
	uint32_t sum =
		bench_sum(all->gpu, piece->data, all->bytes, &piece->read_ns);

	all->compared++;
	all->wrong += sum != bench_fill_sum(all->bytes, piece->seed);
}

static int by_time(const void *one, const void *other)
{
	uint64_t a = ((const struct piece *)one)->read_ns;
	uint64_t b = ((const struct piece *)other)->read_ns;

	return a < b ? 1 : a > b ? -1 : 0;
}

static void launches_init(struct launches *all, struct bench_gpu *gpu)
{
	uint64_t i;

	*all = (struct launches){ .gpu = gpu };
	all->pieces = calloc(settings.pieces, sizeof(*all->pieces));
	if (!all->pieces)
		bench_fail("no memory");
	if (!settings.hold)
		return;
	all->bytes = settings.hold / settings.pieces;
	for (i = 0; i < settings.pieces; i++) {
		struct piece *piece = &all->pieces[i];

		piece->seed = (uint32_t)i + 1;
		BENCH_CHECK(gpu->call.cuMemAlloc_v2(&piece->data, all->bytes));
		bench_fill(gpu, piece->data, all->bytes, piece->seed);
	}
	for (i = 0; settings.read && i < settings.pieces; i++)
		look(all, &all->pieces[i]);
	qsort(all->pieces, settings.pieces, sizeof(*all->pieces), by_time);
}

static void launches_finish(struct launches *all)
{
	uint64_t i;

	for (i = 0; settings.hold && i < settings.pieces; i++)
		BENCH_CHECK(all->gpu->call.cuMemFree_v2(all->pieces[i].data));
	free(all->pieces);
}

static void launch_read(struct launches *all)
{
	struct piece *piece = &all->pieces[all->next++ % settings.few];
	uint64_t count = all->bytes / 16;
	void *parameters[] = { &piece->data, &count, &all->gpu->total };

	bench_launch(all->gpu, all->gpu->sum, parameters);
}

static void launch_empty(struct launches *all)
{
	struct bench_gpu *gpu = all->gpu;
	CUdeviceptr held = all->pieces[0].data;
	CUdeviceptr address[4] = { held, held + 256, held + 512, held + 768 };
	void *parameters[] = { &address[0], &address[1], &address[2], &address[3] };

	BENCH_CHECK(gpu->call.cuLaunchKernel(
		settings.four ? gpu->four : gpu->empty, 1, 1, 1, 1, 1, 1, 0,
		NULL, settings.four ? parameters : NULL, NULL));
}

static uint64_t burst_time(struct launches *all, uint64_t count)
{
	void (*launch)(struct launches *) =
		settings.read ? launch_read : launch_empty;
	uint64_t start = bench_now(), elapsed, i;

	for (i = 0; i < count; i++)
		launch(all);
	elapsed = bench_now() - start;
	BENCH_CHECK(all->gpu->call.cuCtxSynchronize());
	return elapsed;
}

/* Nanoseconds a launch, over @count launches. */
static double batch_time(struct launches *all, uint64_t count)
{
	uint64_t elapsed = 0, left, part;

	for (left = count; left; left -= part) {
		part = left < settings.burst ? left : settings.burst;
		elapsed += burst_time(all, part);
	}
	return (double)elapsed / (double)count;
}

static bool is_sensible(void)
{
	if (!settings.launches || !settings.burst || !settings.batches ||
	    !settings.pieces || settings.batches > settings.launches)
		return false;
	if (settings.hold % (16 * settings.pieces) || settings.few > settings.pieces)
		return false;
	return settings.hold || (!settings.read && settings.pieces == 1);
}

int main(int argc, char **argv)
{
	uint64_t batch, count;
	struct launches all;
	struct bench_gpu gpu;

	bench_options(argc, argv, options, sizeof(options) / sizeof(*options));
	if (!is_sensible())
		bench_fail("nonsense in the options");
	if (!settings.few)
		settings.few = settings.pieces;
	bench_gpu_init(&gpu);
	launches_init(&all, &gpu);
	count = settings.launches / settings.batches;
	batch_time(&all, count < 10000 ? count : 10000);

	printf("{\"client\": \"launches\", ");
	bench_print_gpu(&gpu);
	printf("\"launches\": %llu, \"ns_per_launch\": [",
	       (unsigned long long)(count * settings.batches));
	for (batch = 0; batch < settings.batches; batch++)
		printf("%s%.2f", batch ? ", " : "", batch_time(&all, count));
	for (batch = 0; settings.read && batch < settings.few; batch++)
		look(&all, &all.pieces[batch]);
	printf("], \"compared\": %llu, \"wrong\": %llu}\n",
	       (unsigned long long)all.compared, (unsigned long long)all.wrong);

	launches_finish(&all);
	bench_gpu_finish(&gpu);
	return 0;
}
