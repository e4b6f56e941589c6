/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stream capture: work that is submitted to a capturing stream becomes nodes of
 * a graph. A capture spreads over streams through events, and has to come
 * together again in the stream where it began.
 */
#include <stdlib.h>
#include <string.h>

#include "event.h"
#include "graph.h"
#include "sim.h"

struct sim_capture {
	uint64_t id;
	struct CUgraph_st *graph;
	bool own_graph;			    /* made by it, not given to it */
	struct CUgraphNode_st *last_before; /* in a graph given to it */
	struct CUstream_st *origin;
	struct CUctx_st *ctx;
	CUstreamCaptureMode mode;
	uint64_t thread;
	bool broken;
	TAILQ_ENTRY(sim_capture) link;
};

static TAILQ_HEAD(, sim_capture) captures = TAILQ_HEAD_INITIALIZER(captures);

static uint64_t this_thread(void)
{
	if (!sim_self.id)
		sim_self.id = sim_next_id();
	return sim_self.id;
}

static struct sim_capture *find(uint64_t id)
{
	struct sim_capture *capture;

	TAILQ_FOREACH(capture, &captures, link)
	if (capture->id == id)
		return capture;
	return NULL;
}

CUresult sim_capture_add(struct CUstream_st *stream, struct sim_work *work)
{
	struct sim_capture *capture = stream->capture;
	struct CUgraphNode_st *node;

	if (capture->broken) {
		sim_work_put(work);
		return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
	}
	node = sim_node_create(capture->graph, sim_node_type_of(work), work,
			       stream->tail.at, stream->tail.count);
	sim_nodes_assign(&stream->tail, &node, 1);
	return CUDA_SUCCESS;
}

/*
 * A global capture forbids such calls to every thread that has not exchanged
 * its mode; any capture but a relaxed one forbids them to its own thread.
 */
static bool forbids(const struct sim_capture *capture)
{
	if (capture->mode == CU_STREAM_CAPTURE_MODE_RELAXED ||
	    sim_self.capture_mode == CU_STREAM_CAPTURE_MODE_RELAXED)
		return false;
	if (capture->thread == this_thread())
		return true;
	return capture->mode == CU_STREAM_CAPTURE_MODE_GLOBAL &&
	       sim_self.capture_mode == CU_STREAM_CAPTURE_MODE_GLOBAL;
}

CUresult sim_capture_check_unsafe(void)
{
	CUresult rc = CUDA_SUCCESS;
	struct sim_capture *capture;

	TAILQ_FOREACH(capture, &captures, link)
	if (forbids(capture)) {
		capture->broken = true;
		rc = CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
	}
	return rc;
}

CUresult sim_capture_check_context(const struct CUctx_st *ctx)
{
	CUresult rc = CUDA_SUCCESS;
	struct sim_capture *capture;

	TAILQ_FOREACH(capture, &captures, link)
	if (capture->ctx == ctx) {
		capture->broken = true;
		rc = CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
	}
	return rc;
}

CUresult sim_capture_check_stream(struct CUstream_st *stream)
{
	if (!stream->capture)
		return CUDA_SUCCESS;
	stream->capture->broken = true;
	return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
}

CUresult sim_capture_check_legacy(struct CUstream_st *stream)
{
	struct CUstream_st *other;
	CUresult rc = CUDA_SUCCESS;

	if (stream != stream->ctx->legacy || TAILQ_EMPTY(&captures))
		return rc;
	TAILQ_FOREACH(other, &stream->ctx->streams, link)
	if (other->capture && sim_stream_is_blocking(other)) {
		other->capture->broken = true;
		rc = CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
	}
	return rc;
}

CUresult sim_capture_record(struct CUstream_st *stream, struct CUevent_st *event)
{
	if (stream->capture->broken)
		return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
	event->capture_id = stream->capture->id;
	sim_nodes_assign(&event->captured, stream->tail.at, stream->tail.count);
	return CUDA_SUCCESS;
}

