/* SPDX-License-Identifier: GPL-2.0-only */
/* Life of the driver: before cuInit, after fork, contexts that come and go. */
#include <sys/wait.h>

#include "sim_test.h"

static void nothing_works_before_init(void)
{
	CUdeviceptr at;
	int count;

	WANT(CUDA_ERROR_NOT_INITIALIZED, cuMemAlloc_v2(&at, 4));
	WANT(CUDA_ERROR_NOT_INITIALIZED, cuDeviceGetCount(&count));
	OK(cuDriverGetVersion(&count));
	TRUE_(count == 13000);
	WANT(CUDA_ERROR_INVALID_VALUE, cuInit(1));
	OK(cuInit(0));
	OK(cuInit(0));
	WANT(CUDA_ERROR_INVALID_CONTEXT, cuMemAlloc_v2(&at, 4));
}

static void no_device(void)
{
	WANT(CUDA_ERROR_NO_DEVICE, cuInit(0));
	WANT(CUDA_ERROR_NO_DEVICE, cuInit(0));
}

/* 0 where the child saw NOT_INITIALIZED everywhere, 1 where not. */
static int child_is_dead(void)
{
	int status, count;
	CUdeviceptr at;
	pid_t pid = fork();

	if (!pid)
		_exit(!(cuInit(0) == CUDA_ERROR_NOT_INITIALIZED &&
			cuMemAlloc_v2(&at, 4) == CUDA_ERROR_NOT_INITIALIZED &&
			cuDeviceGetCount(&count) == CUDA_ERROR_NOT_INITIALIZED));
	waitpid(pid, &status, 0);
	return status;
}

static void dead_in_a_forked_child(void)
{
	CUdeviceptr at;

	start();
	OK(child_is_dead());
	OK(cuMemAlloc_v2(&at, 4)); /* the parent lives */
}

static void contexts(void)
{
	CUcontext first = start(), second, current;
	size_t free_before, free_after, total;
	CUdeviceptr at;

	OK(cuMemGetInfo_v2(&free_before, &total));
	OK(cuCtxCreate_v2(&second, 0, 0));
	OK(cuMemAlloc_v2(&at, 1 << 20));
	OK(cuCtxGetCurrent(&current));
	TRUE_(current == second);
	OK(cuCtxDestroy_v2(second));
	OK(cuCtxGetCurrent(&current));
	TRUE_(current == first);
	OK(cuMemGetInfo_v2(&free_after, NULL));
	TRUE_(free_before == free_after); /* its memory went with it */
	WANT(CUDA_ERROR_CONTEXT_IS_DESTROYED, cuCtxPushCurrent_v2(second));
	OK(cuCtxPopCurrent_v2(&current));
	WANT(CUDA_ERROR_INVALID_CONTEXT, cuCtxPopCurrent_v2(&current));
}

static void primary_context(void)
{
	CUcontext ctx, again;
	CUdeviceptr at;

	OK(cuInit(0));
	OK(cuDevicePrimaryCtxRetain(&ctx, 0));
	OK(cuDevicePrimaryCtxRetain(&again, 0));
	TRUE_(ctx == again);
	OK(cuCtxSetCurrent(ctx));
	OK(cuMemAlloc_v2(&at, 4));
	OK(cuDevicePrimaryCtxRelease_v2(0));
	OK(cuMemFree_v2(at));
	OK(cuDevicePrimaryCtxRelease(0));
	WANT(CUDA_ERROR_CONTEXT_IS_DESTROYED, cuMemAlloc_v2(&at, 4));
	WANT(CUDA_ERROR_INVALID_CONTEXT, cuDevicePrimaryCtxRelease_v2(0));
	WANT(CUDA_ERROR_INVALID_DEVICE, cuDevicePrimaryCtxRetain(&ctx, 1));
}

static void peers(void)
{
	CUcontext a, b;

	OK(cuInit(0));
	OK(cuDevicePrimaryCtxRetain(&a, 0));
	OK(cuDevicePrimaryCtxRetain(&b, 1));
	OK(cuCtxSetCurrent(a));
	WANT(CUDA_ERROR_PEER_ACCESS_NOT_ENABLED, cuCtxDisablePeerAccess(b));
	OK(cuCtxEnablePeerAccess(b, 0));
	WANT(CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED, cuCtxEnablePeerAccess(b, 0));
	WANT(CUDA_ERROR_INVALID_VALUE, cuCtxEnablePeerAccess(b, 1));
	WANT(CUDA_ERROR_INVALID_DEVICE, cuCtxEnablePeerAccess(a, 0));
	OK(cuCtxDisablePeerAccess(b));
}

static void test_before_init(void **state)
{
	assert_int_equal(run(nothing_works_before_init, NULL), 0);
}

static void test_no_device(void **state)
{
	assert_int_equal(run(no_device, "GREENBOOST_SIM_DEVICES=0"), 0);
}

static void test_fork(void **state)
{
	assert_int_equal(run(dead_in_a_forked_child, NULL), 0);
}

static void test_contexts(void **state)
{
	assert_int_equal(run(contexts, "GREENBOOST_SIM_STALE=error"), 0);
	assert_int_equal(run(primary_context, NULL), 0);
	assert_int_equal(run(peers, "GREENBOOST_SIM_DEVICES=2"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_before_init),
		cmocka_unit_test(test_no_device),
		cmocka_unit_test(test_fork),
		cmocka_unit_test(test_contexts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
