/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory pools. Memory is there when the allocating call returns, and goes when
 * the free operation runs in its stream, so that a later use faults. What was
 * freed stays charged to the pool until a synchronising call trims it to its
 * threshold.
 */
#include <string.h>

#include "sim.h"

enum {
	LAST_ATTRIBUTE = CU_MEMPOOL_ATTR_USED_MEM_HIGH,
};

struct CUmemPoolHandle_st {
	struct sim_object object;
	struct sim_device *device;
	CUmemPoolProps props;
	int reuse[4]; /* attributes 1 to 3 */
	uint64_t threshold;
	uint64_t used, used_high;
	uint64_t kept; /* freed, charged, ready for reuse */
	uint64_t reserved_high;
	uint8_t access[SIM_MAX_DEVICES];
	bool destroyed; /* goes with its last allocation */
};

static CUmemoryPool create(struct sim_device *device)
{
	CUmemoryPool pool = sim_object_create(SIM_POOL, sizeof(*pool));

	pool->device = device;
	pool->access[device->ordinal] = CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
	for (int i = 1; i <= 3; i++)
		pool->reuse[i] = 1;
	return pool;
}

CUmemoryPool sim_pool_default(struct sim_device *device)
{
	if (!device->default_pool) {
		device->default_pool = create(device);
		device->pool = device->default_pool;
	}
	return device->default_pool;
}

static CUmemoryPool current(struct sim_device *device)
{
	sim_pool_default(device);
	return device->pool;
}

static void trim(CUmemoryPool pool, uint64_t keep)
{
	uint64_t kept = keep > pool->used ? keep - pool->used : 0;

	if (pool->kept <= kept)
		return;
	sim_uncharge(pool->device, pool->kept - kept);
	pool->kept = kept;
}

void sim_pools_trim(struct sim_device *device)
{
	/* Pools that the program made are trimmed with the one in use. */
	if (device->default_pool)
		trim(device->default_pool, device->default_pool->threshold);
	if (device->pool && device->pool != device->default_pool)
		trim(device->pool, device->pool->threshold);
}

static CUresult alloc(CUdeviceptr *out, size_t bytes, CUmemoryPool pool,
		      struct CUstream_st *stream)
{
	struct sim_region *region;
	uint64_t reuse = pool->kept < bytes ? pool->kept : bytes;
	CUresult rc;

	if (!out || !bytes)
		return CUDA_ERROR_INVALID_VALUE;
	sim_uncharge(pool->device, reuse);
	rc = sim_region_create(stream->capture ? SIM_REGION_GRAPH : SIM_REGION_POOL,
			       pool->device, bytes, &region);
	if (rc) {
		sim_charge(pool->device, reuse);
		return rc;
	}
	pool->kept -= reuse;
	region->ctx = stream->ctx;
	region->pool = pool;
	pool->used += region->range.size;
	if (pool->used > pool->used_high)
		pool->used_high = pool->used;
	if (pool->used + pool->kept > pool->reserved_high)
		pool->reserved_high = pool->used + pool->kept;
	*out = region->range.base;
	return stream->capture ? sim_submit(stream, sim_work_empty()) : CUDA_SUCCESS;
}

void sim_pool_free(struct sim_region *region)
{
	CUmemoryPool pool = region->pool;
	uint64_t bytes = region->range.size;

	sim_region_destroy(region);
	pool->used -= bytes;
	if (!pool->destroyed && !sim_charge(pool->device, bytes))
		pool->kept += bytes;
	if (pool->destroyed && !pool->used)
		sim_object_destroy(pool);
}

SIM_API_PT(cuMemAllocAsync, _ptsz, 0,
	   (CUdeviceptr * out, size_t bytes, CUstream handle), (out, bytes, handle))
{
	struct CUstream_st *stream;
	CUresult rc = sim_stream(handle, &stream);

	return rc ? rc : alloc(out, bytes, current(stream->ctx->device), stream);
}

