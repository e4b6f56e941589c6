/* SPDX-License-Identifier: GPL-2.0-only */
/* Contexts: creation, the current one of each thread, limits, peers. */
#include <stdlib.h>

#include "sim.h"

struct CUctx_st *sim_context(void)
{
	struct CUctx_st *ctx;

	ctx = sim_self.depth ? sim_self.stack[sim_self.depth - 1] : NULL;
	return sim_is_live(ctx, SIM_CONTEXT) ? ctx : NULL;
}

struct CUctx_st *sim_context_create(struct sim_device *device, unsigned int flags)
{
	static const size_t limits[SIM_LIMITS] = {
		[CU_LIMIT_STACK_SIZE] = 1024,
		[1] = 1 << 20, /* printf */
		[CU_LIMIT_MALLOC_HEAP_SIZE] = 8 << 20,
		[4] = 2048, /* pending launches of device code */
		[5] = 64,   /* L2 fetch */
	};
	struct CUctx_st *ctx;

	ctx = sim_object_create(SIM_CONTEXT, sizeof(*ctx));
	ctx->device = device;
	ctx->flags = flags;
	ctx->id = sim_next_id();
	for (int i = 0; i < SIM_LIMITS; i++)
		ctx->limits[i] = limits[i];
	TAILQ_INIT(&ctx->streams);
	TAILQ_INIT(&ctx->objects);
	TAILQ_INSERT_TAIL(&sim.contexts, ctx, link);
	ctx->legacy = sim_stream_create(ctx, 0, 0);
	return ctx;
}

/* Memory that lives and dies with the context; what cuMemCreate made does
 * not. */
static void free_regions(struct CUctx_st *ctx)
{
	for (size_t i = sim.regions.count; i-- > 0;) {
		struct sim_region *region = (void *)sim.regions.at[i];

		if (region->ctx != ctx)
			continue;
		if (region->kind == SIM_REGION_MAPPING ||
		    region->kind == SIM_REGION_POOL)
			region->ctx = NULL;
		else
			sim_region_destroy(region);
	}
}

void sim_context_destroy(struct CUctx_st *ctx)
{
	struct CUstream_st *stream;
	struct sim_object *object;

	sim_wait_context(ctx);
	while ((stream = TAILQ_FIRST(&ctx->streams))) {
		sim_capture_abandon(stream);
		sim_stream_end(stream);
	}
	while ((object = TAILQ_FIRST(&ctx->objects)))
		object->end(object);
	sim_modules_of_context_end(ctx);
	free_regions(ctx);
	TAILQ_REMOVE(&sim.contexts, ctx, link);
	if (ctx->device->primary == ctx)
		ctx->device->primary = NULL;
	sim_object_destroy(ctx);
}

static CUresult push(struct CUctx_st *ctx)
{
	if (sim_self.depth == SIM_STACK)
		return CUDA_ERROR_OUT_OF_MEMORY;
	if (!sim_self.id)
		sim_self.id = sim_next_id();
	sim_self.stack[sim_self.depth++] = ctx;
	return CUDA_SUCCESS;
}

static CUresult create(CUcontext *out, unsigned int flags, CUdevice ordinal)
{
	struct sim_device *device = sim_device(ordinal);
	struct CUctx_st *ctx;
	CUresult rc;

	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	if (!device)
		return CUDA_ERROR_INVALID_DEVICE;
	ctx = sim_context_create(device, flags);
	rc = push(ctx);
	if (rc) {
		sim_context_destroy(ctx);
		return rc;
	}
	*out = ctx;
	return CUDA_SUCCESS;
}

SIM_API(cuCtxCreate_v2, SIM_NO_CTX | SIM_AFTER_DEATH,
	(CUcontext * out, unsigned int flags, CUdevice device),
	(out, flags, device))
{
	return create(out, flags, device);
}

SIM_API(cuCtxCreate_v3, SIM_NO_CTX | SIM_AFTER_DEATH,
	(CUcontext * out, CUexecAffinityParam *params, int count,
	 unsigned int flags, CUdevice device),
	(out, params, count, flags, device))
{
	return create(out, flags, device);
}

SIM_API(cuCtxCreate_v4, SIM_NO_CTX | SIM_AFTER_DEATH,
	(CUcontext * out, CUctxCreateParams *params, unsigned int flags,
	 CUdevice device),
	(out, params, flags, device))
{
	return create(out, flags, device);
}

