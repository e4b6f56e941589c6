/* SPDX-License-Identifier: GPL-2.0-only */
/* Virtual memory management: what works, and what an H200 refuses. */
#include <sys/mman.h>

#include "sim_test.h"

#define MIB ((size_t)1 << 20)

static const CUmemAllocationProp device_prop = {
	.type = CU_MEM_ALLOCATION_TYPE_PINNED,
	.location = { CU_MEM_LOCATION_TYPE_DEVICE, 0 },
};

static const CUmemAccessDesc device_access = {
	{ CU_MEM_LOCATION_TYPE_DEVICE, 0 },
	CU_MEM_ACCESS_FLAGS_PROT_READWRITE,
};

static void a_terabyte_can_be_reserved(void)
{
	CUdeviceptr at;

	start();
	OK(cuMemAddressReserve(&at, (size_t)1 << 40, 0, 0, 0));
	TRUE_(at % (2 * MIB) == 0);
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemAddressFree(at, 2 * MIB));
	OK(cuMemAddressFree(at, (size_t)1 << 40));
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemAddressFree(at, (size_t)1 << 40));
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemAddressReserve(&at, 4096, 0, 0, 0));
	OK(cuMemAddressReserve(&at, 4 * MIB, 64 * MIB, 0, 0));
	TRUE_(at % (64 * MIB) == 0);
	OK(cuMemAddressFree(at, 4 * MIB));
}

static void refusals(void)
{
	CUmemGenericAllocationHandle handle;
	CUdeviceptr at;

	start();
	OK(cuMemAddressReserve(&at, 16 * MIB, 0, 0, 0));
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemCreate(&handle, 4096, &device_prop, 0));
	OK(cuMemCreate(&handle, 4 * MIB, &device_prop, 0));
	WANT(CUDA_ERROR_NOT_SUPPORTED, cuMemMap(at, 2 * MIB, 2 * MIB, handle, 0));
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemMap(at, 8 * MIB, 0, handle, 0));
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemMap(at + 4096, 4 * MIB, 0, handle, 0));
	WANT(CUDA_ERROR_INVALID_VALUE,
	     cuMemMap(at + 14 * MIB, 4 * MIB, 0, handle, 0));
	OK(cuMemMap(at, 4 * MIB, 0, handle, 0));
	WANT(CUDA_ERROR_INVALID_VALUE,
	     cuMemMap(at + 2 * MIB, 4 * MIB, 0, handle, 0));
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemUnmap(at, 2 * MIB));
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemUnmap(at + 2 * MIB, 2 * MIB));
	WANT(CUDA_ERROR_INVALID_VALUE,
	     cuMemSetAccess(at, 8 * MIB, &device_access, 1));
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemAddressFree(at, 16 * MIB));
	OK(cuMemUnmap(at, 4 * MIB));
	OK(cuMemRelease(handle));
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemRelease(handle));
	OK(cuMemAddressFree(at, 16 * MIB));
}

static void vram_is_limited(void)
{
	CUmemGenericAllocationHandle first, second;
	size_t free, total;

	start();
	OK(cuMemCreate(&first, 48 * MIB, &device_prop, 0));
	WANT(CUDA_ERROR_OUT_OF_MEMORY,
	     cuMemCreate(&second, 32 * MIB, &device_prop, 0));
	OK(cuMemGetInfo_v2(&free, &total));
	TRUE_(free == 16 * MIB && total == 64 * MIB);
	OK(cuMemRelease(first));
	OK(cuMemCreate(&second, 64 * MIB, &device_prop, 0));
}

