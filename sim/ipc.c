/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory and events of other processes. A handle names the exporter's file
 * descriptor and the range behind it; the importer opens it through /proc, so
 * the exporter must live until then and belong to the same user.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "event.h"
#include "sim.h"

#define IPC_MAGIC 0x47424950u

struct wire {
	uint32_t magic;
	int pid, fd, ordinal;
	uint64_t offset, size, asked;
	uint64_t id; /* of the exporter's region */
	uint32_t flags;
};

_Static_assert(sizeof(struct wire) <= CU_IPC_HANDLE_SIZE, "handle");

static int open_exporters(const struct wire *wire)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", wire->pid, wire->fd);
	return open(path, O_RDWR | O_CLOEXEC);
}

SIM_API(cuIpcGetMemHandle, 0, (CUipcMemHandle * out, CUdeviceptr at), (out, at))
{
	struct sim_region *region = sim_region_find(at);
	struct wire wire;

	if (!out || !region || region->kind != SIM_REGION_DEVICE)
		return CUDA_ERROR_INVALID_VALUE;
	wire = (struct wire){
		.magic = IPC_MAGIC,
		.pid = getpid(),
		.fd = region->phys->fd,
		.ordinal = region->device->ordinal,
		.offset = region->phys->offset,
		.size = region->phys->size,
		.asked = region->asked,
		.id = region->id,
	};
	memset(out, 0, sizeof(*out));
	memcpy(out, &wire, sizeof(wire));
	return CUDA_SUCCESS;
}

/* The region that shows this memory already. */
static struct sim_region *opened(const struct wire *wire)
{
	for (size_t i = 0; i < sim.regions.count; i++) {
		struct sim_region *region = (void *)sim.regions.at[i];

		if (region->kind == SIM_REGION_IPC && region->peer_id == wire->id &&
		    region->peer_pid == wire->pid && region->ctx == sim_context())
			return region;
	}
	return NULL;
}

static CUresult show(const struct wire *wire, struct sim_region **out)
{
	int fd = open_exporters(wire);
	struct sim_phys *phys;
	CUresult rc;

	if (fd < 0)
		return CUDA_ERROR_INVALID_VALUE;
	phys = sim_phys_adopt(sim_device(wire->ordinal), wire->size, fd,
			      wire->offset);
	rc = sim_region_show(SIM_REGION_IPC, phys, wire->asked, out);
	if (rc) {
		phys->handles = 0;
		sim_phys_put(phys);
		return rc;
	}
	(*out)->ctx = sim_context();
	(*out)->peer_id = wire->id;
	(*out)->peer_pid = wire->pid;
	return CUDA_SUCCESS;
}

SIM_API(cuIpcOpenMemHandle_v2, 0,
	(CUdeviceptr * out, CUipcMemHandle handle, unsigned int flags),
	(out, handle, flags))
{
	struct sim_region *region;
	struct wire wire;
	CUresult rc;

	memcpy(&wire, &handle, sizeof(wire));
	if (!out || flags > 1 || wire.magic != IPC_MAGIC ||
	    !sim_device(wire.ordinal))
		return CUDA_ERROR_INVALID_VALUE;
	if (wire.pid == getpid())
		return CUDA_ERROR_INVALID_CONTEXT;
	region = opened(&wire);
	if (!region) {
		rc = show(&wire, &region);
		if (rc)
			return rc;
	}
	region->users++;
	*out = region->range.base;
	return CUDA_SUCCESS;
}

SIM_SAME(cuIpcOpenMemHandle, cuIpcOpenMemHandle_v2, 0,
	 (CUdeviceptr * out, CUipcMemHandle handle, unsigned int flags),
	 (out, handle, flags))

SIM_API(cuIpcCloseMemHandle, 0, (CUdeviceptr at), (at))
{
	struct sim_region *region = sim_region_find(at);

	if (!region || region->kind != SIM_REGION_IPC || region->range.base != at)
		return CUDA_ERROR_INVALID_VALUE;
	sim_wait_device(region->device);
	if (!--region->users)
		sim_region_destroy(region);
	return CUDA_SUCCESS;
}

SIM_API(cuIpcGetEventHandle, 0, (CUipcEventHandle * out, CUevent event),
	(out, event))
{
	struct wire wire = { .magic = IPC_MAGIC, .pid = getpid() };

	if (!sim_is(event, SIM_EVENT))
		return CUDA_ERROR_INVALID_HANDLE;
	if (!out || !(event->flags & CU_EVENT_INTERPROCESS))
		return CUDA_ERROR_INVALID_VALUE;
	wire.fd = event->shared_fd;
	wire.flags = event->flags;
	memset(out, 0, sizeof(*out));
	memcpy(out, &wire, sizeof(wire));
	return CUDA_SUCCESS;
}

SIM_API(cuIpcOpenEventHandle, 0, (CUevent * out, CUipcEventHandle handle),
	(out, handle))
{
	struct wire wire;
	int fd;

	memcpy(&wire, &handle, sizeof(wire));
	if (!out || wire.magic != IPC_MAGIC)
		return CUDA_ERROR_INVALID_VALUE;
	if (wire.pid == getpid())
		return CUDA_ERROR_INVALID_CONTEXT;
	fd = open_exporters(&wire);
	if (fd < 0)
		return CUDA_ERROR_INVALID_VALUE;
	return sim_event_create(wire.flags, fd, out);
}
