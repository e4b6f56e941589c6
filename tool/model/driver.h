/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The calls of the CUDA driver that the model makes, found at run time as most
 * programs find them, and the simulated GPU's clock.
 */
#ifndef MODEL_DRIVER_H
#define MODEL_DRIVER_H

#include <stddef.h>

#include <greenboost/sim.h>

#include "abi/cuda.h"

#define DRIVER_CALLS(CALL)                                                     \
	CALL(Init, cuInit, (unsigned int))                                     \
	CALL(GetErrorName, cuGetErrorName, (CUresult, const char **))          \
	CALL(DeviceGetAttribute, cuDeviceGetAttribute,                         \
	     (int *, CUdevice_attribute, CUdevice))                            \
	CALL(DevicePrimaryCtxRetain, cuDevicePrimaryCtxRetain,                 \
	     (CUcontext *, CUdevice))                                          \
	CALL(CtxSetCurrent, cuCtxSetCurrent, (CUcontext))                      \
	CALL(CtxSynchronize, cuCtxSynchronize, (void))                         \
	CALL(ModuleLoadData, cuModuleLoadData, (CUmodule *, const void *))     \
	CALL(ModuleGetFunction, cuModuleGetFunction,                           \
	     (CUfunction *, CUmodule, const char *))                           \
	CALL(StreamCreate, cuStreamCreate, (CUstream *, unsigned int))         \
	CALL(StreamSynchronize, cuStreamSynchronize, (CUstream))               \
	CALL(StreamBeginCapture, cuStreamBeginCapture_v2,                      \
	     (CUstream, CUstreamCaptureMode))                                  \
	CALL(StreamEndCapture, cuStreamEndCapture, (CUstream, CUgraph *))      \
	CALL(GraphInstantiate, cuGraphInstantiateWithFlags,                    \
	     (CUgraphExec *, CUgraph, unsigned long long))                     \
	CALL(GraphLaunch, cuGraphLaunch, (CUgraphExec, CUstream))              \
	CALL(MemAlloc, cuMemAlloc_v2, (CUdeviceptr *, size_t))                 \
	CALL(MemsetD8, cuMemsetD8_v2, (CUdeviceptr, unsigned char, size_t))    \
	CALL(MemcpyHtoD, cuMemcpyHtoD_v2, (CUdeviceptr, const void *, size_t)) \
	CALL(MemcpyDtoHAsync, cuMemcpyDtoHAsync_v2,                            \
	     (void *, CUdeviceptr, size_t, CUstream))                          \
	CALL(LaunchKernel, cuLaunchKernel,                                     \
	     (CUfunction, unsigned int, unsigned int, unsigned int,            \
	      unsigned int, unsigned int, unsigned int, unsigned int,          \
	      CUstream, void **, void **))

struct driver {
#define MEMBER(name, symbol, parameters) CUresult(*name) parameters;
	DRIVER_CALLS(MEMBER)
#undef MEMBER
	greenboost_sim_now_fn now;
	greenboost_sim_spend_fn spend;
	CUfunction gemm, bank, attention, rest;
	CUstream stream;
	unsigned int multiprocessors;
};

extern struct driver gpu;

/* Opens the simulated GPU and loads the kernels; ends the program otherwise. */
void driver_open(void);
/* From here on CLOCK_MONOTONIC is virtual: clock.c. There has to be a GPU. */
void clock_begin(void);

/* Ends the program where a call failed, with EXIT_MEMORY where for memory. */
#define MUST(call) driver_must(gpu.call, #call)
void driver_must(CUresult result, const char *call);

#define EXIT_MEMORY 3

/* On the program's stream. */
void driver_launch(CUfunction kernel, void **parameters);

#endif
