/* SPDX-License-Identifier: GPL-2.0-only */
/* What a GPU's link and memory carry, by the GPU's own clock. */
#include "measure.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "tool.h"

#ifdef GB_GPU_CODE
#include "measure_kernel.ptx.h"
#endif

/* As many threads as fill any GPU of today, each with a request on its way. */
enum { BLOCKS = 1056, THREADS = 256 };

#define HUGE	 (UINT64_C(2) << 20)
/* What is copied to see how fast the link is, bytes, and how long it may take. */
#define PROBE	 (UINT64_C(16) << 20)
#define PATIENCE 0.2e9 /* ns */

struct bench {
	const struct gb_cuda *cuda;
	const struct gb_effort *effort;
	CUevent begin, end;
	uint64_t bytes; /* of each buffer */
	void *pinned;	/* in RAM, and as the GPU sees it */
	CUdeviceptr mapped;
	CUdeviceptr device; /* in VRAM */
	void *touched;	    /* memory of this process to pin */
	CUdeviceptr total;  /* where the kernel adds up, 4 bytes */
	CUfunction read;    /* NULL: built without code for GPUs */
	uint32_t sum;	    /* of the words of each buffer */
	char *why;
};

static int check(struct bench *b, CUresult result, const char *what)
{
	if (result == CUDA_SUCCESS)
		return 0;
	if (!b->why)
		b->why = gb_print(
			"%s failed with CUDA error %d%s", what, (int)result,
			result == CUDA_ERROR_OUT_OF_MEMORY ? " (out of memory)"
							   : "");
	return result == CUDA_ERROR_OUT_OF_MEMORY ? -ENOMEM : -EIO;
}

static int copy_up(struct bench *b)
{
	return check(b,
		     b->cuda->cuMemcpyHtoDAsync_v2(b->device, b->pinned,
						   b->bytes, NULL),
		     "a copy to the GPU");
}

static int copy_down(struct bench *b)
{
	return check(b,
		     b->cuda->cuMemcpyDtoHAsync_v2(b->pinned, b->device,
						   b->bytes, NULL),
		     "a copy from the GPU");
}

static int launch(struct bench *b, CUdeviceptr data)
{
	uint64_t count = b->bytes / 16;
	void *parameters[] = { &data, &count, &b->total };

	return check(b,
		     b->cuda->cuLaunchKernel(b->read, BLOCKS, 1, 1, THREADS, 1,
					     1, 0, NULL, parameters, NULL),
		     "a kernel");
}

static int read_link(struct bench *b)
{
	return launch(b, b->mapped);
}

static int read_vram(struct bench *b)
{
	return launch(b, b->device);
}

/* Nanoseconds of what @run puts on the default stream. */
static int time_once(struct bench *b, int (*run)(struct bench *), double *ns)
{
	const struct gb_cuda *cuda = b->cuda;
	float ms = 0;
	int ret = check(b, cuda->cuEventRecord(b->begin, NULL), "an event");

	if (!ret)
		ret = run(b);
	if (!ret)
		ret = check(b, cuda->cuEventRecord(b->end, NULL), "an event");
	if (!ret)
		ret = check(b, cuda->cuEventSynchronize(b->end),
			    "waiting for the GPU");
	if (!ret)
		ret = check(b, cuda->cuEventElapsedTime(&ms, b->begin, b->end),
			    "reading the GPU's clock");
	*ns = 1e6 * ms;
	return ret;
}

/* The rate of the buffer's bytes a run, after one to warm up. */
static int time_runs(struct bench *b, int (*run)(struct bench *), double *rate)
{
	double ns[GB_RUNS_MAX], median;
	int ret = time_once(b, run, ns);

	for (unsigned int i = 0; !ret && i < b->effort->runs; i++)
		ret = time_once(b, run, &ns[i]);
	if (ret)
		return ret;
	median = gb_median(ns, b->effort->runs);
	*rate = median > 0 ? 1e9 * (double)b->bytes / median : 0;
	return 0;
}