/* What breaks a capture returns this from the call that broke it. */
static CUresult break_capture(struct CUstream_st *stream, CUresult rc)
{
	if (stream->capture)
		stream->capture->broken = true;
	return rc;
}

CUresult sim_capture_wait(struct CUstream_st *stream, struct CUevent_st *event)
{
	struct sim_capture *capture = find(event->capture_id);

	if (stream->capture && stream->capture->broken)
		return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
	if (!event->capture_id) {
		if (!event->fence)
			return CUDA_SUCCESS; /* never recorded */
		return break_capture(stream, CUDA_ERROR_STREAM_CAPTURE_ISOLATION);
	}
	if (!capture)
		return CUDA_ERROR_CAPTURED_EVENT; /* that capture has ended */
	if (capture->broken)
		return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
	if (stream == stream->ctx->legacy) {
		capture->broken = true;
		return CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
	}
	if (stream->capture && stream->capture != capture) {
		stream->capture->broken = capture->broken = true;
		return CUDA_ERROR_STREAM_CAPTURE_MERGE;
	}
	if (!stream->capture)
		stream->tail.count = 0;
	stream->capture = capture;
	for (size_t i = 0; i < event->captured.count; i++)
		sim_nodes_add(&stream->tail, event->captured.at[i]);
	return CUDA_SUCCESS;
}

static bool is_mode(CUstreamCaptureMode mode)
{
	return (unsigned int)mode <= CU_STREAM_CAPTURE_MODE_RELAXED;
}

static CUresult begin(CUstream handle, CUgraph graph, const CUgraphNode *needs,
		      size_t count, CUstreamCaptureMode mode)
{
	struct sim_capture *capture;
	struct CUstream_st *stream;
	CUresult rc = sim_stream(handle, &stream);

	if (rc)
		return rc;
	if (!is_mode(mode) || (count && !needs))
		return CUDA_ERROR_INVALID_VALUE;
	if (stream == stream->ctx->legacy)
		return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
	if (stream->capture)
		return CUDA_ERROR_ILLEGAL_STATE;
	capture = sim_alloc(sizeof(*capture));
	capture->id = sim_next_id();
	capture->own_graph = !graph;
	capture->graph = graph ? graph : sim_graph_create();
	capture->last_before = TAILQ_LAST(&capture->graph->nodes, sim_node_list);
	capture->origin = stream;
	capture->ctx = stream->ctx;
	capture->mode = mode;
	capture->thread = this_thread();
	TAILQ_INSERT_TAIL(&captures, capture, link);
	stream->capture = capture;
	sim_nodes_assign(&stream->tail, needs, count);
	return CUDA_SUCCESS;
}

SIM_API_PT(cuStreamBeginCapture_v2, _ptsz, SIM_NO_CTX,
	   (CUstream stream, CUstreamCaptureMode mode), (stream, mode))
{
	return begin(stream, NULL, NULL, 0, mode);
}

SIM_API_PT(cuStreamBeginCapture, _ptsz, SIM_NO_CTX, (CUstream stream), (stream))
{
	return begin(stream, NULL, NULL, 0, CU_STREAM_CAPTURE_MODE_GLOBAL);
}

SIM_API_PT(cuStreamBeginCaptureToGraph, _ptsz, SIM_NO_CTX,
	   (CUstream stream, CUgraph graph, const CUgraphNode *needs,
	    const CUgraphEdgeData *edges, size_t count, CUstreamCaptureMode mode),
	   (stream, graph, needs, edges, count, mode))
{
	if (!sim_is(graph, SIM_GRAPH))
		return CUDA_ERROR_INVALID_VALUE;
	return begin(stream, graph, needs, count, mode);
}

