/* SPDX-License-Identifier: GPL-2.0-only */
/* The launch calls of CUDA 2: the function itself holds shape and parameters.
 */
#include <stdlib.h>
#include <string.h>

#include "launch.h"
#include "sim.h"

#define PARAMETER_BYTES 4096

SIM_API(cuFuncSetBlockShape, 0, (CUfunction handle, int x, int y, int z),
	(handle, x, y, z))
{
	struct CUfunc_st *function = sim_function(handle);

	if (!function)
		return CUDA_ERROR_INVALID_HANDLE;
	if (x <= 0 || y <= 0 || z <= 0)
		return CUDA_ERROR_INVALID_VALUE;
	function->block[0] = x;
	function->block[1] = y;
	function->block[2] = z;
	return CUDA_SUCCESS;
}

SIM_API(cuFuncSetSharedSize, 0, (CUfunction handle, unsigned int bytes),
	(handle, bytes))
{
	struct CUfunc_st *function = sim_function(handle);

	if (!function)
		return CUDA_ERROR_INVALID_HANDLE;
	function->shared_bytes = bytes;
	return CUDA_SUCCESS;
}

SIM_API(cuParamSetSize, 0, (CUfunction handle, unsigned int bytes), (handle, bytes))
{
	struct CUfunc_st *function = sim_function(handle);

	if (!function)
		return CUDA_ERROR_INVALID_HANDLE;
	if (bytes > PARAMETER_BYTES)
		return CUDA_ERROR_INVALID_VALUE;
	function->parameter_bytes = bytes;
	return CUDA_SUCCESS;
}

static CUresult set(CUfunction handle, int offset, const void *value,
		    unsigned int bytes)
{
	struct CUfunc_st *function = sim_function(handle);

	if (!function)
		return CUDA_ERROR_INVALID_HANDLE;
	if (offset < 0 || !value || bytes > PARAMETER_BYTES ||
	    (unsigned int)offset > PARAMETER_BYTES - bytes)
		return CUDA_ERROR_INVALID_VALUE;
	if (!function->parameters)
		function->parameters = sim_alloc(PARAMETER_BYTES);
	memcpy(function->parameters + offset, value, bytes);
	return CUDA_SUCCESS;
}

SIM_API(cuParamSeti, 0, (CUfunction f, int offset, unsigned int value),
	(f, offset, value))
{
	return set(f, offset, &value, sizeof(value));
}

SIM_API(cuParamSetf, 0, (CUfunction f, int offset, float value), (f, offset, value))
{
	return set(f, offset, &value, sizeof(value));
}

SIM_API(cuParamSetv, 0, (CUfunction f, int offset, void *value, unsigned int bytes),
	(f, offset, value, bytes))
{
	return set(f, offset, value, bytes);
}

static CUresult launch(CUfunction handle, int width, int height,
		       CUstream stream_handle)
{
	struct CUfunc_st *function = sim_function(handle);
	struct sim_kernel_shape shape = { .function = handle };
	struct CUstream_st *stream;
	struct sim_work *work;
	CUresult rc;

	if (!function)
		return CUDA_ERROR_INVALID_HANDLE;
	if (!function->block[0] || width <= 0 || height <= 0)
		return CUDA_ERROR_INVALID_VALUE;
	shape.grid[0] = width;
	shape.grid[1] = height;
	shape.grid[2] = 1;
	memcpy(shape.block, function->block, sizeof(shape.block));
	shape.shared_bytes = function->shared_bytes;
	rc = sim_stream(stream_handle, &stream);
	if (!rc)
		rc = sim_kernel_create(
			&shape, NULL,
			(void *[]){ CU_LAUNCH_PARAM_BUFFER_POINTER,
				    function->parameters ? function->parameters
							 : (void *)function,
				    CU_LAUNCH_PARAM_BUFFER_SIZE,
				    &function->parameter_bytes, CU_LAUNCH_PARAM_END },
			&work);
	return rc ? rc : sim_submit(stream, work);
}

SIM_API(cuLaunch, 0, (CUfunction f), (f))
{
	return launch(f, 1, 1, NULL);
}

SIM_API(cuLaunchGrid, 0, (CUfunction f, int width, int height), (f, width, height))
{
	return launch(f, width, height, NULL);
}

SIM_API(cuLaunchGridAsync, 0,
	(CUfunction f, int width, int height, CUstream stream),
	(f, width, height, stream))
{
	return launch(f, width, height, stream);
}
