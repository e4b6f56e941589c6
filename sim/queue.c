/* SPDX-License-Identifier: GPL-2.0-only */
/* The queues of streams: work goes in here, sched.c takes it out. */
#include <stdlib.h>

#include "sim.h"

struct sim_fence *sim_queue(struct CUstream_st *stream, struct sim_work *work)
{
	struct sim_op *op = sim_alloc(sizeof(*op));

	op->work = work;
	op->stream = stream;
	op->sequence = ++stream->ctx->sequence;
	op->fence = sim_fence_create();
	sim_time_spend(stream, work, op->fence);
	if (TAILQ_EMPTY(&stream->ops))
		TAILQ_INSERT_TAIL(&sim.waiting, stream, waiting);
	TAILQ_INSERT_TAIL(&stream->ops, op, link);
	if (!sim.pending++)
		pthread_cond_broadcast(&sim.changed);
	return sim_fence_get(op->fence);
}

CUresult sim_submit(struct CUstream_st *stream, struct sim_work *work)
{
	CUresult rc;

	if (stream->capture)
		return sim_capture_add(stream, work);
	rc = sim_capture_check_legacy(stream);
	if (rc) {
		sim_work_put(work);
		return rc;
	}
	sim_fence_put(sim_queue(stream, work));
	if (!sim.config.seeded)
		sim_progress();
	return CUDA_SUCCESS;
}

CUresult sim_submit_and_wait(struct CUstream_st *stream, struct sim_work *work)
{
	struct CUctx_st *ctx = stream->ctx;
	struct sim_fence *fence;
	CUresult rc;

	rc = sim_capture_check_stream(stream);
	if (!rc)
		rc = sim_capture_check_legacy(stream);
	if (rc) {
		sim_work_put(work);
		return rc;
	}
	fence = sim_queue(stream, work);
	rc = sim_wait_fence(ctx, fence);
	sim_fence_put(fence);
	return rc;
}
