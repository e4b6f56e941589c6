/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The driver's calls that the clients make. Each is asked from cuGetProcAddress
 * by base name and version, so that one client runs through the plain entry
 * points or through their per-thread twins.
 *
 * CALL(member, name, version, symbol): the last gives the type, from the
 * prototypes of the library.
 */
#ifndef TESTS_SYSTEM_CALLS_H
#define TESTS_SYSTEM_CALLS_H

#include "abi/cuda.h"

#define GB_HOOK(symbol, parameters) CUresult symbol parameters;
#define GB_CALL			    GB_HOOK
#include "calls.def"
#include "hooks.def"
#undef GB_HOOK
#undef GB_CALL

/* Beyond what the library needs to know. */
CUresult cuCtxGetApiVersion(CUcontext, unsigned int *);
CUresult cuFuncSetBlockShape(CUfunction, int, int, int);
CUresult cuParamSetSize(CUfunction, unsigned int);
CUresult cuParamSetv(CUfunction, int, void *, unsigned int);
CUresult cuMemGetAllocationGranularity(size_t *, const CUmemAllocationProp *,
				       CUmemAllocationGranularity_flags);
CUresult cuMemGetAccess(unsigned long long *, const CUmemLocation *, CUdeviceptr);
CUresult cuMemcpyHtoA_v2(CUarray, size_t, const void *, size_t);
CUresult cuMemcpyAtoH_v2(void *, CUarray, size_t, size_t);
CUresult cuGraphDestroy(CUgraph);
CUresult cuGraphExecDestroy(CUgraphExec);
CUresult cuLaunchHostFunc(CUstream, void (*)(void *), void *);
CUresult cuMemPoolCreate(CUmemoryPool *, const CUmemPoolProps *);
CUresult cuMemPoolDestroy(CUmemoryPool);
CUresult cuMemPoolTrimTo(CUmemoryPool, size_t);
CUresult cuMemPoolGetAttribute(CUmemoryPool, CUmemPool_attribute, void *);
CUresult cuModuleGetFunction(CUfunction *, CUmodule, const char *);
CUresult cuModuleGetGlobal_v2(CUdeviceptr *, size_t *, CUmodule, const char *);
CUresult cuStreamQuery(CUstream);

