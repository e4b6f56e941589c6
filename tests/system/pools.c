/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stream-ordered memory: from pools while VRAM has room, from elsewhere later,
 * and used again in the order of streams.
 */
#include <string.h>

#include "client.h"

static CUstream first, second;
static CUmodule module;
static CUfunction stir;

static void launch_stir(CUdeviceptr at, size_t bytes, uint64_t seed, CUstream stream)
{
	uint64_t words = bytes / 8;
	void *parameters[] = { &at, &words, &seed };

	MUST(cu.LaunchKernel(stir, 4, 1, 1, 32, 1, 1, 0, stream, parameters, NULL));
}

/* Each buffer's work is done before the next has its memory. */
static void in_order(void)
{
	CUdeviceptr result = cleared(4 * MIB), p;

	for (int i = 0; i < 12; i++) {
		SAY(cu.MemAllocAsync(&p, 4 * MIB, first));
		MUST(cu.MemsetD8Async(p, (unsigned char)i, 4 * MIB, first));
		launch_stir(p, 4 * MIB, (uint64_t)i, first);
		MUST(cu.MemcpyDtoDAsync(result + (size_t)i * 4096, p + MIB,
					4096, first));
		SAY(cu.MemFreeAsync(p, first));
	}
	MUST(cu.StreamSynchronize(first));
	show("result", result, 4 * MIB);
	SAY(cu.MemFree(result));
}

/* Many at once, of which most must overflow. */
static void many(void)
{
	CUdeviceptr p[10];
	CUevent done;

	MUST(cu.EventCreate(&done, CU_EVENT_DISABLE_TIMING));
	for (int i = 0; i < 10; i++) {
		SAY(cu.MemAllocAsync(&p[i], (size_t)(i + 2) * MIB + 5, first));
		MUST(cu.MemsetD8Async(p[i], 0, (size_t)(i + 2) * MIB + 5, first));
	}
	MUST(cu.EventRecord(done, first));
	MUST(cu.StreamWaitEvent(second, done, 0));
	for (int i = 0; i < 10; i++)
		launch_stir(p[i], (size_t)(i + 2) * MIB, (uint64_t)i, second);
	MUST(cu.StreamSynchronize(second));
	for (int i = 0; i < 10; i++)
		show("each", p[i], (size_t)(i + 2) * MIB);
	for (int i = 0; i < 10; i++)
		SAY(i % 2 ? cu.MemFreeAsync(p[i], second) : cu.MemFree(p[i]));
	SAY(cu.MemFreeAsync(p[1], second));
	SAY(cu.MemFree(p[0]));
	MUST(cu.CtxSynchronize());
	MUST(cu.EventDestroy(done));
}

/* Freed in a stream that has not got there: the data is good until then. */
static void freed_late(void)
{
	CUdeviceptr p, q, result = cleared(6 * MIB);

	SAY(cu.MemAllocAsync(&p, 6 * MIB, first));
	MUST(cu.MemsetD8Async(p, 1, 6 * MIB, first));
	for (uint64_t i = 0; i < 20; i++)
		launch_stir(p, 6 * MIB, i, first);
	MUST(cu.MemcpyDtoDAsync(result, p, 6 * MIB, first));
	SAY(cu.MemFreeAsync(p, first));
	MUST(cu.MemAlloc(&q, 6 * MIB));
	MUST(cu.MemsetD8Async(q, 0xff, 6 * MIB, second));
	MUST(cu.StreamSynchronize(second));
	MUST(cu.StreamSynchronize(first));
	show("result", result, 6 * MIB);
	show("other", q, 6 * MIB);
	SAY(cu.MemFree(q));
	SAY(cu.MemFree(result));
}

static void own_pool(void)
{
	CUmemPoolProps props = {
		.allocType = CU_MEM_ALLOCATION_TYPE_PINNED,
		.location = { CU_MEM_LOCATION_TYPE_DEVICE, 0 },
	};
	CUmemoryPool pool, given = NULL, current;
	CUdeviceptr p, q;

	MUST(cu.MemPoolCreate(&pool, &props));
	MUST(cu.DeviceGetMemPool(&current, 0));
	SAY(cu.MemAllocFromPoolAsync(&p, 8 * MIB, pool, first));
	SAY(cu.PointerGetAttribute(&given, CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE, p));
	CHECK(given == pool);
	SAY(cu.MemAllocAsync(&q, 40 * MIB, first));
	SAY(cu.PointerGetAttribute(&given, CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE, q));
	CHECK(given == current);
	MUST(cu.MemsetD8Async(p, 1, 8 * MIB, first));
	MUST(cu.MemsetD8Async(q, 2, 40 * MIB, first));
	MUST(cu.StreamSynchronize(first));
	show("own", p, 8 * MIB);
	show("current", q, 40 * MIB);
	SAY(cu.MemFreeAsync(p, first));
	SAY(cu.MemFreeAsync(q, first));
	MUST(cu.StreamSynchronize(first));
	SAY(cu.MemPoolTrimTo(pool, 0));
	SAY(cu.MemPoolDestroy(pool));
}

static void nonsense(void)
{
	CUdeviceptr p = 0;

	SAY(cu.MemAllocAsync(&p, 0, first));
	SAY(cu.MemAllocAsync(NULL, 4 * MIB, first));
	SAY(cu.MemAllocAsync(&p, (size_t)1 << 60, first));
	SAY(cu.MemAllocAsync(&p, 4 * MIB, (CUstream)&p));
	SAY(cu.MemAllocAsync(&p, 64 * MIB, (CUstream)&p));
	SAY(cu.MemFreeAsync(0, first));
	SAY(cu.MemFreeAsync(4096, first));
	MUST(cu.MemAlloc(&p, 4 * MIB));
	SAY(cu.MemFreeAsync(p, (CUstream)&p));
	SAY(cu.MemFreeAsync(p + 1, first));
	/* Memory of cuMemAlloc: not every driver takes it. */
	printf("~%d\n", cu.MemFreeAsync(p, first));
	cu.MemFree(p);
	SAY(cu.CtxSynchronize());
}

int main(void)
{
	open_gpu();
	module = load_kernels();
	stir = kernel(module, "stir");
	MUST(cu.StreamCreate(&first, CU_STREAM_NON_BLOCKING));
	MUST(cu.StreamCreate(&second, CU_STREAM_NON_BLOCKING));
	in_order();
	many();
	freed_late();
	own_pool();
	nonsense();
	in_order();
	return 0;
}
