/* SPDX-License-Identifier: GPL-2.0-only */
/* Pointer attributes: what the driver says about an address. */
#include <string.h>

#include "sim.h"

static bool is_host(const struct sim_region *region)
{
	return !region->device;
}

static CUcontext context_of(const struct sim_region *region)
{
	return region->ctx;
}

static int ordinal_of(const struct sim_region *region)
{
	if (region->device)
		return region->device->ordinal;
	return region->ctx ? region->ctx->device->ordinal : 0;
}

static unsigned int access_of(const struct sim_region *region)
{
	const struct CUctx_st *ctx = sim_context();

	if (region->kind != SIM_REGION_MAPPING)
		return CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
	return region->access[ctx ? ctx->device->ordinal : 0];
}

static uint64_t handle_types_of(const struct sim_region *region)
{
	return region->kind == SIM_REGION_MAPPING
		       ? (uint64_t)region->phys->prop.requestedHandleTypes
		       : 0;
}

static bool is_ipc_capable(const struct sim_region *region)
{
	return region->kind == SIM_REGION_DEVICE;
}

/* Host memory's pointer for the CPU; device memory has none. */
static bool host_pointer(const struct sim_region *region, uint64_t at, void **out)
{
	if (region->device && region->kind != SIM_REGION_MANAGED)
		return false;
	*out = (void *)at;
	return true;
}

#define GIVE(type, value)                                                      \
	do {                                                                   \
		type given_ = (type)(value);                                   \
		memcpy(out, &given_, sizeof(given_));                          \
		return CUDA_SUCCESS;                                           \
	} while (0)

static CUresult answer(void *out, CUpointer_attribute id, uint64_t at,
		       const struct sim_region *region)
{
	void *pointer;

	switch (id) {
	case CU_POINTER_ATTRIBUTE_CONTEXT:
		if (region->kind == SIM_REGION_MAPPING)
			return CUDA_ERROR_INVALID_VALUE;
		GIVE(CUcontext, context_of(region));
	case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
		GIVE(unsigned int, is_host(region) ? CU_MEMORYTYPE_HOST
						   : CU_MEMORYTYPE_DEVICE);
	case CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
		GIVE(CUdeviceptr, at);
	case CU_POINTER_ATTRIBUTE_HOST_POINTER:
		if (!host_pointer(region, at, &pointer))
			return CUDA_ERROR_INVALID_VALUE;
		GIVE(void *, pointer);
	case CU_POINTER_ATTRIBUTE_SYNC_MEMOPS:
		GIVE(unsigned int, region->sync_memops);
	case CU_POINTER_ATTRIBUTE_BUFFER_ID:
	case CU_POINTER_ATTRIBUTE_MEMORY_BLOCK_ID:
		GIVE(uint64_t, region->id);
	case CU_POINTER_ATTRIBUTE_IS_MANAGED:
		GIVE(unsigned int, region->kind == SIM_REGION_MANAGED);
	case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
		GIVE(int, ordinal_of(region));
	case CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE:
		GIVE(unsigned int, is_ipc_capable(region));
	case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
	case CU_POINTER_ATTRIBUTE_MAPPING_BASE_ADDR:
		GIVE(uint64_t, region->range.base);
	case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
		GIVE(uint64_t, region->asked);
	case CU_POINTER_ATTRIBUTE_MAPPING_SIZE:
		GIVE(uint64_t, region->range.size);
	case CU_POINTER_ATTRIBUTE_MAPPED:
		GIVE(unsigned int, 1);
	case CU_POINTER_ATTRIBUTE_ALLOWED_HANDLE_TYPES:
		GIVE(uint64_t, handle_types_of(region));
	case CU_POINTER_ATTRIBUTE_IS_GPU_DIRECT_RDMA_CAPABLE:
	case CU_POINTER_ATTRIBUTE_IS_HW_DECOMPRESS_CAPABLE:
		GIVE(unsigned int, 0);
	case CU_POINTER_ATTRIBUTE_ACCESS_FLAGS:
		GIVE(unsigned int, access_of(region));
	case CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE:
		GIVE(CUmemoryPool, region->pool);
	default:
		return CUDA_ERROR_INVALID_VALUE;
	}
}

SIM_API(cuPointerGetAttribute, 0,
	(void *out, CUpointer_attribute id, CUdeviceptr at), (out, id, at))
{
	struct sim_region *region = sim_region_find(at);

	if (!out || !region)
		return CUDA_ERROR_INVALID_VALUE;
	return answer(out, id, at, region);
}

static size_t width(CUpointer_attribute id)
{
	switch (id) {
	case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
	case CU_POINTER_ATTRIBUTE_SYNC_MEMOPS:
	case CU_POINTER_ATTRIBUTE_IS_MANAGED:
	case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
	case CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE:
	case CU_POINTER_ATTRIBUTE_MAPPED:
	case CU_POINTER_ATTRIBUTE_IS_GPU_DIRECT_RDMA_CAPABLE:
	case CU_POINTER_ATTRIBUTE_IS_HW_DECOMPRESS_CAPABLE:
	case CU_POINTER_ATTRIBUTE_ACCESS_FLAGS:
		return 4;
	case CU_POINTER_ATTRIBUTE_P2P_TOKENS:
		return 16;
	default:
		return 8;
	}
}

static bool is_known(CUpointer_attribute id)
{
	return id >= CU_POINTER_ATTRIBUTE_CONTEXT &&
	       id <= CU_POINTER_ATTRIBUTE_IS_HW_DECOMPRESS_CAPABLE;
}

/* Never fails over an address: what it cannot say is zeros. */
SIM_API(cuPointerGetAttributes, 0,
	(unsigned int count, CUpointer_attribute *ids, void **out, CUdeviceptr at),
	(count, ids, out, at))
{
	struct sim_region *region = sim_region_find(at);

	if (!count || !ids || !out)
		return CUDA_ERROR_INVALID_VALUE;
	for (unsigned int i = 0; i < count; i++)
		if (!is_known(ids[i]) || !out[i])
			return CUDA_ERROR_INVALID_VALUE;
	for (unsigned int i = 0; i < count; i++) {
		memset(out[i], 0, width(ids[i]));
		if (region)
			answer(out[i], ids[i], at, region);
	}
	return CUDA_SUCCESS;
}

SIM_API(cuPointerSetAttribute, 0,
	(const void *value, CUpointer_attribute id, CUdeviceptr at),
	(value, id, at))
{
	struct sim_region *region = sim_region_find(at);

	if (!value || id != CU_POINTER_ATTRIBUTE_SYNC_MEMOPS || !region)
		return CUDA_ERROR_INVALID_VALUE;
	if (region->kind == SIM_REGION_MAPPING)
		return CUDA_ERROR_NOT_SUPPORTED;
	region->sync_memops = *(const unsigned int *)value != 0;
	return CUDA_SUCCESS;
}
