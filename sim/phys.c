/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical memory: ranges of sparse memfds, one a device and one for the host,
 * within the sizes that the settings give them. Offsets in a file are never
 * used twice (there are 2^46 bytes of them); what ends is punched out.
 * Memory that may be exported gets a file of its own, so that its descriptor
 * shows nothing else; not all memory does, since descriptors are few.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sim.h"

#define FILE_BYTES ((off_t)1 << 46)

static CUresult take_range(struct sim_phys *phys, int fd, uint64_t *end)
{
	if (!*end && ftruncate(fd, FILE_BYTES))
		return CUDA_ERROR_OPERATING_SYSTEM;
	phys->fd = fd;
	phys->offset = *end;
	*end += phys->size;
	return CUDA_SUCCESS;
}

static CUresult back(struct sim_phys *phys, bool exportable)
{
	struct sim_device *device = phys->device;

	if (!exportable)
		return device ? take_range(phys, device->memfd, &device->memfd_end)
			      : take_range(phys, sim.host_memfd,
					   &sim.host_memfd_end);
	phys->fd = memfd_create("greenboost-sim-shared", MFD_CLOEXEC);
	if (phys->fd < 0)
		return CUDA_ERROR_OPERATING_SYSTEM;
	phys->own_fd = true;
	/* One page more, for share.c. */
	return ftruncate(phys->fd, (off_t)(phys->size + SIM_PAGE))
		       ? CUDA_ERROR_OPERATING_SYSTEM
		       : CUDA_SUCCESS;
}

static void release(struct sim_phys *phys)
{
	if (phys->own_fd)
		close(phys->fd);
	else if (phys->fd >= 0)
		fallocate(phys->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			  (off_t)phys->offset, (off_t)phys->size);
	if (phys->charged)
		sim_uncharge(phys->device, phys->size);
	sim_object_destroy(phys);
}

CUresult sim_phys_create(struct sim_device *device, size_t size,
			 bool exportable, struct sim_phys **out)
{
	struct sim_phys *phys;
	CUresult rc = sim_charge(device, size);

	if (rc)
		return rc;
	phys = sim_object_create(SIM_PHYS, sizeof(*phys));
	phys->device = device;
	phys->size = size;
	phys->fd = -1;
	phys->charged = true;
	phys->handles = 1;
	rc = back(phys, exportable);
	if (rc) {
		release(phys);
		return rc;
	}
	*out = phys;
	return CUDA_SUCCESS;
}

struct sim_phys *sim_phys_adopt(struct sim_device *device, size_t size, int fd,
				uint64_t offset)
{
	struct sim_phys *phys = sim_object_create(SIM_PHYS, sizeof(*phys));

	phys->device = device;
	phys->size = size;
	phys->fd = fd;
	phys->own_fd = true;
	phys->offset = offset;
	phys->handles = 1;
	return phys;
}

void sim_phys_put(struct sim_phys *phys)
{
	if (!phys->handles && !phys->mappings)
		release(phys);
}