static void a_handle_lives_while_it_is_mapped(void)
{
	CUmemGenericAllocationHandle handle, again;
	size_t before, after;
	CUdeviceptr at;

	start();
	OK(cuMemGetInfo_v2(&before, NULL));
	at = map_new(2 * MIB, CU_MEM_LOCATION_TYPE_DEVICE, &handle);
	OK(cuMemRetainAllocationHandle(&again, (void *)(at + 4096)));
	TRUE_(again == handle);
	OK(cuMemRelease(handle));
	OK(cuMemRelease(handle));
	OK(cuMemsetD32_v2(at, 7, 16));
	TRUE_(word(at + 60) == 7);
	OK(cuMemGetInfo_v2(&after, NULL));
	TRUE_(before - after == 2 * MIB);
	OK(cuMemUnmap(at, 2 * MIB));
	OK(cuMemGetInfo_v2(&after, NULL));
	TRUE_(before == after);
}

static void one_handle_at_two_addresses(void)
{
	CUmemGenericAllocationHandle handle;
	CUdeviceptr a, b;

	start();
	a = map_new(2 * MIB, CU_MEM_LOCATION_TYPE_DEVICE, &handle);
	OK(cuMemAddressReserve(&b, 2 * MIB, 0, 0, 0));
	OK(cuMemMap(b, 2 * MIB, 0, handle, 0));
	OK(cuMemSetAccess(b, 2 * MIB, &device_access, 1));
	OK(cuMemsetD32_v2(a + 8, 42, 1));
	TRUE_(word(b + 8) == 42);
}

/* A device and a host handle side by side, as the engine maps them. */
static void copies_cross_the_border(void)
{
	CUmemAllocationProp host = device_prop;
	CUmemGenericAllocationHandle handle[2];
	CUdeviceptr at;
	unsigned int type;

	start();
	host.location.type = CU_MEM_LOCATION_TYPE_HOST_NUMA;
	OK(cuMemAddressReserve(&at, 4 * MIB, 0, 0, 0));
	OK(cuMemCreate(&handle[0], 2 * MIB, &device_prop, 0));
	OK(cuMemCreate(&handle[1], 2 * MIB, &host, 0));
	OK(cuMemMap(at, 2 * MIB, 0, handle[0], 0));
	OK(cuMemMap(at + 2 * MIB, 2 * MIB, 0, handle[1], 0));
	OK(cuMemSetAccess(at, 4 * MIB, &device_access, 1));
	OK(cuMemsetD32_v2(at, 5, MIB));
	TRUE_(word(at + 2 * MIB - 4) == 5 && word(at + 2 * MIB) == 5);
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemsetD32_v2(at + 4, 5, MIB));
	OK(cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
				 at + 2 * MIB));
	TRUE_(type == CU_MEMORYTYPE_HOST);
	OK(cuMemUnmap(at, 4 * MIB));
}

static void registered_memory(void)
{
	CUmemGenericAllocationHandle handle;
	CUdeviceptr same;
	char *at;

	start();
	at = (char *)map_new(2 * MIB, CU_MEM_LOCATION_TYPE_HOST, &handle);
	WANT(CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED,
	     cuMemHostRegister_v2(at, 4096, CU_MEMHOSTREGISTER_DEVICEMAP));
	at = aligned_alloc(4096, 8192);
	OK(cuMemHostRegister_v2(at, 8192, CU_MEMHOSTREGISTER_DEVICEMAP));
	OK(cuMemHostGetDevicePointer_v2(&same, at, 0));
	TRUE_(same == (CUdeviceptr)at);
	OK(cuMemsetD32_v2(same, 9, 2048));
	OK(cuCtxSynchronize());
	TRUE_(((uint32_t *)at)[2047] == 9);
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemsetD32_v2(same + 4, 9, 2048));
	OK(cuMemHostUnregister(at));
	WANT(CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED, cuMemHostUnregister(at));
}

/* Memory mapped over a piece of a reservation can be registered there, and a
 * copy may not run from it into the mapping beside it. */
