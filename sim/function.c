/* SPDX-License-Identifier: GPL-2.0-only */
/* What functions and kernels say of themselves. */
#include "module.h"
#include "sim.h"

static CUresult parameter_info(const void *handle, size_t index, size_t *offset,
			       size_t *size)
{
	struct CUfunc_st *function = sim_function(handle);

	if (!function)
		return CUDA_ERROR_INVALID_HANDLE;
	if (!offset || index >= function->entry->count)
		return CUDA_ERROR_INVALID_VALUE;
	*offset = function->entry->offset[index];
	if (size)
		*size = function->entry->size[index];
	return CUDA_SUCCESS;
}

SIM_API(cuFuncGetParamInfo, 0,
	(CUfunction function, size_t index, size_t *offset, size_t *size),
	(function, index, offset, size))
{
	return parameter_info(function, index, offset, size);
}

SIM_API(cuKernelGetParamInfo, SIM_NO_CTX,
	(CUkernel kernel, size_t index, size_t *offset, size_t *size),
	(kernel, index, offset, size))
{
	return parameter_info(kernel, index, offset, size);
}

static CUresult name(const char **out, const void *handle)
{
	struct CUfunc_st *function = sim_function(handle);

	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	if (!function)
		return CUDA_ERROR_INVALID_HANDLE;
	*out = function->entry->name;
	return CUDA_SUCCESS;
}

SIM_API(cuFuncGetName, 0, (const char **out, CUfunction function), (out, function))
{
	return name(out, function);
}

SIM_API(cuKernelGetName, SIM_NO_CTX, (const char **out, CUkernel kernel),
	(out, kernel))
{
	return name(out, kernel);
}

SIM_API(cuFuncGetModule, 0, (CUmodule * out, CUfunction handle), (out, handle))
{
	struct CUfunc_st *function = sim_function(handle);

	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	if (!function)
		return CUDA_ERROR_INVALID_HANDLE;
	*out = function->module;
	return CUDA_SUCCESS;
}

static CUresult get(const void *handle, int id, int *value)
{
	struct CUfunc_st *function = sim_function(handle);

	if (!function)
		return CUDA_ERROR_INVALID_HANDLE;
	if (!value || id < 0 || id >= SIM_FUNCTION_ATTRIBUTES)
		return CUDA_ERROR_INVALID_VALUE;
	*value = function->attributes[id];
	return CUDA_SUCCESS;
}

static CUresult set(const void *handle, int id, int value)
{
	struct CUfunc_st *function = sim_function(handle);

	if (!function)
		return CUDA_ERROR_INVALID_HANDLE;
	/* 8 and above may be set: shared memory, carve-out, clusters. */
	if (id < 8 || id >= SIM_FUNCTION_ATTRIBUTES)
		return CUDA_ERROR_INVALID_VALUE;
	function->attributes[id] = value;
	return CUDA_SUCCESS;
}

SIM_API(cuFuncGetAttribute, 0,
	(int *value, CUfunction_attribute id, CUfunction function),
	(value, id, function))
{
	return get(function, (int)id, value);
}

SIM_API(cuFuncSetAttribute, 0,
	(CUfunction function, CUfunction_attribute id, int value),
	(function, id, value))
{
	return set(function, (int)id, value);
}

SIM_API(cuKernelGetAttribute, SIM_NO_CTX,
	(int *value, CUfunction_attribute id, CUkernel kernel, CUdevice device),
	(value, id, kernel, device))
{
	return get(kernel, (int)id, value);
}

SIM_API(cuKernelSetAttribute, SIM_NO_CTX,
	(CUfunction_attribute id, int value, CUkernel kernel, CUdevice device),
	(id, value, kernel, device))
{
	return set(kernel, (int)id, value);
}

SIM_API(cuFuncLoad, 0, (CUfunction function), (function))
{
	return sim_function(function) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

SIM_API(cuFuncIsLoaded, 0, (int *state, CUfunction function), (state, function))
{
	if (!state)
		return CUDA_ERROR_INVALID_VALUE;
	*state = 1;
	return cuFuncLoad_body(function);
}

/* Caches and shared memory have no shape here. */

SIM_API(cuFuncSetCacheConfig, 0, (CUfunction function, int config),
	(function, config))
{
	return cuFuncLoad_body(function);
}

SIM_API(cuFuncSetSharedMemConfig, 0, (CUfunction function, int config),
	(function, config))
{
	return cuFuncLoad_body(function);
}

SIM_API(cuKernelSetCacheConfig, SIM_NO_CTX,
	(CUkernel kernel, int config, CUdevice device), (kernel, config, device))
{
	return cuFuncLoad_body((CUfunction)kernel);
}

/* Two blocks of 1024 threads fill a multiprocessor of 2048. */
SIM_API(cuOccupancyMaxActiveBlocksPerMultiprocessor, 0,
	(int *blocks, CUfunction function, int threads, size_t shared),
	(blocks, function, threads, shared))
{
	if (!blocks || threads <= 0)
		return CUDA_ERROR_INVALID_VALUE;
	*blocks = threads > 1024 ? 0 : 2048 / SIM_ROUND_UP(threads, 32);
	if (*blocks > 32)
		*blocks = 32;
	return cuFuncLoad_body(function);
}

SIM_API(cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags, 0,
	(int *blocks, CUfunction function, int threads, size_t shared,
	 unsigned int flags),
	(blocks, function, threads, shared, flags))
{
	return cuOccupancyMaxActiveBlocksPerMultiprocessor_body(blocks, function,
								threads, shared);
}
