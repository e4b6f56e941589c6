/* SPDX-License-Identifier: GPL-2.0-only */
/* Arrays: VRAM with a shape, laid out row by row here. */
#include <stdlib.h>

#include "copy.h"
#include "sim.h"

#define PITCH_STEP 64

struct CUmipmappedArray_st {
	struct sim_object object;
	unsigned int levels;
	struct CUarray_st **level;
};

static unsigned int format_bytes(int format)
{
	switch (format) {
	case 0x01: /* 8 bits */
	case 0x08:
		return 1;
	case 0x02: /* 16 bits */
	case 0x09:
	case 0x10:
		return 2;
	case 0x03: /* 32 bits */
	case 0x0a:
	case 0x20:
		return 4;
	default:
		return 0;
	}
}

static CUresult create(const CUDA_ARRAY3D_DESCRIPTOR *shape, struct CUarray_st **out)
{
	unsigned int channels = shape->NumChannels;
	uint64_t element = (uint64_t)format_bytes(shape->Format) * channels;
	uint64_t rows = shape->Height ? shape->Height : 1;
	uint64_t layers = shape->Depth ? shape->Depth : 1;
	struct sim_region *region;
	struct CUarray_st *array;
	uint64_t pitch;
	CUresult rc;

	if (!element || (channels != 1 && channels != 2 && channels != 4) ||
	    !shape->Width || shape->Width > 131072 || rows > 131072 || layers > 16384)
		return CUDA_ERROR_INVALID_VALUE;
	pitch = SIM_ROUND_UP(shape->Width * element, PITCH_STEP);
	rc = sim_capture_check_unsafe();
	if (!rc)
		rc = sim_region_create(SIM_REGION_ARRAY, sim_context()->device,
				       pitch * rows * layers, &region);
	if (rc)
		return rc;
	array = sim_object_create(SIM_ARRAY, sizeof(*array));
	array->region = region;
	array->shape = *shape;
	array->element = (unsigned int)element;
	array->pitch = pitch;
	array->slice = pitch * rows;
	*out = array;
	return CUDA_SUCCESS;
}

static void destroy(void *object)
{
	struct CUarray_st *array = object;

	sim_region_destroy(array->region);
	sim_object_destroy(array);
}

/* One that is no level of another, and ends with the current context. */
static CUresult create_own(const CUDA_ARRAY3D_DESCRIPTOR *shape, CUarray *out)
{
	CUresult rc = create(shape, out);

	if (!rc)
		sim_object_give(*out, sim_context(), destroy);
	return rc;
}

SIM_API(cuArray3DCreate_v2, 0,
	(CUarray * out, const CUDA_ARRAY3D_DESCRIPTOR *shape), (out, shape))
{
	return out && shape ? create_own(shape, out) : CUDA_ERROR_INVALID_VALUE;
}

SIM_API(cuArrayCreate_v2, 0,
	(CUarray * out, const CUDA_ARRAY_DESCRIPTOR *shape), (out, shape))
{
	CUDA_ARRAY3D_DESCRIPTOR full;

	if (!out || !shape)
		return CUDA_ERROR_INVALID_VALUE;
	full = (CUDA_ARRAY3D_DESCRIPTOR){
		.Width = shape->Width,
		.Height = shape->Height,
		.Format = shape->Format,
		.NumChannels = shape->NumChannels,
	};
	return create_own(&full, out);
}

SIM_API(cuArrayDestroy, 0, (CUarray array), (array))
{
	if (!sim_is(array, SIM_ARRAY) || array->borrowed)
		return CUDA_ERROR_INVALID_HANDLE;
	sim_wait_device(sim_context()->device);
	destroy(array);
	return CUDA_SUCCESS;
}

SIM_API(cuArray3DGetDescriptor_v2, 0,
	(CUDA_ARRAY3D_DESCRIPTOR * out, CUarray array), (out, array))
{
	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	if (!sim_is(array, SIM_ARRAY))
		return CUDA_ERROR_INVALID_HANDLE;
	*out = array->shape;
	return CUDA_SUCCESS;
}

SIM_API(cuArrayGetDescriptor_v2, 0,
	(CUDA_ARRAY_DESCRIPTOR * out, CUarray array), (out, array))
{
	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	if (!sim_is(array, SIM_ARRAY))
		return CUDA_ERROR_INVALID_HANDLE;
	out->Width = array->shape.Width;
	out->Height = array->shape.Height;
	out->Format = array->shape.Format;
	out->NumChannels = array->shape.NumChannels;
	return CUDA_SUCCESS;
}

SIM_API(cuArrayGetMemoryRequirements, 0,
	(CUDA_ARRAY_MEMORY_REQUIREMENTS * out, CUarray array, CUdevice device),
	(out, array, device))
{
	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	if (!sim_is(array, SIM_ARRAY))
		return CUDA_ERROR_INVALID_HANDLE;
	*out = (CUDA_ARRAY_MEMORY_REQUIREMENTS){
		.size = array->region->range.size,
		.alignment = SIM_PAGE,
	};
	return CUDA_SUCCESS;
}

static void destroy_levels(void *object)
{
	struct CUmipmappedArray_st *mipmap = object;

	for (unsigned int i = 0; i < mipmap->levels; i++)
		if (mipmap->level[i])
			destroy(mipmap->level[i]);
	free(mipmap->level);
	sim_object_destroy(mipmap);
}

