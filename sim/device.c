/* SPDX-License-Identifier: GPL-2.0-only */
/* Devices and what they say of themselves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "sim.h"

/* Attributes that are not 0; see measured.md's H200 for those of memory. */
static const struct {
	int id, value;
} attributes[] = {
	{ 1, 1024 }, /* threads a block */
	{ 2, 1024 }, /* block x, y, z */
	{ 3, 1024 },	    { 4, 64 },
	{ 5, 2147483647 }, /* grid x, y, z */
	{ 6, 65535 },	    { 7, 65535 },
	{ 8, 49152 },	    /* shared memory a block */
	{ 9, 65536 },	    /* constant memory */
	{ 10, 32 },	    /* warp */
	{ 11, 2147483647 }, /* pitch */
	{ 12, 65536 },	    /* registers a block */
	{ 13, 1980000 },    /* clock, kHz */
	{ 14, 512 },	    /* texture alignment */
	{ 15, 1 },	    /* overlap of copies and kernels */
	{ 19, 1 },	    /* can map host memory */
	{ 31, 1 },	    /* concurrent kernels */
	{ 32, 1 },	    /* ECC */
	{ 36, 3201000 },    /* memory clock, kHz */
	{ 37, 6144 },	    /* bus width */
	{ 38, 62914560 },   /* L2 */
	{ 39, 2048 },	    /* threads a multiprocessor */
	{ 40, 3 },	    /* copy engines */
	{ 41, 1 },	    /* unified addressing */
	{ 51, 512 },	    /* texture pitch alignment */

	{ 78, 1 },		       /* stream priorities */
	{ 79, 1 },	    { 80, 1 }, /* caching in L1 */
	{ 81, 233472 },		       /* shared memory a multiprocessor */
	{ 82, 65536 },		       /* registers a multiprocessor */
	{ 83, 1 },		       /* managed memory */
	{ 90, 1 },		       /* compute preemption */
	{ 91, 1 },	/* host pointer usable for registered memory */
	{ 95, 1 },	/* cooperative launch */
	{ 97, 232448 }, /* opt-in shared memory */
	{ 92, 1 },	    { 93, 1 }, /* stream memory operations */
	{ 94, 1 },		       /* wait NOR */
	{ 99, 1 },		       /* host registration */
	{ 102, 1 },		       /* virtual memory management */
	{ 103, 1 },		       /* handles as file descriptors */
	{ 106, 32 },		       /* blocks a multiprocessor */
	{ 110, 1 }, /* RDMA with VMM, as a flag that is accepted */
	{ 115, 1 }, /* memory pools */
	{ 119, 1 }, /* pool handles as file descriptors */
	{ 122, 1 },	    { 123, 1 }, /* wait/write 64 */
	{ 125, 1 },			/* IPC events */
	{ 134, 0 },			/* host NUMA node */
	{ 141, 1 },			/* VMM on a host NUMA node */
	{ 145, 1 },			/* VMM on the host */
};

#define LAST_ATTRIBUTE 150

struct sim_device *sim_device(CUdevice ordinal)
{
	if (ordinal < 0 || ordinal >= sim.device_count)
		return NULL;
	return &sim.devices[ordinal];
}

CUresult sim_devices_create(void)
{
	sim_machine_join();
	sim.host_memfd = memfd_create("greenboost-sim-host", MFD_CLOEXEC);
	if (sim.host_memfd < 0)
		return CUDA_ERROR_OPERATING_SYSTEM;
	for (int i = 0; i < sim.config.devices; i++) {
		struct sim_device *device = &sim.devices[i];

		device->ordinal = i;
		snprintf(device->uuid.bytes, sizeof(device->uuid.bytes),
			 "greenboost-%04d", i);
		device->vram_bytes = sim.config.vram_bytes;
		device->memfd = memfd_create("greenboost-sim-vram", MFD_CLOEXEC);
		if (device->memfd < 0)
			return CUDA_ERROR_OPERATING_SYSTEM;
		sim.device_count = i + 1;
	}
	return CUDA_SUCCESS;
}

SIM_API(cuDeviceGet, SIM_NO_CTX, (CUdevice * device, int ordinal), (device, ordinal))
{
	if (!device)
		return CUDA_ERROR_INVALID_VALUE;
	if (!sim_device(ordinal))
		return CUDA_ERROR_INVALID_DEVICE;
	*device = ordinal;
	return CUDA_SUCCESS;
}

SIM_API(cuDeviceGetCount, SIM_NO_CTX, (int *count), (count))
{
	if (!count)
		return CUDA_ERROR_INVALID_VALUE;
	*count = sim.device_count;
	return CUDA_SUCCESS;
}

SIM_API(cuDeviceGetName, SIM_NO_CTX, (char *name, int length, CUdevice device),
	(name, length, device))
{
	if (!name || length <= 0)
		return CUDA_ERROR_INVALID_VALUE;
	if (!sim_device(device))
		return CUDA_ERROR_INVALID_DEVICE;
	snprintf(name, length, "%s", sim.config.name);
	return CUDA_SUCCESS;
}

SIM_API(cuDeviceGetUuid_v2, SIM_NO_CTX, (CUuuid * uuid, CUdevice device),
	(uuid, device))
{
	if (!uuid)
		return CUDA_ERROR_INVALID_VALUE;
	if (!sim_device(device))
		return CUDA_ERROR_INVALID_DEVICE;
	*uuid = sim_device(device)->uuid;
	return CUDA_SUCCESS;
}