/* Whether every node that the capture made leads to the origin's tail. */
static bool is_joined(const struct sim_capture *capture)
{
	struct CUgraphNode_st *node, *other;
	bool needed;

	node = capture->last_before ? TAILQ_NEXT(capture->last_before, link)
				    : TAILQ_FIRST(&capture->graph->nodes);
	for (; node; node = TAILQ_NEXT(node, link)) {
		needed = sim_nodes_has(&capture->origin->tail, node);
		for (other = TAILQ_NEXT(node, link); other && !needed;
		     other = TAILQ_NEXT(other, link))
			needed = sim_nodes_has(&other->needs, node);
		if (!needed)
			return false;
	}
	return true;
}

static void leave_streams(struct sim_capture *capture)
{
	struct CUstream_st *stream;
	struct CUctx_st *ctx;

	TAILQ_FOREACH(ctx, &sim.contexts, link)
	TAILQ_FOREACH(stream, &ctx->streams, link)
	if (stream->capture == capture) {
		stream->capture = NULL;
		stream->tail.count = 0;
	}
}

static CUresult verdict(const struct sim_capture *capture)
{
	if (capture->broken)
		return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
	return is_joined(capture) ? CUDA_SUCCESS
				  : CUDA_ERROR_STREAM_CAPTURE_UNJOINED;
}

static void capture_end(struct sim_capture *capture, bool keep_graph)
{
	leave_streams(capture);
	if (!keep_graph && capture->own_graph)
		sim_graph_destroy(capture->graph);
	TAILQ_REMOVE(&captures, capture, link);
	free(capture);
}

void sim_capture_abandon(struct CUstream_st *stream)
{
	struct sim_capture *capture = stream->capture;

	if (capture && capture->origin == stream)
		capture_end(capture, false);
	else if (capture)
		capture->broken = true;
}

SIM_API_PT(cuStreamEndCapture, _ptsz, SIM_NO_CTX,
	   (CUstream handle, CUgraph *out), (handle, out))
{
	struct sim_capture *capture;
	struct CUstream_st *stream;
	CUresult rc = sim_stream(handle, &stream);

	if (rc)
		return rc;
	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	capture = stream->capture;
	if (!capture)
		return CUDA_ERROR_ILLEGAL_STATE;
	if (capture->origin != stream) {
		capture->broken = true;
		return CUDA_ERROR_STREAM_CAPTURE_UNMATCHED;
	}
	if (capture->mode != CU_STREAM_CAPTURE_MODE_RELAXED &&
	    capture->thread != this_thread())
		return CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD;
	rc = verdict(capture);
	*out = rc ? NULL : capture->graph;
	capture_end(capture, !rc);
	return rc;
}

/*
 * The legacy stream has no answer while it would have to wait for a capture.
 * Asking breaks nothing.
 */
static CUresult check_question(const struct CUstream_st *stream)
{
	const struct CUstream_st *other;

	if (stream != stream->ctx->legacy || TAILQ_EMPTY(&captures))
		return CUDA_SUCCESS;
	TAILQ_FOREACH(other, &stream->ctx->streams, link)
	if (other->capture && sim_stream_is_blocking(other))
		return CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
	return CUDA_SUCCESS;
}

static CUstreamCaptureStatus status_of(const struct CUstream_st *stream)
{
	if (!stream->capture)
		return CU_STREAM_CAPTURE_STATUS_NONE;
	return stream->capture->broken ? CU_STREAM_CAPTURE_STATUS_INVALIDATED
				       : CU_STREAM_CAPTURE_STATUS_ACTIVE;
}

SIM_API_PT(cuStreamIsCapturing, _ptsz, SIM_NO_CTX,
	   (CUstream handle, CUstreamCaptureStatus *status), (handle, status))
{
	struct CUstream_st *stream;
	CUresult rc = sim_stream(handle, &stream);

	if (rc)
		return rc;
	if (!status)
		return CUDA_ERROR_INVALID_VALUE;
	*status = status_of(stream);
	return check_question(stream);
}

