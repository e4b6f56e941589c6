// SPDX-License-Identifier: GPL-2.0-only
/* Allocation and free. */
#include <assert.h>
#include <errno.h>

#include "ledger.h"
#include "pass.h"

/*
 * What the current context may get from the arena: -1 where the driver must
 * answer (engine off, too small for a granule, nonsense, no context).
 */
static int arena_device(const void *result, size_t bytes)
{
	if (!gb_process_is_on() || bytes < GB_GRANULE || !result)
		return -1;
	return gb_current_device();
}

/* 1 when the arena has answered, with *@rc; 0 when the driver is to. */
static int allocate(int device, uint64_t bytes, uint64_t pool,
		    CUdeviceptr *result, CUresult *rc)
{
	uint64_t context = gb_current_context(), address;
	int error;

	gb_driver_context_add((CUcontext)context, device, false);
	error = gb_engine_allocate(device, bytes, context, pool, &address);
	if (error == -EOPNOTSUPP)
		return 0;
	if (!error)
		*result = address;
	*rc = gb_result(error);
	return 1;
}

/* Room for what goes past the arena; false where the budget has none. */
static bool make_room(int device, uint64_t bytes)
{
	return device < 0 || !gb_engine_make_room(device, bytes);
}

static CUresult count(CUresult rc, int device, const CUdeviceptr *result,
		      uint64_t bytes)
{
	if (!rc && device >= 0) {
		assert(result); /* the driver has written to it */
		gb_ledger_add(GB_LEDGER_POINTER, *result, device, bytes);
	}
	return rc;
}

static int direct_device(void)
{
	return gb_process_is_on() ? gb_current_device() : -1;
}

CUresult cuMemAlloc_v2(CUdeviceptr *result, size_t bytes)
{
	int device = arena_device(result, bytes);
	CUresult rc;

	if (device >= 0 && allocate(device, bytes, 0, result, &rc))
		return rc;
	device = direct_device();
	if (result && !make_room(device, bytes))
		return CUDA_ERROR_OUT_OF_MEMORY;
	rc = GB_RETRY(GB_REAL(cuMemAlloc_v2)(result, bytes));
	return count(rc, device, result, bytes);
}

/*
 * The driver's row pitch is a multiple of one step, which a row of one byte
 * shows. 0 where it cannot be had.
 */
static size_t pitch_step(void)
{
	static _Atomic size_t step;
	size_t known = atomic_load(&step);
	CUdeviceptr probe;

	if (known)
		return known;
	if (GB_REAL(cuMemAllocPitch_v2)(&probe, &known, 1, 1, 4))
		return 0;
	GB_REAL(cuMemFree_v2)(probe);
	atomic_store(&step, known);
	return known;
}

CUresult cuMemAllocPitch_v2(CUdeviceptr *result, size_t *pitch, size_t width,
			    size_t height, unsigned int element)
{
	bool sane = result && pitch && width && height &&
		    width < SIZE_MAX / 2 / height &&
		    (element == 4 || element == 8 || element == 16);
	int device = sane ? arena_device(result, width * height) : -1;
	size_t step = device >= 0 ? pitch_step() : 0;
	CUresult rc;

	if (step) {
		size_t row = (width + step - 1) / step * step;

		if (allocate(device, row * height, 0, result, &rc)) {
			if (!rc)
				*pitch = row;
			return rc;
		}
	}
	device = direct_device();
	if (sane && !make_room(device, width * height))
		return CUDA_ERROR_OUT_OF_MEMORY;
	rc = GB_RETRY(GB_REAL(cuMemAllocPitch_v2)(result, pitch, width, height,
						  element));
	if (rc)
		return rc;
	assert(pitch);
	return count(rc, device, result, *pitch * height);
}

CUresult cuMemFree_v2(CUdeviceptr address)
{
	CUresult rc;

	if (address && gb_is_ours(address))
		return gb_result(gb_engine_free(address));
	rc = GB_REAL(cuMemFree_v2)(address);
	if (!rc)
		gb_ledger_drop(GB_LEDGER_POINTER, address);
	return rc;
}

