// SPDX-License-Identifier: GPL-2.0-only
/* A program that is linked with the driver's library. */
#include "client.h"
#include "driver.h"

CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes);
CUresult cuMemAlloc(unsigned int *address, unsigned int bytes);
CUresult cuMemGetAttribute_v2(void);

int main(void)
{
	void *handle = dlopen("libcuda.so.1", RTLD_LAZY);
	memory_function *real = libc_dlsym(handle, "cuMemAlloc_v2");
	CUresult (*old)(unsigned int *, unsigned int) =
		libc_dlsym(handle, "cuMemAlloc");
	unsigned int small = 7;

	CHECK(is_drivers(real));
	CHECK(cuInit(0) == CUDA_SUCCESS);
	CHECK(cuInit(1) == CUDA_ERROR_INVALID_VALUE);
	CHECK(is_hook(cuMemAlloc_v2, real));
	/* The 32-bit function of CUDA 3.1 is another function. */
	CHECK(cuMemAlloc(&small, 1) == old(&small, 1));
	CHECK(cuMemAlloc(&small, 1) != real(NULL, 1));
	CHECK(small == 7);
	/* Every register and the stack arrive as they were. */
	CHECK(cuParamSetf(NULL, 12, 2.5f) == CUDA_SUCCESS);
	CHECK(cuTensorMapEncodeTiled((void *)1, 2, 3, (void *)4, (void *)5,
				     (void *)6, (void *)7, (void *)8, 9, 10, 11,
				     12) == CUDA_SUCCESS);
	/* What we have never heard of. */
	CHECK(cuNewerThanGreenBoost() == DRIVER_NEWER);
	return result();
}
