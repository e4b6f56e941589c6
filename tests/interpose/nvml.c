// SPDX-License-Identifier: GPL-2.0-only
/*
 * NVML is stood in front of in the same way: what we have a row for leads
 * through us to the library, what we have none for is the library's.
 */
#include "client.h"

enum { FUNCTION_NOT_FOUND = 13 };

int main(void)
{
	int (*early)(void *, void *) =
		dlsym(RTLD_DEFAULT, "nvmlDeviceGetMemoryInfo");
	void *nvml = dlopen("libnvidia-ml.so.1", RTLD_LAZY);
	int (*uuid)(void *, char *, unsigned int) =
		dlsym(nvml, "nvmlDeviceGetUUID");
	int (*count)(unsigned int *) = dlsym(nvml, "nvmlDeviceGetCount_v2");
	unsigned int devices = 0;

	CHECK(is_ours(early) && is_ours(uuid) && !is_ours(count));
	CHECK(uuid && uuid(NULL, NULL, 7) == 102);
	CHECK(count && count(&devices) == 103 && devices == 9);
	/* This one has none; it is not offered, and says so when called. */
	CHECK(!dlsym(nvml, "nvmlDeviceGetMemoryInfo"));
	CHECK(dlerror());
	CHECK(early && early(NULL, NULL) == FUNCTION_NOT_FOUND);
	/* The CUDA driver is another library, and was not needed. */
	CHECK(!dlopen("libcuda.so.1", RTLD_LAZY | RTLD_NOLOAD));
	return result();
}
