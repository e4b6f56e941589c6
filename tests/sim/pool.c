/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory pools. */
#include "sim_test.h"

CUresult cuDeviceGetDefaultMemPool(CUmemoryPool *, CUdevice);
CUresult cuMemPoolCreate(CUmemoryPool *, const CUmemPoolProps *);
CUresult cuMemPoolDestroy(CUmemoryPool);
CUresult cuMemPoolTrimTo(CUmemoryPool, size_t);
CUresult cuMemPoolGetAttribute(CUmemoryPool, CUmemPool_attribute, void *);
CUresult cuMemPoolSetAttribute(CUmemoryPool, CUmemPool_attribute, void *);

#define MIB ((size_t)1 << 20)

static uint64_t get(CUmemoryPool pool, CUmemPool_attribute id)
{
	uint64_t value;

	OK(cuMemPoolGetAttribute(pool, id, &value));
	return value;
}

static void alloc_and_free(void)
{
	CUmemoryPool pool, of_memory;
	CUdeviceptr at;
	CUstream stream;

	start();
	OK(cuDeviceGetDefaultMemPool(&pool, 0));
	OK(cuStreamCreate(&stream, 0));
	OK(cuMemAllocAsync(&at, 4 * MIB, stream));
	OK(cuMemsetD32Async(at, 3, MIB, stream));
	OK(cuPointerGetAttribute(&of_memory,
				 CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE, at));
	TRUE_(of_memory == pool);
	TRUE_(get(pool, CU_MEMPOOL_ATTR_USED_MEM_CURRENT) == 4 * MIB);
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemFreeAsync(at + 4, stream));
	OK(cuMemFreeAsync(at, stream));
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemFreeAsync(at, stream));
	OK(cuStreamSynchronize(stream));
	TRUE_(get(pool, CU_MEMPOOL_ATTR_USED_MEM_CURRENT) == 0);
	TRUE_(get(pool, CU_MEMPOOL_ATTR_USED_MEM_HIGH) == 4 * MIB);
	TRUE_(get(pool, CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT) == 0);
	OK(cuMemAllocAsync(&at, MIB, stream));
	OK(cuMemFree_v2(at));
}

/* What a threshold keeps is taken from everyone else until it is trimmed. */
static void threshold(void)
{
	uint64_t keep = 64 * MIB;
	CUmemoryPool pool;
	CUdeviceptr at;
	size_t free;

	start();
	OK(cuDeviceGetDefaultMemPool(&pool, 0));
	OK(cuMemPoolSetAttribute(pool, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &keep));
	OK(cuMemAllocAsync(&at, 48 * MIB, NULL));
	OK(cuMemFreeAsync(at, NULL));
	OK(cuCtxSynchronize());
	OK(cuMemGetInfo_v2(&free, NULL));
	TRUE_(free == 16 * MIB);
	WANT(CUDA_ERROR_OUT_OF_MEMORY, cuMemAlloc_v2(&at, 32 * MIB));
	OK(cuMemAllocAsync(&at, 60 * MIB, NULL)); /* the pool's own can */
	OK(cuMemFreeAsync(at, NULL));
	OK(cuCtxSynchronize());
	OK(cuMemPoolTrimTo(pool, 0));
	OK(cuMemAlloc_v2(&at, 32 * MIB));
}

/* A use behind the free, on another stream, is a fault under some seed. */
static void used_after_free(void)
{
	CUdeviceptr at, to;
	CUstream a, b;

	start();
	to = words(1, 0);
	OK(cuStreamCreate(&a, CU_STREAM_NON_BLOCKING));
	OK(cuStreamCreate(&b, CU_STREAM_NON_BLOCKING));
	OK(cuMemAllocAsync(&at, 4096, a));
	OK(cuMemsetD32Async(at, 1, 1024, a));
	OK(cuStreamSynchronize(a));
	OK(cuMemcpyDtoDAsync_v2(to, at, 4, b));
	OK(cuMemFreeAsync(at, a));
	OK(cuCtxSynchronize());
}

static void own_pool(void)
{
	CUmemPoolProps props = { .allocType = CU_MEM_ALLOCATION_TYPE_PINNED,
				 .location = { CU_MEM_LOCATION_TYPE_DEVICE, 0 } };
	CUmemoryPool pool, other;
	CUdeviceptr at;

	start();
	OK(cuMemPoolCreate(&pool, &props));
	OK(cuMemAllocFromPoolAsync(&at, MIB, pool, NULL));
	OK(cuMemPoolDestroy(pool)); /* lives until its memory is freed */
	WANT(CUDA_ERROR_INVALID_VALUE,
	     cuMemAllocFromPoolAsync(&at, MIB, pool, NULL));
	OK(cuMemFreeAsync(at, NULL));
	OK(cuCtxSynchronize());
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemPoolTrimTo(pool, 0));
	OK(cuDeviceGetDefaultMemPool(&other, 0));
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemPoolDestroy(other));
	props.location.id = 5;
	WANT(CUDA_ERROR_INVALID_DEVICE, cuMemPoolCreate(&pool, &props));
}

static void test_used_after_free(void **state)
{
	int failing;

	expect_complaints();
	failing = failing_seeds(used_after_free, 100);
	print_message("%d of 100 seeds catch it\n", failing);
	assert_in_range(failing, 1, 99);
}

SCENARIO(alloc_and_free, NULL)
SCENARIO(threshold, "GREENBOOST_SIM_VRAM=64m")
SCENARIO(own_pool, NULL)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alloc_and_free),
		cmocka_unit_test(test_threshold),
		cmocka_unit_test(test_own_pool),
		cmocka_unit_test(test_used_after_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
