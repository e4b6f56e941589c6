/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Handles of cuMemCreate as file descriptors. The memory is a memfd of its own;
 * its last page says how large it is and where it lies, for who imports it.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "sim.h"

#define SHARED_MAGIC 0x47425348u

struct trailer {
	uint32_t magic;
	int ordinal; /* -1: host memory */
	uint64_t size;
	CUmemAllocationProp prop;
};

SIM_API(cuMemExportToShareableHandle, SIM_NO_CTX,
	(void *out, CUmemGenericAllocationHandle handle,
	 CUmemAllocationHandleType type, unsigned long long flags),
	(out, handle, type, flags))
{
	struct sim_phys *phys = (struct sim_phys *)handle;
	struct trailer trailer;
	int fd;

	if (!out || flags || !sim_is(phys, SIM_PHYS) || phys->handles <= 0 ||
	    type != CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR ||
	    !(phys->prop.requestedHandleTypes & type))
		return CUDA_ERROR_INVALID_VALUE;
	trailer = (struct trailer){
		.magic = SHARED_MAGIC,
		.ordinal = phys->device ? phys->device->ordinal : -1,
		.size = phys->size,
		.prop = phys->prop,
	};
	if (pwrite(phys->fd, &trailer, sizeof(trailer), (off_t)phys->size) !=
	    sizeof(trailer))
		return CUDA_ERROR_OPERATING_SYSTEM;
	fd = dup(phys->fd);
	if (fd < 0)
		return CUDA_ERROR_OPERATING_SYSTEM;
	*(int *)out = fd;
	return CUDA_SUCCESS;
}

static bool read_trailer(int fd, struct trailer *trailer)
{
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	    (uint64_t)st.st_size < sizeof(*trailer))
		return false;
	if (pread(fd, trailer, sizeof(*trailer),
		  st.st_size / SIM_GRANULE * SIM_GRANULE) != sizeof(*trailer))
		return false;
	return trailer->magic == SHARED_MAGIC &&
	       trailer->size <= (uint64_t)st.st_size;
}

SIM_API(cuMemImportFromShareableHandle, SIM_NO_CTX,
	(CUmemGenericAllocationHandle * out, void *os_handle,
	 CUmemAllocationHandleType type),
	(out, os_handle, type))
{
	int fd = (int)(intptr_t)os_handle;
	struct sim_device *device;
	struct trailer trailer;
	struct sim_phys *phys;

	if (!out || type != CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR ||
	    !read_trailer(fd, &trailer))
		return CUDA_ERROR_INVALID_VALUE;
	device = trailer.ordinal < 0 ? NULL : sim_device(trailer.ordinal);
	if (trailer.ordinal >= 0 && !device)
		return CUDA_ERROR_INVALID_DEVICE;
	fd = dup(fd); /* the caller keeps his */
	if (fd < 0)
		return CUDA_ERROR_OPERATING_SYSTEM;
	phys = sim_phys_adopt(device, trailer.size, fd, 0);
	phys->prop = trailer.prop;
	*out = (CUmemGenericAllocationHandle)phys;
	return CUDA_SUCCESS;
}