static bool is_capturing(uint64_t stream)
{
	CUstreamCaptureStatus status = CU_STREAM_CAPTURE_STATUS_NONE;

	if (!gb_driver_is_capturing())
		return false;
	return GB_REAL(cuStreamIsCapturing)((CUstream)stream, &status) ||
	       status != CU_STREAM_CAPTURE_STATUS_NONE;
}

/* What the driver says of a stream that need not be one. */
static CUresult judge_stream(uint64_t stream)
{
	CUcontext context;

	return GB_REAL(cuStreamGetCtx)((CUstream)stream, &context);
}

/*
 * Stream-ordered memory comes from the driver's pool, which is made for being
 * fast, while VRAM has room; then from the arena, where it is valid sooner than
 * it was promised. In a capture the graph owns it.
 */
static CUresult allocate_async(CUdeviceptr *result, size_t bytes,
			       CUmemoryPool pool, uint64_t stream, bool *done)
{
	int device = arena_device(result, bytes);
	CUresult rc = CUDA_SUCCESS;

	*done = false;
	if (device < 0 || is_capturing(stream) || gb_engine_has_room(device, bytes))
		return rc;
	rc = judge_stream(stream);
	*done = rc || allocate(device, bytes, (uint64_t)pool, result, &rc);
	return rc;
}

static CUresult count_async(CUresult rc, uint64_t stream,
			    const CUdeviceptr *result, uint64_t bytes)
{
	if (rc || is_capturing(stream))
		return rc;
	return count(rc, direct_device(), result, bytes);
}

/* The pool that a stream-ordered allocation without one comes from. */
static CUmemoryPool current_pool(void)
{
	CUmemoryPool pool = NULL;
	int device = direct_device();

	if (device >= 0)
		GB_REAL(cuDeviceGetMemPool)(&pool, device);
	return pool;
}