static CUresult info(CUstream handle, CUstreamCaptureStatus *status, uint64_t *id,
		     CUgraph *graph, const CUgraphNode **needs, size_t *count)
{
	struct CUstream_st *stream;
	CUresult rc = sim_stream(handle, &stream);

	if (rc)
		return rc;
	if (!status)
		return CUDA_ERROR_INVALID_VALUE;
	rc = check_question(stream);
	if (rc)
		return rc;
	*status = status_of(stream);
	if (*status != CU_STREAM_CAPTURE_STATUS_ACTIVE)
		return CUDA_SUCCESS;
	if (id)
		*id = stream->capture->id;
	if (graph)
		*graph = stream->capture->graph;
	if (needs)
		*needs = stream->tail.at;
	if (count)
		*count = stream->tail.count;
	return CUDA_SUCCESS;
}

SIM_API_PT(cuStreamGetCaptureInfo, _ptsz, SIM_NO_CTX,
	   (CUstream stream, CUstreamCaptureStatus *status, uint64_t *id),
	   (stream, status, id))
{
	return info(stream, status, id, NULL, NULL, NULL);
}

SIM_API_PT(cuStreamGetCaptureInfo_v2, _ptsz, SIM_NO_CTX,
	   (CUstream stream, CUstreamCaptureStatus *status, uint64_t *id,
	    CUgraph *graph, const CUgraphNode **needs, size_t *count),
	   (stream, status, id, graph, needs, count))
{
	return info(stream, status, id, graph, needs, count);
}

/* Edges are all plain, which NULL says. */
SIM_API_PT(cuStreamGetCaptureInfo_v3, _ptsz, SIM_NO_CTX,
	   (CUstream stream, CUstreamCaptureStatus *status, uint64_t *id,
	    CUgraph *graph, const CUgraphNode **needs,
	    const CUgraphEdgeData **edges, size_t *count),
	   (stream, status, id, graph, needs, edges, count))
{
	if (edges)
		*edges = NULL;
	return info(stream, status, id, graph, needs, count);
}

static CUresult update(CUstream handle, CUgraphNode *needs, size_t count,
		       unsigned int flags)
{
	struct CUstream_st *stream;
	CUresult rc = sim_stream(handle, &stream);

	if (rc)
		return rc;
	if (flags > 1 || (count && !needs))
		return CUDA_ERROR_INVALID_VALUE;
	if (status_of(stream) != CU_STREAM_CAPTURE_STATUS_ACTIVE)
		return CUDA_ERROR_ILLEGAL_STATE;
	for (size_t i = 0; i < count; i++)
		if (!sim_is(needs[i], SIM_NODE) ||
		    needs[i]->graph != stream->capture->graph)
			return CUDA_ERROR_INVALID_VALUE;
	if (flags == 1) /* set; 0 adds */
		stream->tail.count = 0;
	for (size_t i = 0; i < count; i++)
		sim_nodes_add(&stream->tail, needs[i]);
	return CUDA_SUCCESS;
}

SIM_API_PT(cuStreamUpdateCaptureDependencies, _ptsz, SIM_NO_CTX,
	   (CUstream stream, CUgraphNode *needs, size_t count, unsigned int flags),
	   (stream, needs, count, flags))
{
	return update(stream, needs, count, flags);
}

SIM_API_PT(cuStreamUpdateCaptureDependencies_v2, _ptsz, SIM_NO_CTX,
	   (CUstream stream, CUgraphNode *needs, const CUgraphEdgeData *edges,
	    size_t count, unsigned int flags),
	   (stream, needs, edges, count, flags))
{
	return update(stream, needs, count, flags);
}

SIM_API(cuThreadExchangeStreamCaptureMode, SIM_NO_CTX,
	(CUstreamCaptureMode * mode), (mode))
{
	CUstreamCaptureMode old = sim_self.capture_mode;

	if (!mode || !is_mode(*mode))
		return CUDA_ERROR_INVALID_VALUE;
	sim_self.capture_mode = *mode;
	*mode = old;
	return CUDA_SUCCESS;
}
