/* SPDX-License-Identifier: GPL-2.0-only */
#include "gpu.h"

#include <dlfcn.h>
#include <err.h>
#include <string.h>

#include "kernels.h"
#include "kernels.ptx.h"

void gpu_check(struct gpu *gpu, CUresult result, const char *call)
{
	const char *name = NULL;

	if (result == CUDA_SUCCESS)
		return;
	gpu->cuGetErrorName(result, &name);
	errx(1, "%.*s: %s (%d)", (int)strcspn(call, "("), call,
	     name ? name : "error", (int)result);
}

static void find_calls(struct gpu *gpu)
{
	void *driver = dlopen("libcuda.so.1", RTLD_NOW);

	if (!driver)
		errx(1, "no CUDA driver: %s", dlerror());
#define FIND(name, symbol, parameters)                                         \
	*(void **)&gpu->name = dlsym(driver, #symbol);                         \
	if (!gpu->name)                                                        \
		errx(1, "the CUDA driver is too old: it has no " #symbol);
	GPU_CALLS(FIND)
#undef FIND
}

static void load_kernels(struct gpu *gpu)
{
	CUmodule module;

	CHECK(gpu, cuModuleLoadData(&module, kernels_ptx));
	CHECK(gpu, cuModuleGetFunction(&gpu->fill, module, "fill"));
	CHECK(gpu, cuModuleGetFunction(&gpu->mix, module, "mix"));
	CHECK(gpu, cuModuleGetFunction(&gpu->reduce, module, "reduce"));
}

void gpu_open(struct gpu *gpu, int index)
{
	CUcontext context;
	int count = 0;

	find_calls(gpu);
	CHECK(gpu, cuInit(0));
	CHECK(gpu, cuDeviceGetCount(&count));
	if (index >= count)
		errx(1, "there is no GPU %d, of %d", index, count);
	CHECK(gpu, cuDeviceGet(&gpu->device, index));
	CHECK(gpu, cuDeviceGetName(gpu->name, sizeof(gpu->name), gpu->device));
	CHECK(gpu, cuDeviceTotalMem(&gpu->memory, gpu->device));
	CHECK(gpu, cuDevicePrimaryCtxRetain(&context, gpu->device));
	CHECK(gpu, cuCtxSetCurrent(context));
	CHECK(gpu, cuEventCreate(&gpu->start, CU_EVENT_DEFAULT));
	CHECK(gpu, cuEventCreate(&gpu->end, CU_EVENT_DEFAULT));
	load_kernels(gpu);
}

void gpu_launch(struct gpu *gpu, CUfunction kernel, void **parameters)
{
	CHECK(gpu, cuLaunchKernel(kernel, BLOCKS, 1, 1, THREADS, 1, 1, 0, NULL,
				  parameters, NULL));
}

void gpu_timer_start(struct gpu *gpu)
{
	CHECK(gpu, cuEventRecord(gpu->start, NULL));
}

float gpu_timer_stop(struct gpu *gpu)
{
	float elapsed = 0;

	CHECK(gpu, cuEventRecord(gpu->end, NULL));
	CHECK(gpu, cuEventSynchronize(gpu->end));
	CHECK(gpu, cuEventElapsedTime(&elapsed, gpu->start, gpu->end));
	return elapsed;
}

enum { ROUNDS = 8 };

static double rate(size_t bytes, float milliseconds)
{
	return (double)bytes * ROUNDS / milliseconds / 1e6;
}

static double copy_rate(struct gpu *gpu, CUdeviceptr data, void *host, size_t bytes)
{
	gpu_timer_start(gpu);
	for (int i = 0; i < ROUNDS; i++)
		CHECK(gpu, cuMemcpyHtoDAsync(data, host, bytes, NULL));
	return rate(bytes, gpu_timer_stop(gpu));
}

/* The sums of @host go to @data. A pinned address is the GPU's address, too. */
static double direct_rate(struct gpu *gpu, CUdeviceptr data, void *host, size_t bytes)
{
	uint64_t slots = BLOCKS * THREADS, words = bytes / sizeof(uint64_t);

	gpu_timer_start(gpu);
	for (int i = 0; i < ROUNDS; i++)
		gpu_launch(gpu, gpu->reduce,
			   (void *[]){ &data, &slots, &host, &words });
	return rate(bytes, gpu_timer_stop(gpu));
}

void gpu_measure_rates(struct gpu *gpu, struct gpu_rates *rates)
{
	size_t bytes = 64 << 20;
	CUdeviceptr data;
	void *host;

	CHECK(gpu, cuMemAllocHost(&host, bytes));
	CHECK(gpu, cuMemAlloc(&data, bytes));
	/* All is touched and loaded once before it is timed. */
	memset(host, 1, bytes);
	copy_rate(gpu, data, host, bytes);
	rates->copy = copy_rate(gpu, data, host, bytes);
	direct_rate(gpu, data, host, bytes);
	rates->direct = direct_rate(gpu, data, host, bytes);
	CHECK(gpu, cuMemFree(data));
	CHECK(gpu, cuMemFreeHost(host));
}
