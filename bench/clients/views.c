/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What it costs to have the same RAM in sight twice, at two ranges of
 *addresses, and to put VRAM in place of a piece of the second:
 *
 *	driver	handles that the driver makes on the host, mapped a second time
 *	file	memory files, mapped and registered a second time
 *	huge	the same of huge pages, as the kernel module's buffers are; left
 *		out where the machine has too few set aside (vm.nr_hugepages)
 *
 * That is what copies of parts of one large buffer would take (docs/staging.md,
 * "Large allocations"). For each way: "view_ns" until the GPU may use the
 *second range, "view_vram" what of VRAM that took, in bytes, "read_ns" for a
 *kernel to read all of it there, "replace_ns" to put VRAM in the place of a
 *piece and RAM back, and "replace_busy_ns" the same while a kernel reads the
 *first range. A way that the driver refuses is the code of its error.
 */
#include "driver.h"
#include "huge.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define GRANULE (UINT64_C(2) << 20)

static struct {
	uint64_t bytes, extent, runs;
} settings = { UINT64_C(4) << 30, UINT64_C(64) << 20, 5 };

static const struct bench_option options[] = {
	{ "bytes", &settings.bytes, "bytes in all" },
	{ "extent", &settings.extent, "bytes of a piece, a multiple of 2m" },
	{ "runs", &settings.runs, "timed runs of each way" },
};

/* A piece of RAM, as a handle or as a file. */
struct piece {
	CUmemGenericAllocationHandle handle;
	int fd;
};

struct views {
	struct bench_gpu *gpu;
	CUdeviceptr range[2];
	size_t count;
	struct piece *piece;
	CUmemGenericAllocationHandle vram; /* as large as a piece */
};

struct way {
	const char *name;
	void (*make)(struct views *, struct piece *);
	CUresult (*show)(struct views *, const struct piece *, CUdeviceptr at);
	void (*hide)(struct views *, CUdeviceptr at);
	void (*drop)(struct views *, struct piece *);
};

static void unmap(struct views *views, CUdeviceptr at)
{
	BENCH_CHECK(views->gpu->call.cuMemUnmap(at, settings.extent));
}

static void driver_make(struct views *views, struct piece *piece)
{
	piece->handle = bench_host_handle(views->gpu, settings.extent);
}

static CUresult driver_show(struct views *views, const struct piece *piece,
			    CUdeviceptr at)
{
	bench_map(views->gpu, at, settings.extent, piece->handle);
	return CUDA_SUCCESS;
}

static void driver_drop(struct views *views, struct piece *piece)
{
	BENCH_CHECK(views->gpu->call.cuMemRelease(piece->handle));
}

static void file_make(struct views *views, struct piece *piece)
{
	piece->fd = memfd_create("bench-views", MFD_CLOEXEC);
	if (piece->fd < 0 || ftruncate(piece->fd, (off_t)settings.extent))
		bench_fail("no memory file: %m");
}

static void place(CUdeviceptr at, int protection, int flags, int fd)
{
	if (mmap((void *)at, settings.extent, protection, flags | MAP_FIXED, fd,
		 0) == MAP_FAILED)
		bench_fail("cannot map a piece: %m");
}

static CUresult file_show(struct views *views, const struct piece *piece,
			  CUdeviceptr at)
{
	place(at, PROT_READ | PROT_WRITE, MAP_SHARED, piece->fd);
	return views->gpu->call.cuMemHostRegister_v2(
		(void *)at, settings.extent,
		CU_MEMHOSTREGISTER_PORTABLE | CU_MEMHOSTREGISTER_DEVICEMAP);
}

