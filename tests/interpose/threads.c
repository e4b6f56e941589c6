// SPDX-License-Identifier: GPL-2.0-only
/* 64 threads make their first look-up and their first call at the same time. */
#include <pthread.h>

#include "client.h"
#include "driver.h"

enum { THREADS = 64 };

static pthread_barrier_t start;
static int wrong;

static void complain(void)
{
	__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
}

static void *resolve(void *data)
{
	memory_function *alloc;
	CUdeviceptr address = 0;
	CUresult (*newer)(void);
	void *handle;

	pthread_barrier_wait(&start);
	handle = dlopen("libcuda.so.1", RTLD_LAZY);
	alloc = dlsym(handle, "cuMemAlloc_v2");
	newer = dlsym(handle, "cuNewerThanGreenBoost");
	if (!alloc || alloc(&address, 1) < 1000 || address != HOOK_WAS_HERE)
		complain();
	if (cuParamSetf(NULL, 12, 2.5f) || !newer || newer() != DRIVER_NEWER)
		complain();
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];

	pthread_barrier_init(&start, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		CHECK(!pthread_create(&threads[i], NULL, resolve, NULL));
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	CHECK(wrong == 0);
	return result();
}
