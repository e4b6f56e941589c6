// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies of rectangles and boxes. A 2D copy is a 3D copy of one layer, so both
 * are walked as one shape; the driver gets the program's own description, cut
 * down to the part in question, so that pitches, types and arrays stay as given.
 */
#include <assert.h>
#include <string.h>

#include "copy.h"

/* One end: where its first byte lies, and the steps to the next row and layer. */
struct end {
	uint64_t at;	     /* 0: an array or nothing of ours */
	uint64_t row, layer; /* bytes */
};

struct box {
	struct end to, from;
	uint64_t width, rows, layers; /* width in bytes */
	uint64_t stream;
};

/* A part of the box: its corner and its extent. */
struct part {
	uint64_t x, y, z;
	uint64_t width, rows, layers;
};

/* Has the driver copy @part; @data is what the caller of copy_box gave. */
typedef CUresult (*copy_part)(const struct part *part, void *data);

static uint64_t end_bytes(const struct end *end, const struct box *box)
{
	return (box->layers - 1) * end->layer + (box->rows - 1) * end->row +
	       box->width;
}

static bool is_nonsense(const struct end *end, const struct box *box)
{
	return end->at && ((box->rows > 1 && end->row < box->width) ||
			   (box->layers > 1 && end->layer < end->row));
}

static uint64_t address(const struct end *end, uint64_t x, uint64_t y, uint64_t z)
{
	return end->at ? end->at + z * end->layer + y * end->row + x : 0;
}

/* Bytes from @from on that lie within one call's reach, of @bytes. */
static uint64_t span(const struct end *end, uint64_t x, uint64_t y, uint64_t z,
		     uint64_t bytes)
{
	return end->at ? gb_engine_span(address(end, x, y, z), bytes) : bytes;
}

static uint64_t rows_within(const struct end *end, const struct box *box,
			    uint64_t y, uint64_t z)
{
	uint64_t rows = box->rows - y;
	uint64_t reach = span(end, 0, y, z, (rows - 1) * end->row + box->width);

	if (!end->at || rows == 1)
		return reach >= box->width ? rows : 0;
	if (reach < box->width)
		return 0;
	return gb_min(rows, (reach - box->width) / end->row + 1);
}

/* The row at y, z, which a border cuts. */
static CUresult copy_row(const struct box *box, uint64_t y, uint64_t z,
			 copy_part copy, void *data)
{
	struct part part = { .y = y, .z = z, .rows = 1, .layers = 1 };
	CUresult rc = CUDA_SUCCESS;

	for (; !rc && part.x < box->width; part.x += part.width) {
		uint64_t left = box->width - part.x;

		part.width = gb_min(span(&box->to, part.x, y, z, left),
				    span(&box->from, part.x, y, z, left));
		rc = copy(&part, data);
	}
	return rc;
}

static CUresult copy_layer(const struct box *box, uint64_t z, copy_part copy,
			   void *data)
{
	CUresult rc = CUDA_SUCCESS;
	uint64_t y = 0;

	while (!rc && y < box->rows) {
		uint64_t rows = gb_min(rows_within(&box->to, box, y, z),
				       rows_within(&box->from, box, y, z));
		struct part part = {
			.y = y, .z = z, .width = box->width, .rows = rows, .layers = 1
		};

		if (rows)
			rc = copy(&part, data);
		else
			rc = copy_row(box, y, z, copy, data);
		y += rows ? rows : 1;
	}
	return rc;
}

static bool has_borders(const struct end *end, const struct box *box)
{
	uint64_t bytes = end_bytes(end, box);

	return end->at && gb_engine_span(end->at, bytes) < bytes;
}

static CUresult copy_inside(const struct box *box, copy_part copy, void *data)
{
	const struct part whole = { .width = box->width,
				    .rows = box->rows,
				    .layers = box->layers };
	CUresult rc = CUDA_SUCCESS;

	if (!has_borders(&box->to, box) && !has_borders(&box->from, box))
		return copy(&whole, data);
	for (uint64_t z = 0; !rc && z < box->layers; z++)
		rc = copy_layer(box, z, copy, data);
	return rc;
}