static void file_hide(struct views *views, CUdeviceptr at)
{
	BENCH_CHECK(views->gpu->call.cuMemHostUnregister((void *)at));
	place(at, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
}

static void file_drop(struct views *views, struct piece *piece)
{
	close(piece->fd);
}

static void huge_make(struct views *views, struct piece *piece)
{
	piece->fd = bench_huge_file(settings.extent);
}

static const struct way ways[] = {
	{ "driver", driver_make, driver_show, unmap, driver_drop },
	{ "file", file_make, file_show, file_hide, file_drop },
	{ "huge", huge_make, file_show, file_hide, file_drop },
};

struct figures {
	uint64_t view, vram, read, replace, busy;
};

static uint64_t free_vram(struct views *views)
{
	size_t free_bytes, total;

	BENCH_CHECK(views->gpu->call.cuMemGetInfo_v2(&free_bytes, &total));
	return free_bytes;
}

/* All pieces in one range; where one is refused, none. */
static CUresult show_all(struct views *views, const struct way *way, CUdeviceptr range)
{
	for (size_t i = 0; i < views->count; i++) {
		CUresult rc = way->show(views, &views->piece[i],
					range + i * settings.extent);

		if (!rc)
			continue;
		while (i-- > 0)
			way->hide(views, range + i * settings.extent);
		return rc;
	}
	return CUDA_SUCCESS;
}

static void hide_all(struct views *views, const struct way *way, CUdeviceptr range)
{
	for (size_t i = 0; i < views->count; i++)
		way->hide(views, range + i * settings.extent);
}

/* One piece of the second range becomes VRAM, and RAM again. */
static uint64_t replace(struct views *views, const struct way *way)
{
	CUdeviceptr at = views->range[1] + views->count / 2 * settings.extent;
	uint64_t start = bench_now();

	way->hide(views, at);
	bench_map(views->gpu, at, settings.extent, views->vram);
	unmap(views, at);
	if (way->show(views, &views->piece[views->count / 2], at))
		bench_fail("%s: what was there is refused", way->name);
	return bench_now() - start;
}

static uint64_t replace_while_busy(struct views *views, const struct way *way)
{
	uint64_t count = settings.bytes / 16, elapsed;
	void *parameters[] = { &views->range[0], &count, &views->gpu->total };

	bench_launch(views->gpu, views->gpu->sum, parameters);
	elapsed = replace(views, way);
	BENCH_CHECK(views->gpu->call.cuCtxSynchronize());
	return elapsed;
}

/* Of the second range; what the GPU reads there it has written to the first. */
static CUresult run(struct views *views, const struct way *way, uint32_t seed,
		    struct figures *figures)
{
	uint64_t start = bench_now(), before = free_vram(views);
	CUresult rc = show_all(views, way, views->range[1]);

	if (rc)
		return rc;
	figures->view = bench_now() - start;
	figures->vram = before - free_vram(views);
	bench_fill(views->gpu, views->range[0], settings.bytes, seed);
	if (bench_sum(views->gpu, views->range[1], settings.bytes,
		      &figures->read) != bench_fill_sum(settings.bytes, seed))
		bench_fail("%s: the second range shows other words", way->name);
	figures->replace = replace(views, way);
	figures->busy = replace_while_busy(views, way);
	hide_all(views, way, views->range[1]);
	return CUDA_SUCCESS;
}

static void print_runs(const char *name, const struct figures *figures, size_t offset)
{
	printf("%s\"%s\": [", offset ? ", " : "", name);
	for (uint64_t i = 0; i < settings.runs; i++)
		printf("%s%llu", i ? ", " : "",
		       *(const unsigned long long *)((const char *)&figures[i] +
						     offset));
	printf("]");
}

static CUresult run_all(struct views *views, const struct way *way,
			struct figures *figures)
{
	CUresult rc = show_all(views, way, views->range[0]);

	if (rc)
		return rc;
	for (uint64_t i = 0; !rc && i < settings.runs; i++)
		rc = run(views, way, (uint32_t)i + 1, &figures[i]);
	hide_all(views, way, views->range[0]);
	return rc;
}

static void measure(struct views *views, const struct way *way)
{
	struct figures *figures = calloc(settings.runs, sizeof(*figures));
	CUresult rc;

	if (!figures)
		bench_fail("no memory");
	for (size_t i = 0; i < views->count; i++)
		way->make(views, &views->piece[i]);
	rc = run_all(views, way, figures);
	for (size_t i = 0; i < views->count; i++)
		way->drop(views, &views->piece[i]);
	printf(", \"%s\": ", way->name);
	if (rc) {
		printf("%d", (int)rc);
	} else {
		printf("{");
		print_runs("view_ns", figures, offsetof(struct figures, view));
		print_runs("view_vram", figures, offsetof(struct figures, vram));
		print_runs("read_ns", figures, offsetof(struct figures, read));
		print_runs("replace_ns", figures, offsetof(struct figures, replace));
		print_runs("replace_busy_ns", figures,
			   offsetof(struct figures, busy));
		printf("}");
	}
	free(figures);
}

static void views_init(struct views *views, struct bench_gpu *gpu)
{
	CUmemAllocationProp prop = {
		.type = CU_MEM_ALLOCATION_TYPE_PINNED,
		.location = { CU_MEM_LOCATION_TYPE_DEVICE, gpu->device },
	};

	views->gpu = gpu;
	views->count = settings.bytes / settings.extent;
	views->piece = calloc(views->count, sizeof(*views->piece));
	if (!views->piece)
		bench_fail("no memory");
	for (int i = 0; i < 2; i++)
		BENCH_CHECK(gpu->call.cuMemAddressReserve(
			&views->range[i], settings.bytes, GRANULE, 0, 0));
	BENCH_CHECK(gpu->call.cuMemCreate(&views->vram, settings.extent, &prop, 0));
}

static void views_finish(struct views *views)
{
	BENCH_CHECK(views->gpu->call.cuMemRelease(views->vram));
	for (int i = 0; i < 2; i++)
		BENCH_CHECK(views->gpu->call.cuMemAddressFree(views->range[i],
							      settings.bytes));
	free(views->piece);
}

int main(int argc, char **argv)
{
	struct bench_gpu gpu;
	struct views views;

	bench_options(argc, argv, options, sizeof(options) / sizeof(*options));
	if (!settings.extent || settings.extent % GRANULE || !settings.runs ||
	    settings.bytes < settings.extent || settings.bytes % settings.extent)
		bench_fail("--bytes must be a multiple of --extent, and that of 2m");
	bench_gpu_init(&gpu);
	views_init(&views, &gpu);
	printf("{\"client\": \"views\", ");
	bench_print_gpu(&gpu);
	printf("\"bytes\": %llu, \"extent\": %llu",
	       (unsigned long long)settings.bytes,
	       (unsigned long long)settings.extent);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (ways[i].make != huge_make || bench_huge_free() >= settings.bytes)
			measure(&views, &ways[i]);
	printf("}\n");
	views_finish(&views);
	bench_gpu_finish(&gpu);
	return 0;
}
