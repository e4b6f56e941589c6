/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few calls of the CUDA driver that the example makes, found at run time, as
 * most programs find them: so it builds and starts on a machine without CUDA.
 */
#ifndef EXAMPLE_GPU_H
#define EXAMPLE_GPU_H

#include <stddef.h>
#include <stdint.h>

#include "abi/cuda.h"

#define GPU_CALLS(CALL)                                                           \
	CALL(cuInit, cuInit, (unsigned int))                                      \
	CALL(cuGetErrorName, cuGetErrorName, (CUresult, const char **))           \
	CALL(cuDeviceGetCount, cuDeviceGetCount, (int *))                         \
	CALL(cuDeviceGet, cuDeviceGet, (CUdevice *, int))                         \
	CALL(cuDeviceGetName, cuDeviceGetName, (char *, int, CUdevice))           \
	CALL(cuDeviceTotalMem, cuDeviceTotalMem_v2, (size_t *, CUdevice))         \
	CALL(cuDevicePrimaryCtxRetain, cuDevicePrimaryCtxRetain,                  \
	     (CUcontext *, CUdevice))                                             \
	CALL(cuCtxSetCurrent, cuCtxSetCurrent, (CUcontext))                       \
	CALL(cuCtxSynchronize, cuCtxSynchronize, (void))                          \
	CALL(cuModuleLoadData, cuModuleLoadData, (CUmodule *, const void *))      \
	CALL(cuModuleGetFunction, cuModuleGetFunction,                            \
	     (CUfunction *, CUmodule, const char *))                              \
	CALL(cuMemAlloc, cuMemAlloc_v2, (CUdeviceptr *, size_t))                  \
	CALL(cuMemFree, cuMemFree_v2, (CUdeviceptr))                              \
	CALL(cuMemAllocHost, cuMemAllocHost_v2, (void **, size_t))                \
	CALL(cuMemFreeHost, cuMemFreeHost, (void *))                              \
	CALL(cuMemcpyHtoD, cuMemcpyHtoD_v2, (CUdeviceptr, const void *, size_t))  \
	CALL(cuMemcpyHtoDAsync, cuMemcpyHtoDAsync_v2,                             \
	     (CUdeviceptr, const void *, size_t, CUstream))                       \
	CALL(cuMemcpyDtoH, cuMemcpyDtoH_v2, (void *, CUdeviceptr, size_t))        \
	CALL(cuEventCreate, cuEventCreate, (CUevent *, unsigned int))             \
	CALL(cuEventRecord, cuEventRecord, (CUevent, CUstream))                   \
	CALL(cuEventSynchronize, cuEventSynchronize, (CUevent))                   \
	CALL(cuEventElapsedTime, cuEventElapsedTime, (float *, CUevent, CUevent)) \
	CALL(cuLaunchKernel, cuLaunchKernel,                                      \
	     (CUfunction, unsigned int, unsigned int, unsigned int,               \
	      unsigned int, unsigned int, unsigned int, unsigned int,             \
	      CUstream, void **, void **))

struct gpu {
#define MEMBER(name, symbol, parameters) CUresult(*name) parameters;
	GPU_CALLS(MEMBER)
#undef MEMBER
	CUdevice device;
	size_t memory; /* bytes, as the driver tells */
	char name[96];
	CUfunction fill, mix, reduce;
	CUevent start, end;
};

/* Opens GPU @index with its kernels; ends the program when there is none. */
void gpu_open(struct gpu *gpu, int index);

/* Runs @kernel on the default stream, with as many threads as kernels.c wants. */
void gpu_launch(struct gpu *gpu, CUfunction kernel, void **parameters);

/* Milliseconds of GPU time between the two. */
void gpu_timer_start(struct gpu *gpu);
float gpu_timer_stop(struct gpu *gpu);

/*
 * GB/s from pinned host memory: of the copy engine, and of a kernel that reads
 * it where it lies.
 */
struct gpu_rates {
	double copy, direct;
};
void gpu_measure_rates(struct gpu *gpu, struct gpu_rates *rates);

/* Ends the program when a call of the driver failed. */
#define CHECK(gpu, call) gpu_check(gpu, (gpu)->call, #call)
void gpu_check(struct gpu *gpu, CUresult result, const char *call);

#endif
