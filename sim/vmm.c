/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtual memory management: address space, memory and access apart. The
 * refusals are those that an H200 was seen to give (2 MiB steps, whole handles
 * only). Page protection is that of the process, so it is the union of what
 * each device and the CPU were given: the CPU can read device memory here.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sim.h"

static bool is_aligned(uint64_t value)
{
	return value % SIM_GRANULE == 0;
}

static bool is_host(CUmemLocationType type)
{
	return type == CU_MEM_LOCATION_TYPE_HOST ||
	       type == CU_MEM_LOCATION_TYPE_HOST_NUMA ||
	       type == CU_MEM_LOCATION_TYPE_HOST_NUMA_CURRENT;
}

/* The location's device, NULL for the host; false where there is none such. */
static bool locate(const CUmemLocation *location, struct sim_device **device)
{
	*device = NULL;
	if (location->type == CU_MEM_LOCATION_TYPE_DEVICE)
		return (*device = sim_device(location->id)) != NULL;
	if (location->type == CU_MEM_LOCATION_TYPE_HOST_NUMA)
		return location->id == 0;
	return is_host(location->type);
}

/* Takes more where the step is coarser than a granule, and keeps the middle. */
static uint64_t reserve_aligned(uint64_t size, uint64_t step, uint64_t wanted)
{
	uint64_t base, aligned;

	if (step <= SIM_GRANULE)
		return sim_reserve(size, wanted);
	base = sim_reserve(size + step, wanted);
	if (!base)
		return 0;
	aligned = SIM_ROUND_UP(base, step);
	if (aligned > base)
		munmap((void *)base, aligned - base);
	if (base + step > aligned)
		munmap((void *)(aligned + size), base + step - aligned);
	return aligned;
}

/* Where the driver puts what it is not told a place for (580, an H200). */
#define UNTOLD (UINT64_C(1) << 40)

SIM_API(cuMemAddressReserve, SIM_NO_CTX,
	(CUdeviceptr * out, size_t size, size_t alignment, CUdeviceptr at,
	 unsigned long long flags),
	(out, size, alignment, at, flags))
{
	struct sim_range *range;
	uint64_t base, step = alignment ? alignment : SIM_GRANULE;

	if (!out || !size || !is_aligned(size) || flags || (step & (step - 1)))
		return CUDA_ERROR_INVALID_VALUE;
	base = reserve_aligned(size, step, at ? at : UNTOLD);
	if (!base)
		return CUDA_ERROR_OUT_OF_MEMORY;
	range = sim_alloc(sizeof(*range));
	range->base = base;
	range->size = size;
	sim_map_insert(&sim.reservations, range);
	*out = base;
	return CUDA_SUCCESS;
}

SIM_API(cuMemAddressFree, SIM_NO_CTX, (CUdeviceptr at, size_t size), (at, size))
{
	struct sim_range *range = sim_map_find(&sim.reservations, at);
	struct sim_range *inside = sim_map_next(&sim.regions, at);

	if (!range || range->base != at || range->size != size)
		return CUDA_ERROR_INVALID_VALUE;
	if (inside && inside->base < at + size)
		return CUDA_ERROR_INVALID_VALUE;
	sim_map_remove(&sim.reservations, range);
	sim_unreserve(range->base, range->size);
	free(range);
	return CUDA_SUCCESS;
}

SIM_API(cuMemGetAllocationGranularity, SIM_NO_CTX,
	(size_t * granularity, const CUmemAllocationProp *prop,
	 CUmemAllocationGranularity_flags option),
	(granularity, prop, option))
{
	struct sim_device *device;

	if (!granularity || !prop || (unsigned int)option > 1)
		return CUDA_ERROR_INVALID_VALUE;
	if (!locate(&prop->location, &device))
		return CUDA_ERROR_INVALID_DEVICE;
	*granularity = SIM_GRANULE;
	return CUDA_SUCCESS;
}

