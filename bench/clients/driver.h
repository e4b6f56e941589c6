/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every C client of the benchmark shares: the CUDA driver, found at run
 * time with dlopen and dlsym as most programs find it, a context, the kernels
 * of kernels.c, a clock, and the reading of command lines.
 *
 * These are plain CUDA programs. They know nothing of GreenBoost, and do the
 * same with and without it; each prints one JSON object on standard output.
 * Whatever goes wrong ends the process with status 1 and one line on standard
 * error, through bench_fail(). One thread uses all of this, unless it says
 * otherwise.
 */
#ifndef BENCH_DRIVER_H
#define BENCH_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/cuda.h"

/* Every entry point that a client calls: its exported name, its parameters. */
#define BENCH_DRIVER_CALLS(CALL)                                                    \
	CALL(cuInit, (unsigned int))                                                \
	CALL(cuDeviceGet, (CUdevice *, int))                                        \
	CALL(cuDeviceGetName, (char *, int, CUdevice))                              \
	CALL(cuDeviceGetAttribute, (int *, CUdevice_attribute, CUdevice))           \
	CALL(cuDevicePrimaryCtxRetain, (CUcontext *, CUdevice))                     \
	CALL(cuDevicePrimaryCtxRelease_v2, (CUdevice))                              \
	CALL(cuCtxSetCurrent, (CUcontext))                                          \
	CALL(cuCtxSynchronize, (void))                                              \
	CALL(cuModuleLoadData, (CUmodule *, const void *))                          \
	CALL(cuModuleUnload, (CUmodule))                                            \
	CALL(cuModuleGetFunction, (CUfunction *, CUmodule, const char *))           \
	CALL(cuMemGetInfo_v2, (size_t *, size_t *))                                 \
	CALL(cuMemAlloc_v2, (CUdeviceptr *, size_t))                                \
	CALL(cuMemFree_v2, (CUdeviceptr))                                           \
	CALL(cuMemHostAlloc, (void **, size_t, unsigned int))                       \
	CALL(cuMemFreeHost, (void *))                                               \
	CALL(cuMemHostGetDevicePointer_v2, (CUdeviceptr *, void *, unsigned int))   \
	CALL(cuMemHostRegister_v2, (void *, size_t, unsigned int))                  \
	CALL(cuMemHostUnregister, (void *))                                         \
	CALL(cuMemAddressReserve,                                                   \
	     (CUdeviceptr *, size_t, size_t, CUdeviceptr, unsigned long long))      \
	CALL(cuMemAddressFree, (CUdeviceptr, size_t))                               \
	CALL(cuMemCreate, (CUmemGenericAllocationHandle *, size_t,                  \
			   const CUmemAllocationProp *, unsigned long long))        \
	CALL(cuMemRelease, (CUmemGenericAllocationHandle))                          \
	CALL(cuMemMap, (CUdeviceptr, size_t, size_t,                                \
			CUmemGenericAllocationHandle, unsigned long long))          \
	CALL(cuMemUnmap, (CUdeviceptr, size_t))                                     \
	CALL(cuMemSetAccess,                                                        \
	     (CUdeviceptr, size_t, const CUmemAccessDesc *, size_t))                \
	CALL(cuMemcpyHtoD_v2, (CUdeviceptr, const void *, size_t))                  \
	CALL(cuMemcpyDtoH_v2, (void *, CUdeviceptr, size_t))                        \
	CALL(cuMemcpyDtoD_v2, (CUdeviceptr, CUdeviceptr, size_t))                   \
	CALL(cuMemsetD32_v2, (CUdeviceptr, unsigned int, size_t))                   \
	CALL(cuLaunchKernel, (CUfunction, unsigned int, unsigned int, unsigned int, \
			      unsigned int, unsigned int, unsigned int,             \
			      unsigned int, CUstream, void **, void **))

struct bench_driver {
#define BENCH_MEMBER(name, parameters) CUresult(*name) parameters;
	BENCH_DRIVER_CALLS(BENCH_MEMBER)
#undef BENCH_MEMBER
};

/* The one GPU that a client works on: the first that CUDA shows it. */
struct bench_gpu {
	struct bench_driver call;
	CUdevice device;
	CUcontext context;
	CUmodule module;
	CUfunction empty, four, fill, sum; /* of kernels.c */
	CUdeviceptr total;		   /* where sum adds up, 4 bytes */
};

/* The text of the kernels, as PTX. */
extern const char bench_kernels[];

/* Opens the driver, the first GPU's primary context and the kernels. */
void bench_gpu_init(struct bench_gpu *gpu);
void bench_gpu_finish(struct bench_gpu *gpu);

/* Prints "client: MESSAGE" on standard error and exits with status 1. */
_Noreturn void bench_fail(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* Fails with the call's text and its result code, unless that is success. */
#define BENCH_CHECK(result) bench_check((result), #result)
void bench_check(CUresult result, const char *call);

/* Nanoseconds of the monotonic clock. */
uint64_t bench_now(void);

/* Starts @function over the whole GPU on the default stream; does not wait. */
void bench_launch(struct bench_gpu *gpu, CUfunction function, void **parameters);

/*
 * Writes word i of @bytes bytes at @data as i * BENCH_FILL_STEP + @seed, on the
 * GPU, and waits. @bytes is a multiple of 16, here and below.
 */
#define BENCH_FILL_STEP 2654435761u
void bench_fill(struct bench_gpu *gpu, CUdeviceptr data, size_t bytes,
		uint32_t seed);

/* The sum modulo 2^32 of what bench_fill() writes. */
uint32_t bench_fill_sum(size_t bytes, uint32_t seed);

/*
 * The sum modulo 2^32 of the 32-bit words at @data, as the GPU reads them. Where
 * @elapsed is not NULL it gets the nanoseconds from launch to end.
 */
uint32_t bench_sum(struct bench_gpu *gpu, CUdeviceptr data, size_t bytes,
		   uint64_t *elapsed);

/* The same of host memory, by the CPU. */
uint32_t bench_host_sum(const void *data, size_t bytes);

/*
 * @bytes of RAM near the GPU, as a handle that the driver makes; cuMemRelease
 * lets go of it. A multiple of 2 MiB.
 */
CUmemGenericAllocationHandle bench_host_handle(struct bench_gpu *gpu, size_t bytes);
/* The whole of @handle, which has @bytes, for the GPU to use at @at, that is reserved. */
void bench_map(struct bench_gpu *gpu, CUdeviceptr at, size_t bytes,
	       CUmemGenericAllocationHandle handle);

/* One option of a client: "--NAME VALUE", a size ("15g") or a plain number. */
struct bench_option {
	const char *name;
	uint64_t *value;
	const char *help;
};

/* Sets the values that @argv names; prints the list for --help. */
void bench_options(int argc, char **argv, const struct bench_option *options,
		   size_t count);

/* Prints the members "pid", "device", "total_bytes" and "free_bytes", with a comma. */
void bench_print_gpu(struct bench_gpu *gpu);

#endif
