/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The end of threads, and of the process: with memory in use, and with calls
 * after main has returned, as the destructors of runtimes make them.
 */
#include <pthread.h>
#include <stdlib.h>

#include "client.h"

#define SIZE (9 * MIB)

static CUcontext context;
static CUdeviceptr kept, other;

static void after_main(const char *when)
{
	CUdeviceptr p;
	char byte;

	printf("%s\n", when);
	SAY(cu.MemcpyDtoH(&byte, kept, 1));
	show("kept", kept, SIZE);
	SAY(cu.MemsetD8(other, 1, SIZE));
	SAY(cu.MemAlloc(&p, SIZE));
	SAY(cu.MemFree(other));
	SAY(cu.MemAlloc(&other, SIZE));
	SAY(cu.CtxSynchronize());
}

static void registered_early(void)
{
	after_main("registered before the driver began");
}

static void registered_late(void)
{
	after_main("registered when it ran");
}

static __attribute__((destructor)) void destructor(void)
{
	if (kept)
		after_main("destructor");
}

static void *thread(void *data)
{
	CUdeviceptr *p = data, passing;
	CUstream stream;

	MUST(cu.CtxSetCurrent(context));
	MUST(cu.StreamCreate(&stream, CU_STREAM_NON_BLOCKING));
	*p = uploaded(SIZE, 5);
	MUST(cu.MemAlloc(&passing, SIZE));
	MUST(cu.MemsetD8Async(passing, 1, SIZE, stream));
	MUST(cu.MemcpyDtoDAsync(*p, passing, MIB, stream));
	return NULL;
}

int main(void)
{
	CUdeviceptr from[3];
	pthread_t threads[3];

	atexit(registered_early);
	open_gpu();
	atexit(registered_late);
	MUST(cu.CtxGetCurrent(&context));
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 3; i++)
			CHECK(!pthread_create(&threads[i], NULL, thread, &from[i]));
		for (int i = 0; i < 3; i++)
			pthread_join(threads[i], NULL);
		MUST(cu.CtxSynchronize());
		for (int i = 0; i < 3; i++) {
			show("from a thread", from[i], SIZE);
			SAY(cu.MemFree(from[i]));
		}
	}
	kept = uploaded(SIZE, 1);
	other = cleared(SIZE);
	return 0;
}
