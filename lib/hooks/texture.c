// SPDX-License-Identifier: GPL-2.0-only
/*
 * Textures and surfaces keep an address beyond the call, and read it by a path
 * of their own: what lies behind it is pinned in VRAM.
 */
#include "pass.h"

static CUresult pin(uint64_t address)
{
	return gb_is_ours(address) ? gb_result(gb_engine_pin(address))
				   : CUDA_SUCCESS;
}

static CUresult pin_resource(const CUDA_RESOURCE_DESC *resource)
{
	if (!resource)
		return CUDA_SUCCESS;
	if (resource->resType == CU_RESOURCE_TYPE_LINEAR)
		return pin(resource->res.linear.devPtr);
	if (resource->resType == CU_RESOURCE_TYPE_PITCH2D)
		return pin(resource->res.pitch2D.devPtr);
	return CUDA_SUCCESS;
}

CUresult cuTexObjectCreate(CUtexObject *object, const CUDA_RESOURCE_DESC *resource,
			   const CUDA_TEXTURE_DESC *texture,
			   const CUDA_RESOURCE_VIEW_DESC *view)
{
	CUresult rc = pin_resource(resource);

	return rc ? rc
		  : GB_REAL(cuTexObjectCreate)(object, resource, texture, view);
}

CUresult cuSurfObjectCreate(CUsurfObject *object, const CUDA_RESOURCE_DESC *resource)
{
	CUresult rc = pin_resource(resource);

	return rc ? rc : GB_REAL(cuSurfObjectCreate)(object, resource);
}

CUresult cuTexRefSetAddress_v2(size_t *offset, CUtexref reference,
			       CUdeviceptr address, size_t bytes)
{
	CUresult rc = pin(address);

	return rc ? rc
		  : GB_REAL(cuTexRefSetAddress_v2)(offset, reference, address,
						   bytes);
}

CUresult cuTexRefSetAddress2D_v3(CUtexref reference,
				 const CUDA_ARRAY_DESCRIPTOR *as,
				 CUdeviceptr address, size_t pitch)
{
	CUresult rc = pin(address);

	return rc ? rc
		  : GB_REAL(cuTexRefSetAddress2D_v3)(reference, as, address, pitch);
}
