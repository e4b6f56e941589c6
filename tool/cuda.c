/* SPDX-License-Identifier: GPL-2.0-only */
#include "cuda.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>

#include "tool.h"

/* Returns the name of a function that the driver lacks, or NULL. */
static const char *find_calls(struct gb_cuda *cuda)
{
#define FIND(name, parameters)                                                 \
	*(void **)&cuda->name = dlsym(cuda->library, #name);                   \
	if (!cuda->name)                                                       \
		return #name;
	GB_CUDA_CALLS(FIND)
#undef FIND
	return NULL;
}

static char *start(struct gb_cuda *cuda)
{
	CUresult ret = cuda->cuInit(0);

	if (ret == CUDA_ERROR_NO_DEVICE)
		return gb_print("the CUDA driver sees no GPU; see nvidia-smi");
	if (ret != CUDA_SUCCESS)
		return gb_print("the CUDA driver does not start (error %d); see nvidia-smi",
				(int)ret);
	if (cuda->cuDriverGetVersion(&cuda->version) != CUDA_SUCCESS)
		cuda->version = 0;
	if (cuda->cuDeviceGetCount(&cuda->count) != CUDA_SUCCESS || cuda->count < 1)
		return gb_print("the CUDA driver sees no GPU; see nvidia-smi");
	return NULL;
}

int gb_cuda_open(struct gb_cuda *cuda, const char *path, char **why)
{
	const char *missing;

	*cuda = (struct gb_cuda){ 0 };
	*why = NULL;
	if (!path)
		path = "libcuda.so.1";
	cuda->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!cuda->library) {
		*why = gb_print("no CUDA driver (%s); install NVIDIA's driver",
				path);
		return -ENODEV;
	}
	missing = find_calls(cuda);
	*why = missing ? gb_print("the CUDA driver has no %s; update it", missing)
		       : start(cuda);
	if (*why)
		cuda->count = 0;
	return *why ? -ENODEV : 0;
}

static unsigned int attribute(const struct gb_cuda *cuda, CUdevice device,
			      CUdevice_attribute which)
{
	int value;

	if (cuda->cuDeviceGetAttribute(&value, which, device) != CUDA_SUCCESS)
		return 0;
	return value > 0 ? (unsigned int)value : 0;
}

/* sysfs writes letters small. */
static void lower(char *text)
{
	for (; *text; text++) {
		if (*text >= 'A' && *text <= 'F')
			*text += 'a' - 'A';
	}
}

void gb_card_read(struct gb_card *card, const struct gb_cuda *cuda, unsigned int index)
{
	CUdevice device;
	size_t bytes;

	*card = (struct gb_card){ .name = "?" };
	if (cuda->cuDeviceGet(&device, (int)index) != CUDA_SUCCESS)
		return;
	cuda->cuDeviceGetName(card->name, sizeof(card->name), device);
	if (cuda->cuDeviceGetPCIBusId(card->bus_id, sizeof(card->bus_id),
				      device) != CUDA_SUCCESS)
		card->bus_id[0] = '\0';
	lower(card->bus_id);
	if (cuda->cuDeviceTotalMem_v2(&bytes, device) == CUDA_SUCCESS)
		card->vram_total = bytes;
	card->multiprocessors =
		attribute(cuda, device, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
	card->capability[0] = attribute(
		cuda, device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
	card->capability[1] = attribute(
		cuda, device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
}
