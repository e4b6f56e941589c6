/* SPDX-License-Identifier: GPL-2.0-only */
/* Allocation, its limits, and calls that the driver refuses. */
#include "sim_test.h"

#define MIB ((size_t)1 << 20)

static void bad_frees(void)
{
	CUdeviceptr at;
	void *host;

	start();
	at = words(1024, 0);
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemFree_v2(at + 4));
	OK(cuMemFree_v2(at));
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemFree_v2(at));
	OK(cuMemFree_v2(0));
	OK(cuMemHostAlloc(&host, 4096, 0));
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemFree_v2((CUdeviceptr)host));
	OK(cuMemFreeHost(host));
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemFreeHost(host));
}

static void bad_arguments(void)
{
	CUdeviceptr at;
	char host[64];
	size_t pitch;

	start();
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemAlloc_v2(&at, 0));
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemAlloc_v2(NULL, 4));
	WANT(CUDA_ERROR_OUT_OF_MEMORY, cuMemAlloc_v2(&at, SIZE_MAX));
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemAllocPitch_v2(&at, &pitch, 10, 10, 3));
	OK(cuMemAllocPitch_v2(&at, &pitch, 513, 10, 4));
	TRUE_(pitch == 1024);
	at = words(10, 0);
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemcpyDtoH_v2(host, at, 44));
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemcpyDtoH_v2(host, at + 40, 4));
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemcpyHtoD_v2(0, host, 4));
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemcpyHtoD_v2(at, NULL, 4));
	WANT(CUDA_ERROR_INVALID_VALUE,
	     cuMemcpyHtoD_v2((CUdeviceptr)host, host + 32, 4));
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemcpyDtoD_v2(at, at, SIZE_MAX));
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemsetD32_v2(at + 2, 0, 1));
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemsetD32_v2(at, 0, SIZE_MAX));
	OK(cuMemcpyDtoH_v2(host, at, 0));
	OK(cuMemcpyDtoH_v2(host, at, 40));
}

static void vram_runs_out(void)
{
	size_t free, total;
	CUdeviceptr at[3];

	start();
	OK(cuDeviceTotalMem_v2(&total, 0));
	TRUE_(total == 64 * MIB);
	OK(cuMemAlloc_v2(&at[0], 32 * MIB));
	WANT(CUDA_ERROR_OUT_OF_MEMORY, cuMemAlloc_v2(&at[1], 33 * MIB));
	OK(cuMemAlloc_v2(&at[1], 32 * MIB));
	OK(cuMemGetInfo_v2(&free, NULL));
	TRUE_(free == 0);
	WANT(CUDA_ERROR_OUT_OF_MEMORY, cuMemAlloc_v2(&at[2], 1));
	OK(cuMemFree_v2(at[0]));
	OK(cuMemAlloc_v2(&at[2], 1));
}

static void attributes(void)
{
	CUpointer_attribute ids[] = {
		CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
		CU_POINTER_ATTRIBUTE_DEVICE_POINTER,
		CU_POINTER_ATTRIBUTE_HOST_POINTER,
		CU_POINTER_ATTRIBUTE_RANGE_SIZE,
	};
	CUcontext ctx = start(), owner;
	CUdeviceptr at = words(100, 0), base, pointer;
	uint64_t range, host;
	unsigned int type;
	size_t size;
	void *out[] = { &type, &pointer, &host, &range };

	OK(cuMemGetAddressRange_v2(&base, &size, at + 16));
	TRUE_(base == at && size == 400);
	WANT(CUDA_ERROR_NOT_FOUND,
	     cuMemGetAddressRange_v2(&base, &size, (CUdeviceptr)&size));
	OK(cuPointerGetAttribute(&owner, CU_POINTER_ATTRIBUTE_CONTEXT, at));
	TRUE_(owner == ctx);
	WANT(CUDA_ERROR_INVALID_VALUE,
	     cuPointerGetAttribute(&host, CU_POINTER_ATTRIBUTE_HOST_POINTER, at));
	OK(cuPointerGetAttributes(4, ids, out, at + 4));
	TRUE_(type == CU_MEMORYTYPE_DEVICE && pointer == at + 4 && !host &&
	      range == 400);
	OK(cuPointerGetAttributes(4, ids, out, (CUdeviceptr)&size));
	TRUE_(!type && !pointer && !host && !range);
	WANT(CUDA_ERROR_INVALID_VALUE,
	     cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
				   (CUdeviceptr)&size));
}

SCENARIO(bad_frees, NULL)
SCENARIO(bad_arguments, NULL)
SCENARIO(vram_runs_out, "GREENBOOST_SIM_VRAM=64m")
SCENARIO(attributes, NULL)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_frees),
		cmocka_unit_test(test_bad_arguments),
		cmocka_unit_test(test_vram_runs_out),
		cmocka_unit_test(test_attributes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
