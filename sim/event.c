/* SPDX-License-Identifier: GPL-2.0-only */
/* Events. */
#include "event.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sim.h"

#define EVENT_FLAGS 7u
#define EXTERNAL    1u /* of a graph: an event that lives outside it */

/* Passing an event, in any process that has it. */

struct mark {
	struct sim_work work;
	struct sim_shared_event *shared;
	uint64_t number;
};

static uint64_t reached(const struct sim_shared_event *shared)
{
	return __atomic_load_n(&shared->reached, __ATOMIC_ACQUIRE);
}

static enum sim_run mark_run(struct sim_work *work, struct sim_op *op)
{
	struct mark *mark = (struct mark *)work;

	__atomic_store_n(&mark->shared->reached, mark->number, __ATOMIC_RELEASE);
	return SIM_RUN_DONE;
}

static const struct sim_work_kind mark_kind = {
	.name = "record",
	.run = mark_run,
};

static bool await_is_ready(struct sim_work *work, struct sim_op *op)
{
	struct mark *mark = (struct mark *)work;

	return reached(mark->shared) >= mark->number;
}

static enum sim_run await_run(struct sim_work *work, struct sim_op *op)
{
	return SIM_RUN_DONE;
}

static const struct sim_work_kind await_kind = {
	.name = "wait",
	.is_ready = await_is_ready,
	.run = await_run,
};

static struct sim_work *mark_create(const struct sim_work_kind *kind,
				    struct sim_shared_event *shared, uint64_t number)
{
	struct mark *mark = sim_work_create(kind, sizeof(*mark));

	mark->shared = shared;
	mark->number = number;
	return &mark->work;
}

void sim_event_record(struct CUevent_st *event, struct CUstream_st *stream)
{
	struct sim_work *work;

	event->capture_id = 0;
	sim_fence_put(event->fence);
	work = event->shared
		       ? mark_create(&mark_kind, event->shared,
				     __atomic_add_fetch(&event->shared->recorded,
							1, __ATOMIC_ACQ_REL))
		       : sim_work_empty();
	event->fence = sim_queue(stream, work);
}

bool sim_event_is_done(struct CUevent_st *event)
{
	if (event->shared)
		return reached(event->shared) >=
		       __atomic_load_n(&event->shared->recorded, __ATOMIC_ACQUIRE);
	return !event->fence || event->fence->done;
}

struct sim_work *sim_event_wait_create(struct CUevent_st *event)
{
	if (event->shared)
		return mark_create(&await_kind, event->shared,
				   __atomic_load_n(&event->shared->recorded,
						   __ATOMIC_ACQUIRE));
	return sim_wait_create(event->fence);
}

/* Events in graphs: what they mean is decided when the node runs. */

struct event_work {
	struct sim_work work;
	struct CUevent_st *event;
};

static bool event_is_ready(struct sim_work *work, struct sim_op *op)
{
	return sim_event_is_done(((struct event_work *)work)->event);
}

static void event_passed(struct sim_work *work, struct sim_op *op)
{
	struct CUevent_st *event = ((struct event_work *)work)->event;

	sim_fence_put(event->fence);
	event->fence = sim_fence_create();
	event->fence->done = true;
	event->capture_id = 0;
}

const struct sim_work_kind sim_event_record_kind = {
	.name = "event record",
	.run = await_run,
	.finish = event_passed,
};

const struct sim_work_kind sim_event_wait_kind = {
	.name = "event wait",
	.is_ready = event_is_ready,
	.run = await_run,
};

struct sim_work *sim_event_node_create(struct CUevent_st *event, bool record)
{
	struct event_work *work;

	work = sim_work_create(record ? &sim_event_record_kind : &sim_event_wait_kind,
			       sizeof(*work));
	work->event = event;
	return &work->work;
}

struct CUevent_st *sim_event_of(struct sim_work *work)
{
	return ((struct event_work *)work)->event;
}

static CUresult share(struct CUevent_st *event, int fd)
{
	void *at;

	if (fd < 0) {
		fd = memfd_create("greenboost-sim-event", MFD_CLOEXEC);
		if (fd >= 0 && ftruncate(fd, SIM_PAGE)) {
			close(fd);
			fd = -1;
		}
	}
	at = mmap(NULL, SIM_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED) {
		if (fd >= 0)
			close(fd);
		return CUDA_ERROR_OPERATING_SYSTEM;
	}
	event->shared = at;
	event->shared_fd = fd;
	return CUDA_SUCCESS;
}

/* The page of a shared event stays mapped: queued work may use it. */
static void end(void *object)
{
	struct CUevent_st *event = object;

	if (event->shared_fd >= 0)
		close(event->shared_fd);
	sim_fence_put(event->fence);
	event->fence = NULL; /* a graph's node may still look */
	free(event->captured.at);
	sim_object_destroy(event);
}

CUresult sim_event_create(unsigned int flags, int shared_fd, CUevent *out)
{
	struct CUevent_st *event;
	CUresult rc = CUDA_SUCCESS;

	event = sim_object_create(SIM_EVENT, sizeof(*event));
	event->ctx = sim_context();
	event->flags = flags;
	event->shared_fd = -1;
	if (flags & CU_EVENT_INTERPROCESS)
		rc = share(event, shared_fd);
	if (rc) {
		sim_object_destroy(event);
		return rc;
	}
	sim_object_give(event, event->ctx, end);
	*out = event;
	return CUDA_SUCCESS;
}