SIM_API_PT(cuMemAllocFromPoolAsync, _ptsz, 0,
	   (CUdeviceptr * out, size_t bytes, CUmemoryPool pool, CUstream handle),
	   (out, bytes, pool, handle))
{
	struct CUstream_st *stream;
	CUresult rc = sim_stream(handle, &stream);

	if (rc)
		return rc;
	if (!sim_is(pool, SIM_POOL) || pool->destroyed)
		return CUDA_ERROR_INVALID_VALUE;
	return alloc(out, bytes, pool, stream);
}

/* The free as work of a stream. */

struct free_work {
	struct sim_work work;
	struct sim_region *region;
};

static enum sim_run free_run(struct sim_work *work, struct sim_op *op)
{
	return SIM_RUN_DONE;
}

static void free_finish(struct sim_work *work, struct sim_op *op)
{
	sim_pool_free(((struct free_work *)work)->region);
}

static const struct sim_work_kind free_kind = {
	.name = "free",
	.run = free_run,
	.finish = free_finish,
};

SIM_API_PT(cuMemFreeAsync, _ptsz, 0, (CUdeviceptr at, CUstream handle), (at, handle))
{
	struct sim_region *region = sim_region_find(at);
	struct CUstream_st *stream;
	struct free_work *work;
	CUresult rc = sim_stream(handle, &stream);

	if (rc || !at)
		return rc;
	if (!region || region->range.base != at || region->freed ||
	    (region->kind != SIM_REGION_POOL && region->kind != SIM_REGION_GRAPH))
		return CUDA_ERROR_INVALID_VALUE;
	/* A graph owns what it allocates; its memory stays for replays. */
	if (stream->capture)
		return region->kind == SIM_REGION_GRAPH
			       ? sim_submit(stream, sim_work_empty())
			       : CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
	region->freed = true;
	work = sim_work_create(&free_kind, sizeof(*work));
	work->region = region;
	return sim_submit(stream, &work->work);
}

SIM_API(cuMemPoolCreate, SIM_NO_CTX,
	(CUmemoryPool * out, const CUmemPoolProps *props), (out, props))
{
	struct sim_device *device;

	if (!out || !props || props->allocType != CU_MEM_ALLOCATION_TYPE_PINNED)
		return CUDA_ERROR_INVALID_VALUE;
	if (props->location.type != CU_MEM_LOCATION_TYPE_DEVICE || props->handleTypes)
		return CUDA_ERROR_NOT_SUPPORTED;
	device = sim_device(props->location.id);
	if (!device)
		return CUDA_ERROR_INVALID_DEVICE;
	*out = create(device);
	(*out)->props = *props;
	return CUDA_SUCCESS;
}

SIM_API(cuMemPoolDestroy, SIM_NO_CTX, (CUmemoryPool pool), (pool))
{
	if (!sim_is(pool, SIM_POOL) || pool->destroyed ||
	    pool == pool->device->default_pool)
		return CUDA_ERROR_INVALID_VALUE;
	if (pool->device->pool == pool)
		pool->device->pool = pool->device->default_pool;
	trim(pool, 0);
	pool->destroyed = true;
	if (!pool->used)
		sim_object_destroy(pool);
	return CUDA_SUCCESS;
}

SIM_API(cuMemPoolTrimTo, SIM_NO_CTX, (CUmemoryPool pool, size_t keep), (pool, keep))
{
	if (!sim_is(pool, SIM_POOL))
		return CUDA_ERROR_INVALID_VALUE;
	trim(pool, keep);
	return CUDA_SUCCESS;
}

SIM_API(cuMemPoolGetAttribute, SIM_NO_CTX,
	(CUmemoryPool pool, CUmemPool_attribute id, void *value), (pool, id, value))
{
	uint64_t answers[LAST_ATTRIBUTE + 1];

	if (!sim_is(pool, SIM_POOL) || !value || (int)id < 1 ||
	    (int)id > LAST_ATTRIBUTE)
		return CUDA_ERROR_INVALID_VALUE;
	if (id <= CU_MEMPOOL_ATTR_REUSE_ALLOW_INTERNAL_DEPENDENCIES) {
		*(int *)value = pool->reuse[id];
		return CUDA_SUCCESS;
	}
	answers[CU_MEMPOOL_ATTR_RELEASE_THRESHOLD] = pool->threshold;
	answers[CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT] = pool->used + pool->kept;
	answers[CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH] = pool->reserved_high;
	answers[CU_MEMPOOL_ATTR_USED_MEM_CURRENT] = pool->used;
	answers[CU_MEMPOOL_ATTR_USED_MEM_HIGH] = pool->used_high;
	memcpy(value, &answers[id], sizeof(answers[id]));
	return CUDA_SUCCESS;
}