/* Copies @box through @copy in as many parts as it takes. */
static CUresult copy_box(const struct box *box, copy_part copy, void *data)
{
	const struct part whole = { .width = box->width,
				    .rows = box->rows,
				    .layers = box->layers };
	struct gb_copy_ends ends;
	CUresult rc;

	if (!box->width || !box->rows || !box->layers ||
	    !gb_copy_is_ours(box->to.at, box->from.at) ||
	    is_nonsense(&box->to, box) || is_nonsense(&box->from, box))
		return copy(&whole, data);
	ends = (struct gb_copy_ends){ box->to.at, box->from.at, box->stream, false };
	rc = gb_copy_prepare(ends.to, end_bytes(&box->to, box), GB_TOUCH_WORK);
	if (!rc)
		rc = gb_copy_prepare(ends.from, end_bytes(&box->from, box),
				     GB_TOUCH_READ);
	if (!rc)
		rc = gb_copy_enter_prepared(&ends);
	if (rc)
		return rc;
	rc = copy_inside(box, copy, data);
	gb_copy_leave(&ends);
	return rc;
}

/* The end that a description names, where it is an address. */
static struct end end_of(CUmemorytype type, CUdeviceptr device, uint64_t x,
			 uint64_t y, uint64_t z, uint64_t pitch, uint64_t height)
{
	struct end end = { .row = pitch, .layer = pitch * height };

	if (type != CU_MEMORYTYPE_DEVICE && type != CU_MEMORYTYPE_UNIFIED)
		return end;
	end.at = device + z * end.layer + y * end.row + x;
	return end;
}

/* A call with a 2D description. */
struct call2d {
	CUDA_MEMCPY2D whole;
	CUresult (*plain)(const CUDA_MEMCPY2D *);
	CUresult (*async)(const CUDA_MEMCPY2D *, CUstream);
	CUstream stream;
	enum gb_default_stream null;
};

static CUresult make2d(const CUDA_MEMCPY2D *copy, const struct call2d *call)
{
	if (call->async)
		return call->async(copy, call->stream);
	assert(call->plain);
	return call->plain(copy);
}

static CUresult part2d(const struct part *part, void *data)
{
	struct call2d *call = data;
	CUDA_MEMCPY2D copy = call->whole;

	copy.srcXInBytes += part->x;
	copy.dstXInBytes += part->x;
	copy.srcY += part->y;
	copy.dstY += part->y;
	copy.WidthInBytes = part->width;
	copy.Height = part->rows;
	return make2d(&copy, call);
}

static CUresult copy2d(const CUDA_MEMCPY2D *copy, struct call2d call)
{
	if (!copy)
		return make2d(copy, &call);
	call.whole = *copy;
	return copy_box(
		&(struct box){
			.to = end_of(copy->dstMemoryType, copy->dstDevice,
				     copy->dstXInBytes, copy->dstY, 0,
				     copy->dstPitch, 0),
			.from = end_of(copy->srcMemoryType, copy->srcDevice,
				       copy->srcXInBytes, copy->srcY, 0,
				       copy->srcPitch, 0),
			.width = copy->WidthInBytes,
			.rows = copy->Height,
			.layers = 1,
			.stream = gb_stream(call.stream, call.null),
		},
		part2d, &call);
}

#define COPY2D_HOOK(name, null_)                                               \
	CUresult name(const CUDA_MEMCPY2D *copy)                               \
	{                                                                      \
		return copy2d(copy, (struct call2d){ .plain = GB_REAL(name),   \
						     .null = null_ });         \
	}

#define COPY2D_ASYNC_HOOK(name, null_)                                         \
	CUresult name(const CUDA_MEMCPY2D *copy, CUstream stream)              \
	{                                                                      \
		return copy2d(copy, (struct call2d){ .async = GB_REAL(name),   \
						     .stream = stream,         \
						     .null = null_ });         \
	}

COPY2D_HOOK(cuMemcpy2D_v2, GB_LEGACY)
COPY2D_HOOK(cuMemcpy2D_v2_ptds, GB_PER_THREAD)
COPY2D_HOOK(cuMemcpy2DUnaligned_v2, GB_LEGACY)
COPY2D_HOOK(cuMemcpy2DUnaligned_v2_ptds, GB_PER_THREAD)
COPY2D_ASYNC_HOOK(cuMemcpy2DAsync_v2, GB_LEGACY)
COPY2D_ASYNC_HOOK(cuMemcpy2DAsync_v2_ptsz, GB_PER_THREAD)

/*
 * The 3D descriptions, which differ in two words that nobody here looks at: both
 * go through the larger type, member by member alike (checked in tests/abi).
 */
