/* SPDX-License-Identifier: GPL-2.0-only */
/* Streams: handles, the two default ones, and what waits for them. */
#include <stdlib.h>

#include "sim.h"

struct CUstream_st *sim_stream_create(struct CUctx_st *ctx, unsigned int flags,
				      int priority)
{
	struct CUstream_st *stream;

	stream = sim_object_create(SIM_STREAM, sizeof(*stream));
	stream->ctx = ctx;
	stream->flags = flags;
	stream->priority = priority;
	stream->id = sim_next_id();
	stream->weight = (uint64_t)1 << sim_random(8);
	TAILQ_INIT(&stream->ops);
	TAILQ_INSERT_TAIL(&ctx->streams, stream, link);
	return stream;
}

bool sim_stream_is_blocking(const struct CUstream_st *stream)
{
	return stream != stream->ctx->legacy &&
	       !(stream->flags & CU_STREAM_NON_BLOCKING);
}

/* Only when nothing is queued on it. */
void sim_stream_end(struct CUstream_st *stream)
{
	TAILQ_REMOVE(&stream->ctx->streams, stream, link);
	free(stream->tail.at);
	sim_object_destroy(stream);
}

static struct CUstream_st *per_thread(struct CUctx_st *ctx)
{
	struct CUstream_st *stream;

	if (!sim_self.id)
		sim_self.id = sim_next_id();
	TAILQ_FOREACH(stream, &ctx->streams, link)
	if (stream->thread == sim_self.id)
		return stream;
	stream = sim_stream_create(ctx, 0, 0);
	stream->thread = sim_self.id;
	return stream;
}

/* One that is destroyed lives on until its work is done, for nobody to use. */
static bool is_stream(CUstream handle)
{
	if (!sim_is(handle, SIM_STREAM))
		return false;
	if (handle->destroyed)
		sim_stale(handle, SIM_STREAM);
	return !handle->destroyed;
}

CUresult sim_stream(CUstream handle, struct CUstream_st **out)
{
	struct CUctx_st *ctx = sim_context();

	if (handle == CU_STREAM_PER_THREAD || (!handle && sim_self.per_thread)) {
		*out = ctx ? per_thread(ctx) : NULL;
		return ctx ? CUDA_SUCCESS : CUDA_ERROR_INVALID_CONTEXT;
	}
	if (!handle || handle == CU_STREAM_LEGACY) {
		*out = ctx ? ctx->legacy : NULL;
		return ctx ? CUDA_SUCCESS : CUDA_ERROR_INVALID_CONTEXT;
	}
	if (!is_stream(handle))
		return CUDA_ERROR_INVALID_HANDLE;
	*out = handle;
	return handle->ctx->fatal;
}

SIM_API(cuStreamCreateWithPriority, 0,
	(CUstream * out, unsigned int flags, int priority), (out, flags, priority))
{
	if (!out || (flags & ~CU_STREAM_NON_BLOCKING))
		return CUDA_ERROR_INVALID_VALUE;
	if (priority > 0)
		priority = 0;
	if (priority < -5)
		priority = -5;
	*out = sim_stream_create(sim_context(), flags, priority);
	return CUDA_SUCCESS;
}

SIM_API(cuStreamCreate, 0, (CUstream * out, unsigned int flags), (out, flags))
{
	return cuStreamCreateWithPriority_body(out, flags, 0);
}

SIM_API(cuStreamDestroy_v2, SIM_NO_CTX | SIM_AFTER_DEATH, (CUstream stream),
	(stream))
{
	if (!is_stream(stream))
		return CUDA_ERROR_INVALID_HANDLE;
	sim_capture_abandon(stream);
	stream->destroyed = true;
	if (TAILQ_EMPTY(&stream->ops))
		sim_stream_end(stream);
	return CUDA_SUCCESS;
}

SIM_SAME(cuStreamDestroy, cuStreamDestroy_v2, SIM_NO_CTX | SIM_AFTER_DEATH,
	 (CUstream stream), (stream))

SIM_API_PT(cuStreamSynchronize, _ptsz, SIM_NO_CTX, (CUstream handle), (handle))
{
	struct CUstream_st *stream;
	CUresult rc = sim_stream(handle, &stream);

	if (!rc)
		rc = sim_capture_check_stream(stream);
	if (rc)
		return rc;
	rc = sim_wait_stream(stream);
	sim_pools_trim(stream->ctx->device);
	return rc;
}

static bool is_idle(struct CUstream_st *stream)
{
	struct CUstream_st *other;

	if (!TAILQ_EMPTY(&stream->ops))
		return false;
	if (stream != stream->ctx->legacy)
		return true;
	TAILQ_FOREACH(other, &stream->ctx->streams, link)
	if (!TAILQ_EMPTY(&other->ops) && sim_stream_is_blocking(other))
		return false;
	return true;
}

SIM_API_PT(cuStreamQuery, _ptsz, SIM_NO_CTX, (CUstream handle), (handle))
{
	struct CUstream_st *stream;
	CUresult rc = sim_stream(handle, &stream);

	if (!rc)
		rc = sim_capture_check_stream(stream);
	if (rc)
		return rc;
	if (is_idle(stream)) {
		sim_time_catch_up(stream);
		return stream->ctx->fatal;
	}
	sim_step(); /* so that asking in a loop ends */
	return CUDA_ERROR_NOT_READY;
}

