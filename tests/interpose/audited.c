// SPDX-License-Identifier: GPL-2.0-only
/*
 * With the auditor, whoever opens the driver holds the library instead: audited
 * FILE... Look-ups still find what only the driver has, and fail for what it
 * has not.
 */
#include "client.h"
#include "driver.h"

static void check_handle(void *handle)
{
	memory_function *alloc = dlsym(handle, "cuMemAlloc_v2");
	CUresult (*newer)(void) = dlsym(handle, "cuNewerThanGreenBoost");
	CUdeviceptr address = 0;

	CHECK(is_ours(alloc) && alloc(&address, 1) >= 1000);
	CHECK(address == HOOK_WAS_HERE);
	CHECK(is_drivers(newer) && newer() == DRIVER_NEWER);
	CHECK(!dlerror());
	CHECK(!dlsym(handle, "cuNoSuchFunction"));
	CHECK(dlerror());
}

/* From within, the driver sees itself although it asks by the shared name. */
static void check_inside(void *handle)
{
	CUresult (*get)(const void **, const CUuuid *) =
		dlsym(handle, "cuGetExportTable");
	const void *found[4] = { NULL };

	CHECK(get && get(found, NULL) == CUDA_SUCCESS);
	for (size_t i = 0; i < 4; i++)
		CHECK(is_drivers(found[i]));
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		void *handle = dlopen(argv[i], RTLD_LAZY);

		if (!handle) {
			fprintf(stderr, "%s\n", dlerror());
			return 1;
		}
		check_handle(handle);
		check_inside(handle);
	}
	return result();
}
