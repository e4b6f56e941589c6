// SPDX-License-Identifier: GPL-2.0-only
/* The driver that looks up its own functions finds its own, not the hooks. */
#include "client.h"
#include "driver.h"

int main(void)
{
	void *handle = dlopen("libcuda.so.1", RTLD_LAZY);
	CUresult (*get)(const void **, const CUuuid *) =
		dlsym(handle, "cuGetExportTable");
	const void *found[4] = { NULL };

	CHECK(get && get(found, NULL) == CUDA_SUCCESS);
	for (size_t i = 0; i < 4; i++)
		CHECK(is_drivers(found[i]));
	CHECK(is_ours(dlsym(handle, "cuMemAlloc_v2")));
	return result();
}