#define CALLS(CALL)                                                                   \
	CALL(Init, cuInit, 2000, cuInit)                                              \
	CALL(DeviceGetCount, cuDeviceGetCount, 2000, cuDeviceGetCount)                \
	CALL(DeviceTotalMem, cuDeviceTotalMem, 3020, cuDeviceTotalMem_v2)             \
	CALL(DevicePrimaryCtxRetain, cuDevicePrimaryCtxRetain, 7000,                  \
	     cuDevicePrimaryCtxRetain)                                                \
	CALL(DevicePrimaryCtxRelease, cuDevicePrimaryCtxRelease, 11000,               \
	     cuDevicePrimaryCtxRelease_v2)                                            \
	CALL(DevicePrimaryCtxReset, cuDevicePrimaryCtxReset, 11000,                   \
	     cuDevicePrimaryCtxReset_v2)                                              \
	CALL(DeviceCanAccessPeer, cuDeviceCanAccessPeer, 4000, cuDeviceCanAccessPeer) \
	CALL(DeviceGetMemPool, cuDeviceGetMemPool, 11020, cuDeviceGetMemPool)         \
	CALL(CtxCreate, cuCtxCreate, 3020, cuCtxCreate_v2)                            \
	CALL(CtxDestroy, cuCtxDestroy, 4000, cuCtxDestroy_v2)                         \
	CALL(CtxGetCurrent, cuCtxGetCurrent, 4000, cuCtxGetCurrent)                   \
	CALL(CtxSetCurrent, cuCtxSetCurrent, 4000, cuCtxSetCurrent)                   \
	CALL(CtxPushCurrent, cuCtxPushCurrent, 4000, cuCtxPushCurrent_v2)             \
	CALL(CtxPopCurrent, cuCtxPopCurrent, 4000, cuCtxPopCurrent_v2)                \
	CALL(CtxSynchronize, cuCtxSynchronize, 2000, cuCtxSynchronize)                \
	CALL(CtxEnablePeerAccess, cuCtxEnablePeerAccess, 4000, cuCtxEnablePeerAccess) \
	CALL(CtxDisablePeerAccess, cuCtxDisablePeerAccess, 4000,                      \
	     cuCtxDisablePeerAccess)                                                  \
	CALL(CtxSetLimit, cuCtxSetLimit, 3010, cuCtxSetLimit)                         \
	CALL(StreamCreate, cuStreamCreate, 2000, cuStreamCreate)                      \
	CALL(StreamDestroy, cuStreamDestroy, 4000, cuStreamDestroy_v2)                \
	CALL(StreamSynchronize, cuStreamSynchronize, 7000, cuStreamSynchronize)       \
	CALL(StreamQuery, cuStreamQuery, 7000, cuStreamQuery)                         \
	CALL(StreamWaitEvent, cuStreamWaitEvent, 7000, cuStreamWaitEvent)             \
	CALL(StreamIsCapturing, cuStreamIsCapturing, 10000, cuStreamIsCapturing)      \
	CALL(StreamBeginCapture, cuStreamBeginCapture, 10010,                         \
	     cuStreamBeginCapture_v2)                                                 \
	CALL(StreamEndCapture, cuStreamEndCapture, 10000, cuStreamEndCapture)         \
	CALL(StreamWriteValue32, cuStreamWriteValue32, 11070,                         \
	     cuStreamWriteValue32_v2)                                                 \
	CALL(StreamWriteValue64, cuStreamWriteValue64, 11070,                         \
	     cuStreamWriteValue64_v2)                                                 \
	CALL(StreamWaitValue32, cuStreamWaitValue32, 11070, cuStreamWaitValue32_v2)   \
	CALL(StreamWaitValue64, cuStreamWaitValue64, 11070, cuStreamWaitValue64_v2)   \
	CALL(StreamBatchMemOp, cuStreamBatchMemOp, 11070, cuStreamBatchMemOp_v2)      \
	CALL(StreamAttachMemAsync, cuStreamAttachMemAsync, 7000,                      \
	     cuStreamAttachMemAsync)                                                  \
	CALL(ThreadExchangeStreamCaptureMode, cuThreadExchangeStreamCaptureMode,      \
	     10010, cuThreadExchangeStreamCaptureMode)                                \
	CALL(EventCreate, cuEventCreate, 2000, cuEventCreate)                         \
	CALL(EventDestroy, cuEventDestroy, 4000, cuEventDestroy_v2)                   \
	CALL(EventRecord, cuEventRecord, 7000, cuEventRecord)                         \
	CALL(EventSynchronize, cuEventSynchronize, 2000, cuEventSynchronize)          \
	CALL(EventQuery, cuEventQuery, 2000, cuEventQuery)                            \
	CALL(LaunchHostFunc, cuLaunchHostFunc, 10000, cuLaunchHostFunc)               \
	CALL(MemAlloc, cuMemAlloc, 3020, cuMemAlloc_v2)                               \
	CALL(MemAllocPitch, cuMemAllocPitch, 3020, cuMemAllocPitch_v2)                \
	CALL(MemFree, cuMemFree, 3020, cuMemFree_v2)                                  \
	CALL(MemAllocAsync, cuMemAllocAsync, 11020, cuMemAllocAsync)                  \
	CALL(MemAllocFromPoolAsync, cuMemAllocFromPoolAsync, 11020,                   \
	     cuMemAllocFromPoolAsync)                                                 \
	CALL(MemFreeAsync, cuMemFreeAsync, 11020, cuMemFreeAsync)                     \
	CALL(MemPoolCreate, cuMemPoolCreate, 11020, cuMemPoolCreate)                  \
	CALL(MemPoolDestroy, cuMemPoolDestroy, 11020, cuMemPoolDestroy)               \
	CALL(MemPoolTrimTo, cuMemPoolTrimTo, 11020, cuMemPoolTrimTo)                  \
	CALL(MemPoolGetAttribute, cuMemPoolGetAttribute, 11020,                       \
	     cuMemPoolGetAttribute)                                                   \
	CALL(MemAllocManaged, cuMemAllocManaged, 6000, cuMemAllocManaged)             \
	CALL(MemHostAlloc, cuMemHostAlloc, 2020, cuMemHostAlloc)                      \
	CALL(MemAllocHost, cuMemAllocHost, 3020, cuMemAllocHost_v2)                   \
	CALL(MemFreeHost, cuMemFreeHost, 2000, cuMemFreeHost)                         \
	CALL(MemHostRegister, cuMemHostRegister, 6050, cuMemHostRegister_v2)          \
	CALL(MemHostUnregister, cuMemHostUnregister, 4000, cuMemHostUnregister)       \
	CALL(MemGetInfo, cuMemGetInfo, 3020, cuMemGetInfo_v2)                         \
	CALL(MemGetAddressRange, cuMemGetAddressRange, 3020, cuMemGetAddressRange_v2) \
	CALL(PointerGetAttribute, cuPointerGetAttribute, 4000, cuPointerGetAttribute) \
	CALL(PointerGetAttributes, cuPointerGetAttributes, 7000,                      \
	     cuPointerGetAttributes)                                                  \
	CALL(PointerSetAttribute, cuPointerSetAttribute, 6000, cuPointerSetAttribute) \
	CALL(MemCreate, cuMemCreate, 10020, cuMemCreate)                              \
	CALL(MemRelease, cuMemRelease, 10020, cuMemRelease)                           \
	CALL(MemAddressReserve, cuMemAddressReserve, 10020, cuMemAddressReserve)      \
	CALL(MemAddressFree, cuMemAddressFree, 10020, cuMemAddressFree)               \
	CALL(MemMap, cuMemMap, 10020, cuMemMap)                                       \
	CALL(MemUnmap, cuMemUnmap, 10020, cuMemUnmap)                                 \
	CALL(MemSetAccess, cuMemSetAccess, 10020, cuMemSetAccess)                     \
	CALL(MemGetAccess, cuMemGetAccess, 10020, cuMemGetAccess)                     \
	CALL(MemRetainAllocationHandle, cuMemRetainAllocationHandle, 11000,           \
	     cuMemRetainAllocationHandle)                                             \
	CALL(MemGetHandleForAddressRange, cuMemGetHandleForAddressRange,              \
	     11070, cuMemGetHandleForAddressRange)                                    \
	CALL(MemPrefetchAsync, cuMemPrefetchAsync, 8000, cuMemPrefetchAsync)          \
	CALL(MemAdvise, cuMemAdvise, 8000, cuMemAdvise)                               \
	CALL(ArrayCreate, cuArrayCreate, 3020, cuArrayCreate_v2)                      \
	CALL(Array3DCreate, cuArray3DCreate, 3020, cuArray3DCreate_v2)                \
	CALL(ArrayDestroy, cuArrayDestroy, 2000, cuArrayDestroy)                      \
	CALL(Memcpy, cuMemcpy, 7000, cuMemcpy)                                        \
	CALL(MemcpyAsync, cuMemcpyAsync, 7000, cuMemcpyAsync)                         \
	CALL(MemcpyHtoD, cuMemcpyHtoD, 7000, cuMemcpyHtoD_v2)                         \
	CALL(MemcpyHtoDAsync, cuMemcpyHtoDAsync, 7000, cuMemcpyHtoDAsync_v2)          \
	CALL(MemcpyDtoH, cuMemcpyDtoH, 7000, cuMemcpyDtoH_v2)                         \
	CALL(MemcpyDtoHAsync, cuMemcpyDtoHAsync, 7000, cuMemcpyDtoHAsync_v2)          \
	CALL(MemcpyDtoD, cuMemcpyDtoD, 7000, cuMemcpyDtoD_v2)                         \
	CALL(MemcpyDtoDAsync, cuMemcpyDtoDAsync, 7000, cuMemcpyDtoDAsync_v2)          \
	CALL(MemcpyPeer, cuMemcpyPeer, 7000, cuMemcpyPeer)                            \
	CALL(MemcpyPeerAsync, cuMemcpyPeerAsync, 7000, cuMemcpyPeerAsync)             \
	CALL(MemcpyAtoD, cuMemcpyAtoD, 7000, cuMemcpyAtoD_v2)                         \
	CALL(MemcpyDtoA, cuMemcpyDtoA, 7000, cuMemcpyDtoA_v2)                         \
	CALL(MemcpyHtoA, cuMemcpyHtoA, 7000, cuMemcpyHtoA_v2)                         \
	CALL(MemcpyAtoH, cuMemcpyAtoH, 7000, cuMemcpyAtoH_v2)                         \
	CALL(Memcpy2D, cuMemcpy2D, 7000, cuMemcpy2D_v2)                               \
	CALL(Memcpy2DUnaligned, cuMemcpy2DUnaligned, 7000, cuMemcpy2DUnaligned_v2)    \
	CALL(Memcpy2DAsync, cuMemcpy2DAsync, 7000, cuMemcpy2DAsync_v2)                \
	CALL(Memcpy3D, cuMemcpy3D, 7000, cuMemcpy3D_v2)                               \
	CALL(Memcpy3DAsync, cuMemcpy3DAsync, 7000, cuMemcpy3DAsync_v2)                \
	CALL(Memcpy3DPeer, cuMemcpy3DPeer, 7000, cuMemcpy3DPeer)                      \
	CALL(Memcpy3DPeerAsync, cuMemcpy3DPeerAsync, 7000, cuMemcpy3DPeerAsync)       \
	CALL(MemcpyBatchAsync, cuMemcpyBatchAsync, 12080, cuMemcpyBatchAsync)         \
	CALL(MemcpyBatchAsync_v2, cuMemcpyBatchAsync, 13000, cuMemcpyBatchAsync_v2)   \
	CALL(Memcpy3DBatchAsync, cuMemcpy3DBatchAsync, 12080, cuMemcpy3DBatchAsync)   \
	CALL(Memcpy3DBatchAsync_v2, cuMemcpy3DBatchAsync, 13000,                      \
	     cuMemcpy3DBatchAsync_v2)                                                 \
	CALL(MemsetD8, cuMemsetD8, 7000, cuMemsetD8_v2)                               \
	CALL(MemsetD16, cuMemsetD16, 7000, cuMemsetD16_v2)                            \
	CALL(MemsetD32, cuMemsetD32, 7000, cuMemsetD32_v2)                            \
	CALL(MemsetD8Async, cuMemsetD8Async, 7000, cuMemsetD8Async)                   \
	CALL(MemsetD16Async, cuMemsetD16Async, 7000, cuMemsetD16Async)                \
	CALL(MemsetD32Async, cuMemsetD32Async, 7000, cuMemsetD32Async)                \
	CALL(MemsetD2D8, cuMemsetD2D8, 7000, cuMemsetD2D8_v2)                         \
	CALL(MemsetD2D16, cuMemsetD2D16, 7000, cuMemsetD2D16_v2)                      \
	CALL(MemsetD2D32, cuMemsetD2D32, 7000, cuMemsetD2D32_v2)                      \
	CALL(MemsetD2D8Async, cuMemsetD2D8Async, 7000, cuMemsetD2D8Async)             \
	CALL(MemsetD2D16Async, cuMemsetD2D16Async, 7000, cuMemsetD2D16Async)          \
	CALL(MemsetD2D32Async, cuMemsetD2D32Async, 7000, cuMemsetD2D32Async)          \
	CALL(ModuleLoadData, cuModuleLoadData, 2000, cuModuleLoadData)                \
	CALL(ModuleUnload, cuModuleUnload, 2000, cuModuleUnload)                      \
	CALL(ModuleGetFunction, cuModuleGetFunction, 2000, cuModuleGetFunction)       \
	CALL(ModuleGetGlobal, cuModuleGetGlobal, 3020, cuModuleGetGlobal_v2)          \
	CALL(LaunchKernel, cuLaunchKernel, 7000, cuLaunchKernel)                      \
	CALL(LaunchKernelEx, cuLaunchKernelEx, 11060, cuLaunchKernelEx)               \
	CALL(LaunchCooperativeKernel, cuLaunchCooperativeKernel, 9000,                \
	     cuLaunchCooperativeKernel)                                               \
	CALL(LaunchGrid, cuLaunchGrid, 2000, cuLaunchGrid)                            \
	CALL(LaunchGridAsync, cuLaunchGridAsync, 2000, cuLaunchGridAsync)             \
	CALL(FuncSetBlockShape, cuFuncSetBlockShape, 2000, cuFuncSetBlockShape)       \
	CALL(ParamSetSize, cuParamSetSize, 2000, cuParamSetSize)                      \
	CALL(ParamSetv, cuParamSetv, 2000, cuParamSetv)                               \
	CALL(GraphInstantiate, cuGraphInstantiateWithFlags, 11040,                    \
	     cuGraphInstantiateWithFlags)                                             \
	CALL(GraphLaunch, cuGraphLaunch, 10000, cuGraphLaunch)                        \
	CALL(GraphUpload, cuGraphUpload, 11010, cuGraphUpload)                        \
	CALL(GraphDestroy, cuGraphDestroy, 10000, cuGraphDestroy)                     \
	CALL(GraphExecDestroy, cuGraphExecDestroy, 10000, cuGraphExecDestroy)

struct calls {
#define MEMBER(member, name, version, symbol) __typeof__(&symbol) member;
	CALLS(MEMBER)
#undef MEMBER
};

#endif