struct call3d {
	CUDA_MEMCPY3D_PEER whole;
	CUresult (*plain)(const CUDA_MEMCPY3D *);
	CUresult (*async)(const CUDA_MEMCPY3D *, CUstream);
	CUresult (*peer)(const CUDA_MEMCPY3D_PEER *);
	CUresult (*peer_async)(const CUDA_MEMCPY3D_PEER *, CUstream);
	CUstream stream;
	enum gb_default_stream null;
};

_Static_assert(sizeof(CUDA_MEMCPY3D) == sizeof(CUDA_MEMCPY3D_PEER),
	       "one walk for both");

static CUresult make3d(const CUDA_MEMCPY3D_PEER *copy, const struct call3d *call)
{
	const CUDA_MEMCPY3D *plain = (const CUDA_MEMCPY3D *)copy;

	if (call->plain)
		return call->plain(plain);
	if (call->async)
		return call->async(plain, call->stream);
	if (call->peer)
		return call->peer(copy);
	assert(call->peer_async);
	return call->peer_async(copy, call->stream);
}

static CUresult part3d(const struct part *part, void *data)
{
	struct call3d *call = data;
	CUDA_MEMCPY3D_PEER copy = call->whole;

	copy.srcXInBytes += part->x;
	copy.dstXInBytes += part->x;
	copy.srcY += part->y;
	copy.dstY += part->y;
	copy.srcZ += part->z;
	copy.dstZ += part->z;
	copy.WidthInBytes = part->width;
	copy.Height = part->rows;
	copy.Depth = part->layers;
	return make3d(&copy, call);
}

static CUresult copy3d(const void *description, struct call3d call)
{
	const CUDA_MEMCPY3D_PEER *copy = &call.whole;

	if (!description)
		return make3d(NULL, &call);
	memcpy(&call.whole, description, sizeof(call.whole));
	return copy_box(
		&(struct box){
			.to = end_of(copy->dstMemoryType, copy->dstDevice,
				     copy->dstXInBytes, copy->dstY, copy->dstZ,
				     copy->dstPitch, copy->dstHeight),
			.from = end_of(copy->srcMemoryType, copy->srcDevice,
				       copy->srcXInBytes, copy->srcY, copy->srcZ,
				       copy->srcPitch, copy->srcHeight),
			.width = copy->WidthInBytes,
			.rows = copy->Height,
			.layers = copy->Depth,
			.stream = gb_stream(call.stream, call.null),
		},
		part3d, &call);
}

#define COPY3D_HOOK(name, type, member, null_)                                 \
	CUresult name(const type *copy)                                        \
	{                                                                      \
		return copy3d(copy, (struct call3d){ .member = GB_REAL(name),  \
						     .null = null_ });         \
	}

#define COPY3D_ASYNC_HOOK(name, type, member, null_)                           \
	CUresult name(const type *copy, CUstream stream)                       \
	{                                                                      \
		return copy3d(copy, (struct call3d){ .member = GB_REAL(name),  \
						     .stream = stream,         \
						     .null = null_ });         \
	}

COPY3D_HOOK(cuMemcpy3D_v2, CUDA_MEMCPY3D, plain, GB_LEGACY)
COPY3D_HOOK(cuMemcpy3D_v2_ptds, CUDA_MEMCPY3D, plain, GB_PER_THREAD)
COPY3D_ASYNC_HOOK(cuMemcpy3DAsync_v2, CUDA_MEMCPY3D, async, GB_LEGACY)
COPY3D_ASYNC_HOOK(cuMemcpy3DAsync_v2_ptsz, CUDA_MEMCPY3D, async, GB_PER_THREAD)
COPY3D_HOOK(cuMemcpy3DPeer, CUDA_MEMCPY3D_PEER, peer, GB_LEGACY)
COPY3D_HOOK(cuMemcpy3DPeer_ptds, CUDA_MEMCPY3D_PEER, peer, GB_PER_THREAD)
COPY3D_ASYNC_HOOK(cuMemcpy3DPeerAsync, CUDA_MEMCPY3D_PEER, peer_async, GB_LEGACY)
COPY3D_ASYNC_HOOK(cuMemcpy3DPeerAsync_ptsz, CUDA_MEMCPY3D_PEER, peer_async,
		  GB_PER_THREAD)
