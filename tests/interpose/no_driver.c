// SPDX-License-Identifier: GPL-2.0-only
/*
 * No driver on the machine: opening it fails as ever, and who finds our
 * functions in a search of everything is told that there is no device. A driver
 * that turns up later is used.
 *
 * no_driver PATH-OF-ONE-THAT-TURNS-UP
 */
#include "client.h"

int main(int argc, char **argv)
{
	CUresult (*init)(unsigned int) = dlsym(RTLD_DEFAULT, "cuInit");
	CUresult (*get)(const char *, void **, int, uint64_t) =
		dlsym(RTLD_DEFAULT, "cuGetProcAddress");
	memory_function *alloc = dlsym(RTLD_DEFAULT, "cuMemAlloc_v2");
	CUresult (*old)(void) = dlsym(RTLD_DEFAULT, "cuMemAlloc");
	void *function = &function;
	CUdeviceptr address;

	CHECK(!dlopen("libcuda.so.1", RTLD_LAZY));
	CHECK(strstr(dlerror(), "cannot open shared object file"));
	CHECK(init(0) == CUDA_ERROR_NO_DEVICE);
	CHECK(!dlerror());
	CHECK(get("cuInit", &function, 12000, 0) == CUDA_ERROR_NOT_INITIALIZED);
	CHECK(function == &function);
	CHECK(alloc(&address, 1) == CUDA_ERROR_NOT_INITIALIZED);
	CHECK(old() == CUDA_ERROR_NOT_INITIALIZED);
	CHECK(init(0) == CUDA_ERROR_NO_DEVICE);

	CHECK(dlopen(argv[1], RTLD_LAZY));
	CHECK(init(0) == CUDA_SUCCESS);
	CHECK(alloc(&address, 1) >= 1000);
	CHECK(old() >= 1000);
	return result();
}
