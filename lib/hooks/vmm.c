// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that the program makes and maps itself. It stays the program's own, at
 * addresses of its own, and is never moved; arena memory makes room for it, and
 * where there is none left it lives in RAM from the start.
 */
#include "ledger.h"
#include "pass.h"

static int device_asked(const CUmemAllocationProp *prop)
{
	if (!gb_process_is_on() || !prop ||
	    prop->location.type != CU_MEM_LOCATION_TYPE_DEVICE)
		return -1;
	return prop->location.id;
}

/*
 * The same memory on the host: a GPU that is given access uses it like its own.
 * Not for memory that must be a device's: for a NIC, for fabrics, compressed.
 */
static CUresult create_on_host(CUmemGenericAllocationHandle *handle,
			       size_t bytes, const CUmemAllocationProp *prop,
			       unsigned long long flags)
{
	CUmemAllocationProp host = *prop;

	if (prop->allocFlags.compressionType || prop->allocFlags.usage ||
	    prop->requestedHandleTypes & CU_MEM_HANDLE_TYPE_FABRIC ||
	    !gb_engine_has_ram(bytes))
		return CUDA_ERROR_OUT_OF_MEMORY;
	host.location = gb_driver_host_location(prop->location.id);
	host.allocFlags.gpuDirectRDMACapable = 0;
	return GB_REAL(cuMemCreate)(handle, bytes, &host, flags);
}

CUresult cuMemCreate(CUmemGenericAllocationHandle *handle, size_t bytes,
		     const CUmemAllocationProp *prop, unsigned long long flags)
{
	int device = device_asked(prop);
	CUresult rc = CUDA_ERROR_OUT_OF_MEMORY;

	if (device < 0)
		return GB_REAL(cuMemCreate)(handle, bytes, prop, flags);
	if (!gb_engine_make_room(device, bytes))
		rc = GB_RETRY(GB_REAL(cuMemCreate)(handle, bytes, prop, flags));
	if (!rc)
		gb_ledger_add(GB_LEDGER_HANDLE, *handle, device, bytes);
	if (rc != CUDA_ERROR_OUT_OF_MEMORY)
		return rc;
	rc = create_on_host(handle, bytes, prop, flags);
	if (!rc)
		gb_ledger_add(GB_LEDGER_HOST, *handle, -1, bytes);
	return rc;
}

CUresult cuMemRelease(CUmemGenericAllocationHandle handle)
{
	CUresult rc = GB_REAL(cuMemRelease)(handle);

	if (!rc) {
		gb_ledger_drop(GB_LEDGER_HANDLE, handle);
		gb_ledger_drop(GB_LEDGER_HOST, handle);
	}
	return rc;
}

/* Programs release a handle while it is mapped: its memory stays until unmap. */
CUresult cuMemMap(CUdeviceptr address, size_t bytes, size_t offset,
		  CUmemGenericAllocationHandle handle, unsigned long long flags)
{
	CUresult rc = GB_REAL(cuMemMap)(address, bytes, offset, handle, flags);

	if (!rc && gb_process_is_on())
		gb_ledger_map(address, bytes, handle);
	return rc;
}

CUresult cuMemUnmap(CUdeviceptr address, size_t bytes)
{
	CUresult rc = GB_REAL(cuMemUnmap)(address, bytes);

	if (!rc && gb_process_is_on())
		gb_ledger_unmap(address, bytes);
	return rc;
}

/* An arena address has no handle that the program may hold: as cuMemAlloc's. */
CUresult cuMemRetainAllocationHandle(CUmemGenericAllocationHandle *handle,
				     void *address)
{
	CUresult rc;

	if (gb_is_ours((uint64_t)address))
		return CUDA_ERROR_INVALID_VALUE;
	rc = GB_REAL(cuMemRetainAllocationHandle)(handle, address);
	if (!rc) {
		gb_ledger_ref(GB_LEDGER_HANDLE, *handle);
		gb_ledger_ref(GB_LEDGER_HOST, *handle);
	}
	return rc;
}

/* For a NIC: the memory must be VRAM, and must stay where it is. */
CUresult cuMemGetHandleForAddressRange(void *handle, CUdeviceptr address,
				       size_t bytes, CUmemRangeHandleType type,
				       unsigned long long flags)
{
	int error = 0;

	if (gb_is_ours(address))
		error = gb_engine_pin(address);
	if (error)
		return gb_result(error);
	return GB_PASS(GB_REAL(cuMemGetHandleForAddressRange)(
		handle, address, bytes, type, flags));
}

/* A multicast object cannot hold memory that may move. */
CUresult cuMulticastBindAddr(CUmemGenericAllocationHandle object, size_t offset,
			     CUdeviceptr address, size_t bytes,
			     unsigned long long flags)
{
	if (gb_is_ours(address))
		return CUDA_ERROR_NOT_SUPPORTED;
	return GB_REAL(cuMulticastBindAddr)(object, offset, address, bytes, flags);
}
