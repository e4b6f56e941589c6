// SPDX-License-Identifier: GPL-2.0-only
/* Linear copies. */
#include "copy.h"
#include "escape.h"

/* A range that is no allocation's; a context that is gone comes first. */
static CUresult refuse(void)
{
	CUdevice device;
	CUresult rc = GB_REAL(cuCtxGetDevice)(&device);

	return rc ? rc : CUDA_ERROR_INVALID_VALUE;
}

CUresult gb_copy_prepare(uint64_t address, uint64_t bytes, enum gb_touch touch)
{
	const struct gb_allocation *allocation;
	uint64_t left;
	int error;

	if (!gb_is_ours(address))
		return CUDA_SUCCESS;
	allocation = gb_arena_owner(address);
	if (!allocation)
		return refuse();
	left = allocation->address + allocation->bytes - address;
	if (bytes > left)
		return refuse();
	error = gb_engine_touch(address, touch);
	if (!error && gb_driver_is_capturing())
		gb_engine_hold(address, bytes);
	return gb_result(error);
}

CUresult gb_copy_enter_prepared(struct gb_copy_ends *ends)
{
	uint64_t addresses[] = { ends->to, ends->from };
	int error;

	if (gb_driver_is_capturing())
		gb_engine_note_graph(addresses, 2);
	error = gb_engine_enter_at_home(addresses, 2);
	if (error)
		return gb_result(error);
	ends->writing = gb_staging_access(ends->to, ends->stream, true);
	gb_staging_access(ends->from, ends->stream, false);
	return CUDA_SUCCESS;
}

CUresult gb_copy_enter(struct gb_copy_ends *ends, uint64_t bytes,
		       enum gb_touch written)
{
	CUresult rc = gb_copy_prepare(ends->to, bytes, written);

	if (!rc)
		rc = gb_copy_prepare(ends->from, bytes, GB_TOUCH_READ);
	if (!rc)
		rc = gb_copy_enter_prepared(ends);
	return rc;
}

void gb_copy_leave(const struct gb_copy_ends *ends)
{
	if (ends->writing)
		gb_staging_written(ends->to, ends->stream);
	gb_gate_leave();
}

/*
 * The driver's word on what kind of memory this is; 0 for memory that it does
 * not know. The plural form of the question makes that no error, which tools
 * that watch for errors (compute-sanitizer) would report to the user.
 */
static unsigned int memory_type(CUdeviceptr address)
{
	CUpointer_attribute which = CU_POINTER_ATTRIBUTE_MEMORY_TYPE;
	unsigned int type = 0;
	void *answer = &type;

	if (GB_REAL(cuPointerGetAttributes)(1, &which, &answer, address))
		return 0;
	return type;
}

/*
 * Filling memory from the host: what it holds is looked at, and pageable
 * memory, which the driver does not know, goes to the arena where the engine
 * does better. False where that did not work out, for whatever reason: then the
 * driver is asked, and its error is the program's.
 */
static bool upload(CUdeviceptr to, const void *from, size_t bytes, uint64_t stream)
{
	unsigned int type;

	if (!bytes || !from || (!gb_is_ours(to) && !gb_escape_may_hold(bytes)))
		return false;
	type = memory_type((CUdeviceptr)from);
	if (type != CU_MEMORYTYPE_DEVICE)
		gb_escape_scan(from, bytes, stream);
	if (type || !gb_is_ours(to))
		return false;
	return gb_engine_upload(to, from, bytes, stream) > 0;
}

static uint64_t number(const void *pointer)
{
	return (uint64_t)pointer;
}

/* The plain name and its per-thread twin; @s is the twin's suffix. */
#define FROM_HOST_HOOKS(suffix, twin, null)                                      \
	CUresult cuMemcpyHtoD_v2##twin(CUdeviceptr to, const void *from,         \
				       size_t bytes)                             \
	{                                                                        \
		if (upload(to, from, bytes, gb_stream(NULL, null)))              \
			return CUDA_SUCCESS;                                     \
		return GB_COPY(to, number(from), bytes, GB_TOUCH_UPLOAD,         \
			       gb_stream(NULL, null),                            \
			       GB_REAL(cuMemcpyHtoD_v2##twin)(                   \
				       to + AT, (const char *)from + AT, PART)); \
	}                                                                        \
                                                                                 \
	CUresult cuMemcpyHtoDAsync_v2##suffix(CUdeviceptr to, const void *from,  \
					      size_t bytes, CUstream stream)     \
	{                                                                        \
		if (upload(to, from, bytes, gb_stream(stream, null)))            \
			return CUDA_SUCCESS;                                     \
		return GB_COPY(to, number(from), bytes, GB_TOUCH_UPLOAD,         \
			       gb_stream(stream, null),                          \
			       GB_REAL(cuMemcpyHtoDAsync_v2##suffix)(            \
				       to + AT, (const char *)from + AT, PART,   \
				       stream));                                 \
	}

FROM_HOST_HOOKS(, , GB_LEGACY)
FROM_HOST_HOOKS(_ptsz, _ptds, GB_PER_THREAD)