SIM_SAME(cuCtxCreate, cuCtxCreate_v2, SIM_NO_CTX | SIM_AFTER_DEATH,
	 (CUcontext * out, unsigned int flags, CUdevice device),
	 (out, flags, device))

SIM_API(cuCtxDestroy_v2, SIM_NO_CTX | SIM_AFTER_DEATH, (CUcontext ctx), (ctx))
{
	if (!ctx)
		return CUDA_ERROR_INVALID_VALUE;
	if (!sim_is(ctx, SIM_CONTEXT) || ctx->primary)
		return CUDA_ERROR_INVALID_CONTEXT;
	sim_context_destroy(ctx);
	if (sim_self.depth && sim_self.stack[sim_self.depth - 1] == ctx)
		sim_self.depth--;
	return CUDA_SUCCESS;
}

SIM_SAME(cuCtxDestroy, cuCtxDestroy_v2, SIM_NO_CTX | SIM_AFTER_DEATH,
	 (CUcontext ctx), (ctx))

SIM_API(cuCtxPushCurrent_v2, SIM_NO_CTX | SIM_AFTER_DEATH, (CUcontext ctx), (ctx))
{
	if (!ctx)
		return CUDA_ERROR_INVALID_CONTEXT;
	if (!sim_is(ctx, SIM_CONTEXT))
		return CUDA_ERROR_CONTEXT_IS_DESTROYED;
	return push(ctx);
}

SIM_SAME(cuCtxPushCurrent, cuCtxPushCurrent_v2, SIM_NO_CTX | SIM_AFTER_DEATH,
	 (CUcontext ctx), (ctx))

SIM_API(cuCtxPopCurrent_v2, SIM_NO_CTX | SIM_AFTER_DEATH, (CUcontext * out), (out))
{
	if (!sim_self.depth)
		return CUDA_ERROR_INVALID_CONTEXT;
	sim_self.depth--;
	if (out)
		*out = sim_self.stack[sim_self.depth];
	return CUDA_SUCCESS;
}

SIM_SAME(cuCtxPopCurrent, cuCtxPopCurrent_v2, SIM_NO_CTX | SIM_AFTER_DEATH,
	 (CUcontext * out), (out))

SIM_API(cuCtxSetCurrent, SIM_NO_CTX | SIM_AFTER_DEATH, (CUcontext ctx), (ctx))
{
	if (ctx && !sim_is(ctx, SIM_CONTEXT))
		return CUDA_ERROR_CONTEXT_IS_DESTROYED;
	if (sim_self.depth)
		sim_self.depth--;
	return ctx ? push(ctx) : CUDA_SUCCESS;
}

SIM_API(cuCtxGetCurrent, SIM_NO_CTX | SIM_AFTER_DEATH, (CUcontext * out), (out))
{
	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	*out = sim_self.depth ? sim_self.stack[sim_self.depth - 1] : NULL;
	return CUDA_SUCCESS;
}

static CUresult or_current(CUcontext *ctx)
{
	if (!*ctx)
		*ctx = sim_context();
	else if (!sim_is(*ctx, SIM_CONTEXT))
		return CUDA_ERROR_CONTEXT_IS_DESTROYED;
	return *ctx ? CUDA_SUCCESS : CUDA_ERROR_INVALID_CONTEXT;
}

SIM_API(cuCtxGetDevice_v2, SIM_NO_CTX | SIM_AFTER_DEATH,
	(CUdevice * device, CUcontext ctx), (device, ctx))
{
	CUresult rc = or_current(&ctx);

	if (rc)
		return rc;
	if (!device)
		return CUDA_ERROR_INVALID_VALUE;
	*device = ctx->device->ordinal;
	return CUDA_SUCCESS;
}

SIM_API(cuCtxGetDevice, SIM_AFTER_DEATH, (CUdevice * device), (device))
{
	return cuCtxGetDevice_v2_body(device, NULL);
}

SIM_API(cuCtxGetId, SIM_NO_CTX | SIM_AFTER_DEATH,
	(CUcontext ctx, unsigned long long *id), (ctx, id))
{
	CUresult rc = or_current(&ctx);

	if (rc)
		return rc;
	if (!id)
		return CUDA_ERROR_INVALID_VALUE;
	*id = ctx->id;
	return CUDA_SUCCESS;
}

