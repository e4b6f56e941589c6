/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the simulator's tests share. The driver reads its settings once, and a
 * context may die of what a test does, so each scenario runs in a child of its
 * own: run() forks, sets the environment, calls the scenario and returns 0 when
 * all it wanted held.
 */
#ifndef SIM_TEST_H
#define SIM_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <abi/cuda.h>

/* Prototypes of all that GreenBoost stands in front of, and of the rest that
 * is used here. */
#define GB_HOOK(name, parameters) CUresult name parameters;
#include "../../lib/interpose/hooks.def"
#undef GB_HOOK

CUresult cuDriverGetVersion(int *);
CUresult cuDeviceGet(CUdevice *, int);
CUresult cuDeviceGetCount(int *);
CUresult cuDeviceGetName(char *, int, CUdevice);
CUresult cuDeviceGetAttribute(int *, CUdevice_attribute, CUdevice);
CUresult cuCtxSetCurrent(CUcontext);
CUresult cuCtxGetCurrent(CUcontext *);
CUresult cuCtxPushCurrent_v2(CUcontext);
CUresult cuCtxPopCurrent_v2(CUcontext *);
CUresult cuStreamDestroy_v2(CUstream);
CUresult cuStreamQuery(CUstream);
CUresult cuStreamWaitEvent(CUstream, CUevent, unsigned int);
CUresult cuEventCreate(CUevent *, unsigned int);
CUresult cuEventDestroy_v2(CUevent);
CUresult cuEventRecord(CUevent, CUstream);
CUresult cuEventRecord_ptsz(CUevent, CUstream);
CUresult cuEventQuery(CUevent);
CUresult cuEventElapsedTime(float *, CUevent, CUevent);
CUresult cuLaunchHostFunc(CUstream, void (*)(void *), void *);
CUresult cuMemAddressReserve(CUdeviceptr *, size_t, size_t, CUdeviceptr,
			     unsigned long long);
CUresult cuMemAddressFree(CUdeviceptr, size_t);
CUresult cuMemUnmap(CUdeviceptr, size_t);
CUresult cuMemSetAccess(CUdeviceptr, size_t, const CUmemAccessDesc *, size_t);
CUresult cuMemGetAccess(unsigned long long *, const CUmemLocation *, CUdeviceptr);
CUresult cuMemGetAllocationGranularity(size_t *, const CUmemAllocationProp *,
				       CUmemAllocationGranularity_flags);
CUresult cuMemExportToShareableHandle(void *, CUmemGenericAllocationHandle,
				      CUmemAllocationHandleType,
				      unsigned long long);
CUresult cuMemImportFromShareableHandle(CUmemGenericAllocationHandle *, void *,
					CUmemAllocationHandleType);
CUresult cuMemHostGetDevicePointer_v2(CUdeviceptr *, void *, unsigned int);
CUresult cuModuleGetFunction(CUfunction *, CUmodule, const char *);
CUresult cuModuleGetGlobal_v2(CUdeviceptr *, size_t *, CUmodule, const char *);
CUresult cuLibraryGetKernel(CUkernel *, CUlibrary, const char *);
CUresult cuKernelGetFunction(CUfunction *, CUkernel);
CUresult cuFuncGetParamInfo(CUfunction, size_t, size_t *, size_t *);
CUresult cuKernelGetParamInfo(CUkernel, size_t, size_t *, size_t *);
CUresult cuFuncSetBlockShape(CUfunction, int, int, int);
CUresult cuParamSetSize(CUfunction, unsigned int);
CUresult cuParamSeti(CUfunction, int, unsigned int);
CUresult cuParamSetf(CUfunction, int, float);
CUresult cuParamSetv(CUfunction, int, void *, unsigned int);
CUresult cuGetExportTable(const void **, const CUuuid *);
CUresult cuGetErrorName(CUresult, const char **);

/* Ends the scenario unless the call gives that result. */
#define WANT(code, call)                                                       \
	do {                                                                   \
		int want_ = (code), got_ = (int)(call);                        \
		if (want_ != got_) {                                           \
			fprintf(stderr, "%s:%d: %s = %d, wanted %d\n",         \
				__FILE__, __LINE__, #call, got_, want_);       \
			_exit(1);                                              \
		}                                                              \
	} while (0)
#define OK(call)	 WANT(CUDA_SUCCESS, call)
#define TRUE_(condition) WANT(1, !!(condition))

/*
 * The scenario's result in a child with these settings ("NAME=VALUE ...", or
 * NULL): 0, 1, or 256 + the signal that killed it.
 */
int run(void (*scenario)(void), const char *settings);

/* How many of the seeds from 0 make the scenario fail. */
int failing_seeds(void (*scenario)(void), int seeds);
/* From here on, what scenarios complain of is no news: nothing shows it. */
void expect_complaints(void);

/* A test of one scenario that has to succeed. */
#define SCENARIO(name, settings)                                               \
	static void test_##name(void **state)                                  \
	{                                                                      \
		assert_int_equal(run(name, settings), 0);                      \
	}

/* A context on device 0, current. */
CUcontext start(void);
/* A function of a module with this one entry; parameters as PTX has them. */
CUfunction load(const char *name, const char *parameters);
/* Device memory of so many 32-bit words, each with that value. */
CUdeviceptr words(size_t count, uint32_t value);
uint32_t word(CUdeviceptr at);
/* A mapping of one new handle, read-write for device 0. */
CUdeviceptr map_new(size_t bytes, CUmemLocationType where,
		    CUmemGenericAllocationHandle *handle);
/* One thread of one block on a stream. */
CUresult launch(CUfunction function, CUstream stream, void **parameters);

#endif
