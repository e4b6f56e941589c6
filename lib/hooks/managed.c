// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hints for managed memory. Arena memory is none, and the driver says of
 * cuMemAlloc's memory that the value is invalid.
 */
#include "pass.h"

#define HINT_HOOK(name, address, parameters, arguments)                        \
	CUresult name parameters                                               \
	{                                                                      \
		if (gb_is_ours(address))                                       \
			return CUDA_ERROR_INVALID_VALUE;                       \
		return GB_REAL(name) arguments;                                \
	}

HINT_HOOK(cuMemPrefetchAsync, at,
	  (CUdeviceptr at, size_t bytes, CUdevice device, CUstream stream),
	  (at, bytes, device, stream))
HINT_HOOK(cuMemPrefetchAsync_ptsz, at,
	  (CUdeviceptr at, size_t bytes, CUdevice device, CUstream stream),
	  (at, bytes, device, stream))
HINT_HOOK(cuMemPrefetchAsync_v2, at,
	  (CUdeviceptr at, size_t bytes, CUmemLocation where,
	   unsigned int flags, CUstream stream),
	  (at, bytes, where, flags, stream))
HINT_HOOK(cuMemPrefetchAsync_v2_ptsz, at,
	  (CUdeviceptr at, size_t bytes, CUmemLocation where,
	   unsigned int flags, CUstream stream),
	  (at, bytes, where, flags, stream))
HINT_HOOK(cuMemAdvise, at,
	  (CUdeviceptr at, size_t bytes, CUmem_advise advice, CUdevice device),
	  (at, bytes, advice, device))
HINT_HOOK(cuMemAdvise_v2, at,
	  (CUdeviceptr at, size_t bytes, CUmem_advise advice, CUmemLocation where),
	  (at, bytes, advice, where))
HINT_HOOK(cuStreamAttachMemAsync, at,
	  (CUstream stream, CUdeviceptr at, size_t bytes, unsigned int flags),
	  (stream, at, bytes, flags))
HINT_HOOK(cuStreamAttachMemAsync_ptsz, at,
	  (CUstream stream, CUdeviceptr at, size_t bytes, unsigned int flags),
	  (stream, at, bytes, flags))
