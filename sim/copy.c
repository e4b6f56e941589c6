/* SPDX-License-Identifier: GPL-2.0-only */
/* Copies along one line, and what every copy has to obey. */
#include "copy.h"

#include "sim.h"

/* Up to here the driver may still be writing when a plain copy from pageable
 * memory returns; beyond, this copy is done then. */
#define STAGED_BYTES ((uint64_t)1 << 20)

/* The bytes from the first to the last that a side covers. */
static uint64_t span(struct sim_side side, struct sim_box box)
{
	return (box.depth - 1) * side.slice + (box.height - 1) * side.pitch +
	       box.width;
}

static bool is_device(uint64_t address)
{
	struct sim_region *region = sim_region_find(address);

	return region && region->device && region->kind != SIM_REGION_MANAGED;
}

/* Memory the driver knows must hold all of the side; other memory is the
 * program's own, and the CPU would fault on it. */
static bool is_valid(struct sim_side side, struct sim_box box)
{
	uint64_t at = (uint64_t)side.at;

	return sim_is_host_memory(at) ? at != 0
				      : sim_range_is_known(at, span(side, box));
}

static CUresult submit(struct CUstream_st *stream, enum sim_when when,
		       struct sim_work *work)
{
	struct sim_copy_work *copy = (struct sim_copy_work *)work;
	uint64_t dst = (uint64_t)copy->dst.at, src = (uint64_t)copy->src.at;
	struct sim_box box = copy->box;
	bool small = box.width * box.height * box.depth <= STAGED_BYTES;
	CUresult rc = CUDA_SUCCESS;

	if (when == SIM_ASYNC && stream->capture)
		return sim_submit(stream, work);
	if (!sim_is_pinned(dst) || (when == SIM_SYNC && !is_device(dst)))
		return sim_submit_and_wait(stream, work);
	if (sim_is_pinned(src)) {
		if (when == SIM_SYNC && !is_device(src))
			return sim_submit_and_wait(stream, work);
		return sim_submit(stream, work);
	}
	if (!small)
		return sim_submit_and_wait(stream, work);
	/* Staged: the call waits for the stream, then reads the source. */
	if (when == SIM_SYNC)
		rc = sim_wait_stream(stream);
	if (rc) {
		sim_work_put(work);
		return rc;
	}
	sim_copy_keep(work);
	rc = sim_submit(stream, work);
	sim_time_catch_up(stream);
	return rc;
}

CUresult sim_copy(CUstream handle, enum sim_when when, struct sim_side dst,
		  struct sim_side src, struct sim_box box)
{
	struct CUstream_st *stream;
	CUresult rc = sim_stream(handle, &stream);

	if (!rc && when == SIM_SYNC)
		rc = sim_capture_check_unsafe();
	if (!rc && when == SIM_SYNC)
		rc = sim_capture_check_stream(stream);
	if (rc)
		return rc;
	if (!box.width || !box.height || !box.depth)
		return CUDA_SUCCESS;
	if (!is_valid(dst, box) || !is_valid(src, box))
		return CUDA_ERROR_INVALID_VALUE;
	return submit(stream, when, sim_copy_create(dst, src, box));
}

static CUresult line(CUstream stream, enum sim_when when, uint64_t dst,
		     uint64_t src, size_t bytes)
{
	struct sim_side to = { .at = (uint8_t *)dst };
	struct sim_side from = { .at = (uint8_t *)src };
	struct sim_box box = { bytes, 1, 1 };

	if (bytes && (dst + bytes < dst || src + bytes < src))
		return CUDA_ERROR_INVALID_VALUE;
	return sim_copy(stream, when, to, from, box);
}

/* An operand that has to be memory of the driver's. */
static bool is_known(CUdeviceptr at, size_t bytes)
{
	return !bytes || sim_range_is_known(at, bytes);
}

#define LINE(name, twin, when, stream, dst, src, known, params, args)           \
	SIM_API_PT(name, twin, 0, params, args)                                 \
	{                                                                       \
		if (!(known))                                                   \
			return CUDA_ERROR_INVALID_VALUE;                        \
		return line(stream, when, (uint64_t)(dst), (uint64_t)(src), n); \
	}

LINE(cuMemcpy, _ptds, SIM_SYNC, NULL, dst, src, true,
     (CUdeviceptr dst, CUdeviceptr src, size_t n), (dst, src, n))
LINE(cuMemcpyAsync, _ptsz, SIM_ASYNC, stream, dst, src, true,
     (CUdeviceptr dst, CUdeviceptr src, size_t n, CUstream stream),
     (dst, src, n, stream))
LINE(cuMemcpyHtoD_v2, _ptds, SIM_SYNC, NULL, dst, src, is_known(dst, n),
     (CUdeviceptr dst, const void *src, size_t n), (dst, src, n))
LINE(cuMemcpyHtoDAsync_v2, _ptsz, SIM_ASYNC, stream, dst, src, is_known(dst, n),
     (CUdeviceptr dst, const void *src, size_t n, CUstream stream),
     (dst, src, n, stream))
LINE(cuMemcpyDtoH_v2, _ptds, SIM_SYNC, NULL, dst, src, is_known(src, n),
     (void *dst, CUdeviceptr src, size_t n), (dst, src, n))
LINE(cuMemcpyDtoHAsync_v2, _ptsz, SIM_ASYNC, stream, dst, src, is_known(src, n),
     (void *dst, CUdeviceptr src, size_t n, CUstream stream), (dst, src, n, stream))
LINE(cuMemcpyDtoD_v2, _ptds, SIM_SYNC, NULL, dst, src,
     is_known(dst, n) && is_known(src, n),
     (CUdeviceptr dst, CUdeviceptr src, size_t n), (dst, src, n))
LINE(cuMemcpyDtoDAsync_v2, _ptsz, SIM_ASYNC, stream, dst, src,
     is_known(dst, n) && is_known(src, n),
     (CUdeviceptr dst, CUdeviceptr src, size_t n, CUstream stream),
     (dst, src, n, stream))

/* Between devices: nothing here needs to be enabled for it. */

static bool are_contexts(CUcontext a, CUcontext b)
{
	return sim_is(a, SIM_CONTEXT) && sim_is(b, SIM_CONTEXT);
}

SIM_API_PT(cuMemcpyPeer, _ptds, 0,
	   (CUdeviceptr dst, CUcontext dst_ctx, CUdeviceptr src,
	    CUcontext src_ctx, size_t n),
	   (dst, dst_ctx, src, src_ctx, n))
{
	if (!are_contexts(dst_ctx, src_ctx))
		return CUDA_ERROR_INVALID_CONTEXT;
	if (!is_known(dst, n) || !is_known(src, n))
		return CUDA_ERROR_INVALID_VALUE;
	return line(NULL, SIM_SYNC, dst, src, n);
}

SIM_API_PT(cuMemcpyPeerAsync, _ptsz, 0,
	   (CUdeviceptr dst, CUcontext dst_ctx, CUdeviceptr src,
	    CUcontext src_ctx, size_t n, CUstream stream),
	   (dst, dst_ctx, src, src_ctx, n, stream))
{
	if (!are_contexts(dst_ctx, src_ctx))
		return CUDA_ERROR_INVALID_CONTEXT;
	if (!is_known(dst, n) || !is_known(src, n))
		return CUDA_ERROR_INVALID_VALUE;
	return line(stream, SIM_ASYNC, dst, src, n);
}
