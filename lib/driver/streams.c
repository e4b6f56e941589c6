// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recording, waiting and copying are legal in a capture and part of it, so they
 * leave the capture mode alone.
 */
#include "streams.h"

#include <errno.h>

#include "cuda.h"
#include "visit.h"

int gb_stream_create(int device, uint64_t *stream)
{
	int least = 0, greatest = 0;
	CUstream made = NULL;
	struct gb_visit visit;
	CUresult rc;
	int error = gb_visit_oldest(&visit, device);

	if (error)
		return error;
	/* Where it fails, no stream goes before another. */
	GB_REAL(cuCtxGetStreamPriorityRange)(&least, &greatest);
	rc = GB_REAL(cuStreamCreateWithPriority)(&made, CU_STREAM_NON_BLOCKING,
						 greatest);
	gb_visit_end(&visit);
	*stream = (uint64_t)made;
	return gb_driver_error(rc);
}

void gb_stream_destroy(uint64_t stream)
{
	GB_RELAXED(GB_REAL(cuStreamDestroy_v2)((CUstream)stream));
}

/*
 * The number of a stream's capture, which the driver never gives twice. One
 * that is broken has no number any more and takes no work.
 */
#define BROKEN UINT64_MAX

static CUresult capture_of(CUstream stream, uint64_t *capture)
{
	CUstreamCaptureStatus status = CU_STREAM_CAPTURE_STATUS_NONE;
	uint64_t id = 0;
	CUresult rc;

	if (GB_REAL_HAS(cuStreamGetCaptureInfo_v2))
		rc = GB_REAL(cuStreamGetCaptureInfo_v2)(stream, &status, &id,
							NULL, NULL, NULL);
	else
		rc = GB_REAL(cuStreamGetCaptureInfo)(stream, &status, &id);
	if (!rc && status == CU_STREAM_CAPTURE_STATUS_ACTIVE)
		*capture = id;
	else if (!rc && status == CU_STREAM_CAPTURE_STATUS_INVALIDATED)
		*capture = BROKEN;
	return rc;
}

/*
 * Every launch asks while memory overflows. Of a default stream that is the current
 * context, which takes the driver 8 ns to say (N8) and nothing of the stream.
 */
static CUresult context_of(CUstream stream, CUcontext *context)
{
	CUresult rc;

	if (!gb_driver_is_default(stream))
		return GB_REAL(cuStreamGetCtx)(stream, context);
	rc = GB_REAL(cuCtxGetCurrent)(context);
	return rc || *context ? rc : CUDA_ERROR_INVALID_CONTEXT;
}

/*
 * The legacy stream cannot be captured, and asking for it while others are is
 * an error. Streams are captured only after the program said so, to a hook.
 */
int gb_stream_state_of(uint64_t stream, struct gb_stream_state *state)
{
	CUcontext context = NULL;
	CUresult rc = context_of((CUstream)stream, &context);

	*state = (struct gb_stream_state){ .context = (uint64_t)context };
	if (!rc && gb_driver_is_capturing() && (CUstream)stream != CU_STREAM_LEGACY)
		rc = capture_of((CUstream)stream, &state->capture);
	return gb_driver_error(rc);
}

int gb_stream_wait(uint64_t stream, gb_ticket ticket)
{
	struct gb_visit visit;
	int error;

	if (!ticket)
		return 0;
	error = gb_visit_stream(&visit, (CUstream)stream);
	if (error)
		return error;
	error = gb_driver_error(GB_REAL(cuStreamWaitEvent)((CUstream)stream,
							   (CUevent)ticket, 0));
	gb_visit_end(&visit);
	return error;
}

int gb_stream_copy(uint64_t stream, uint64_t to, uint64_t from, uint64_t bytes)
{
	struct gb_visit visit;
	int error = gb_visit_stream(&visit, (CUstream)stream);

	if (error)
		return error;
	error = gb_driver_error(GB_REAL(cuMemcpyDtoDAsync_v2)(to, from, bytes,
							      (CUstream)stream));
	gb_visit_end(&visit);
	return error;
}

