/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How fast RAM becomes memory that the GPU reads, by each way there is:
 *
 *	driver		handles that the driver makes on the host
 *	anonymous	memory of the process, touched by threads and registered
 *	huge		memory files of huge pages, registered: in the place of the
 *			kernel module's buffers, which are such pages too; left out
 *			where the machine has none set aside (vm.nr_hugepages)
 *
 * Each way, pieces of --extent bytes are made next to each other in a reservation
 * of the driver's, as GreenBoost has them in its arena. "make" is what it takes
 * until there are cleared pages, "register" until the GPU may use them. The GPU
 * then writes and reads across all pieces, and the CPU reads what it wrote.
 */
#include "driver.h"
#include "huge.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define GRANULE	    (UINT64_C(2) << 20)
#define THREADS_MAX 64

static struct {
	uint64_t bytes, extent, runs, threads;
} settings = { UINT64_C(8) << 30, UINT64_C(64) << 20, 3, 8 };

static const struct bench_option options[] = {
	{ "bytes", &settings.bytes, "bytes in all" },
	{ "extent", &settings.extent, "bytes of a piece, a multiple of 2m" },
	{ "runs", &settings.runs, "timed runs of each way" },
	{ "threads", &settings.threads, "that clear pages" },
};

struct piece {
	char *at;
	CUmemGenericAllocationHandle handle;
	int fd;
};

struct pieces {
	struct bench_gpu *gpu;
	CUdeviceptr base;
	size_t count;
	struct piece *piece;
};

struct way {
	const char *name;
	/* These work on one piece; pages is called by several threads. */
	void (*make)(struct pieces *, struct piece *);
	void (*pages)(struct piece *);
	void (*publish)(struct pieces *, struct piece *);
	void (*release)(struct pieces *, struct piece *);
	bool by_cpu; /* can read it */
};

static void driver_make(struct pieces *pieces, struct piece *piece)
{
	piece->handle = bench_host_handle(pieces->gpu, settings.extent);
}

static void driver_publish(struct pieces *pieces, struct piece *piece)
{
	bench_map(pieces->gpu, (CUdeviceptr)piece->at, settings.extent,
		  piece->handle);
}

static void driver_release(struct pieces *pieces, struct piece *piece)
{
	BENCH_CHECK(pieces->gpu->call.cuMemUnmap((CUdeviceptr)piece->at,
						 settings.extent));
	BENCH_CHECK(pieces->gpu->call.cuMemRelease(piece->handle));
}

static void map(struct piece *piece, int protection, int flags, int fd)
{
	if (mmap(piece->at, settings.extent, protection, flags | MAP_FIXED, fd,
		 0) == MAP_FAILED)
		bench_fail("cannot map a piece: %m");
}