/* As time_runs(), of a kernel, which must have read what was written. */
static int time_reads(struct bench *b, int (*run)(struct bench *), double *rate)
{
	const struct gb_cuda *cuda = b->cuda;
	uint32_t total = 0, want = b->sum * (b->effort->runs + 1);
	int ret;

	if (!b->read)
		return 0;
	ret = check(b, cuda->cuMemsetD32_v2(b->total, 0, 1), "clearing memory");
	if (!ret)
		ret = time_runs(b, run, rate);
	if (!ret)
		ret = check(b,
			    cuda->cuMemcpyDtoHAsync_v2(&total, b->total,
						       sizeof(total), NULL),
			    "a copy from the GPU");
	if (!ret)
		ret = check(b, cuda->cuCtxSynchronize(), "waiting for the GPU");
	if (!ret && total != want) {
		b->why = gb_print("the GPU read other bytes than were written");
		*rate = 0;
		ret = -EIO;
	}
	return ret;
}

/* Memory of touched pages, huge ones or not as far as the kernel follows. */
static void *touched(uint64_t bytes, bool huge)
{
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	madvise(memory, bytes, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	for (uint64_t at = 0; at < bytes; at += 4096)
		memory[at] = 1;
	return memory;
}

static int pin(struct bench *b)
{
	return check(b,
		     b->cuda->cuMemHostRegister_v2(b->touched, b->effort->pin_bytes,
						   CU_MEMHOSTREGISTER_DEVICEMAP),
		     "pinning memory of this process");
}

/* Nanoseconds of one registration; other memory each time, as in use. */
static int pin_once(struct bench *b, bool huge, double *ns)
{
	uint64_t bytes = b->effort->pin_bytes + HUGE;
	char *memory = touched(bytes, huge);
	int ret;

	if (!memory)
		return -ENOMEM;
	b->touched = (void *)(((uintptr_t)memory + HUGE - 1) & ~(HUGE - 1));
	ret = time_once(b, pin, ns);
	if (!ret)
		b->cuda->cuMemHostUnregister(b->touched);
	munmap(memory, bytes);
	return ret;
}

static int pin_runs(struct bench *b, bool huge, double *rate)
{
	double ns[GB_RUNS_MAX], median;

	for (unsigned int i = 0; i < b->effort->runs; i++) {
		int ret = pin_once(b, huge, &ns[i]);

		if (ret)
			return ret;
	}
	median = gb_median(ns, b->effort->runs);
	*rate = median > 0 ? 1e9 * (double)b->effort->pin_bytes / median : 0;
	return 0;
}

static int load(struct bench *b, CUmodule *module)
{
#ifdef GB_GPU_CODE
	int ret = check(b, b->cuda->cuModuleLoadData(module, measure_kernel_ptx),
			"loading a kernel");

	if (!ret)
		ret = check(b,
			    b->cuda->cuModuleGetFunction(&b->read, *module,
							 "greenboost_read"),
			    "loading a kernel");
	return ret;
#else
	return 0;
#endif
}

static int allocate(struct bench *b)
{
	const struct gb_cuda *cuda = b->cuda;
	int ret = check(b,
			cuda->cuMemHostAlloc(&b->pinned, b->bytes,
					     CU_MEMHOSTALLOC_DEVICEMAP),
			"pinning RAM");

	if (!ret)
		ret = check(b,
			    cuda->cuMemHostGetDevicePointer_v2(&b->mapped,
							       b->pinned, 0),
			    "mapping pinned RAM");
	if (!ret)
		ret = check(b, cuda->cuMemAlloc_v2(&b->device, b->bytes),
			    "allocating VRAM");
	if (!ret)
		ret = check(b, cuda->cuMemAlloc_v2(&b->total, 16),
			    "allocating VRAM");
	if (!ret)
		ret = check(b, cuda->cuEventCreate(&b->begin, CU_EVENT_DEFAULT),
			    "an event");
	if (!ret)
		ret = check(b, cuda->cuEventCreate(&b->end, CU_EVENT_DEFAULT),
			    "an event");
	return ret;
}

/*
 * A slow link gets less to carry: no copy takes longer than PATIENCE. Then
 * fills the pinned buffer.
 */
static int settle(struct bench *b)
{
	uint64_t bytes = b->bytes;
	uint32_t word = 1, *at;
	double ns;
	int ret;

	b->bytes = bytes < PROBE ? bytes : PROBE;
	ret = time_once(b, copy_up, &ns);
	if (!ret)
		ret = time_once(b, copy_up, &ns);
	if (ret)
		return ret;
	if (ns * (double)bytes / (double)b->bytes > PATIENCE)
		bytes = (uint64_t)((double)b->bytes * PATIENCE / ns) & ~(HUGE - 1);
	b->bytes = bytes > HUGE ? bytes : HUGE;
	for (at = b->pinned; at < (uint32_t *)b->pinned + b->bytes / 4; at++) {
		*at = word = word * 1664525u + 1013904223u;
		b->sum += word;
	}
	return 0;
}

static void release(struct bench *b, CUmodule module)
{
	if (b->end)
		b->cuda->cuEventDestroy_v2(b->end);
	if (b->begin)
		b->cuda->cuEventDestroy_v2(b->begin);
	if (b->total)
		b->cuda->cuMemFree_v2(b->total);
	if (b->device)
		b->cuda->cuMemFree_v2(b->device);
	if (b->pinned)
		b->cuda->cuMemFreeHost(b->pinned);
	if (module)
		b->cuda->cuModuleUnload(module);
}

/* Copies and kernels last: whoever then looks at the link finds it at work. */
static int measure(struct bench *b, struct gb_rates *rates)
{
	int ret = pin_runs(b, false, &rates->pin);

	if (!ret)
		ret = pin_runs(b, true, &rates->pin_huge);
	if (!ret)
		ret = settle(b);
	if (!ret)
		ret = time_runs(b, copy_up, &rates->up);
	if (!ret)
		ret = time_runs(b, copy_down, &rates->down);
	if (!ret)
		ret = time_reads(b, read_vram, &rates->vram);
	return ret ? ret : time_reads(b, read_link, &rates->direct);
}

/* The size of a buffer: as asked, but a small part of what is free. */
static uint64_t size_of(const struct gb_effort *effort, uint64_t vram, uint64_t ram)
{
	uint64_t most = vram / 4 < ram / 8 ? vram / 4 : ram / 8;

	return (effort->copy_bytes < most ? effort->copy_bytes : most) &
	       ~(HUGE - 1);
}

static int measure_in_context(struct bench *b, struct gb_rates *rates,
			      uint64_t *vram_free, uint64_t available)
{
	CUmodule module = NULL;
	size_t free_bytes, total;
	int ret = check(b, b->cuda->cuMemGetInfo_v2(&free_bytes, &total),
			"asking for free memory");

	if (ret)
		return ret;
	*vram_free = free_bytes;
	b->bytes = size_of(b->effort, free_bytes, available);
	if (!b->bytes || available < 4 * b->effort->pin_bytes) {
		b->why = gb_print("too little free memory to measure with");
		return -ENOMEM;
	}
	ret = load(b, &module);
	if (!ret)
		ret = allocate(b);
	if (!ret)
		ret = measure(b, rates);
	release(b, module);
	return ret;
}

int gb_measure_gpu(struct gb_rates *rates, uint64_t *vram_free,
		   const struct gb_cuda *cuda, unsigned int index,
		   const struct gb_effort *effort, uint64_t available, char **why)
{
	struct bench b = { .cuda = cuda, .effort = effort };
	CUcontext context;
	CUdevice device;
	int ret;

	ret = check(&b, cuda->cuDeviceGet(&device, (int)index), "finding the GPU");
	if (!ret)
		ret = check(&b, cuda->cuDevicePrimaryCtxRetain(&context, device),
			    "opening the GPU");
	if (!ret) {
		ret = check(&b, cuda->cuCtxSetCurrent(context), "opening the GPU");
		if (!ret)
			ret = measure_in_context(&b, rates, vram_free, available);
		cuda->cuCtxSetCurrent(NULL);
		cuda->cuDevicePrimaryCtxRelease_v2(device);
	}
	*why = b.why;
	return ret;
}
