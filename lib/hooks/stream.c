// SPDX-License-Identifier: GPL-2.0-only
/* Streams: where the program waits, captures, and memory that streams poll. */
#include "escape.h"
#include "pass.h"

/*
 * The program has waited for work; with nothing else in flight memory may move.
 * A thread that is capturing must not be made to wait.
 */
static CUresult waited(CUresult rc)
{
	if (!rc && atomic_load(&gb_attention) & GB_ATTENTION_WATCH &&
	    !gb_driver_is_capturing())
		gb_engine_idle(gb_current_device());
	return rc;
}

CUresult cuStreamSynchronize(CUstream stream)
{
	return waited(GB_REAL(cuStreamSynchronize)(stream));
}

CUresult cuStreamSynchronize_ptsz(CUstream stream)
{
	return waited(GB_REAL(cuStreamSynchronize_ptsz)(stream));
}

CUresult cuEventSynchronize(CUevent event)
{
	return waited(GB_REAL(cuEventSynchronize)(event));
}

CUresult cuStreamCreate(CUstream *stream, unsigned int flags)
{
	return GB_RETRY(GB_REAL(cuStreamCreate)(stream, flags));
}

CUresult cuStreamCreateWithPriority(CUstream *stream, unsigned int flags, int priority)
{
	return GB_RETRY(GB_REAL(cuStreamCreateWithPriority)(stream, flags, priority));
}

/* From before the capture begins, so that no mover is at work inside it. */
static CUresult begun(uint64_t stream, CUresult rc)
{
	if (rc)
		gb_driver_capture_end(stream);
	return rc;
}

/* A stream that was not capturing, or in another thread, goes on as it was. */
static CUresult ended(uint64_t stream, CUresult rc)
{
	if (rc != CUDA_ERROR_ILLEGAL_STATE && rc != CUDA_ERROR_INVALID_VALUE &&
	    rc != CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD)
		gb_driver_capture_end(stream);
	return rc;
}

#define BEGIN(stream, null, call)                                              \
	(gb_driver_capture_begin(gb_stream(stream, null)),                     \
	 begun(gb_stream(stream, null), GB_PASS(call)))

