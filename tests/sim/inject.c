/* SPDX-License-Identifier: GPL-2.0-only */
/* Faults that the environment asks for. */
#include "sim_test.h"

static void nth_call(void)
{
	CUdeviceptr at;

	start();
	OK(cuMemAlloc_v2(&at, 4));
	WANT(CUDA_ERROR_OUT_OF_MEMORY, cuMemAlloc_v2(&at, 4));
	OK(cuMemAlloc_v2(&at, 4));
}

static void every_form(void)
{
	CUdeviceptr at;

	start();
	at = words(1, 0);
	OK(cuMemcpyDtoD_v2(at, at, 4));
	WANT(CUDA_ERROR_LAUNCH_FAILED, cuMemcpyDtoD_v2_ptds(at, at, 4));
	WANT(CUDA_ERROR_LAUNCH_FAILED, cuMemcpyDtoD_v2(at, at, 4));
	OK(cuMemcpyDtoDAsync_v2(at, at, 4, NULL)); /* another function */
}

static void one_symbol_alone(void)
{
	CUdeviceptr at;

	start();
	at = words(1, 0);
	OK(cuMemsetD8Async_ptsz(at, 1, 4, NULL));
	WANT(CUDA_ERROR_LAUNCH_FAILED, cuMemsetD8Async(at, 1, 4, NULL));
	OK(cuMemsetD8Async_ptsz(at, 1, 4, NULL));
}

static void even_cuinit(void)
{
	WANT(CUDA_ERROR_NO_DEVICE, cuInit(0));
	start();
}

static void nonsense_is_ignored(void)
{
	CUdeviceptr at;

	start();
	OK(cuMemAlloc_v2(&at, 4));
}

SCENARIO(nth_call, "GREENBOOST_SIM_FAIL=cuMemAlloc:2:2")
SCENARIO(every_form, "GREENBOOST_SIM_FAIL=cuMemcpyDtoD:2+:719,cuMemFree:1:1")
SCENARIO(one_symbol_alone, "GREENBOOST_SIM_FAIL==cuMemsetD8Async:1+:719")
SCENARIO(even_cuinit, "GREENBOOST_SIM_FAIL=cuInit:1:100")
SCENARIO(nonsense_is_ignored,
	 "GREENBOOST_SIM_FAIL=cuMemAlloc,:::,cuMemAlloc:0:2,cuMemAlloc:x:2")

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nth_call),
		cmocka_unit_test(test_every_form),
		cmocka_unit_test(test_one_symbol_alone),
		cmocka_unit_test(test_even_cuinit),
		cmocka_unit_test(test_nonsense_is_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