SIM_API(cuMemCreate, SIM_NO_CTX,
	(CUmemGenericAllocationHandle * out, size_t size,
	 const CUmemAllocationProp *prop, unsigned long long flags),
	(out, size, prop, flags))
{
	struct sim_device *device;
	struct sim_phys *phys;
	CUresult rc;

	if (!out || !prop || flags || !size || !is_aligned(size) ||
	    prop->type != CU_MEM_ALLOCATION_TYPE_PINNED)
		return CUDA_ERROR_INVALID_VALUE;
	if (!locate(&prop->location, &device))
		return CUDA_ERROR_INVALID_DEVICE;
	if (prop->requestedHandleTypes & ~CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR)
		return CUDA_ERROR_NOT_SUPPORTED;
	rc = sim_capture_check_unsafe();
	if (!rc)
		rc = sim_phys_create(device, size,
				     prop->requestedHandleTypes != 0, &phys);
	if (rc)
		return rc;
	sim_time_step(SIM_STEP_CREATE, device, size);
	phys->prop = *prop;
	*out = (CUmemGenericAllocationHandle)phys;
	return CUDA_SUCCESS;
}

static struct sim_phys *phys_of(CUmemGenericAllocationHandle handle)
{
	struct sim_phys *phys = (struct sim_phys *)handle;

	return sim_is(phys, SIM_PHYS) && phys->handles > 0 ? phys : NULL;
}

SIM_API(cuMemRelease, SIM_NO_CTX | SIM_AFTER_DEATH,
	(CUmemGenericAllocationHandle handle), (handle))
{
	struct sim_phys *phys = phys_of(handle);

	if (!phys)
		return CUDA_ERROR_INVALID_VALUE;
	sim_time_step(SIM_STEP_RELEASE, phys->device, phys->size);
	phys->handles--;
	sim_phys_put(phys);
	return CUDA_SUCCESS;
}

SIM_API(cuMemMap, SIM_NO_CTX,
	(CUdeviceptr at, size_t size, size_t offset,
	 CUmemGenericAllocationHandle handle, unsigned long long flags),
	(at, size, offset, handle, flags))
{
	struct sim_phys *phys = phys_of(handle);
	struct sim_range *range = sim_map_find(&sim.reservations, at);
	struct sim_range *next = sim_map_next(&sim.regions, at);
	struct sim_region *region;
	void *mapped;

	if (!phys || flags || !size || !is_aligned(at) || !is_aligned(size))
		return CUDA_ERROR_INVALID_VALUE;
	if (offset)
		return CUDA_ERROR_NOT_SUPPORTED;
	if (size > phys->size || !range || size > range->base + range->size - at)
		return CUDA_ERROR_INVALID_VALUE;
	if (next && next->base < at + size)
		return CUDA_ERROR_INVALID_VALUE;
	mapped = mmap((void *)at, size, PROT_NONE, MAP_SHARED | MAP_FIXED,
		      phys->fd, (off_t)phys->offset);
	if (mapped == MAP_FAILED)
		return CUDA_ERROR_MAP_FAILED;
	region = sim_region_insert(SIM_REGION_MAPPING, at, size);
	region->device = phys->device;
	region->phys = phys;
	phys->mappings++;
	sim_time_step(SIM_STEP_MAP, phys->device, size);
	return CUDA_SUCCESS;
}