#define BEGIN_HOOKS(suffix, null)                                                 \
	CUresult cuStreamBeginCapture##suffix(CUstream stream)                    \
	{                                                                         \
		return BEGIN(stream, null,                                        \
			     GB_REAL(cuStreamBeginCapture##suffix)(stream));      \
	}                                                                         \
                                                                                  \
	CUresult cuStreamBeginCapture_v2##suffix(CUstream stream,                 \
						 CUstreamCaptureMode mode)        \
	{                                                                         \
		return BEGIN(stream, null,                                        \
			     GB_REAL(cuStreamBeginCapture_v2##suffix)(stream,     \
								      mode));     \
	}                                                                         \
                                                                                  \
	CUresult cuStreamBeginCaptureToGraph##suffix(                             \
		CUstream stream, CUgraph graph, const CUgraphNode *nodes,         \
		const CUgraphEdgeData *edges, size_t count,                       \
		CUstreamCaptureMode mode)                                         \
	{                                                                         \
		gb_staging_forbid_captures();                                     \
		return BEGIN(stream, null,                                        \
			     GB_REAL(cuStreamBeginCaptureToGraph##suffix)(        \
				     stream, graph, nodes, edges, count, mode));  \
	}                                                                         \
                                                                                  \
	CUresult cuStreamEndCapture##suffix(CUstream stream, CUgraph *graph)      \
	{                                                                         \
		gb_staging_capture_ends(gb_stream(stream, null));                 \
		return ended(gb_stream(stream, null),                             \
			     GB_REAL(cuStreamEndCapture##suffix)(stream, graph)); \
	}

BEGIN_HOOKS(, GB_LEGACY)
BEGIN_HOOKS(_ptsz, GB_PER_THREAD)

/* It takes its capture with it, and its handle may come back as another's. */
#define DESTROY_HOOK(name)                                                     \
	CUresult name(CUstream stream)                                         \
	{                                                                      \
		CUresult rc;                                                   \
                                                                               \
		gb_staging_stream_gone((uint64_t)stream);                      \
		rc = GB_REAL(name)(stream);                                    \
		if (!rc && gb_driver_is_capturing())                           \
			gb_driver_capture_end((uint64_t)stream);               \
		return rc;                                                     \
	}

DESTROY_HOOK(cuStreamDestroy)
DESTROY_HOOK(cuStreamDestroy_v2)

/*
 * Memory that a stream waits on or writes: others look at it from outside, so
 * it stays in VRAM. Pinning can fail for want of room, and then RAM serves too,
 * but no copy, and no disk.
 */
static CUresult pin(uint64_t address, uint64_t stream)
{
	int error;

	if (!gb_is_ours(address) || !gb_engine_pin(address))
		return CUDA_SUCCESS;
	error = gb_engine_enter_at_home(&address, 1);
	if (error)
		return gb_result(error);
	gb_staging_escape(address, stream);
	gb_gate_leave();
	return CUDA_SUCCESS;
}

/* What the stream is given from here on may wait for long, and for anybody. */
static CUresult held(CUresult rc, uint64_t stream)
{
	if (!rc && atomic_load_explicit(&gb_attention, memory_order_relaxed))
		gb_staging_hold(stream);
	return rc;
}

#define WAIT_HOOK(name, type, null)                                                \
	CUresult name(CUstream stream, CUdeviceptr address, type value,            \
		      unsigned int flags)                                          \
	{                                                                          \
		CUresult rc = pin(address, gb_stream(stream, null));               \
                                                                                   \
		if (rc)                                                            \
			return rc;                                                 \
		return held(GB_PASS(GB_REAL(name)(stream, address, value, flags)), \
			    gb_stream(stream, null));                              \
	}

#define WRITE_HOOK(name, type, null)                                           \
	CUresult name(CUstream stream, CUdeviceptr address, type value,        \
		      unsigned int flags)                                      \
	{                                                                      \
		CUresult rc = pin(address, gb_stream(stream, null));           \
                                                                               \
		if (rc)                                                        \
			return rc;                                             \
		gb_escape_word(value, gb_stream(stream, null));                \
		return GB_PASS(GB_REAL(name)(stream, address, value, flags));  \
	}

WAIT_HOOK(cuStreamWaitValue32, uint32_t, GB_LEGACY)
WAIT_HOOK(cuStreamWaitValue32_ptsz, uint32_t, GB_PER_THREAD)
WAIT_HOOK(cuStreamWaitValue32_v2, uint32_t, GB_LEGACY)
WAIT_HOOK(cuStreamWaitValue32_v2_ptsz, uint32_t, GB_PER_THREAD)
WAIT_HOOK(cuStreamWaitValue64, uint64_t, GB_LEGACY)
WAIT_HOOK(cuStreamWaitValue64_ptsz, uint64_t, GB_PER_THREAD)
WAIT_HOOK(cuStreamWaitValue64_v2, uint64_t, GB_LEGACY)
WAIT_HOOK(cuStreamWaitValue64_v2_ptsz, uint64_t, GB_PER_THREAD)
WRITE_HOOK(cuStreamWriteValue32, uint32_t, GB_LEGACY)
WRITE_HOOK(cuStreamWriteValue32_ptsz, uint32_t, GB_PER_THREAD)
WRITE_HOOK(cuStreamWriteValue32_v2, uint32_t, GB_LEGACY)
WRITE_HOOK(cuStreamWriteValue32_v2_ptsz, uint32_t, GB_PER_THREAD)
WRITE_HOOK(cuStreamWriteValue64, uint64_t, GB_LEGACY)
WRITE_HOOK(cuStreamWriteValue64_ptsz, uint64_t, GB_PER_THREAD)
WRITE_HOOK(cuStreamWriteValue64_v2, uint64_t, GB_LEGACY)
WRITE_HOOK(cuStreamWriteValue64_v2_ptsz, uint64_t, GB_PER_THREAD)

static bool any_waits(const CUstreamBatchMemOpParams *ops, unsigned int count)
{
	for (unsigned int i = 0; ops && i < count; i++)
		if (ops[i].operation == CU_STREAM_MEM_OP_WAIT_VALUE_32 ||
		    ops[i].operation == CU_STREAM_MEM_OP_WAIT_VALUE_64)
			return true;
	return false;
}

static CUresult pin_all(const CUstreamBatchMemOpParams *ops, unsigned int count,
			uint64_t stream)
{
	CUresult rc = CUDA_SUCCESS;

	for (unsigned int i = 0; ops && !rc && i < count; i++)
		rc = pin(ops[i].waitValue.address, stream);
	return rc;
}

#define BATCH_HOOK(name, null)                                                   \
	CUresult name(CUstream stream, unsigned int count,                       \
		      CUstreamBatchMemOpParams *ops, unsigned int flags)         \
	{                                                                        \
		CUresult rc = pin_all(ops, count, gb_stream(stream, null));      \
                                                                                 \
		if (rc)                                                          \
			return rc;                                               \
		rc = GB_PASS(GB_REAL(name)(stream, count, ops, flags));          \
		return any_waits(ops, count) ? held(rc, gb_stream(stream, null)) \
					     : rc;                               \
	}

BATCH_HOOK(cuStreamBatchMemOp, GB_LEGACY)
BATCH_HOOK(cuStreamBatchMemOp_ptsz, GB_PER_THREAD)
BATCH_HOOK(cuStreamBatchMemOp_v2, GB_LEGACY)
BATCH_HOOK(cuStreamBatchMemOp_v2_ptsz, GB_PER_THREAD)
