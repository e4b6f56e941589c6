/* SPDX-License-Identifier: GPL-2.0-only */
/* Pinned host memory: allocated here, or the program's own, registered. */
#include <sys/mman.h>

#include "sim.h"

#define ALLOC_FLAGS    7u
#define REGISTER_FLAGS 15u

SIM_API(cuMemHostAlloc, 0, (void **out, size_t bytes, unsigned int flags),
	(out, bytes, flags))
{
	struct sim_region *region;
	CUresult rc;

	if (!out || (flags & ~ALLOC_FLAGS))
		return CUDA_ERROR_INVALID_VALUE;
	*out = NULL;
	if (!bytes)
		return CUDA_SUCCESS;
	rc = sim_capture_check_unsafe();
	if (!rc)
		rc = sim_region_create(SIM_REGION_HOST, NULL, bytes, &region);
	if (rc)
		return rc;
	sim_time_host_alloc(bytes);
	region->ctx = sim_context();
	region->flags = flags;
	*out = (void *)region->range.base;
	return CUDA_SUCCESS;
}

SIM_API(cuMemAllocHost_v2, 0, (void **out, size_t bytes), (out, bytes))
{
	return cuMemHostAlloc_body(out, bytes, 0);
}

SIM_API(cuMemFreeHost, 0, (void *at), (at))
{
	struct sim_region *region = sim_region_find((uint64_t)at);
	CUresult rc = sim_capture_check_unsafe();

	if (rc)
		return rc;
	if (!region || region->kind != SIM_REGION_HOST ||
	    region->range.base != (uint64_t)at)
		return CUDA_ERROR_INVALID_VALUE;
	sim_wait_context(sim_context());
	sim_region_destroy(region);
	return CUDA_SUCCESS;
}

/* Whether every page of the range is mapped. */
static bool is_mapped(uint64_t base, uint64_t bytes)
{
	return msync((void *)base, bytes, MS_ASYNC) == 0;
}

static CUresult pin(uint64_t at, size_t bytes, unsigned int flags)
{
	/* Regions stay exact: two registrations may share a page. */
	uint64_t first = at / SIM_PAGE * SIM_PAGE;
	struct sim_range *next = sim_map_next(&sim.regions, at);
	struct sim_region *region;
	CUresult rc;

	if (!is_mapped(first, at + bytes - first))
		return CUDA_ERROR_INVALID_VALUE;
	if (next && next->base < at + bytes)
		return CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED;
	rc = sim_charge(NULL, bytes);
	if (rc)
		return rc;
	region = sim_region_insert(SIM_REGION_REGISTERED, at, bytes);
	sim_time_register(bytes);
	region->ctx = sim_context();
	region->flags = flags;
	return CUDA_SUCCESS;
}

SIM_API(cuMemHostRegister_v2, 0, (void *at, size_t bytes, unsigned int flags),
	(at, bytes, flags))
{
	CUresult rc;

	if (!at || !bytes || (flags & ~REGISTER_FLAGS) || (uint64_t)at + bytes < bytes)
		return CUDA_ERROR_INVALID_VALUE;
	rc = sim_capture_check_unsafe();
	return rc ? rc : pin((uint64_t)at, bytes, flags);
}

SIM_SAME(cuMemHostRegister, cuMemHostRegister_v2, 0,
	 (void *at, size_t bytes, unsigned int flags), (at, bytes, flags))

SIM_API(cuMemHostUnregister, 0, (void *at), (at))
{
	struct sim_region *region = sim_region_find((uint64_t)at);

	if (!at)
		return CUDA_ERROR_INVALID_VALUE;
	if (!region || region->kind != SIM_REGION_REGISTERED ||
	    region->range.base != (uint64_t)at)
		return CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED;
	sim_wait_context(sim_context());
	sim_region_destroy(region);
	return CUDA_SUCCESS;
}

static struct sim_region *pinned(const void *at)
{
	struct sim_region *region = sim_region_find((uint64_t)at);

	if (!region || (region->kind != SIM_REGION_HOST &&
			region->kind != SIM_REGION_REGISTERED))
		return NULL;
	return region;
}

SIM_API(cuMemHostGetDevicePointer_v2, 0,
	(CUdeviceptr * out, void *at, unsigned int flags), (out, at, flags))
{
	if (!out || flags || !pinned(at))
		return CUDA_ERROR_INVALID_VALUE;
	*out = (CUdeviceptr)at;
	return CUDA_SUCCESS;
}

SIM_API(cuMemHostGetFlags, 0, (unsigned int *flags, void *at), (flags, at))
{
	struct sim_region *region = pinned(at);

	if (!flags || !region)
		return CUDA_ERROR_INVALID_VALUE;
	/* Under unified addressing all pinned memory is mapped. */
	*flags = region->flags | CU_MEMHOSTALLOC_DEVICEMAP;
	return CUDA_SUCCESS;
}
