/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Texture and surface objects: they are made, asked and destroyed, and keep
 * what they were made of. No kernel here reads through them.
 */
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define TEXTURE_DESC_BYTES 104

struct texture {
	struct sim_object object;
	bool surface;
	CUDA_RESOURCE_DESC resource;
	unsigned char sampling[TEXTURE_DESC_BYTES];
};

/* Linear and pitched resources must lie in memory that the driver knows. */
static CUresult check(const CUDA_RESOURCE_DESC *desc)
{
	uint64_t bytes;

	switch (desc->resType) {
	case CU_RESOURCE_TYPE_LINEAR:
		bytes = desc->res.linear.sizeInBytes;
		break;
	case CU_RESOURCE_TYPE_PITCH2D:
		if (!desc->res.pitch2D.height)
			return CUDA_ERROR_INVALID_VALUE;
		bytes = (desc->res.pitch2D.height - 1) *
				desc->res.pitch2D.pitchInBytes +
			desc->res.pitch2D.width;
		break;
	case CU_RESOURCE_TYPE_ARRAY:
		return sim_is((void *)desc->res.linear.devPtr, SIM_ARRAY)
			       ? CUDA_SUCCESS
			       : CUDA_ERROR_INVALID_HANDLE;
	default:
		return sim_is((void *)desc->res.linear.devPtr, SIM_MIPMAP)
			       ? CUDA_SUCCESS
			       : CUDA_ERROR_INVALID_HANDLE;
	}
	return bytes && sim_range_is_known(desc->res.linear.devPtr, bytes)
		       ? CUDA_SUCCESS
		       : CUDA_ERROR_INVALID_VALUE;
}

static CUresult create(CUtexObject *out, const CUDA_RESOURCE_DESC *desc,
		       const void *sampling, bool surface)
{
	struct texture *texture;
	CUresult rc;

	if (!out || !desc || (surface && desc->resType != CU_RESOURCE_TYPE_ARRAY))
		return CUDA_ERROR_INVALID_VALUE;
	rc = check(desc);
	if (rc)
		return rc;
	texture = sim_object_create(SIM_TEXTURE, sizeof(*texture));
	texture->surface = surface;
	texture->resource = *desc;
	if (sampling)
		memcpy(texture->sampling, sampling, TEXTURE_DESC_BYTES);
	sim_object_give(texture, sim_context(), sim_object_destroy);
	*out = (CUtexObject)texture;
	return CUDA_SUCCESS;
}

static struct texture *find(CUtexObject handle, bool surface)
{
	struct texture *texture = (struct texture *)handle;

	return sim_is(texture, SIM_TEXTURE) && texture->surface == surface
		       ? texture
		       : NULL;
}

static CUresult destroy(CUtexObject handle, bool surface)
{
	if (!find(handle, surface))
		return CUDA_ERROR_INVALID_VALUE;
	sim_object_destroy((void *)handle);
	return CUDA_SUCCESS;
}

static CUresult resource_of(CUDA_RESOURCE_DESC *out, CUtexObject handle, bool surface)
{
	struct texture *texture = find(handle, surface);

	if (!out || !texture)
		return CUDA_ERROR_INVALID_VALUE;
	*out = texture->resource;
	return CUDA_SUCCESS;
}

SIM_API(cuTexObjectCreate, 0,
	(CUtexObject * out, const CUDA_RESOURCE_DESC *desc,
	 const CUDA_TEXTURE_DESC *sampling, const CUDA_RESOURCE_VIEW_DESC *view),
	(out, desc, sampling, view))
{
	return sampling ? create(out, desc, sampling, false)
			: CUDA_ERROR_INVALID_VALUE;
}

SIM_API(cuTexObjectDestroy, 0, (CUtexObject texture), (texture))
{
	return destroy(texture, false);
}

SIM_API(cuTexObjectGetResourceDesc, 0,
	(CUDA_RESOURCE_DESC * out, CUtexObject texture), (out, texture))
{
	return resource_of(out, texture, false);
}

SIM_API(cuTexObjectGetTextureDesc, 0,
	(CUDA_TEXTURE_DESC * out, CUtexObject handle), (out, handle))
{
	struct texture *texture = find(handle, false);

	if (!out || !texture)
		return CUDA_ERROR_INVALID_VALUE;
	memcpy(out, texture->sampling, TEXTURE_DESC_BYTES);
	return CUDA_SUCCESS;
}

SIM_API(cuSurfObjectCreate, 0,
	(CUsurfObject * out, const CUDA_RESOURCE_DESC *desc), (out, desc))
{
	return create(out, desc, NULL, true);
}

SIM_API(cuSurfObjectDestroy, 0, (CUsurfObject surface), (surface))
{
	return destroy(surface, true);
}

SIM_API(cuSurfObjectGetResourceDesc, 0,
	(CUDA_RESOURCE_DESC * out, CUsurfObject surface), (out, surface))
{
	return resource_of(out, surface, true);
}