SIM_API(cuMemPoolSetAttribute, SIM_NO_CTX,
	(CUmemoryPool pool, CUmemPool_attribute id, void *value), (pool, id, value))
{
	if (!sim_is(pool, SIM_POOL) || !value)
		return CUDA_ERROR_INVALID_VALUE;
	switch (id) {
	case CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES:
	case CU_MEMPOOL_ATTR_REUSE_ALLOW_OPPORTUNISTIC:
	case CU_MEMPOOL_ATTR_REUSE_ALLOW_INTERNAL_DEPENDENCIES:
		pool->reuse[id] = *(int *)value;
		return CUDA_SUCCESS;
	case CU_MEMPOOL_ATTR_RELEASE_THRESHOLD:
		pool->threshold = *(uint64_t *)value;
		return CUDA_SUCCESS;
	case CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH:
	case CU_MEMPOOL_ATTR_USED_MEM_HIGH:
		if (*(uint64_t *)value)
			return CUDA_ERROR_INVALID_VALUE;
		if (id == CU_MEMPOOL_ATTR_USED_MEM_HIGH)
			pool->used_high = pool->used;
		else
			pool->reserved_high = pool->used + pool->kept;
		return CUDA_SUCCESS;
	default:
		return CUDA_ERROR_INVALID_VALUE;
	}
}

SIM_API(cuMemPoolSetAccess, SIM_NO_CTX,
	(CUmemoryPool pool, const CUmemAccessDesc *desc, size_t count),
	(pool, desc, count))
{
	if (!sim_is(pool, SIM_POOL) || !desc || !count)
		return CUDA_ERROR_INVALID_VALUE;
	for (size_t i = 0; i < count; i++) {
		if (desc[i].location.type != CU_MEM_LOCATION_TYPE_DEVICE ||
		    !sim_device(desc[i].location.id))
			return CUDA_ERROR_INVALID_DEVICE;
		pool->access[desc[i].location.id] = desc[i].flags;
	}
	return CUDA_SUCCESS;
}

SIM_API(cuMemPoolGetAccess, SIM_NO_CTX,
	(CUmemAccess_flags * flags, CUmemoryPool pool, CUmemLocation *location),
	(flags, pool, location))
{
	if (!sim_is(pool, SIM_POOL) || !flags || !location)
		return CUDA_ERROR_INVALID_VALUE;
	if (location->type != CU_MEM_LOCATION_TYPE_DEVICE ||
	    !sim_device(location->id))
		return CUDA_ERROR_INVALID_DEVICE;
	*flags = pool->access[location->id];
	return CUDA_SUCCESS;
}

SIM_API(cuDeviceGetDefaultMemPool, SIM_NO_CTX,
	(CUmemoryPool * out, CUdevice ordinal), (out, ordinal))
{
	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	if (!sim_device(ordinal))
		return CUDA_ERROR_INVALID_DEVICE;
	*out = sim_pool_default(sim_device(ordinal));
	return CUDA_SUCCESS;
}

SIM_API(cuDeviceGetMemPool, SIM_NO_CTX, (CUmemoryPool * out, CUdevice ordinal),
	(out, ordinal))
{
	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	if (!sim_device(ordinal))
		return CUDA_ERROR_INVALID_DEVICE;
	*out = current(sim_device(ordinal));
	return CUDA_SUCCESS;
}

SIM_API(cuDeviceSetMemPool, SIM_NO_CTX, (CUdevice ordinal, CUmemoryPool pool),
	(ordinal, pool))
{
	struct sim_device *device = sim_device(ordinal);

	if (!device)
		return CUDA_ERROR_INVALID_DEVICE;
	if (!sim_is(pool, SIM_POOL) || pool->device != device)
		return CUDA_ERROR_INVALID_VALUE;
	sim_pool_default(device);
	device->pool = pool;
	return CUDA_SUCCESS;
}