/* Either end may be host memory: the driver tells by the address. */
#define UNIFIED_HOOKS(suffix, twin, null)                                          \
	CUresult cuMemcpy##twin(CUdeviceptr to, CUdeviceptr from, size_t bytes)    \
	{                                                                          \
		const void *host = (const void *)from;                             \
		if (!gb_is_ours(from) &&                                           \
		    upload(to, host, bytes, gb_stream(NULL, null)))                \
			return CUDA_SUCCESS;                                       \
		return GB_COPY(to, from, bytes, unified_touch(from),               \
			       gb_stream(NULL, null),                              \
			       GB_REAL(cuMemcpy##twin)(to + AT, from + AT, PART)); \
	}                                                                          \
                                                                                   \
	CUresult cuMemcpyAsync##suffix(CUdeviceptr to, CUdeviceptr from,           \
				       size_t bytes, CUstream stream)              \
	{                                                                          \
		const void *host = (const void *)from;                             \
		if (!gb_is_ours(from) &&                                           \
		    upload(to, host, bytes, gb_stream(stream, null)))              \
			return CUDA_SUCCESS;                                       \
		return GB_COPY(to, from, bytes, unified_touch(from),               \
			       gb_stream(stream, null),                            \
			       GB_REAL(cuMemcpyAsync##suffix)(                     \
				       to + AT, from + AT, PART, stream));         \
	}

/* What it says of the target that it is filled from @from. */
static enum gb_touch unified_touch(CUdeviceptr from)
{
	if (gb_is_ours(from) || memory_type(from) == CU_MEMORYTYPE_DEVICE)
		return GB_TOUCH_WORK;
	return GB_TOUCH_UPLOAD;
}

UNIFIED_HOOKS(, , GB_LEGACY)
UNIFIED_HOOKS(_ptsz, _ptds, GB_PER_THREAD)

#define TO_HOST_HOOKS(suffix, twin, null)                                           \
	CUresult cuMemcpyDtoH_v2##twin(void *to, CUdeviceptr from, size_t bytes)    \
	{                                                                           \
		return GB_COPY(number(to), from, bytes, GB_TOUCH_WORK,              \
			       gb_stream(NULL, null),                               \
			       GB_REAL(cuMemcpyDtoH_v2##twin)((char *)to + AT,      \
							      from + AT, PART));    \
	}                                                                           \
                                                                                    \
	CUresult cuMemcpyDtoHAsync_v2##suffix(void *to, CUdeviceptr from,           \
					      size_t bytes, CUstream stream)        \
	{                                                                           \
		return GB_COPY(number(to), from, bytes, GB_TOUCH_WORK,              \
			       gb_stream(stream, null),                             \
			       GB_REAL(cuMemcpyDtoHAsync_v2##suffix)(               \
				       (char *)to + AT, from + AT, PART, stream));  \
	}                                                                           \
                                                                                    \
	CUresult cuMemcpyDtoD_v2##twin(CUdeviceptr to, CUdeviceptr from,            \
				       size_t bytes)                                \
	{                                                                           \
		return GB_COPY(                                                     \
			to, from, bytes, GB_TOUCH_WORK, gb_stream(NULL, null),      \
			GB_REAL(cuMemcpyDtoD_v2##twin)(to + AT, from + AT, PART));  \
	}                                                                           \
                                                                                    \
	CUresult cuMemcpyDtoDAsync_v2##suffix(CUdeviceptr to, CUdeviceptr from,     \
					      size_t bytes, CUstream stream)        \
	{                                                                           \
		return GB_COPY(to, from, bytes, GB_TOUCH_WORK,                      \
			       gb_stream(stream, null),                             \
			       GB_REAL(cuMemcpyDtoDAsync_v2##suffix)(               \
				       to + AT, from + AT, PART, stream));          \
	}                                                                           \
                                                                                    \
	CUresult cuMemcpyPeer##twin(CUdeviceptr to, CUcontext to_context,           \
				    CUdeviceptr from, CUcontext from_context,       \
				    size_t bytes)                                   \
	{                                                                           \
		return GB_COPY(                                                     \
			to, from, bytes, GB_TOUCH_WORK, gb_stream(NULL, null),      \
			GB_REAL(cuMemcpyPeer##twin)(to + AT, to_context, from + AT, \
						    from_context, PART));           \
	}                                                                           \
                                                                                    \
	CUresult cuMemcpyPeerAsync##suffix(                                         \
		CUdeviceptr to, CUcontext to_context, CUdeviceptr from,             \
		CUcontext from_context, size_t bytes, CUstream stream)              \
	{                                                                           \
		return GB_COPY(to, from, bytes, GB_TOUCH_WORK,                      \
			       gb_stream(stream, null),                             \
			       GB_REAL(cuMemcpyPeerAsync##suffix)(                  \
				       to + AT, to_context, from + AT,              \
				       from_context, PART, stream));                \
	}                                                                           \
                                                                                    \
	CUresult cuMemcpyAtoD_v2##twin(CUdeviceptr to, CUarray from,                \
				       size_t offset, size_t bytes)                 \
	{                                                                           \
		return GB_COPY(to, UINT64_C(0), bytes, GB_TOUCH_WORK,               \
			       gb_stream(NULL, null),                               \
			       GB_REAL(cuMemcpyAtoD_v2##twin)(                      \
				       to + AT, from, offset + AT, PART));          \
	}                                                                           \
                                                                                    \
	CUresult cuMemcpyDtoA_v2##twin(CUarray to, size_t offset,                   \
				       CUdeviceptr from, size_t bytes)              \
	{                                                                           \
		return GB_COPY(UINT64_C(0), from, bytes, GB_TOUCH_WORK,             \
			       gb_stream(NULL, null),                               \
			       GB_REAL(cuMemcpyDtoA_v2##twin)(to, offset + AT,      \
							      from + AT, PART));    \
	}

TO_HOST_HOOKS(, , GB_LEGACY)
TO_HOST_HOOKS(_ptsz, _ptds, GB_PER_THREAD)
