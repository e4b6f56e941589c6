// SPDX-License-Identifier: GPL-2.0-only
/*
 * GREENBOOST_DRIVER names one driver and the program opens another: all calls,
 * hooked or not, reach the one that was named. named_driver PATH
 */
#include "client.h"

int main(int argc, char **argv)
{
	void *handle = dlopen("libcuda.so.1", RTLD_LAZY), *named;
	CUresult (*version)(int *) = dlsym(handle, "cuDriverGetVersion");
	CUresult (*newer)(void) = dlsym(handle, "cuLaunchKernelEx");
	CUresult (*named_version)(int *);

	CHECK(is_ours(version));
	version(NULL);
	named = dlopen(argv[1], RTLD_LAZY | RTLD_NOLOAD);
	named_version = libc_dlsym(named, "cuDriverGetVersion");
	CHECK(named_version && named_version(NULL) == version(NULL));
	CHECK(libc_dlsym(handle, "cuDriverGetVersion") != (void *)named_version);
	CHECK(newer() == CUDA_ERROR_NOT_SUPPORTED);
	return result();
}