/* A visit to the stream's own context, unless the stream is being captured. */
static int visit_uncaptured(struct gb_visit *visit, CUstream stream)
{
	CUstreamCaptureStatus status;
	CUcontext context;
	CUresult rc = GB_REAL(cuStreamIsCapturing)(stream, &status);

	if (!rc && status != CU_STREAM_CAPTURE_STATUS_NONE)
		return -EBUSY;
	if (!rc)
		rc = GB_REAL(cuStreamGetCtx)(stream, &context);
	return rc ? gb_driver_error(rc) : gb_visit_begin(visit, context);
}

int gb_stream_send(uint64_t stream, uint64_t to, const void *pinned, uint64_t bytes)
{
	struct gb_visit visit;
	int error = visit_uncaptured(&visit, (CUstream)stream);

	if (error)
		return error;
	error = gb_driver_error(GB_REAL(cuMemcpyHtoDAsync_v2)(to, pinned, bytes,
							      (CUstream)stream));
	gb_visit_end(&visit);
	return error;
}

int gb_ticket_mark(uint64_t stream, gb_ticket *ticket)
{
	CUevent event = NULL;
	struct gb_visit visit;
	CUresult rc;
	int error = visit_uncaptured(&visit, (CUstream)stream);

	if (error)
		return error;
	rc = GB_REAL(cuEventCreate)(&event, CU_EVENT_DISABLE_TIMING);
	if (!rc) {
		rc = GB_REAL(cuEventRecord)(event, (CUstream)stream);
		if (rc)
			GB_REAL(cuEventDestroy_v2)(event);
	}
	gb_visit_end(&visit);
	*ticket = rc ? 0 : (gb_ticket)event;
	return gb_driver_error(rc);
}

int gb_ticket_create(uint64_t stream, bool timed, gb_ticket *ticket)
{
	CUevent event = NULL;
	struct gb_visit visit;
	int error = gb_visit_stream(&visit, (CUstream)stream);

	*ticket = 0;
	if (error)
		return error;
	error = gb_driver_error(GB_RELAXED(GB_REAL(cuEventCreate)(
		&event, timed ? CU_EVENT_DEFAULT : CU_EVENT_DISABLE_TIMING)));
	gb_visit_end(&visit);
	*ticket = (gb_ticket)event;
	return error;
}

int gb_ticket_record(gb_ticket ticket, uint64_t stream)
{
	struct gb_visit visit;
	int error = gb_visit_stream(&visit, (CUstream)stream);

	if (error)
		return error;
	error = gb_driver_error(
		GB_REAL(cuEventRecord)((CUevent)ticket, (CUstream)stream));
	gb_visit_end(&visit);
	return error;
}

int gb_ticket_passed(gb_ticket ticket)
{
	CUresult rc;

	if (!ticket)
		return 1;
	rc = GB_RELAXED(GB_REAL(cuEventQuery)((CUevent)ticket));
	if (rc == CUDA_ERROR_NOT_READY)
		return 0;
	return rc ? gb_driver_error(rc) : 1;
}

int gb_ticket_wait(gb_ticket ticket)
{
	if (!ticket)
		return 0;
	return gb_driver_error(
		GB_RELAXED(GB_REAL(cuEventSynchronize)((CUevent)ticket)));
}

/* The driver tells it in milliseconds, with a resolution of half a microsecond. */
int gb_ticket_elapsed(gb_ticket from, gb_ticket to, uint64_t *ns)
{
	float ms = 0;
	CUresult rc = GB_RELAXED(
		GB_REAL(cuEventElapsedTime)(&ms, (CUevent)from, (CUevent)to));

	*ns = ms > 0 ? (uint64_t)((double)ms * 1e6) : 0;
	return gb_driver_error(rc);
}

void gb_ticket_drop(gb_ticket ticket)
{
	if (ticket)
		GB_RELAXED(GB_REAL(cuEventDestroy_v2)((CUevent)ticket));
}
