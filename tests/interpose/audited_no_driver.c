// SPDX-License-Identifier: GPL-2.0-only
/* With the auditor and without a driver, opening the driver fails as ever. */
#include "client.h"

int main(void)
{
	CUresult (*init)(unsigned int) = dlsym(RTLD_DEFAULT, "cuInit");

	CHECK(!dlopen("libcuda.so.1", RTLD_LAZY));
	CHECK(!dlopen("libcuda.so", RTLD_LAZY));
	CHECK(!dlopen("/usr/lib/no-such-place/libcuda.so.1", RTLD_LAZY));
	CHECK(strstr(dlerror(), "/usr/lib/no-such-place/libcuda.so.1"));
	CHECK(init && init(0) == CUDA_ERROR_NO_DEVICE);
	return result();
}
