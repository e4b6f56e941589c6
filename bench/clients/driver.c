/* SPDX-License-Identifier: GPL-2.0-only */
#include "driver.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/*
 * Enough threads to fill any GPU of today (an H200 runs 132 x 2048 at a time),
 * and few enough that their sums cost nothing.
 */
enum { BLOCKS = 1056, THREADS = 256 };

void bench_fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("client: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	exit(1);
}

void bench_check(CUresult result, const char *call)
{
	if (result != CUDA_SUCCESS)
		bench_fail("%s gave CUDA error %d", call, (int)result);
}

uint64_t bench_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void driver_open(struct bench_driver *call)
{
	void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);

	if (!library)
		bench_fail("%s", dlerror());
#define FIND(name, parameters)                                                 \
	*(void **)&call->name = dlsym(library, #name);                         \
	if (!call->name)                                                       \
		bench_fail("the driver has no " #name);
	BENCH_DRIVER_CALLS(FIND)
#undef FIND
}

static void kernels_load(struct bench_gpu *gpu)
{
	const struct {
		const char *name;
		CUfunction *function;
	} kernels[] = {
		{ "bench_empty", &gpu->empty },
		{ "bench_four", &gpu->four },
		{ "bench_fill", &gpu->fill },
		{ "bench_sum", &gpu->sum },
	};
	size_t i;

	BENCH_CHECK(gpu->call.cuModuleLoadData(&gpu->module, bench_kernels));
	for (i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++)
		bench_check(gpu->call.cuModuleGetFunction(kernels[i].function,
							  gpu->module,
							  kernels[i].name),
			    kernels[i].name);
}

void bench_gpu_init(struct bench_gpu *gpu)
{
	memset(gpu, 0, sizeof(*gpu));
	driver_open(&gpu->call);
	BENCH_CHECK(gpu->call.cuInit(0));
	BENCH_CHECK(gpu->call.cuDeviceGet(&gpu->device, 0));
	BENCH_CHECK(gpu->call.cuDevicePrimaryCtxRetain(&gpu->context, gpu->device));
	BENCH_CHECK(gpu->call.cuCtxSetCurrent(gpu->context));
	kernels_load(gpu);
	BENCH_CHECK(gpu->call.cuMemAlloc_v2(&gpu->total, 16));
}

void bench_gpu_finish(struct bench_gpu *gpu)
{
	BENCH_CHECK(gpu->call.cuMemFree_v2(gpu->total));
	BENCH_CHECK(gpu->call.cuModuleUnload(gpu->module));
	BENCH_CHECK(gpu->call.cuDevicePrimaryCtxRelease_v2(gpu->device));
}

void bench_launch(struct bench_gpu *gpu, CUfunction function, void **parameters)
{
	BENCH_CHECK(gpu->call.cuLaunchKernel(function, BLOCKS, 1, 1, THREADS, 1,
					     1, 0, NULL, parameters, NULL));
}

void bench_fill(struct bench_gpu *gpu, CUdeviceptr data, size_t bytes, uint32_t seed)
{
	uint64_t count = bytes / 4;
	void *parameters[] = { &data, &count, &seed };

	bench_launch(gpu, gpu->fill, parameters);
	BENCH_CHECK(gpu->call.cuCtxSynchronize());
}

static CUmemLocation host(struct bench_gpu *gpu)
{
	int node = -1;

	gpu->call.cuDeviceGetAttribute(&node, CU_DEVICE_ATTRIBUTE_HOST_NUMA_ID,
				       gpu->device);
	if (node < 0)
		return (CUmemLocation){ CU_MEM_LOCATION_TYPE_HOST, 0 };
	return (CUmemLocation){ CU_MEM_LOCATION_TYPE_HOST_NUMA, node };
}

CUmemGenericAllocationHandle bench_host_handle(struct bench_gpu *gpu, size_t bytes)
{
	CUmemAllocationProp prop = {
		.type = CU_MEM_ALLOCATION_TYPE_PINNED,
		.location = host(gpu),
	};
	CUmemGenericAllocationHandle handle;

	BENCH_CHECK(gpu->call.cuMemCreate(&handle, bytes, &prop, 0));
	return handle;
}

void bench_map(struct bench_gpu *gpu, CUdeviceptr at, size_t bytes,
	       CUmemGenericAllocationHandle handle)
{
	CUmemAccessDesc access = {
		{ CU_MEM_LOCATION_TYPE_DEVICE, gpu->device },
		CU_MEM_ACCESS_FLAGS_PROT_READWRITE,
	};

	BENCH_CHECK(gpu->call.cuMemMap(at, bytes, 0, handle, 0));
	BENCH_CHECK(gpu->call.cuMemSetAccess(at, bytes, &access, 1));
}

uint32_t bench_fill_sum(size_t bytes, uint32_t seed)
{
	uint64_t count = bytes / 4;
	/* 0 + 1 + ... + (count - 1), halved before it can overflow */
	uint64_t indexes =
		count & 1 ? (count - 1) / 2 * count : count / 2 * (count - 1);

	return (uint32_t)indexes * BENCH_FILL_STEP + (uint32_t)count * seed;
}

uint32_t bench_sum(struct bench_gpu *gpu, CUdeviceptr data, size_t bytes,
		   uint64_t *elapsed)
{
	uint64_t count = bytes / 16;
	void *parameters[] = { &data, &count, &gpu->total };
	uint32_t total;
	uint64_t start;

	BENCH_CHECK(gpu->call.cuMemsetD32_v2(gpu->total, 0, 4));
	BENCH_CHECK(gpu->call.cuCtxSynchronize());
	start = bench_now();
	bench_launch(gpu, gpu->sum, parameters);
	BENCH_CHECK(gpu->call.cuCtxSynchronize());
	if (elapsed)
		*elapsed = bench_now() - start;
	BENCH_CHECK(gpu->call.cuMemcpyDtoH_v2(&total, gpu->total, sizeof(total)));
	return total;
}

uint32_t bench_host_sum(const void *data, size_t bytes)
{
	const uint32_t *word = data;
	uint32_t total = 0;
	size_t i;

	for (i = 0; i < bytes / 4; i++)
		total += word[i];
	return total;
}

/* Digits and an optional k, m or g. */
static bool number_parse(const char *text, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	if (errno || end == text || *text == '-')
		return false;
	if (*end == 'k' || *end == 'm' || *end == 'g')
		*value <<= *end == 'k' ? 10 : *end == 'm' ? 20 : 30, end++;
	return !*end;
}

static const struct bench_option *option_find(const struct bench_option *options,
					      size_t count, const char *text)
{
	size_t i;

	if (strncmp(text, "--", 2))
		return NULL;
	for (i = 0; i < count; i++)
		if (!strcmp(options[i].name, text + 2))
			return &options[i];
	return NULL;
}

void bench_options(int argc, char **argv, const struct bench_option *options,
		   size_t count)
{
	const struct bench_option *option;
	size_t k;
	int i;

	if (argc == 2 && !strcmp(argv[1], "--help")) {
		for (k = 0; k < count; k++)
			printf("--%-10s %s (%llu)\n", options[k].name,
			       options[k].help,
			       (unsigned long long)*options[k].value);
		exit(0);
	}
	for (i = 1; i < argc; i += 2) {
		option = option_find(options, count, argv[i]);
		if (!option || i + 1 == argc ||
		    !number_parse(argv[i + 1], option->value)) {
			fprintf(stderr, "client: bad option %s, see --help\n",
				argv[i]);
			exit(2);
		}
	}
}

void bench_print_gpu(struct bench_gpu *gpu)
{
	size_t free_bytes, total_bytes;
	char name[128];

	BENCH_CHECK(gpu->call.cuDeviceGetName(name, sizeof(name), gpu->device));
	BENCH_CHECK(gpu->call.cuMemGetInfo_v2(&free_bytes, &total_bytes));
	printf("\"pid\": %d, \"device\": \"%s\", \"total_bytes\": %zu, "
	       "\"free_bytes\": %zu, ",
	       (int)getpid(), name, total_bytes, free_bytes);
}
