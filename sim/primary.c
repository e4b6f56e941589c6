/* SPDX-License-Identifier: GPL-2.0-only */
/* The primary context of each device: made on demand, counted. */
#include "sim.h"

#define FLAGS_MASK 0x1ffu

SIM_API(cuDevicePrimaryCtxRetain, SIM_NO_CTX | SIM_AFTER_DEATH,
	(CUcontext * out, CUdevice ordinal), (out, ordinal))
{
	struct sim_device *device = sim_device(ordinal);

	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	if (!device)
		return CUDA_ERROR_INVALID_DEVICE;
	if (!device->primary) {
		device->primary = sim_context_create(device, device->primary_flags);
		device->primary->primary = true;
	}
	device->primary_refs++;
	*out = device->primary;
	return CUDA_SUCCESS;
}

SIM_API(cuDevicePrimaryCtxRelease_v2, SIM_NO_CTX | SIM_AFTER_DEATH,
	(CUdevice ordinal), (ordinal))
{
	struct sim_device *device = sim_device(ordinal);

	if (!device)
		return CUDA_ERROR_INVALID_DEVICE;
	if (!device->primary_refs)
		return CUDA_ERROR_INVALID_CONTEXT;
	if (!--device->primary_refs && device->primary)
		sim_context_destroy(device->primary);
	return CUDA_SUCCESS;
}

SIM_SAME(cuDevicePrimaryCtxRelease, cuDevicePrimaryCtxRelease_v2,
	 SIM_NO_CTX | SIM_AFTER_DEATH, (CUdevice ordinal), (ordinal))

SIM_API(cuDevicePrimaryCtxReset_v2, SIM_NO_CTX | SIM_AFTER_DEATH,
	(CUdevice ordinal), (ordinal))
{
	struct sim_device *device = sim_device(ordinal);

	if (!device)
		return CUDA_ERROR_INVALID_DEVICE;
	if (device->primary)
		sim_context_destroy(device->primary);
	return CUDA_SUCCESS;
}

SIM_SAME(cuDevicePrimaryCtxReset, cuDevicePrimaryCtxReset_v2,
	 SIM_NO_CTX | SIM_AFTER_DEATH, (CUdevice ordinal), (ordinal))

SIM_API(cuDevicePrimaryCtxGetState, SIM_NO_CTX | SIM_AFTER_DEATH,
	(CUdevice ordinal, unsigned int *flags, int *active),
	(ordinal, flags, active))
{
	struct sim_device *device = sim_device(ordinal);

	if (!device)
		return CUDA_ERROR_INVALID_DEVICE;
	if (flags)
		*flags = device->primary_flags;
	if (active)
		*active = device->primary != NULL;
	return CUDA_SUCCESS;
}

SIM_API(cuDevicePrimaryCtxSetFlags_v2, SIM_NO_CTX | SIM_AFTER_DEATH,
	(CUdevice ordinal, unsigned int flags), (ordinal, flags))
{
	struct sim_device *device = sim_device(ordinal);

	if (!device)
		return CUDA_ERROR_INVALID_DEVICE;
	if (flags & ~FLAGS_MASK)
		return CUDA_ERROR_INVALID_VALUE;
	device->primary_flags = flags;
	if (device->primary)
		device->primary->flags = flags;
	return CUDA_SUCCESS;
}

/* The first version refused to touch a context in use. */
SIM_API(cuDevicePrimaryCtxSetFlags, SIM_NO_CTX | SIM_AFTER_DEATH,
	(CUdevice ordinal, unsigned int flags), (ordinal, flags))
{
	struct sim_device *device = sim_device(ordinal);

	if (device && device->primary && device->primary_flags != flags)
		return CUDA_ERROR_PRIMARY_CONTEXT_ACTIVE;
	return cuDevicePrimaryCtxSetFlags_v2_body(ordinal, flags);
}
