/* SPDX-License-Identifier: GPL-2.0-only */
/* A fault of the simulated GPU ends the context and not the process. */
#include <signal.h>

#include <greenboost/kernel.h>

#include "sim_test.h"

GB_KERNEL(poke, (uint32_t *, at), (uint32_t, value))
{
	*(volatile uint32_t *)at = value;
}

static CUresult poke_at(CUdeviceptr at)
{
	CUfunction f = load("poke", ".param .u64 a, .param .u32 b");
	uint32_t value = 1;
	void *parameters[] = { &at, &value };

	OK(launch(f, NULL, parameters));
	return cuCtxSynchronize();
}

static void is_dead(void)
{
	CUdeviceptr at;

	WANT(CUDA_ERROR_ILLEGAL_ADDRESS, cuMemAlloc_v2(&at, 4));
	WANT(CUDA_ERROR_ILLEGAL_ADDRESS, cuCtxSynchronize());
	WANT(CUDA_ERROR_ILLEGAL_ADDRESS, cuStreamQuery(NULL));
}

static void kernel_in_a_hole(void)
{
	CUcontext ctx = start(), other;
	CUdeviceptr at;

	OK(cuMemAddressReserve(&at, 2 << 20, 0, 0, 0));
	WANT(CUDA_ERROR_ILLEGAL_ADDRESS, poke_at(at));
	is_dead();
	OK(cuCtxDestroy_v2(ctx));
	OK(cuCtxCreate_v2(&other, 0, 0)); /* a new one works */
	OK(poke_at(words(1, 0)));
}

static void kernel_without_access(void)
{
	CUmemAllocationProp prop = { .type = CU_MEM_ALLOCATION_TYPE_PINNED,
				     .location = { CU_MEM_LOCATION_TYPE_DEVICE, 0 } };
	CUmemGenericAllocationHandle handle;
	CUdeviceptr at;

	start();
	OK(cuMemAddressReserve(&at, 2 << 20, 0, 0, 0));
	OK(cuMemCreate(&handle, 2 << 20, &prop, 0));
	OK(cuMemMap(at, 2 << 20, 0, handle, 0));
	WANT(CUDA_ERROR_ILLEGAL_ADDRESS, poke_at(at));
}

static void kernel_with_read_access(void)
{
	CUmemAccessDesc access = { { CU_MEM_LOCATION_TYPE_DEVICE, 0 },
				   CU_MEM_ACCESS_FLAGS_PROT_READ };
	CUmemGenericAllocationHandle handle;
	CUdeviceptr at;

	start();
	at = map_new(2 << 20, CU_MEM_LOCATION_TYPE_DEVICE, &handle);
	OK(poke_at(at));
	OK(cuMemSetAccess(at, 2 << 20, &access, 1));
	TRUE_(word(at) == 1);
	WANT(CUDA_ERROR_ILLEGAL_ADDRESS, poke_at(at));
}

static void kernel_behind_the_end(void)
{
	start();
	WANT(CUDA_ERROR_ILLEGAL_ADDRESS, poke_at(words(1024, 0) + 4096));
}

/* What was freed stays a hole, whatever the program allocates meanwhile. */
static void kernel_after_free(void)
{
	CUdeviceptr at;

	start();
	OK(cuMemAlloc_v2(&at, 8 << 20));
	OK(poke_at(at));
	OK(cuMemFree_v2(at));
	for (int i = 0; i < 8; i++)
		memset(malloc(8 << 20), 1, 8 << 20);
	WANT(CUDA_ERROR_ILLEGAL_ADDRESS, poke_at(at));
}

/* Seed 0 runs nothing before it must: the copy meets the hole. */
static void unmapped_under_a_copy(void)
{
	CUmemGenericAllocationHandle handle;
	CUdeviceptr at, to;

	start();
	to = words(4, 0);
	at = map_new(2 << 20, CU_MEM_LOCATION_TYPE_DEVICE, &handle);
	OK(cuMemcpyDtoDAsync_v2(to, at, 16, NULL));
	OK(cuMemUnmap(at, 2 << 20));
	WANT(CUDA_ERROR_ILLEGAL_ADDRESS, cuCtxSynchronize());
	is_dead();
}

static volatile sig_atomic_t handled;
static volatile uintptr_t nowhere = 16;

static void on_segv(int number)
{
	handled++;
	_exit(handled == 1 ? 0 : 1);
}

/* A fault of the program itself goes to the program's own handler. */
static void own_handler(void)
{
	signal(SIGSEGV, on_segv);
	start();
	OK(poke_at(words(1, 0)));
	*(volatile int *)nowhere = 1;
	_exit(1);
}

static void own_fault(void)
{
	start();
	*(volatile int *)nowhere = 1;
}

SCENARIO(kernel_in_a_hole, NULL)
SCENARIO(kernel_without_access, NULL)
SCENARIO(kernel_with_read_access, NULL)
SCENARIO(kernel_behind_the_end, NULL)
SCENARIO(kernel_after_free, NULL)
SCENARIO(unmapped_under_a_copy, "GREENBOOST_SIM_SEED=0")
SCENARIO(own_handler, NULL)

static void test_own_fault_kills(void **state)
{
	assert_int_equal(run(own_fault, NULL), 256 + SIGSEGV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel_in_a_hole),
		cmocka_unit_test(test_kernel_without_access),
		cmocka_unit_test(test_kernel_with_read_access),
		cmocka_unit_test(test_kernel_behind_the_end),
		cmocka_unit_test(test_kernel_after_free),
		cmocka_unit_test(test_unmapped_under_a_copy),
		cmocka_unit_test(test_own_handler),
		cmocka_unit_test(test_own_fault_kills),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
