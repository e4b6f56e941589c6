/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two streams and four threads at work on shared and on own memory, with events
 * between them, while memory is allocated and freed, so that it has to move
 * under the work. The order is fixed by events alone; the results must be one.
 *
 * usage: traffic [THREADS [ROUNDS]]
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"

#define SIZE (2 * MIB)
#define MOST 8

static CUcontext context;
static CUfunction stir, blend;
static CUdeviceptr shared;
static int rounds;

struct worker {
	pthread_t thread;
	uint64_t number, result;
};

static void launch_stir(CUdeviceptr at, uint64_t seed, CUstream in)
{
	/* The last few words only: the simulated GPU is slow at the others. */
	uint64_t words = 512, offset = SIZE - words * 8;
	CUdeviceptr to = at + offset;
	void *parameters[] = { &to, &words, &seed };

	MUST(cu.LaunchKernel(stir, 1, 1, 1, 32, 1, 1, 0, in, parameters, NULL));
}

static void launch_blend(CUdeviceptr to, CUdeviceptr from, CUstream in)
{
	uint64_t words = 512, offset = SIZE - words * 8;
	CUdeviceptr a = to + offset, b = from + offset;
	void *parameters[] = { &a, &b, &words };

	MUST(cu.LaunchKernel(blend, 1, 1, 1, 32, 1, 1, 0, in, parameters, NULL));
}

/* Copies @from on @second when the work of @first so far is done. */
static void hand_over(CUstream first, CUstream second, CUevent event)
{
	MUST(cu.EventRecord(event, first));
	MUST(cu.StreamWaitEvent(second, event, 0));
}

static uint64_t fold(uint64_t sum, CUdeviceptr from, CUstream stream)
{
	uint64_t words[512];

	MUST(cu.MemcpyDtoHAsync(words, from + SIZE - sizeof(words),
				sizeof(words), stream));
	MUST(cu.StreamSynchronize(stream));
	return sum * 31 + checksum(words, sizeof(words));
}

/* In one dimension and in two. */
static void fill(CUdeviceptr at, uint64_t i, CUstream stream)
{
	unsigned char value = (unsigned char)i;

	if (i % 2)
		MUST(cu.MemsetD2D8Async(at, 4096, value, 4096, SIZE / 4096, stream));
	else
		MUST(cu.MemsetD8Async(at, value, SIZE, stream));
}

static CUgraphExec recorded(CUdeviceptr at, uint64_t seed, CUstream stream)
{
	CUgraphExec exec;
	CUgraph graph;

	MUST(cu.StreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_RELAXED));
	launch_stir(at, seed, stream);
	MUST(cu.StreamEndCapture(stream, &graph));
	MUST(cu.GraphInstantiate(&exec, graph, 0));
	MUST(cu.GraphDestroy(graph));
	return exec;
}

static void *work(void *data)
{
	struct worker *worker = data;
	CUdeviceptr mine, other, late = 0;
	CUstream first, second;
	uint64_t tail[512];
	CUgraphExec replay;
	CUevent event;

	MUST(cu.CtxSetCurrent(context));
	MUST(cu.StreamCreate(&first, CU_STREAM_NON_BLOCKING));
	MUST(cu.StreamCreate(&second, CU_STREAM_NON_BLOCKING));
	MUST(cu.EventCreate(&event, CU_EVENT_DISABLE_TIMING));
	MUST(cu.MemAlloc(&mine, SIZE));
	make_pattern(tail, sizeof(tail), worker->number);
	MUST(cu.MemcpyHtoDAsync(mine + SIZE - sizeof(tail), tail, sizeof(tail),
				first));
	replay = recorded(mine, worker->number, first);
	for (uint64_t i = 0; i < (uint64_t)rounds; i++) {
		launch_stir(mine, i, first);
		MUST(cu.GraphLaunch(replay, first));
		/* Comes while the first is at work; another goes while the second is. */
		MUST(cu.MemAlloc(&other, SIZE));
		if (late)
			MUST(cu.MemFree(late));
		fill(other, i, first);
		launch_blend(mine, shared, first);
		hand_over(first, second, event);
		launch_blend(other, mine, second);
		launch_stir(other, worker->number, second);
		worker->result = fold(worker->result, other, second);
		MUST(cu.MemcpyDtoDAsync(other + SIZE - 2048,
					other + SIZE - 4096, 2048, second));
		launch_stir(other, i, second);
		late = other;
		hand_over(second, first, event);
	}
	worker->result = fold(worker->result, mine, first);
	MUST(cu.MemFree(late));
	MUST(cu.MemFree(mine));
	MUST(cu.GraphExecDestroy(replay));
	MUST(cu.StreamDestroy(first));
	MUST(cu.StreamDestroy(second));
	MUST(cu.EventDestroy(event));
	return NULL;
}

int main(int argc, char **argv)
{
	int threads = argc > 1 ? atoi(argv[1]) : 4;
	struct worker workers[MOST] = { 0 };
	CUmodule module;

	CHECK(threads >= 1 && threads <= MOST);
	rounds = argc > 2 ? atoi(argv[2]) : 4;
	open_gpu();
	MUST(cu.CtxGetCurrent(&context));
	module = load_kernels();
	stir = kernel(module, "stir");
	blend = kernel(module, "blend");
	shared = uploaded(SIZE, 77);
	for (int i = 0; i < threads; i++) {
		workers[i].number = (uint64_t)i + 1;
		CHECK(!pthread_create(&workers[i].thread, NULL, work, &workers[i]));
	}
	for (int i = 0; i < threads; i++) {
		pthread_join(workers[i].thread, NULL);
		printf("worker %d: %016llx\n", i,
		       (unsigned long long)workers[i].result);
	}
	show("shared", shared, SIZE);
	SAY(cu.MemFree(shared));
	return 0;
}
