// SPDX-License-Identifier: GPL-2.0-only
/*
 * NVML's word on memory. Some programs ask it instead of CUDA (Ollama), some
 * both, and the two must agree; so under GREENBOOST_REPORT=extended a GPU that
 * this process uses has the memory that cuMemGetInfo says it has. Other
 * processes, monitors among them, see the card as it is.
 */
#include "../interpose/nvml.h"

#include <stdio.h>
#include <string.h>

#include "pass.h"

/* A UUID as NVML prints it. */
static void print_uuid(const CUuuid *uuid, char *text, size_t size)
{
	const unsigned char *b = (const unsigned char *)uuid->bytes;

	snprintf(text, size,
		 "GPU-%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		 b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9],
		 b[10], b[11], b[12], b[13], b[14], b[15]);
}

/*
 * The CUDA device behind an NVML handle, or -1: by UUID, since the two count
 * differently as soon as CUDA_VISIBLE_DEVICES is set.
 */
static int cuda_device(nvmlDevice_t handle)
{
	char wanted[NVML_UUID_SIZE], text[NVML_UUID_SIZE];
	CUuuid uuid;

	if (GB_REAL_NVML(nvmlDeviceGetUUID)(handle, wanted, sizeof(wanted)))
		return -1;
	for (int i = 0; i < gb_engine.device_count; i++) {
		if (GB_REAL(cuDeviceGetUuid_v2)(&uuid, i))
			continue;
		print_uuid(&uuid, text, sizeof(text));
		if (!strncmp(text, wanted, sizeof(text)))
			return i;
	}
	return -1;
}

/* What CUDA reports of the device in bytes; false: leave NVML's own word. */
static bool extended(nvmlDevice_t handle, uint64_t *free_bytes, uint64_t *total)
{
	int device;

	if (!gb_process_is_on() || gb_process_options()->report != GB_REPORT_EXTENDED)
		return false;
	device = cuda_device(handle);
	if (device < 0 || !gb_engine.device[device].ready)
		return false;
	gb_engine_memory(device, free_bytes, total);
	return *total != 0;
}

nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t handle, nvmlMemory_t *memory)
{
	nvmlReturn_t rc = GB_REAL_NVML(nvmlDeviceGetMemoryInfo)(handle, memory);
	uint64_t free_bytes, total;

	if (rc || !extended(handle, &free_bytes, &total))
		return rc;
	memory->total = total;
	memory->free = free_bytes;
	memory->used = total - free_bytes;
	return rc;
}

nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t handle, nvmlMemory_v2_t *memory)
{
	nvmlReturn_t rc = GB_REAL_NVML(nvmlDeviceGetMemoryInfo_v2)(handle, memory);
	uint64_t free_bytes, total;

	if (rc || !extended(handle, &free_bytes, &total))
		return rc;
	/* CUDA's total is NVML's less what is reserved. */
	memory->total = total + memory->reserved;
	memory->free = free_bytes;
	memory->used = total - free_bytes;
	return rc;
}
