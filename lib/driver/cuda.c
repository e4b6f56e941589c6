// SPDX-License-Identifier: GPL-2.0-only
#include "cuda.h"

#include <errno.h>

#include "../interpose/real.h"
#include "../log.h"
#include "kernels.h"
#include "streams.h"
#include "visit.h"

#define GRANULARITY ((size_t)2 << 20)

int gb_driver_device_count(void)
{
	int count = 0;

	return GB_REAL(cuDeviceGetCount)(&count) ? 0 : count;
}

void gb_driver_device_name(int device, char *name, size_t size)
{
	name[0] = '\0';
	GB_REAL(cuDeviceGetName)(name, (int)size, device);
	name[size - 1] = '\0';
}

static int address_reserve(uint64_t bytes, uint64_t wanted, uint64_t *address)
{
	CUdeviceptr reserved;
	CUresult rc = GB_RELAXED(GB_REAL(cuMemAddressReserve)(
		&reserved, bytes, GRANULARITY, wanted, 0));

	*address = reserved;
	return gb_driver_error(rc);
}

static void address_free(uint64_t address, uint64_t bytes)
{
	GB_RELAXED(GB_REAL(cuMemAddressFree)(address, bytes));
}

static int attribute(int device, CUdevice_attribute which)
{
	int value = 0;

	if (GB_REAL(cuDeviceGetAttribute)(&value, which, device))
		return 0;
	return value;
}

CUmemLocation gb_driver_host_location(int device)
{
	int node = attribute(device, CU_DEVICE_ATTRIBUTE_HOST_NUMA_ID);

	if (node < 0)
		return (CUmemLocation){ CU_MEM_LOCATION_TYPE_HOST, 0 };
	return (CUmemLocation){ CU_MEM_LOCATION_TYPE_HOST_NUMA, node };
}

static int memory_create(int device, int near, uint64_t bytes, uint64_t *handle)
{
	CUmemAllocationProp prop = {
		.type = CU_MEM_ALLOCATION_TYPE_PINNED,
		.location = { CU_MEM_LOCATION_TYPE_DEVICE, device },
	};
	CUmemGenericAllocationHandle made;
	CUresult rc;

	if (device == GB_ON_HOST)
		prop.location = gb_driver_host_location(near);
	/* Neither costs anything (N3), and a NIC or a peer may ask for it. */
	if (attribute(near, CU_DEVICE_ATTRIBUTE_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR_SUPPORTED))
		prop.requestedHandleTypes = CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR;
	if (device != GB_ON_HOST &&
	    attribute(near, CU_DEVICE_ATTRIBUTE_GPU_DIRECT_RDMA_WITH_CUDA_VMM_SUPPORTED))
		prop.allocFlags.gpuDirectRDMACapable = 1;
	rc = GB_RELAXED(GB_REAL(cuMemCreate)(&made, bytes, &prop, 0));
	*handle = made;
	return gb_driver_error(rc);
}

static void memory_release(uint64_t handle)
{
	GB_RELAXED(GB_REAL(cuMemRelease)(handle));
}

static int memory_map(uint64_t address, uint64_t bytes, uint64_t handle)
{
	return gb_driver_error(
		GB_RELAXED(GB_REAL(cuMemMap)(address, bytes, 0, handle, 0)));
}

static int memory_unmap(uint64_t address, uint64_t bytes)
{
	CUresult rc = GB_RELAXED(GB_REAL(cuMemUnmap)(address, bytes));

	if (rc && rc != CUDA_ERROR_DEINITIALIZED)
		gb_log_error("cannot unmap %llu bytes at %#llx: CUDA error %d",
			     (unsigned long long)bytes,
			     (unsigned long long)address, rc);
	return gb_driver_error(rc);
}

static int memory_access(uint64_t address, uint64_t bytes, uint32_t devices, bool cpu)
{
	CUmemAccessDesc who[33];
	size_t count = 0;
	int first = __builtin_ctz(devices);

	for (int i = 0; i < 32; i++)
		if (devices & (1u << i))
			who[count++] = (CUmemAccessDesc){
				{ CU_MEM_LOCATION_TYPE_DEVICE, i },
				CU_MEM_ACCESS_FLAGS_PROT_READWRITE,
			};
	if (cpu)
		who[count++] = (CUmemAccessDesc){
			gb_driver_host_location(first),
			CU_MEM_ACCESS_FLAGS_PROT_READWRITE,
		};
	return gb_driver_error(
		GB_RELAXED(GB_REAL(cuMemSetAccess)(address, bytes, who, count)));
}

static int memory_export(uint64_t handle, int *fd)
{
	return gb_driver_error(GB_RELAXED(GB_REAL(cuMemExportToShareableHandle)(
		fd, handle, CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR, 0)));
}

static int memory_import(int fd, uint64_t *handle)
{
	CUmemGenericAllocationHandle made = 0;
	CUresult rc = GB_RELAXED(GB_REAL(cuMemImportFromShareableHandle)(
		&made, (void *)(intptr_t)fd,
		CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR));

	*handle = made;
	return gb_driver_error(rc);
}