SIM_API_PT(cuStreamGetFlags, _ptsz, SIM_NO_CTX,
	   (CUstream handle, unsigned int *flags), (handle, flags))
{
	struct CUstream_st *stream;
	CUresult rc = sim_stream(handle, &stream);

	if (rc)
		return rc;
	if (!flags)
		return CUDA_ERROR_INVALID_VALUE;
	*flags = stream->flags;
	return CUDA_SUCCESS;
}

SIM_API_PT(cuStreamGetPriority, _ptsz, SIM_NO_CTX,
	   (CUstream handle, int *priority), (handle, priority))
{
	struct CUstream_st *stream;
	CUresult rc = sim_stream(handle, &stream);

	if (rc)
		return rc;
	if (!priority)
		return CUDA_ERROR_INVALID_VALUE;
	*priority = stream->priority;
	return CUDA_SUCCESS;
}

SIM_API_PT(cuStreamGetId, _ptsz, SIM_NO_CTX,
	   (CUstream handle, unsigned long long *id), (handle, id))
{
	struct CUstream_st *stream;
	CUresult rc = sim_stream(handle, &stream);

	if (rc)
		return rc;
	if (!id)
		return CUDA_ERROR_INVALID_VALUE;
	*id = stream->id;
	return CUDA_SUCCESS;
}

SIM_API_PT(cuStreamGetCtx, _ptsz, SIM_NO_CTX, (CUstream handle, CUcontext *ctx),
	   (handle, ctx))
{
	struct CUstream_st *stream;
	CUresult rc = sim_stream(handle, &stream);

	if (rc)
		return rc;
	if (!ctx)
		return CUDA_ERROR_INVALID_VALUE;
	*ctx = stream->ctx;
	return CUDA_SUCCESS;
}

/* The last parameter names a green context, which none here is of. */
SIM_API_PT(cuStreamGetCtx_v2, _ptsz, SIM_NO_CTX,
	   (CUstream handle, CUcontext *ctx, void **green), (handle, ctx, green))
{
	if (green)
		*green = NULL;
	return cuStreamGetCtx_body(handle, ctx);
}

SIM_API_PT(cuStreamGetDevice, _ptsz, SIM_NO_CTX,
	   (CUstream handle, CUdevice *device), (handle, device))
{
	struct CUstream_st *stream;
	CUresult rc = sim_stream(handle, &stream);

	if (rc)
		return rc;
	if (!device)
		return CUDA_ERROR_INVALID_VALUE;
	*device = stream->ctx->device->ordinal;
	return CUDA_SUCCESS;
}

SIM_API_PT(cuLaunchHostFunc, _ptsz, SIM_NO_CTX,
	   (CUstream handle, void (*fn)(void *), void *data), (handle, fn, data))
{
	struct CUstream_st *stream;
	CUresult rc = sim_stream(handle, &stream);

	if (rc)
		return rc;
	if (!fn)
		return CUDA_ERROR_INVALID_VALUE;
	return sim_submit(stream, sim_host_create(fn, data));
}

/* Callbacks: host functions that are told the stream and its state. */

struct callback {
	struct sim_work work;
	CUstream handle;
	void (*fn)(CUstream, CUresult, void *);
	void *data;
};

static enum sim_run callback_run(struct sim_work *work, struct sim_op *op)
{
	struct callback *callback = (struct callback *)work;

	sim_self.in_callback = true;
	callback->fn(callback->handle, CUDA_SUCCESS, callback->data);
	sim_self.in_callback = false;
	return SIM_RUN_DONE;
}

static const struct sim_work_kind callback_kind = {
	.name = "callback",
	.run = callback_run,
};

SIM_API_PT(cuStreamAddCallback, _ptsz, SIM_NO_CTX,
	   (CUstream handle, void (*fn)(CUstream, CUresult, void *), void *data,
	    unsigned int flags),
	   (handle, fn, data, flags))
{
	struct callback *callback;
	struct CUstream_st *stream;
	CUresult rc = sim_stream(handle, &stream);

	if (rc)
		return rc;
	if (!fn || flags)
		return CUDA_ERROR_INVALID_VALUE;
	if (stream->capture)
		return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
	callback = sim_work_create(&callback_kind, sizeof(*callback));
	callback->handle = handle;
	callback->fn = fn;
	callback->data = data;
	callback->work.blocks = true;
	return sim_submit(stream, &callback->work);
}

/* Access policy, priorities and the like: accepted, without effect. */
SIM_API_PT(cuStreamSetAttribute, _ptsz, SIM_NO_CTX,
	   (CUstream handle, int id, const void *value), (handle, id, value))
{
	struct CUstream_st *stream;
	CUresult rc = sim_stream(handle, &stream);

	return rc || value ? rc : CUDA_ERROR_INVALID_VALUE;
}

SIM_API_PT(cuStreamCopyAttributes, _ptsz, SIM_NO_CTX,
	   (CUstream to, CUstream from), (to, from))
{
	struct CUstream_st *stream;
	CUresult rc = sim_stream(to, &stream);

	return rc ? rc : sim_stream(from, &stream);
}

SIM_API_PT(cuStreamAttachMemAsync, _ptsz, SIM_NO_CTX,
	   (CUstream handle, CUdeviceptr at, size_t bytes, unsigned int flags),
	   (handle, at, bytes, flags))
{
	struct sim_region *region = sim_region_find(at);
	struct CUstream_st *stream;
	CUresult rc = sim_stream(handle, &stream);

	if (rc)
		return rc;
	return region && region->kind == SIM_REGION_MANAGED
		       ? CUDA_SUCCESS
		       : CUDA_ERROR_INVALID_VALUE;
}