SIM_SAME(cuDeviceGetUuid, cuDeviceGetUuid_v2, SIM_NO_CTX,
	 (CUuuid * uuid, CUdevice device), (uuid, device))

SIM_API(cuDeviceGetLuid, SIM_NO_CTX,
	(char *luid, unsigned int *mask, CUdevice device), (luid, mask, device))
{
	return CUDA_ERROR_NOT_SUPPORTED; /* Windows only */
}

SIM_API(cuDeviceTotalMem_v2, SIM_NO_CTX, (size_t * bytes, CUdevice device),
	(bytes, device))
{
	if (!bytes)
		return CUDA_ERROR_INVALID_VALUE;
	if (!sim_device(device))
		return CUDA_ERROR_INVALID_DEVICE;
	*bytes = sim_device(device)->vram_bytes;
	return CUDA_SUCCESS;
}

static int attribute(const struct sim_device *device, int id)
{
	switch (id) {
	case CU_DEVICE_ATTRIBUTE_PCI_BUS_ID:
		return 1 + device->ordinal;
	case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
		return sim.config.multiprocessors;
	case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
		return sim.config.major;
	case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
		return sim.config.minor;
	}
	for (size_t i = 0; i < sizeof(attributes) / sizeof(*attributes); i++)
		if (attributes[i].id == id)
			return attributes[i].value;
	return 0;
}

SIM_API(cuDeviceGetAttribute, SIM_NO_CTX,
	(int *value, CUdevice_attribute id, CUdevice device), (value, id, device))
{
	if (!value || (int)id < 1 || (int)id > LAST_ATTRIBUTE)
		return CUDA_ERROR_INVALID_VALUE;
	if (!sim_device(device))
		return CUDA_ERROR_INVALID_DEVICE;
	*value = attribute(sim_device(device), (int)id);
	return CUDA_SUCCESS;
}

SIM_API(cuDeviceComputeCapability, SIM_NO_CTX,
	(int *major, int *minor, CUdevice device), (major, minor, device))
{
	if (!major || !minor)
		return CUDA_ERROR_INVALID_VALUE;
	if (!sim_device(device))
		return CUDA_ERROR_INVALID_DEVICE;
	*major = attribute(sim_device(device), 75);
	*minor = attribute(sim_device(device), 76);
	return CUDA_SUCCESS;
}

SIM_API(cuDeviceGetProperties, SIM_NO_CTX,
	(CUdevprop * properties, CUdevice device), (properties, device))
{
	struct sim_device *d = sim_device(device);

	if (!properties)
		return CUDA_ERROR_INVALID_VALUE;
	if (!d)
		return CUDA_ERROR_INVALID_DEVICE;
	*properties = (CUdevprop){
		.maxThreadsPerBlock = attribute(d, 1),
		.maxThreadsDim = { attribute(d, 2), attribute(d, 3),
				   attribute(d, 4) },
		.maxGridSize = { attribute(d, 5), attribute(d, 6), attribute(d, 7) },
		.sharedMemPerBlock = attribute(d, 8),
		.totalConstantMemory = attribute(d, 9),
		.SIMDWidth = attribute(d, 10),
		.memPitch = attribute(d, 11),
		.regsPerBlock = attribute(d, 12),
		.clockRate = attribute(d, 13),
		.textureAlign = attribute(d, 14),
	};
	return CUDA_SUCCESS;
}

SIM_API(cuDeviceGetPCIBusId, SIM_NO_CTX,
	(char *id, int length, CUdevice device), (id, length, device))
{
	if (!id || length < 13)
		return CUDA_ERROR_INVALID_VALUE;
	if (!sim_device(device))
		return CUDA_ERROR_INVALID_DEVICE;
	snprintf(id, length, "0000:%02X:00.0", 1 + device);
	return CUDA_SUCCESS;
}

SIM_API(cuDeviceGetByPCIBusId, SIM_NO_CTX, (CUdevice * device, const char *id),
	(device, id))
{
	unsigned int domain = 0, bus, slot, function = 0;

	if (!device || !id)
		return CUDA_ERROR_INVALID_VALUE;
	if (sscanf(id, "%x:%x:%x.%x", &domain, &bus, &slot, &function) != 4) {
		domain = 0;
		if (sscanf(id, "%x:%x.%x", &bus, &slot, &function) < 2)
			return CUDA_ERROR_INVALID_VALUE;
	}
	if (domain || slot || function || !sim_device((int)bus - 1))
		return CUDA_ERROR_INVALID_DEVICE;
	*device = (int)bus - 1;
	return CUDA_SUCCESS;
}

SIM_API(cuDeviceCanAccessPeer, SIM_NO_CTX,
	(int *can, CUdevice device, CUdevice peer), (can, device, peer))
{
	if (!can)
		return CUDA_ERROR_INVALID_VALUE;
	if (!sim_device(device) || !sim_device(peer))
		return CUDA_ERROR_INVALID_DEVICE;
	*can = device != peer;
	return CUDA_SUCCESS;
}

SIM_API(cuDeviceGetP2PAttribute, SIM_NO_CTX,
	(int *value, int id, CUdevice source, CUdevice target),
	(value, id, source, target))
{
	if (!value || id < 1 || id > 5)
		return CUDA_ERROR_INVALID_VALUE;
	if (!sim_device(source) || !sim_device(target) || source == target)
		return CUDA_ERROR_INVALID_DEVICE;
	*value = id != 1; /* 1 ranks the links; there is one kind */
	return CUDA_SUCCESS;
}