SIM_API(cuEventCreate, 0, (CUevent * out, unsigned int flags), (out, flags))
{
	if (!out || (flags & ~EVENT_FLAGS))
		return CUDA_ERROR_INVALID_VALUE;
	if ((flags & CU_EVENT_INTERPROCESS) && !(flags & CU_EVENT_DISABLE_TIMING))
		return CUDA_ERROR_INVALID_VALUE;
	return sim_event_create(flags, -1, out);
}

SIM_API(cuEventDestroy_v2, SIM_NO_CTX | SIM_AFTER_DEATH, (CUevent event), (event))
{
	if (!sim_is(event, SIM_EVENT))
		return CUDA_ERROR_INVALID_HANDLE;
	end(event);
	return CUDA_SUCCESS;
}

SIM_SAME(cuEventDestroy, cuEventDestroy_v2, SIM_NO_CTX | SIM_AFTER_DEATH,
	 (CUevent event), (event))

static CUresult record(CUevent event, CUstream handle, unsigned int flags)
{
	struct CUstream_st *stream;
	CUresult rc = sim_stream(handle, &stream);

	if (rc)
		return rc;
	if (!sim_is(event, SIM_EVENT) || event->ctx->device != stream->ctx->device)
		return CUDA_ERROR_INVALID_HANDLE;
	if (flags > EXTERNAL)
		return CUDA_ERROR_INVALID_VALUE;
	if (stream->capture && flags == EXTERNAL)
		return sim_submit(stream, sim_event_node_create(event, true));
	if (stream->capture)
		return sim_capture_record(stream, event);
	sim_event_record(event, stream);
	if (!sim.config.seeded)
		sim_progress();
	return CUDA_SUCCESS;
}

SIM_API_PT(cuEventRecord, _ptsz, SIM_NO_CTX, (CUevent event, CUstream stream),
	   (event, stream))
{
	return record(event, stream, 0);
}

SIM_API_PT(cuEventRecordWithFlags, _ptsz, SIM_NO_CTX,
	   (CUevent event, CUstream stream, unsigned int flags),
	   (event, stream, flags))
{
	return record(event, stream, flags);
}

SIM_API_PT(cuStreamWaitEvent, _ptsz, SIM_NO_CTX,
	   (CUstream handle, CUevent event, unsigned int flags),
	   (handle, event, flags))
{
	struct CUstream_st *stream;
	CUresult rc = sim_stream(handle, &stream);

	if (rc)
		return rc;
	if (!sim_is(event, SIM_EVENT))
		return CUDA_ERROR_INVALID_HANDLE;
	if (flags > EXTERNAL)
		return CUDA_ERROR_INVALID_VALUE;
	if (stream->capture && flags == EXTERNAL)
		return sim_submit(stream, sim_event_node_create(event, false));
	if (event->capture_id || stream->capture)
		return sim_capture_wait(stream, event);
	if (sim_event_is_done(event)) {
		sim_time_after(stream, event->fence);
		return CUDA_SUCCESS;
	}
	return sim_submit(stream, sim_event_wait_create(event));
}

SIM_API(cuEventQuery, SIM_NO_CTX, (CUevent event), (event))
{
	CUresult rc;

	if (!sim_is(event, SIM_EVENT))
		return CUDA_ERROR_INVALID_HANDLE;
	if (event->capture_id)
		return CUDA_ERROR_CAPTURED_EVENT;
	rc = sim_capture_check_unsafe();
	if (rc || event->ctx->fatal)
		return rc ? rc : event->ctx->fatal;
	if (sim_event_is_done(event)) {
		sim_time_wait(event->fence);
		return CUDA_SUCCESS;
	}
	sim_step(); /* so that asking in a loop ends */
	return CUDA_ERROR_NOT_READY;
}

SIM_API(cuEventSynchronize, SIM_NO_CTX, (CUevent event), (event))
{
	struct CUctx_st *ctx;
	CUresult rc;

	if (!sim_is(event, SIM_EVENT))
		return CUDA_ERROR_INVALID_HANDLE;
	if (event->capture_id)
		return CUDA_ERROR_CAPTURED_EVENT;
	rc = sim_capture_check_unsafe();
	if (rc)
		return rc;
	ctx = event->ctx;
	if (event->shared)
		rc = sim_wait_until(ctx, sim_event_is_done, event);
	else
		rc = event->fence ? sim_wait_fence(ctx, event->fence) : ctx->fatal;
	sim_pools_trim(ctx->device);
	return rc;
}

static CUresult elapsed(float *ms, CUevent start, CUevent end)
{
	if (!ms)
		return CUDA_ERROR_INVALID_VALUE;
	if (!sim_is(start, SIM_EVENT) || !sim_is(end, SIM_EVENT))
		return CUDA_ERROR_INVALID_HANDLE;
	if (((start->flags | end->flags) & CU_EVENT_DISABLE_TIMING) ||
	    !start->fence || !end->fence)
		return CUDA_ERROR_INVALID_HANDLE;
	if (!start->fence->done || !end->fence->done)
		return CUDA_ERROR_NOT_READY;
	*ms = (float)(int64_t)(end->fence->time_ns - start->fence->time_ns) / 1e6f;
	return CUDA_SUCCESS;
}

SIM_API(cuEventElapsedTime, SIM_NO_CTX, (float *ms, CUevent start, CUevent end),
	(ms, start, end))
{
	return elapsed(ms, start, end);
}

SIM_SAME(cuEventElapsedTime_v2, cuEventElapsedTime, SIM_NO_CTX,
	 (float *ms, CUevent start, CUevent end), (ms, start, end))