static void registered_inside_a_reservation(void)
{
	CUmemGenericAllocationHandle handle;
	CUdeviceptr at;

	start();
	OK(cuMemAddressReserve(&at, 4 * MIB, 0, 0, 0));
	OK(cuMemCreate(&handle, 2 * MIB, &device_prop, 0));
	OK(cuMemMap(at + 2 * MIB, 2 * MIB, 0, handle, 0));
	OK(cuMemSetAccess(at + 2 * MIB, 2 * MIB, &device_access, 1));
	TRUE_(mmap((void *)at, 2 * MIB, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == (void *)at);
	OK(cuMemHostRegister_v2((void *)at, 2 * MIB, CU_MEMHOSTREGISTER_DEVICEMAP));
	OK(cuMemsetD32_v2(at, 3, MIB / 2));
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemsetD32_v2(at, 3, MIB));
	TRUE_(word(at + 2 * MIB - 4) == 3);
	OK(cuMemHostUnregister((void *)at));
}

static void host_handles_and_the_cpu(void)
{
	CUmemAccessDesc cpu = { { CU_MEM_LOCATION_TYPE_HOST, 0 },
				CU_MEM_ACCESS_FLAGS_PROT_READWRITE };
	CUmemLocation where = { CU_MEM_LOCATION_TYPE_DEVICE, 0 };
	CUmemGenericAllocationHandle handle;
	unsigned long long flags;
	CUdeviceptr at;

	start();
	at = map_new(2 * MIB, CU_MEM_LOCATION_TYPE_HOST, &handle);
	OK(cuMemSetAccess(at, 2 * MIB, &cpu, 1));
	*(volatile uint32_t *)at = 77;
	TRUE_(word(at) == 77);
	OK(cuMemGetAccess(&flags, &where, at));
	TRUE_(flags == CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
	at = map_new(2 * MIB, CU_MEM_LOCATION_TYPE_DEVICE, &handle);
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemSetAccess(at, 2 * MIB, &cpu, 1));
	WANT(CUDA_ERROR_INVALID_VALUE,
	     cuIpcGetMemHandle(&(CUipcMemHandle){ { 0 } }, at));
}

static void host_memory_is_limited(void)
{
	CUmemAllocationProp host = device_prop;
	CUmemGenericAllocationHandle handle;
	void *at;

	start();
	host.location.type = CU_MEM_LOCATION_TYPE_HOST_NUMA;
	OK(cuMemCreate(&handle, 6 * MIB, &host, 0));
	WANT(CUDA_ERROR_OUT_OF_MEMORY, cuMemCreate(&handle, 4 * MIB, &host, 0));
	WANT(CUDA_ERROR_OUT_OF_MEMORY, cuMemHostAlloc(&at, 4 * MIB, 0));
	host.location.id = 1;
	WANT(CUDA_ERROR_INVALID_DEVICE, cuMemCreate(&handle, 2 * MIB, &host, 0));
}

SCENARIO(a_terabyte_can_be_reserved, NULL)
SCENARIO(refusals, NULL)
SCENARIO(vram_is_limited, "GREENBOOST_SIM_VRAM=64m")
SCENARIO(a_handle_lives_while_it_is_mapped, NULL)
SCENARIO(one_handle_at_two_addresses, NULL)
SCENARIO(copies_cross_the_border, NULL)
SCENARIO(registered_memory, NULL)
SCENARIO(registered_inside_a_reservation, NULL)
SCENARIO(host_handles_and_the_cpu, NULL)
SCENARIO(host_memory_is_limited, "GREENBOOST_SIM_RAM=8m")

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_terabyte_can_be_reserved),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_vram_is_limited),
		cmocka_unit_test(test_a_handle_lives_while_it_is_mapped),
		cmocka_unit_test(test_one_handle_at_two_addresses),
		cmocka_unit_test(test_copies_cross_the_border),
		cmocka_unit_test(test_registered_memory),
		cmocka_unit_test(test_registered_inside_a_reservation),
		cmocka_unit_test(test_host_handles_and_the_cpu),
		cmocka_unit_test(test_host_memory_is_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