static void anonymous_make(struct pieces *pieces, struct piece *piece)
{
	map(piece, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	madvise(piece->at, settings.extent, MADV_HUGEPAGE);
}

static void touch(struct piece *piece)
{
	for (uint64_t at = 0; at < settings.extent; at += 4096)
		((volatile char *)piece->at)[at] = 0;
}

static void registered_publish(struct pieces *pieces, struct piece *piece)
{
	BENCH_CHECK(pieces->gpu->call.cuMemHostRegister_v2(
		piece->at, settings.extent,
		CU_MEMHOSTREGISTER_PORTABLE | CU_MEMHOSTREGISTER_DEVICEMAP));
}

static void registered_release(struct pieces *pieces, struct piece *piece)
{
	BENCH_CHECK(pieces->gpu->call.cuMemHostUnregister(piece->at));
	map(piece, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
}

static void huge_make(struct pieces *pieces, struct piece *piece)
{
	piece->fd = bench_huge_file(settings.extent);
}

static void huge_pages(struct piece *piece)
{
	if (fallocate(piece->fd, 0, 0, (off_t)settings.extent))
		bench_fail("too few huge pages: %m");
}

/* As the library does it with a buffer: mapped, the descriptor closed. */
static void huge_publish(struct pieces *pieces, struct piece *piece)
{
	map(piece, PROT_READ | PROT_WRITE, MAP_SHARED, piece->fd);
	close(piece->fd);
	registered_publish(pieces, piece);
}

static const struct way ways[] = {
	{ "driver", driver_make, NULL, driver_publish, driver_release, false },
	{ "anonymous", anonymous_make, touch, registered_publish,
	  registered_release, true },
	{ "huge", huge_make, huge_pages, huge_publish, registered_release, true },
};

struct work {
	struct pieces *pieces;
	const struct way *way;
	_Atomic size_t next;
};

static void *make_pages(void *data)
{
	struct work *work = data;
	size_t i;

	while ((i = work->next++) < work->pieces->count)
		work->way->pages(&work->pieces->piece[i]);
	return NULL;
}

static void make_all(struct pieces *pieces, const struct way *way)
{
	struct work work = { pieces, way, 0 };
	pthread_t threads[THREADS_MAX];

	for (size_t i = 0; i < pieces->count; i++)
		way->make(pieces, &pieces->piece[i]);
	if (!way->pages)
		return;
	for (uint64_t i = 0; i < settings.threads; i++)
		if (pthread_create(&threads[i], NULL, make_pages, &work))
			bench_fail("no thread");
	for (uint64_t i = 0; i < settings.threads; i++)
		pthread_join(threads[i], NULL);
}

/* Kernels run across the borders of pieces, which copies may not. */
static void check(struct pieces *pieces, const struct way *way)
{
	uint32_t want = bench_fill_sum(settings.bytes, 7);

	bench_fill(pieces->gpu, pieces->base, settings.bytes, 7);
	if (bench_sum(pieces->gpu, pieces->base, settings.bytes, NULL) != want)
		bench_fail("%s: the GPU read other words than it wrote", way->name);
	if (way->by_cpu &&
	    bench_host_sum((void *)pieces->base, settings.bytes) != want)
		bench_fail("%s: the CPU read other words than the GPU wrote",
			   way->name);
}

struct times {
	uint64_t make, publish, release;
};

static void run(struct pieces *pieces, const struct way *way, struct times *times)
{
	uint64_t start = bench_now(), made, published, used;

	make_all(pieces, way);
	made = bench_now();
	for (size_t i = 0; i < pieces->count; i++)
		way->publish(pieces, &pieces->piece[i]);
	published = bench_now();
	check(pieces, way);
	used = bench_now();
	for (size_t i = 0; i < pieces->count; i++)
		way->release(pieces, &pieces->piece[i]);
	*times = (struct times){ made - start, published - made, bench_now() - used };
}

static void print_runs(const char *name, const struct times *times,
		       size_t offset, const char *behind)
{
	printf("\"%s\": [", name);
	for (uint64_t i = 0; i < settings.runs; i++) {
		const char *one = (const char *)&times[i] + offset;

		printf("%s%llu", i ? ", " : "",
		       (unsigned long long)*(const uint64_t *)one);
	}
	printf("]%s", behind);
}

static void measure(struct pieces *pieces, const struct way *way)
{
	struct times *times = calloc(settings.runs, sizeof(*times));

	if (!times)
		bench_fail("no memory");
	for (uint64_t i = 0; i < settings.runs; i++)
		run(pieces, way, &times[i]);
	printf(", \"%s\": {", way->name);
	print_runs("make_ns", times, offsetof(struct times, make), ", ");
	print_runs("register_ns", times, offsetof(struct times, publish), ", ");
	print_runs("release_ns", times, offsetof(struct times, release), "}");
	free(times);
}

static void pieces_init(struct pieces *pieces, struct bench_gpu *gpu)
{
	pieces->gpu = gpu;
	pieces->count = settings.bytes / settings.extent;
	pieces->piece = calloc(pieces->count, sizeof(*pieces->piece));
	if (!pieces->piece)
		bench_fail("no memory");
	BENCH_CHECK(gpu->call.cuMemAddressReserve(&pieces->base, settings.bytes,
						  GRANULE, 0, 0));
	for (size_t i = 0; i < pieces->count; i++)
		pieces->piece[i].at = (char *)pieces->base + i * settings.extent;
}

static void pieces_finish(struct pieces *pieces)
{
	BENCH_CHECK(pieces->gpu->call.cuMemAddressFree(pieces->base, settings.bytes));
	free(pieces->piece);
}

int main(int argc, char **argv)
{
	bool huge;
	struct bench_gpu gpu;
	struct pieces pieces;

	bench_options(argc, argv, options, sizeof(options) / sizeof(*options));
	if (!settings.extent || settings.extent % GRANULE ||
	    settings.bytes < settings.extent || settings.bytes % settings.extent)
		bench_fail("--bytes must be a multiple of --extent, and that of 2m");
	if (!settings.runs || !settings.threads || settings.threads > THREADS_MAX)
		bench_fail("--runs must be 1 or more, --threads 1 to %d",
			   THREADS_MAX);
	huge = bench_huge_free() >= settings.bytes;
	bench_gpu_init(&gpu);
	pieces_init(&pieces, &gpu);
	printf("{\"client\": \"pin\", ");
	bench_print_gpu(&gpu);
	printf("\"bytes\": %llu", (unsigned long long)settings.bytes);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (ways[i].publish != huge_publish || huge)
			measure(&pieces, &ways[i]);
		else
			printf(", \"%s\": null", ways[i].name);
	}
	printf("}\n");
	pieces_finish(&pieces);
	bench_gpu_finish(&gpu);
	return 0;
}
