/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The CUDA driver as greenboost doctor uses it: found with dlopen(), a few of
 * its functions, and what it says of the GPUs.
 */
#ifndef GB_CUDA_H
#define GB_CUDA_H

#include <stddef.h>
#include <stdint.h>

#include "abi/cuda.h"

/* CALL(exported name, parameters) for every function that is used. */
#define GB_CUDA_CALLS(CALL)                                                         \
	CALL(cuInit, (unsigned int))                                                \
	CALL(cuDriverGetVersion, (int *))                                           \
	CALL(cuDeviceGetCount, (int *))                                             \
	CALL(cuDeviceGet, (CUdevice *, int))                                        \
	CALL(cuDeviceGetName, (char *, int, CUdevice))                              \
	CALL(cuDeviceGetPCIBusId, (char *, int, CUdevice))                          \
	CALL(cuDeviceGetAttribute, (int *, CUdevice_attribute, CUdevice))           \
	CALL(cuDeviceTotalMem_v2, (size_t *, CUdevice))                             \
	CALL(cuDevicePrimaryCtxRetain, (CUcontext *, CUdevice))                     \
	CALL(cuDevicePrimaryCtxRelease_v2, (CUdevice))                              \
	CALL(cuCtxSetCurrent, (CUcontext))                                          \
	CALL(cuCtxSynchronize, (void))                                              \
	CALL(cuMemGetInfo_v2, (size_t *, size_t *))                                 \
	CALL(cuMemAlloc_v2, (CUdeviceptr *, size_t))                                \
	CALL(cuMemFree_v2, (CUdeviceptr))                                           \
	CALL(cuMemHostAlloc, (void **, size_t, unsigned int))                       \
	CALL(cuMemFreeHost, (void *))                                               \
	CALL(cuMemHostGetDevicePointer_v2, (CUdeviceptr *, void *, unsigned int))   \
	CALL(cuMemHostRegister_v2, (void *, size_t, unsigned int))                  \
	CALL(cuMemHostUnregister, (void *))                                         \
	CALL(cuMemcpyHtoDAsync_v2, (CUdeviceptr, const void *, size_t, CUstream))   \
	CALL(cuMemcpyDtoHAsync_v2, (void *, CUdeviceptr, size_t, CUstream))         \
	CALL(cuMemsetD32_v2, (CUdeviceptr, unsigned int, size_t))                   \
	CALL(cuModuleLoadData, (CUmodule *, const void *))                          \
	CALL(cuModuleUnload, (CUmodule))                                            \
	CALL(cuModuleGetFunction, (CUfunction *, CUmodule, const char *))           \
	CALL(cuLaunchKernel, (CUfunction, unsigned int, unsigned int, unsigned int, \
			      unsigned int, unsigned int, unsigned int,             \
			      unsigned int, CUstream, void **, void **))            \
	CALL(cuEventCreate, (CUevent *, unsigned int))                              \
	CALL(cuEventDestroy_v2, (CUevent))                                          \
	CALL(cuEventRecord, (CUevent, CUstream))                                    \
	CALL(cuEventSynchronize, (CUevent))                                         \
	CALL(cuEventElapsedTime, (float *, CUevent, CUevent))

struct gb_cuda {
	void *library;
	int version; /* as CUDA numbers it, 13000 for 13.0; 0: not known */
	int count;   /* of GPUs that this process may use */
#define GB_CUDA_MEMBER(name, parameters) CUresult(*name) parameters;
	GB_CUDA_CALLS(GB_CUDA_MEMBER)
#undef GB_CUDA_MEMBER
};

/* A GPU, as the driver tells of it. */
struct gb_card {
	char name[96];
	char bus_id[16];     /* "0000:01:00.0", as sysfs has it; "" unknown */
	uint64_t vram_total; /* bytes */
	unsigned int multiprocessors;
	unsigned int capability[2]; /* major, minor */
};

/*
 * Loads the driver at @path, or the loader's libcuda.so.1 where that is NULL,
 * and asks it for its GPUs. Returns 0; where there is none to use, -ENODEV, and
 * one line in *@why (allocated) says what is wrong. The driver stays loaded.
 */
int gb_cuda_open(struct gb_cuda *cuda, const char *path, char **why);

void gb_card_read(struct gb_card *card, const struct gb_cuda *cuda,
		  unsigned int index);

#endif