static int host_register(int device, uint64_t address, uint64_t bytes)
{
	CUdeviceptr device_address = 0;
	struct gb_visit visit;
	CUresult rc;
	int error = gb_visit_oldest(&visit, device);

	if (error)
		return error;
	rc = GB_REAL(cuMemHostRegister_v2)((void *)address, bytes,
					   CU_MEMHOSTREGISTER_PORTABLE |
						   CU_MEMHOSTREGISTER_DEVICEMAP);
	if (!rc)
		rc = GB_REAL(cuMemHostGetDevicePointer_v2)(&device_address,
							   (void *)address, 0);
	error = gb_driver_error(rc);
	if (!error && device_address != address) {
		GB_REAL(cuMemHostUnregister)((void *)address);
		error = -EOPNOTSUPP;
	}
	gb_visit_end(&visit);
	return error;
}

/* A registration ends with its context, so without contexts there is none. */
static int host_unregister(uint64_t address)
{
	struct gb_visit visit;
	int error = gb_visit_nth(&visit, GB_ANY_DEVICE, 0);

	if (error && !gb_driver_has_context(GB_ANY_DEVICE))
		return -ENOENT;
	if (error)
		return error;
	error = gb_driver_error(GB_REAL(cuMemHostUnregister)((void *)address));
	gb_visit_end(&visit);
	return error;
}

static int host_alloc(uint64_t bytes, void **memory)
{
	struct gb_visit visit;
	int error = gb_visit_oldest(&visit, GB_ANY_DEVICE);

	if (error)
		return error;
	error = gb_driver_error(
		GB_REAL(cuMemHostAlloc)(memory, bytes, CU_MEMHOSTALLOC_PORTABLE));
	gb_visit_end(&visit);
	return error;
}

static void host_free(void *memory)
{
	struct gb_visit visit;

	if (gb_visit_nth(&visit, GB_ANY_DEVICE, 0))
		return;
	GB_REAL(cuMemFreeHost)(memory);
	gb_visit_end(&visit);
}

static int memory_info(int device, uint64_t *free_bytes, uint64_t *total_bytes)
{
	size_t free_now = 0, total = 0;
	struct gb_visit visit;
	int error = gb_visit_nth(&visit, device, 0);

	if (error)
		return error;
	error = gb_driver_error(GB_REAL(cuMemGetInfo_v2)(&free_now, &total));
	gb_visit_end(&visit);
	*free_bytes = free_now;
	*total_bytes = total;
	return error;
}

static int wait_for(CUcontext context)
{
	struct gb_visit visit;
	int error = gb_visit_begin(&visit, context);

	if (error == -ENOENT)
		return 0; /* a dead context has no work */
	if (error)
		return error;
	error = gb_driver_error(GB_REAL(cuCtxSynchronize)());
	gb_visit_end(&visit);
	return error;
}

static int wait_for_each(int device)
{
	CUcontext context;
	int error = 0;

	for (int n = 0; !error && (context = gb_driver_visit(device, n)); n++) {
		error = wait_for(context);
		gb_driver_visit_over(context);
	}
	return error;
}

/* One that ends meanwhile changes the numbers of the others. */
static int wait_for_contexts(int device)
{
	uint64_t changes;
	int error;

	do {
		changes = gb_driver_contexts_changed();
		error = wait_for_each(device);
	} while (!error && changes != gb_driver_contexts_changed());
	return error;
}

static int drain(int device)
{
	int error;

	if (!gb_driver_contexts_known())
		return -EAGAIN;
	/* Waiting for a context breaks captures in it (measured: N4). */
	if (!gb_driver_wait_begin())
		return -EBUSY;
	error = wait_for_contexts(device);
	gb_driver_wait_end();
	return error;
}

/*
 * On the legacy stream: the device has been drained and the gate is closed, so
 * nothing else is in it.
 */
static int copy(int device, uint64_t to, uint64_t from, uint64_t bytes)
{
	struct gb_visit visit;
	int error = gb_visit_nth(&visit, device, 0);
	CUresult rc;

	if (error)
		return error;
	rc = GB_REAL(cuMemcpyDtoDAsync_v2)(to, from, bytes, CU_STREAM_LEGACY);
	if (!rc)
		rc = GB_REAL(cuStreamSynchronize)(CU_STREAM_LEGACY);
	gb_visit_end(&visit);
	return gb_driver_error(rc);
}

const struct gb_driver_ops gb_driver_cuda = {
	.address_reserve = address_reserve,
	.address_free = address_free,
	.memory_create = memory_create,
	.memory_release = memory_release,
	.memory_map = memory_map,
	.memory_unmap = memory_unmap,
	.memory_access = memory_access,
	.memory_export = memory_export,
	.memory_import = memory_import,
	.host_register = host_register,
	.host_unregister = host_unregister,
	.host_alloc = host_alloc,
	.host_free = host_free,
	.memory_info = memory_info,
	.drain = drain,
	.copy = copy,
	.send = gb_stream_send,
	.mark = gb_ticket_mark,
	.ticket_passed = gb_ticket_passed,
	.ticket_wait = gb_ticket_wait,
	.ticket_drop = gb_ticket_drop,
	.stream_create = gb_stream_create,
	.stream_destroy = gb_stream_destroy,
	.stream_state = gb_stream_state_of,
	.stream_wait = gb_stream_wait,
	.stream_copy = gb_stream_copy,
	.ticket_create = gb_ticket_create,
	.ticket_record = gb_ticket_record,
	.ticket_elapsed = gb_ticket_elapsed,
	.reconcile_prepare = gb_kernels_prepare,
	.reconcile = gb_kernels_reconcile,
};
