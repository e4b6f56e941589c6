/* SPDX-License-Identifier: GPL-2.0-only */
/* cuMemAlloc and its kin, and what they say about what they made. */
#include "sim.h"

#define PITCH_STEP 512

static CUresult alloc(enum sim_region_kind kind, CUdeviceptr *out, size_t bytes)
{
	struct CUctx_st *ctx = sim_context();
	struct sim_region *region;
	CUresult rc;

	if (!out || !bytes)
		return CUDA_ERROR_INVALID_VALUE;
	rc = sim_capture_check_unsafe();
	if (!rc)
		rc = sim_region_create(kind, ctx->device, bytes, &region);
	if (rc)
		return rc;
	sim_time_step(SIM_STEP_CREATE, ctx->device, bytes);
	sim_time_step(SIM_STEP_MAP, ctx->device, bytes);
	sim_time_step(SIM_STEP_ACCESS, ctx->device, bytes);
	region->ctx = ctx;
	*out = region->range.base;
	return CUDA_SUCCESS;
}

SIM_API(cuMemAlloc_v2, 0, (CUdeviceptr * out, size_t bytes), (out, bytes))
{
	return alloc(SIM_REGION_DEVICE, out, bytes);
}

SIM_API(cuMemAllocPitch_v2, 0,
	(CUdeviceptr * out, size_t *pitch, size_t width, size_t height,
	 unsigned int element),
	(out, pitch, width, height, element))
{
	size_t step;

	if (!pitch || !width || !height ||
	    (element != 4 && element != 8 && element != 16))
		return CUDA_ERROR_INVALID_VALUE;
	step = SIM_ROUND_UP(width, PITCH_STEP);
	if (step < width || step > SIZE_MAX / height)
		return CUDA_ERROR_OUT_OF_MEMORY;
	*pitch = step;
	return alloc(SIM_REGION_DEVICE, out, step * height);
}

/* Managed memory lives in VRAM here, and the CPU may touch it. */
SIM_API(cuMemAllocManaged, 0,
	(CUdeviceptr * out, size_t bytes, unsigned int flags), (out, bytes, flags))
{
	if (flags != 1 && flags != 2)
		return CUDA_ERROR_INVALID_VALUE;
	return alloc(SIM_REGION_MANAGED, out, bytes);
}

SIM_API(cuMemFree_v2, 0, (CUdeviceptr at), (at))
{
	struct sim_region *region;
	CUresult rc;

	if (!at)
		return CUDA_SUCCESS;
	rc = sim_capture_check_unsafe();
	if (rc)
		return rc;
	region = sim_region_find(at);
	if (!region || region->range.base != at)
		return CUDA_ERROR_INVALID_VALUE;
	switch (region->kind) {
	case SIM_REGION_DEVICE:
	case SIM_REGION_MANAGED:
	case SIM_REGION_POOL:
	case SIM_REGION_GRAPH:
		break;
	default:
		return CUDA_ERROR_INVALID_VALUE;
	}
	sim_wait_device(region->device);
	/* Another thread may have freed it during the wait. */
	if (sim_region_find(at) != region)
		return CUDA_ERROR_INVALID_VALUE;
	if (region->kind == SIM_REGION_POOL)
		sim_pool_free(region);
	else
		sim_region_destroy(region);
	return sim_context()->fatal;
}

SIM_API(cuMemGetInfo_v2, 0, (size_t * free, size_t *total), (free, total))
{
	struct sim_device *device = sim_context()->device;

	if (free)
		*free = device->vram_bytes - sim_used(device);
	if (total)
		*total = device->vram_bytes;
	return CUDA_SUCCESS;
}

SIM_API(cuMemGetAddressRange_v2, 0,
	(CUdeviceptr * base, size_t *size, CUdeviceptr at), (base, size, at))
{
	struct sim_region *region = sim_region_find(at);

	if (!region)
		return CUDA_ERROR_NOT_FOUND;
	if (base)
		*base = region->range.base;
	if (size)
		*size = region->asked;
	return CUDA_SUCCESS;
}

/* Hints for managed memory; there is nowhere else for it to go. */

static CUresult is_managed(CUdeviceptr at, size_t bytes)
{
	struct sim_region *region = sim_region_find(at);

	return bytes && region && region->kind == SIM_REGION_MANAGED &&
			       sim_range_is_known(at, bytes)
		       ? CUDA_SUCCESS
		       : CUDA_ERROR_INVALID_VALUE;
}

SIM_API_PT(cuMemPrefetchAsync, _ptsz, 0,
	   (CUdeviceptr at, size_t bytes, CUdevice device, CUstream stream),
	   (at, bytes, device, stream))
{
	return is_managed(at, bytes);
}

SIM_API_PT(cuMemPrefetchAsync_v2, _ptsz, 0,
	   (CUdeviceptr at, size_t bytes, CUmemLocation location,
	    unsigned int flags, CUstream stream),
	   (at, bytes, location, flags, stream))
{
	return flags ? CUDA_ERROR_INVALID_VALUE : is_managed(at, bytes);
}

SIM_API(cuMemAdvise, 0,
	(CUdeviceptr at, size_t bytes, CUmem_advise advice, CUdevice device),
	(at, bytes, advice, device))
{
	return is_managed(at, bytes);
}

SIM_API(cuMemAdvise_v2, 0,
	(CUdeviceptr at, size_t bytes, CUmem_advise advice, CUmemLocation location),
	(at, bytes, advice, location))
{
	return is_managed(at, bytes);
}
