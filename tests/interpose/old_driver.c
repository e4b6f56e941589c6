// SPDX-License-Identifier: GPL-2.0-only
/* A driver that lacks what is newer than it: nothing is offered in its place. */
#include "client.h"

CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes);
CUresult cuLaunchKernelEx(const CUlaunchConfig *, CUfunction, void **, void **);
CUresult cuLibraryGetModule(CUmodule *, CUlibrary);
CUresult cuGetProcAddress_v2(const char *, void **, int, uint64_t, void *);

#pragma weak cuLaunchKernelEx
#pragma weak cuLibraryGetModule
#pragma weak cuGetProcAddress_v2

int main(void)
{
	static const char *const missing[] = { "cuGetProcAddress",
					       "cuGetProcAddress_v2",
					       "cuLaunchKernelEx",
					       "cuMemcpyBatchAsync" };
	void *handle = dlopen("libcuda.so.1", RTLD_LAZY);
	void *function = &function;

	for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
		dlerror();
		CHECK(!dlsym(handle, missing[i]));
		CHECK(dlerror());
	}
	CHECK(is_hook(cuMemAlloc_v2, libc_dlsym(handle, "cuMemAlloc_v2")));
	/* A weak reference finds us; the call says what is the matter. */
	CHECK(cuLaunchKernelEx(NULL, NULL, NULL, NULL) == CUDA_ERROR_NOT_SUPPORTED);
	CHECK(cuLibraryGetModule(NULL, NULL) == CUDA_ERROR_NOT_SUPPORTED);
	CHECK(cuGetProcAddress_v2("cuInit", &function, 12000, 0, NULL) ==
	      CUDA_ERROR_NOT_SUPPORTED);
	CHECK(function == &function);
	return result();
}