SIM_API(cuCtxGetApiVersion, SIM_NO_CTX | SIM_AFTER_DEATH,
	(CUcontext ctx, unsigned int *version), (ctx, version))
{
	CUresult rc = or_current(&ctx);

	if (rc)
		return rc;
	if (!version)
		return CUDA_ERROR_INVALID_VALUE;
	*version = 3020;
	return CUDA_SUCCESS;
}

SIM_API(cuCtxSynchronize_v2, SIM_NO_CTX, (CUcontext ctx), (ctx))
{
	CUresult rc = or_current(&ctx);

	if (!rc)
		rc = sim_capture_check_unsafe();
	if (!rc)
		rc = sim_capture_check_context(ctx);
	if (rc)
		return rc;
	rc = sim_wait_context(ctx);
	sim_pools_trim(ctx->device);
	return rc;
}

SIM_API(cuCtxSynchronize, 0, (void), ())
{
	return cuCtxSynchronize_v2_body(NULL);
}

SIM_API(cuCtxGetFlags, 0, (unsigned int *flags), (flags))
{
	if (!flags)
		return CUDA_ERROR_INVALID_VALUE;
	*flags = sim_context()->flags;
	return CUDA_SUCCESS;
}

SIM_API(cuCtxSetFlags, 0, (unsigned int flags), (flags))
{
	sim_context()->flags = flags;
	return CUDA_SUCCESS;
}

SIM_API(cuCtxSetLimit, 0, (CUlimit limit, size_t value), (limit, value))
{
	if ((unsigned int)limit >= SIM_LIMITS)
		return CUDA_ERROR_INVALID_VALUE;
	sim_context()->limits[limit] = value;
	return CUDA_SUCCESS;
}

SIM_API(cuCtxGetLimit, 0, (size_t * value, CUlimit limit), (value, limit))
{
	if (!value || (unsigned int)limit >= SIM_LIMITS)
		return CUDA_ERROR_INVALID_VALUE;
	*value = sim_context()->limits[limit];
	return CUDA_SUCCESS;
}

SIM_API(cuCtxGetCacheConfig, 0, (int *config), (config))
{
	if (!config)
		return CUDA_ERROR_INVALID_VALUE;
	*config = 0;
	return CUDA_SUCCESS;
}

SIM_API(cuCtxSetCacheConfig, 0, (int config), (config))
{
	return CUDA_SUCCESS;
}

SIM_API(cuCtxGetSharedMemConfig, 0, (int *config), (config))
{
	if (!config)
		return CUDA_ERROR_INVALID_VALUE;
	*config = 0;
	return CUDA_SUCCESS;
}

SIM_API(cuCtxSetSharedMemConfig, 0, (int config), (config))
{
	return CUDA_SUCCESS;
}

SIM_API(cuCtxResetPersistingL2Cache, 0, (void), ())
{
	return CUDA_SUCCESS;
}

SIM_API(cuCtxGetStreamPriorityRange, 0, (int *least, int *greatest),
	(least, greatest))
{
	if (least)
		*least = 0;
	if (greatest)
		*greatest = -5;
	return CUDA_SUCCESS;
}

SIM_API(cuCtxEnablePeerAccess, 0, (CUcontext peer, unsigned int flags),
	(peer, flags))
{
	struct CUctx_st *ctx = sim_context();
	uint32_t bit;

	if (flags)
		return CUDA_ERROR_INVALID_VALUE;
	if (!sim_is(peer, SIM_CONTEXT))
		return CUDA_ERROR_INVALID_CONTEXT;
	if (peer->device == ctx->device)
		return CUDA_ERROR_INVALID_DEVICE;
	bit = 1u << peer->device->ordinal;
	if (ctx->peers & bit)
		return CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED;
	ctx->peers |= bit;
	return CUDA_SUCCESS;
}

SIM_API(cuCtxDisablePeerAccess, 0, (CUcontext peer), (peer))
{
	struct CUctx_st *ctx = sim_context();
	uint32_t bit;

	if (!sim_is(peer, SIM_CONTEXT))
		return CUDA_ERROR_INVALID_CONTEXT;
	bit = 1u << peer->device->ordinal;
	if (!(ctx->peers & bit))
		return CUDA_ERROR_PEER_ACCESS_NOT_ENABLED;
	ctx->peers &= ~bit;
	return CUDA_SUCCESS;
}
