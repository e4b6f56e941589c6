// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory for other processes. Handles of memory that the driver has made itself
 * go through untouched, in both directions; ours are told by their first bytes.
 */
#include <errno.h>

#include "../engine/share.h"
#include "../ipc/ipc.h"
#include "../log.h"
#include "pass.h"

_Static_assert(sizeof(CUipcMemHandle) == GB_IPC_HANDLE_SIZE, "one for another");

static CUresult result(int error)
{
	switch (error) {
	case -EXDEV:
		return CUDA_ERROR_INVALID_CONTEXT;
	case -EMFILE:
		return CUDA_ERROR_OPERATING_SYSTEM;
	default:
		return gb_driver_result(error);
	}
}

CUresult cuIpcGetMemHandle(CUipcMemHandle *handle, CUdeviceptr address)
{
	if (!handle || !gb_is_ours(address) || gb_current_device() < 0)
		return GB_REAL(cuIpcGetMemHandle)(handle, address);
	return result(gb_ipc_export(address, (unsigned char *)handle->reserved));
}

/* Without a context the driver says so, and it refuses what it does not know. */
static bool is_for_us(const CUipcMemHandle *handle)
{
	if (!gb_ipc_is_handle((const unsigned char *)handle->reserved))
		return false;
	if (gb_process_is_on())
		return gb_current_device() >= 0;
	gb_log_once(GB_LOG_WARN,
		    "this memory is shared by GreenBoost, which is off in this process");
	return false;
}

static CUresult open_handle(CUdeviceptr *address, const CUipcMemHandle *handle,
			    unsigned int flags)
{
	uint64_t context = gb_current_context(), at;
	int device = gb_current_device(), error;

	if (!address || flags & ~CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS)
		return CUDA_ERROR_INVALID_VALUE;
	gb_driver_context_add((CUcontext)context, device, false);
	error = gb_ipc_open((const unsigned char *)handle->reserved, device,
			    context, &at);
	if (!error)
		*address = at;
	return result(error);
}

#define OPEN_HOOK(name)                                                        \
	CUresult name(CUdeviceptr *address, CUipcMemHandle handle,             \
		      unsigned int flags)                                      \
	{                                                                      \
		if (is_for_us(&handle))                                        \
			return open_handle(address, &handle, flags);           \
		return GB_RETRY(GB_REAL(name)(address, handle, flags));        \
	}

OPEN_HOOK(cuIpcOpenMemHandle)
OPEN_HOOK(cuIpcOpenMemHandle_v2)

CUresult cuIpcCloseMemHandle(CUdeviceptr address)
{
	int error;

	if (!gb_is_ours(address))
		return GB_REAL(cuIpcCloseMemHandle)(address);
	error = gb_engine_close(address);
	/* A lost context says so in its own words. */
	return error == -EIO ? GB_REAL(cuCtxSynchronize)() : result(error);
}
