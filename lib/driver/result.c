// SPDX-License-Identifier: GPL-2.0-only
/* The one place where CUresult becomes -errno, and where it goes back. */
#include "cuda.h"

#include <errno.h>

int gb_driver_error(CUresult result)
{
	switch (result) {
	case CUDA_SUCCESS:
		return 0;
	case CUDA_ERROR_OUT_OF_MEMORY:
		return -ENOMEM;
	case CUDA_ERROR_INVALID_VALUE:
	case CUDA_ERROR_INVALID_HANDLE:
	case CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED:
		return -EINVAL;
	case CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED:
	case CUDA_ERROR_INVALID_CONTEXT:
	case CUDA_ERROR_CONTEXT_IS_DESTROYED:
		return -ENOENT;
	case CUDA_ERROR_NOT_SUPPORTED:
	case CUDA_ERROR_NOT_PERMITTED:
		return -EOPNOTSUPP;
	case CUDA_ERROR_DEINITIALIZED:
	case CUDA_ERROR_NOT_INITIALIZED:
		return -ESHUTDOWN;
	case CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED:
	case CUDA_ERROR_STREAM_CAPTURE_IMPLICIT:
	case CUDA_ERROR_STREAM_CAPTURE_INVALIDATED:
	case CUDA_ERROR_STREAM_CAPTURE_MERGE:
	case CUDA_ERROR_STREAM_CAPTURE_ISOLATION:
	case CUDA_ERROR_CAPTURED_EVENT:
	case CUDA_ERROR_NOT_READY:
		return -EBUSY;
	default:
		return -EIO;
	}
}

CUresult gb_driver_result(int error)
{
	switch (-error) {
	case 0:
		return CUDA_SUCCESS;
	case ENOMEM:
		return CUDA_ERROR_OUT_OF_MEMORY;
	case EINVAL:
		return CUDA_ERROR_INVALID_VALUE;
	case EOPNOTSUPP:
		return CUDA_ERROR_NOT_SUPPORTED;
	case ESHUTDOWN:
		return CUDA_ERROR_DEINITIALIZED;
	case EBUSY:
		return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
	default:
		return CUDA_ERROR_UNKNOWN;
	}
}