SIM_API(cuMipmappedArrayCreate, 0,
	(CUmipmappedArray * out, const CUDA_ARRAY3D_DESCRIPTOR *shape,
	 unsigned int levels),
	(out, shape, levels))
{
	CUDA_ARRAY3D_DESCRIPTOR level;
	struct CUmipmappedArray_st *mipmap;
	CUresult rc = CUDA_SUCCESS;

	if (!out || !shape || !levels || levels > 18)
		return CUDA_ERROR_INVALID_VALUE;
	mipmap = sim_object_create(SIM_MIPMAP, sizeof(*mipmap));
	mipmap->levels = levels;
	mipmap->level = sim_alloc(levels * sizeof(*mipmap->level));
	level = *shape;
	for (unsigned int i = 0; !rc && i < levels; i++) {
		rc = create(&level, &mipmap->level[i]);
		if (!rc)
			mipmap->level[i]->borrowed = true;
		level.Width = level.Width > 1 ? level.Width / 2 : 1;
		level.Height = level.Height > 1 ? level.Height / 2 : level.Height;
		level.Depth = level.Depth > 1 ? level.Depth / 2 : level.Depth;
	}
	if (rc) {
		destroy_levels(mipmap);
		return rc;
	}
	sim_object_give(mipmap, sim_context(), destroy_levels);
	*out = mipmap;
	return CUDA_SUCCESS;
}

SIM_API(cuMipmappedArrayGetLevel, 0,
	(CUarray * out, CUmipmappedArray mipmap, unsigned int level),
	(out, mipmap, level))
{
	if (!sim_is(mipmap, SIM_MIPMAP))
		return CUDA_ERROR_INVALID_HANDLE;
	if (!out || level >= mipmap->levels)
		return CUDA_ERROR_INVALID_VALUE;
	*out = mipmap->level[level];
	return CUDA_SUCCESS;
}

SIM_API(cuMipmappedArrayDestroy, 0, (CUmipmappedArray mipmap), (mipmap))
{
	if (!sim_is(mipmap, SIM_MIPMAP))
		return CUDA_ERROR_INVALID_HANDLE;
	sim_wait_device(sim_context()->device);
	destroy_levels(mipmap);
	return CUDA_SUCCESS;
}

/* Copies along the first row. */

static CUresult side(CUarray array, size_t offset, size_t bytes, struct sim_side *out)
{
	if (!sim_is(array, SIM_ARRAY))
		return CUDA_ERROR_INVALID_HANDLE;
	if (offset > array->pitch || bytes > array->pitch - offset)
		return CUDA_ERROR_INVALID_VALUE;
	*out = (struct sim_side){
		.at = (uint8_t *)array->region->range.base + offset,
	};
	return CUDA_SUCCESS;
}

static CUresult from_array(CUstream stream, enum sim_when when, uint64_t dst,
			   CUarray array, size_t offset, size_t n)
{
	struct sim_side to = { .at = (uint8_t *)dst }, from;
	CUresult rc = side(array, offset, n, &from);

	return rc ? rc
		  : sim_copy(stream, when, to, from, (struct sim_box){ n, 1, 1 });
}

static CUresult to_array(CUstream stream, enum sim_when when, CUarray array,
			 size_t offset, uint64_t src, size_t n)
{
	struct sim_side to, from = { .at = (uint8_t *)src };
	CUresult rc = side(array, offset, n, &to);

	return rc ? rc
		  : sim_copy(stream, when, to, from, (struct sim_box){ n, 1, 1 });
}

SIM_API_PT(cuMemcpyAtoD_v2, _ptds, 0,
	   (CUdeviceptr dst, CUarray src, size_t offset, size_t n),
	   (dst, src, offset, n))
{
	return from_array(NULL, SIM_SYNC, dst, src, offset, n);
}

SIM_API_PT(cuMemcpyAtoH_v2, _ptds, 0,
	   (void *dst, CUarray src, size_t offset, size_t n), (dst, src, offset, n))
{
	return from_array(NULL, SIM_SYNC, (uint64_t)dst, src, offset, n);
}

SIM_API_PT(cuMemcpyAtoHAsync_v2, _ptsz, 0,
	   (void *dst, CUarray src, size_t offset, size_t n, CUstream stream),
	   (dst, src, offset, n, stream))
{
	return from_array(stream, SIM_ASYNC, (uint64_t)dst, src, offset, n);
}

SIM_API_PT(cuMemcpyDtoA_v2, _ptds, 0,
	   (CUarray dst, size_t offset, CUdeviceptr src, size_t n),
	   (dst, offset, src, n))
{
	return to_array(NULL, SIM_SYNC, dst, offset, src, n);
}

SIM_API_PT(cuMemcpyHtoA_v2, _ptds, 0,
	   (CUarray dst, size_t offset, const void *src, size_t n),
	   (dst, offset, src, n))
{
	return to_array(NULL, SIM_SYNC, dst, offset, (uint64_t)src, n);
}

SIM_API_PT(cuMemcpyHtoAAsync_v2, _ptsz, 0,
	   (CUarray dst, size_t offset, const void *src, size_t n, CUstream stream),
	   (dst, offset, src, n, stream))
{
	return to_array(stream, SIM_ASYNC, dst, offset, (uint64_t)src, n);
}

SIM_API_PT(cuMemcpyAtoA_v2, _ptds, 0,
	   (CUarray dst, size_t dst_offset, CUarray src, size_t src_offset, size_t n),
	   (dst, dst_offset, src, src_offset, n))
{
	struct sim_side to, from;
	CUresult rc = side(dst, dst_offset, n, &to);

	if (!rc)
		rc = side(src, src_offset, n, &from);
	return rc ? rc
		  : sim_copy(NULL, SIM_SYNC, to, from, (struct sim_box){ n, 1, 1 });
}
