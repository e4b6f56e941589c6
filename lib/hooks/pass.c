// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>

#include "pass.h"

int gb_current_device(void)
{
	CUdevice device;

	return GB_REAL(cuCtxGetDevice)(&device) ? -1 : device;
}

uint64_t gb_current_context(void)
{
	CUcontext context = NULL;

	return GB_REAL(cuCtxGetCurrent)(&context) ? 0 : (uint64_t)context;
}

CUresult gb_result(int error)
{
	CUresult rc = CUDA_SUCCESS;

	if (error == -EIO)
		rc = GB_REAL(cuCtxSynchronize)();
	return rc ? rc : gb_driver_result(error);
}

bool gb_retry_room(uint64_t bytes)
{
	int device;

	if (!gb_process_is_on())
		return false;
	device = gb_current_device();
	return device >= 0 && !gb_engine_give_way(device, bytes);
}