#define ASYNC_HOOKS(suffix, null)                                                 \
	CUresult cuMemAllocAsync##suffix(CUdeviceptr *result, size_t bytes,       \
					 CUstream stream)                         \
	{                                                                         \
		uint64_t at = gb_stream(stream, null);                            \
		bool done;                                                        \
		CUresult rc = allocate_async(result, bytes, current_pool(),       \
					     at, &done);                          \
                                                                                  \
		if (done)                                                         \
			return rc;                                                \
		rc = GB_RETRY(GB_REAL(cuMemAllocAsync##suffix)(result, bytes,     \
							       stream));          \
		return count_async(rc, at, result, bytes);                        \
	}                                                                         \
                                                                                  \
	CUresult cuMemAllocFromPoolAsync##suffix(CUdeviceptr *result,             \
						 size_t bytes, CUmemoryPool pool, \
						 CUstream stream)                 \
	{                                                                         \
		uint64_t at = gb_stream(stream, null);                            \
		bool done;                                                        \
		CUresult rc = allocate_async(result, bytes, pool, at, &done);     \
                                                                                  \
		if (done)                                                         \
			return rc;                                                \
		rc = GB_RETRY(GB_REAL(cuMemAllocFromPoolAsync##suffix)(           \
			result, bytes, pool, stream));                            \
		return count_async(rc, at, result, bytes);                        \
	}                                                                         \
                                                                                  \
	CUresult cuMemFreeAsync##suffix(CUdeviceptr address, CUstream stream)     \
	{                                                                         \
		CUresult rc;                                                      \
                                                                                  \
		if (address && gb_is_ours(address))                               \
			return free_async(address, gb_stream(stream, null));      \
		rc = GB_REAL(cuMemFreeAsync##suffix)(address, stream);            \
		if (!rc)                                                          \
			gb_ledger_drop(GB_LEDGER_POINTER, address);               \
		return rc;                                                        \
	}

/*
 * The memory goes when the stream gets there. In a capture there is no such
 * point, and it goes once the device has been idle.
 */
static CUresult free_async(uint64_t address, uint64_t stream)
{
	gb_ticket ticket = 0;
	int error = gb_driver_cuda.mark(stream, &ticket);

	if (error && error != -EBUSY) {
		CUresult rc = judge_stream(stream);

		return rc ? rc : gb_result(error);
	}
	return gb_result(gb_engine_free_after(address, ticket));
}

ASYNC_HOOKS(, GB_LEGACY)
ASYNC_HOOKS(_ptsz, GB_PER_THREAD)

/* Pages itself in and out, so only what it may take at once is counted. */
CUresult cuMemAllocManaged(CUdeviceptr *result, size_t bytes, unsigned int flags)
{
	return GB_RETRY(GB_REAL(cuMemAllocManaged)(result, bytes, flags));
}

static CUresult count_host(CUresult rc, void **result, uint64_t bytes)
{
	if (!rc && gb_process_is_on())
		gb_ledger_add(GB_LEDGER_HOST, (uint64_t)*result, -1, bytes);
	return rc;
}

CUresult cuMemHostAlloc(void **result, size_t bytes, unsigned int flags)
{
	return count_host(GB_REAL(cuMemHostAlloc)(result, bytes, flags), result,
			  bytes);
}

CUresult cuMemAllocHost_v2(void **result, size_t bytes)
{
	return count_host(GB_REAL(cuMemAllocHost_v2)(result, bytes), result, bytes);
}

CUresult cuMemFreeHost(void *memory)
{
	CUresult rc = GB_REAL(cuMemFreeHost)(memory);

	if (!rc)
		gb_ledger_drop(GB_LEDGER_HOST, (uint64_t)memory);
	return rc;
}

CUresult cuMemHostRegister_v2(void *memory, size_t bytes, unsigned int flags)
{
	CUresult rc =
		GB_RETRY(GB_REAL(cuMemHostRegister_v2)(memory, bytes, flags));

	return count_host(rc, &memory, bytes);
}

CUresult cuMemHostUnregister(void *memory)
{
	CUresult rc = GB_REAL(cuMemHostUnregister)(memory);

	if (!rc)
		gb_ledger_drop(GB_LEDGER_HOST, (uint64_t)memory);
	return rc;
}

static CUresult count_array(CUresult rc, const CUarray *array)
{
	CUDA_ARRAY_MEMORY_REQUIREMENTS needs = { 0 };
	int device = direct_device();

	if (rc || device < 0)
		return rc;
	if (!GB_REAL(cuArrayGetMemoryRequirements)(&needs, *array, device))
		gb_ledger_add(GB_LEDGER_ARRAY, (uint64_t)*array, device, needs.size);
	return rc;
}

CUresult cuArrayCreate_v2(CUarray *array, const CUDA_ARRAY_DESCRIPTOR *as)
{
	return count_array(GB_RETRY(GB_REAL(cuArrayCreate_v2)(array, as)), array);
}

CUresult cuArray3DCreate_v2(CUarray *array, const CUDA_ARRAY3D_DESCRIPTOR *as)
{
	return count_array(GB_RETRY(GB_REAL(cuArray3DCreate_v2)(array, as)), array);
}

CUresult cuArrayDestroy(CUarray array)
{
	CUresult rc = GB_REAL(cuArrayDestroy)(array);

	if (!rc)
		gb_ledger_drop(GB_LEDGER_ARRAY, (uint64_t)array);
	return rc;
}

CUresult cuMipmappedArrayCreate(CUmipmappedArray *array,
				const CUDA_ARRAY3D_DESCRIPTOR *as,
				unsigned int levels)
{
	CUDA_ARRAY_MEMORY_REQUIREMENTS needs = { 0 };
	CUresult rc = GB_RETRY(GB_REAL(cuMipmappedArrayCreate)(array, as, levels));
	int device = direct_device();

	if (rc || device < 0)
		return rc;
	if (!GB_REAL(cuMipmappedArrayGetMemoryRequirements)(&needs, *array, device))
		gb_ledger_add(GB_LEDGER_ARRAY, (uint64_t)*array, device, needs.size);
	return rc;
}

CUresult cuMipmappedArrayDestroy(CUmipmappedArray array)
{
	CUresult rc = GB_REAL(cuMipmappedArrayDestroy)(array);

	if (!rc)
		gb_ledger_drop(GB_LEDGER_ARRAY, (uint64_t)array);
	return rc;
}