static CUresult unmap(struct sim_region *region)
{
	struct sim_phys *phys = region->phys;
	void *hole;

	hole = mmap((void *)region->range.base, region->range.size, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
	if (hole == MAP_FAILED)
		return CUDA_ERROR_UNMAP_FAILED;
	sim_time_step(SIM_STEP_UNMAP, phys->device, region->range.size);
	sim_map_remove(&sim.regions, &region->range);
	phys->mappings--;
	sim_phys_put(phys);
	free(region);
	return CUDA_SUCCESS;
}

/* Whether whole mappings, without a hole, fill the range. */
static bool is_filled(uint64_t at, uint64_t size)
{
	struct sim_region *region;

	for (uint64_t end = at + size; at < end; at += region->range.size) {
		region = sim_region_find(at);
		if (!region || region->kind != SIM_REGION_MAPPING ||
		    region->range.base != at || region->range.size > end - at)
			return false;
	}
	return true;
}

/* Does not wait for anything, as the driver does not. */
SIM_API(cuMemUnmap, SIM_NO_CTX | SIM_AFTER_DEATH, (CUdeviceptr at, size_t size),
	(at, size))
{
	struct sim_region *region;
	CUresult rc = CUDA_SUCCESS;

	if (!size || at + size < at || !is_filled(at, size))
		return CUDA_ERROR_INVALID_VALUE;
	for (uint64_t done = 0; !rc && done < size;) {
		region = sim_region_find(at + done);
		done += region->range.size;
		rc = unmap(region);
	}
	return rc;
}

static CUresult check_descs(const CUmemAccessDesc *desc, size_t count)
{
	struct sim_device *device;

	for (size_t i = 0; i < count; i++) {
		if (desc[i].flags != CU_MEM_ACCESS_FLAGS_PROT_NONE &&
		    desc[i].flags != CU_MEM_ACCESS_FLAGS_PROT_READ &&
		    desc[i].flags != CU_MEM_ACCESS_FLAGS_PROT_READWRITE)
			return CUDA_ERROR_INVALID_VALUE;
		if (!locate(&desc[i].location, &device))
			return CUDA_ERROR_INVALID_DEVICE;
	}
	return CUDA_SUCCESS;
}

static int protection(const struct sim_region *region)
{
	unsigned int all = region->host_access;

	for (int i = 0; i < sim.device_count; i++)
		all |= region->access[i];
	return (all & 1 ? PROT_READ : 0) | (all & 2 ? PROT_WRITE : 0);
}

static CUresult give_access(struct sim_region *region,
			    const CUmemAccessDesc *desc, size_t count)
{
	struct sim_device *device;

	for (size_t i = 0; i < count; i++) {
		locate(&desc[i].location, &device);
		/* The CPU is given only what lies in its own memory. */
		if (!device && region->device)
			return CUDA_ERROR_INVALID_VALUE;
		if (device)
			region->access[device->ordinal] = desc[i].flags;
		else
			region->host_access = desc[i].flags;
	}
	if (mprotect((void *)region->range.base, region->range.size,
		     protection(region)))
		return CUDA_ERROR_OPERATING_SYSTEM;
	return CUDA_SUCCESS;
}

SIM_API(cuMemSetAccess, SIM_NO_CTX,
	(CUdeviceptr at, size_t size, const CUmemAccessDesc *desc, size_t count),
	(at, size, desc, count))
{
	struct sim_region *region;
	CUresult rc;

	if (!size || !desc || !count || !is_aligned(at) || !is_aligned(size) ||
	    at + size < at || !is_filled(at, size))
		return CUDA_ERROR_INVALID_VALUE;
	rc = check_descs(desc, count);
	/* One call costs what one handle costs, however many it covers. */
	if (!rc)
		sim_time_step(SIM_STEP_ACCESS, sim_region_find(at)->device, size);
	for (uint64_t done = 0; !rc && done < size; done += region->range.size) {
		region = sim_region_find(at + done);
		rc = give_access(region, desc, count);
	}
	return rc;
}

SIM_API(cuMemGetAccess, SIM_NO_CTX,
	(unsigned long long *flags, const CUmemLocation *location, CUdeviceptr at),
	(flags, location, at))
{
	struct sim_region *region = sim_region_find(at);
	struct sim_device *device;

	if (!flags || !location || !region || region->kind != SIM_REGION_MAPPING)
		return CUDA_ERROR_INVALID_VALUE;
	if (!locate(location, &device))
		return CUDA_ERROR_INVALID_DEVICE;
	*flags = device ? region->access[device->ordinal] : region->host_access;
	return CUDA_SUCCESS;
}

SIM_API(cuMemRetainAllocationHandle, SIM_NO_CTX,
	(CUmemGenericAllocationHandle * out, void *at), (out, at))
{
	struct sim_region *region = sim_region_find((uint64_t)at);

	if (!out || !region || region->kind != SIM_REGION_MAPPING)
		return CUDA_ERROR_INVALID_VALUE;
	region->phys->handles++;
	*out = (CUmemGenericAllocationHandle)region->phys;
	return CUDA_SUCCESS;
}

SIM_API(cuMemGetAllocationPropertiesFromHandle, SIM_NO_CTX,
	(CUmemAllocationProp * prop, CUmemGenericAllocationHandle handle),
	(prop, handle))
{
	struct sim_phys *phys = phys_of(handle);

	if (!prop || !phys)
		return CUDA_ERROR_INVALID_VALUE;
	*prop = phys->prop;
	return CUDA_SUCCESS;
}
