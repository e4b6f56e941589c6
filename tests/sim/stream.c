/* SPDX-License-Identifier: GPL-2.0-only */
/* Streams: what waits for what, host functions, values in memory. */
#include <pthread.h>
#include <time.h>

#include <greenboost/kernel.h>

#include "sim_test.h"

GB_KERNEL_WAITS(spin, (const volatile uint32_t *, flag))
{
	while (!*flag)
		;
}

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
}

static uint32_t *flag;

static CUstream spinning(void)
{
	CUfunction f = load("spin", ".param .u64 a");
	CUstream stream;
	void *parameters[] = { &flag };

	OK(cuMemAllocHost_v2((void **)&flag, 4));
	*flag = 0;
	OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
	OK(launch(f, stream, parameters));
	return stream;
}

static void unmap_does_not_wait(void)
{
	CUmemGenericAllocationHandle handle;
	CUstream stream;
	CUdeviceptr at;

	start();
	at = map_new(2 << 20, CU_MEM_LOCATION_TYPE_DEVICE, &handle);
	stream = spinning();
	WANT(CUDA_ERROR_NOT_READY, cuStreamQuery(stream));
	OK(cuMemUnmap(at, 2 << 20));
	WANT(CUDA_ERROR_NOT_READY, cuStreamQuery(stream));
	*flag = 1;
	OK(cuStreamSynchronize(stream));
	OK(cuStreamQuery(stream));
}

static void *release(void *unused)
{
	nap();
	*flag = 1;
	return NULL;
}

static void free_waits(void)
{
	CUdeviceptr at;
	CUstream stream;
	pthread_t thread;

	start();
	at = words(1, 0);
	stream = spinning();
	pthread_create(&thread, NULL, release, NULL);
	OK(cuMemFree_v2(at));
	TRUE_(*flag == 1);
	OK(cuStreamQuery(stream));
	pthread_join(thread, NULL);
}

/* The program watches mapped memory and makes no call. */
static void work_goes_on_without_calls(void)
{
	volatile uint32_t *host;
	CUstream stream;

	start();
	OK(cuMemAllocHost_v2((void **)&host, 4));
	*host = 0;
	OK(cuStreamCreate(&stream, 0));
	OK(cuMemsetD32Async((CUdeviceptr)host, 5, 1, stream));
	while (*host != 5)
		;
}

static void polling_ends(void)
{
	CUdeviceptr at;
	CUstream stream;
	CUevent event;

	start();
	at = words(1, 0);
	OK(cuStreamCreate(&stream, 0));
	OK(cuEventCreate(&event, 0));
	OK(cuEventQuery(event));
	for (int i = 0; i < 20; i++)
		OK(cuMemsetD32Async(at, i, 1, stream));
	OK(cuEventRecord(event, stream));
	while (cuEventQuery(event) == CUDA_ERROR_NOT_READY)
		;
	OK(cuEventQuery(event));
	OK(cuStreamQuery(stream));
}

static int called;
static CUresult from_callback;

static void host_function(void *value)
{
	CUdeviceptr at;

	called = *(int *)value;
	from_callback = cuMemAlloc_v2(&at, 4);
}

static void host_functions(void)
{
	int value = 3;

	start();
	OK(cuLaunchHostFunc(NULL, host_function, &value));
	OK(cuStreamSynchronize(NULL));
	TRUE_(called == 3 && from_callback == CUDA_ERROR_NOT_PERMITTED);
}

static void values_in_memory(void)
{
	CUdeviceptr at;
	CUstream a, b;

	start();
	at = words(4, 0);
	OK(cuStreamCreate(&a, CU_STREAM_NON_BLOCKING));
	OK(cuStreamCreate(&b, CU_STREAM_NON_BLOCKING));
	OK(cuStreamWaitValue32(a, at, 5, 0));
	OK(cuMemsetD32Async(at + 4, 9, 1, a));
	for (int i = 0; i < 10; i++)
		WANT(CUDA_ERROR_NOT_READY, cuStreamQuery(a));
	TRUE_(word(at + 4) == 0);
	OK(cuStreamWriteValue32_v2(b, at, 6, 0)); /* 6 >= 5 */
	OK(cuStreamSynchronize(a));
	TRUE_(word(at + 4) == 9);
	WANT(CUDA_ERROR_INVALID_VALUE, cuStreamWaitValue32(a, at + 2, 5, 0));
	WANT(CUDA_ERROR_INVALID_VALUE, cuStreamWaitValue32(a, 4096, 5, 0));
}

static void stale_handles(void)
{
	CUstream stream;
	CUevent event;

	start();
	OK(cuStreamCreate(&stream, 0));
	OK(cuEventCreate(&event, 0));
	OK(cuStreamDestroy_v2(stream));
	WANT(CUDA_ERROR_INVALID_HANDLE, cuStreamSynchronize(stream));
	WANT(CUDA_ERROR_INVALID_HANDLE, cuStreamDestroy_v2(stream));
	OK(cuEventDestroy_v2(event));
	WANT(CUDA_ERROR_INVALID_HANDLE, cuEventQuery(event));
}

/* A stream destroyed with work queued ends that work all the same. */
static void destroyed_with_work(void)
{
	CUdeviceptr at;
	CUstream stream;

	start();
	at = words(1, 0);
	OK(cuStreamCreate(&stream, 0));
	OK(cuMemsetD32Async(at, 4, 1, stream));
	OK(cuStreamDestroy_v2(stream));
	OK(cuCtxSynchronize());
	TRUE_(word(at) == 4);
}

static CUdeviceptr shared_word;
static CUcontext shared_ctx;

static void *other_thread(void *unused)
{
	OK(cuCtxSetCurrent(shared_ctx));
	for (int i = 0; i < 500; i++) {
		OK(cuMemsetD32Async_ptsz(shared_word, i, 1, NULL));
		if (i % 50 == 0)
			OK(cuStreamSynchronize_ptsz(NULL));
	}
	OK(cuStreamSynchronize_ptsz(NULL));
	return NULL;
}

static void threads(void)
{
	pthread_t thread[8];

	shared_ctx = start();
	shared_word = words(1, 0);
	for (int i = 0; i < 8; i++)
		pthread_create(&thread[i], NULL, other_thread, NULL);
	for (int i = 0; i < 8; i++)
		pthread_join(thread[i], NULL);
	TRUE_(word(shared_word) == 499);
}

SCENARIO(unmap_does_not_wait, NULL)
SCENARIO(free_waits, NULL)
SCENARIO(work_goes_on_without_calls, "GREENBOOST_SIM_SEED=0")
SCENARIO(polling_ends, "GREENBOOST_SIM_SEED=0")
SCENARIO(host_functions, NULL)
SCENARIO(values_in_memory, NULL)
SCENARIO(stale_handles, "GREENBOOST_SIM_STALE=error")
SCENARIO(destroyed_with_work, "GREENBOOST_SIM_SEED=0")
SCENARIO(threads, "GREENBOOST_SIM_SEED=3")

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unmap_does_not_wait),
		cmocka_unit_test(test_free_waits),
		cmocka_unit_test(test_work_goes_on_without_calls),
		cmocka_unit_test(test_polling_ends),
		cmocka_unit_test(test_host_functions),
		cmocka_unit_test(test_values_in_memory),
		cmocka_unit_test(test_stale_handles),
		cmocka_unit_test(test_destroyed_with_work),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
