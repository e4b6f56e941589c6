/* SPDX-License-Identifier: GPL-2.0-only */
/* Copies of boxes, between pitched memory and arrays. */
#include "copy.h"
#include "sim.h"

struct operand {
	size_t x, y, z;
	CUmemorytype type;
	const void *host;
	CUdeviceptr device;
	CUarray array;
	size_t pitch, height;
};

static CUresult locate(const struct operand *o, const struct sim_box *box,
		       struct sim_side *side)
{
	uint64_t base;

	if (o->type == CU_MEMORYTYPE_ARRAY) {
		if (!sim_is(o->array, SIM_ARRAY))
			return CUDA_ERROR_INVALID_HANDLE;
		base = o->array->region->range.base;
		side->pitch = o->array->pitch;
		side->slice = o->array->slice;
	} else {
		base = o->type == CU_MEMORYTYPE_HOST ? (uint64_t)o->host : o->device;
		side->pitch = o->pitch ? o->pitch : box->width;
		side->slice = side->pitch * (o->height ? o->height : box->height);
		if (box->height > 1 && side->pitch < o->x + box->width)
			return CUDA_ERROR_INVALID_VALUE;
		if (box->depth > 1 && o->height && o->height < o->y + box->height)
			return CUDA_ERROR_INVALID_VALUE;
	}
	side->at = (uint8_t *)base + o->z * side->slice + o->y * side->pitch + o->x;
	return base ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

static bool is_type(CUmemorytype type)
{
	return type >= CU_MEMORYTYPE_HOST && type <= CU_MEMORYTYPE_UNIFIED;
}

/* Device operands have to be memory that the driver knows. */
static bool is_known(CUmemorytype type, struct sim_side side)
{
	return type != CU_MEMORYTYPE_DEVICE || sim_region_find((uint64_t)side.at);
}

CUresult sim_copy_describe(const CUDA_MEMCPY3D *d, struct sim_side *dst,
			   struct sim_side *src, struct sim_box *box)
{
	struct operand to = { d->dstXInBytes,	d->dstY,     d->dstZ,
			      d->dstMemoryType, d->dstHost,  d->dstDevice,
			      d->dstArray,	d->dstPitch, d->dstHeight };
	struct operand from = { d->srcXInBytes,	  d->srcY,     d->srcZ,
				d->srcMemoryType, d->srcHost,  d->srcDevice,
				d->srcArray,	  d->srcPitch, d->srcHeight };
	CUresult rc;

	if (!is_type(to.type) || !is_type(from.type))
		return CUDA_ERROR_INVALID_VALUE;
	*box = (struct sim_box){ d->WidthInBytes, d->Height, d->Depth };
	if (!box->width || !box->height || !box->depth)
		return CUDA_SUCCESS;
	rc = locate(&to, box, dst);
	if (!rc)
		rc = locate(&from, box, src);
	if (!rc && (!is_known(to.type, *dst) || !is_known(from.type, *src)))
		rc = CUDA_ERROR_INVALID_VALUE;
	return rc;
}

static CUresult copy(CUstream stream, enum sim_when when, const CUDA_MEMCPY3D *desc)
{
	struct sim_side dst = { 0 }, src = { 0 };
	struct sim_box box;
	CUresult rc;

	if (!desc)
		return CUDA_ERROR_INVALID_VALUE;
	rc = sim_copy_describe(desc, &dst, &src, &box);
	return rc ? rc : sim_copy(stream, when, dst, src, box);
}

static CUresult copy2d(CUstream stream, enum sim_when when, const CUDA_MEMCPY2D *d)
{
	CUDA_MEMCPY3D desc;

	if (!d)
		return CUDA_ERROR_INVALID_VALUE;
	desc = (CUDA_MEMCPY3D){
		.srcXInBytes = d->srcXInBytes,
		.srcY = d->srcY,
		.srcMemoryType = d->srcMemoryType,
		.srcHost = d->srcHost,
		.srcDevice = d->srcDevice,
		.srcArray = d->srcArray,
		.srcPitch = d->srcPitch,
		.dstXInBytes = d->dstXInBytes,
		.dstY = d->dstY,
		.dstMemoryType = d->dstMemoryType,
		.dstHost = d->dstHost,
		.dstDevice = d->dstDevice,
		.dstArray = d->dstArray,
		.dstPitch = d->dstPitch,
		.WidthInBytes = d->WidthInBytes,
		.Height = d->Height,
		.Depth = 1,
	};
	return copy(stream, when, &desc);
}

SIM_API_PT(cuMemcpy2D_v2, _ptds, 0, (const CUDA_MEMCPY2D *desc), (desc))
{
	return copy2d(NULL, SIM_SYNC, desc);
}

SIM_SAME_PT(cuMemcpy2DUnaligned_v2, cuMemcpy2D_v2, _ptds, 0,
	    (const CUDA_MEMCPY2D *desc), (desc))

SIM_API_PT(cuMemcpy2DAsync_v2, _ptsz, 0,
	   (const CUDA_MEMCPY2D *desc, CUstream stream), (desc, stream))
{
	return copy2d(stream, SIM_ASYNC, desc);
}

SIM_API_PT(cuMemcpy3D_v2, _ptds, 0, (const CUDA_MEMCPY3D *desc), (desc))
{
	return copy(NULL, SIM_SYNC, desc);
}

SIM_API_PT(cuMemcpy3DAsync_v2, _ptsz, 0,
	   (const CUDA_MEMCPY3D *desc, CUstream stream), (desc, stream))
{
	return copy(stream, SIM_ASYNC, desc);
}

/* Both structures have one layout; the contexts add nothing here. */
SIM_API_PT(cuMemcpy3DPeer, _ptds, 0, (const CUDA_MEMCPY3D_PEER *desc), (desc))
{
	return copy(NULL, SIM_SYNC, (const CUDA_MEMCPY3D *)desc);
}

SIM_API_PT(cuMemcpy3DPeerAsync, _ptsz, 0,
	   (const CUDA_MEMCPY3D_PEER *desc, CUstream stream), (desc, stream))
{
	return copy(stream, SIM_ASYNC, (const CUDA_MEMCPY3D *)desc);
}
