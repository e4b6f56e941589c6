/* SPDX-License-Identifier: GPL-2.0-only */
/* Allocation and free, above all what is refused, and with which error. */
#include <stdlib.h>

#include "client.h"

static void before_init(void)
{
	CUdeviceptr p = 0;
	size_t pitch;

	SAY(cu.MemAlloc(&p, 4 * MIB));
	SAY(cu.MemFree(0));
	SAY(cu.MemFree(4096));
	SAY(cu.MemAllocPitch(&p, &pitch, 4 * MIB, 2, 4));
	SAY(cu.MemcpyHtoD(4096, &p, 8));
}

static void without_context(void)
{
	CUdeviceptr p = 0;
	char buffer[8];

	SAY(cu.MemAlloc(&p, 4 * MIB));
	SAY(cu.MemAlloc(&p, 1));
	SAY(cu.MemAlloc(NULL, 4 * MIB));
	SAY(cu.MemAlloc(&p, 0));
	SAY(cu.MemAllocAsync(&p, 4 * MIB, NULL));
	SAY(cu.MemFree(0));
	SAY(cu.MemGetInfo(NULL, NULL));
	SAY(cu.MemcpyHtoD(4096, buffer, 8));
	SAY(cu.CtxSynchronize());
}

/* Memory that exists, used by a thread that has no context. */
static void used_without_context(void)
{
	CUdeviceptr p = uploaded(8 * MIB, 1), small = cleared(1000);
	void *host = pageable(8 * MIB, 2);
	CUcontext context;

	MUST(cu.CtxPopCurrent(&context));
	SAY(cu.MemcpyHtoD(p, host, 8 * MIB));
	SAY(cu.MemcpyHtoD(p, host, 8));
	SAY(cu.MemcpyHtoD(small, host, 8));
	SAY(cu.MemcpyHtoDAsync(p, host, 8 * MIB, NULL));
	SAY(cu.MemcpyDtoH(host, p, 8));
	SAY(cu.MemsetD8(p, 1, 5 * MIB));
	MUST(cu.CtxPushCurrent(context));
	show("untouched", p, 8 * MIB);
	MUST(cu.MemFree(p));
	MUST(cu.MemFree(small));
	free(host);
}

static void sizes(void)
{
	CUdeviceptr p = 0;

	SAY(cu.MemAlloc(&p, 0));
	SAY(cu.MemAlloc(NULL, 0));
	SAY(cu.MemAlloc(NULL, 1));
	SAY(cu.MemAlloc(NULL, 4 * MIB));
	SAY(cu.MemAlloc(&p, SIZE_MAX));
	SAY(cu.MemAlloc(&p, SIZE_MAX - 4 * MIB));
	SAY(cu.MemAlloc(&p, (size_t)1 << 60));
	SAY(cu.MemAlloc(&p, (size_t)1 << 63));
	CHECK(p == 0);
	for (size_t bytes = 1; bytes <= 8 * MIB; bytes = bytes * 2 + 1) {
		MUST(cu.MemAlloc(&p, bytes));
		CHECK(p % 256 == 0);
		SAY(cu.MemsetD8(p, 0x5a, bytes));
		show("filled", p, bytes);
		SAY(cu.MemFree(p));
	}
}

static void frees(void)
{
	CUdeviceptr p, q, small;

	MUST(cu.MemAlloc(&p, 6 * MIB));
	MUST(cu.MemAlloc(&q, 6 * MIB));
	MUST(cu.MemAlloc(&small, 100));
	SAY(cu.MemFree(0));
	SAY(cu.MemFree(1));
	SAY(cu.MemFree(0xdeadbeef000));
	SAY(cu.MemFree((CUdeviceptr)&p));
	SAY(cu.MemFree(~(CUdeviceptr)0));
	SAY(cu.MemFree(p + 1));
	SAY(cu.MemFree(p + 2 * MIB));
	SAY(cu.MemFree(p + 6 * MIB));
	SAY(cu.MemFree(small + 50));
	SAY(cu.MemFree(p));
	SAY(cu.MemFree(p));
	SAY(cu.MemFreeAsync(p, NULL));
	SAY(cu.MemFreeAsync(q + 5, NULL));
	SAY(cu.MemFree(small));
	SAY(cu.MemFree(small));
	SAY(cu.MemFree(q));
	SAY(cu.CtxSynchronize());
}

/* What was freed is used again, and is as large as it was asked for. */
static void again(void)
{
	CUdeviceptr kept = uploaded(10 * MIB + 1, 3), p[16];

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 16; i++) {
			MUST(cu.MemAlloc(&p[i], (3 + i) * MIB + i));
			MUST(cu.MemsetD8(p[i], (unsigned char)i, (3 + i) * MIB + i));
		}
		for (int i = 0; i < 16; i++)
			show("each", p[i], (3 + i) * MIB + i);
		for (int i = 0; i < 16; i++)
			MUST(cu.MemFree(p[(i * 7 + round) % 16]));
	}
	show("kept", kept, 10 * MIB + 1);
	SAY(cu.MemFree(kept));
}

static void pitches(void)
{
	static const size_t widths[] = { 1, 100, 512, 513, 60000, 3 * MIB };
	CUdeviceptr p;
	size_t pitch = 0;

	for (size_t i = 0; i < sizeof(widths) / sizeof(*widths); i++) {
		SAY(cu.MemAllocPitch(&p, &pitch, widths[i], 50, 4));
		printf("pitch %zu\n", pitch);
		SAY(cu.MemsetD2D8(p, pitch, 7, widths[i], 50));
		show("rows", p, pitch * 49 + widths[i]);
		SAY(cu.MemFree(p));
		SAY(cu.MemAllocPitch(&p, &pitch, widths[i], 900, 16));
		printf("pitch %zu\n", pitch);
		SAY(cu.MemFree(p));
	}
	SAY(cu.MemAllocPitch(&p, &pitch, 3 * MIB, 0, 4));
	SAY(cu.MemAllocPitch(&p, &pitch, 0, 3 * MIB, 4));
	SAY(cu.MemAllocPitch(&p, &pitch, 3 * MIB, 2, 5));
	SAY(cu.MemAllocPitch(&p, NULL, 3 * MIB, 2, 4));
	SAY(cu.MemAllocPitch(NULL, &pitch, 3 * MIB, 2, 4));
	SAY(cu.MemAllocPitch(&p, &pitch, SIZE_MAX, SIZE_MAX, 4));
	SAY(cu.MemAllocPitch(&p, &pitch, SIZE_MAX - 7, 1, 4));
}

static void in_host_memory(void)
{
	void *host;
	char *registered = aligned_alloc(4096, 4 * MIB);

	SAY(cu.MemHostAlloc(&host, 3 * MIB, CU_MEMHOSTALLOC_DEVICEMAP));
	SAY(cu.MemFree((CUdeviceptr)host));
	SAY(cu.MemFreeHost(host));
	SAY(cu.MemFreeHost(host));
	SAY(cu.MemHostRegister(registered, 4 * MIB, 0));
	SAY(cu.MemHostRegister(registered, 4 * MIB, 0));
	SAY(cu.MemHostUnregister(registered));
	SAY(cu.MemHostUnregister(registered));
	free(registered);
}

int main(void)
{
	find_driver();
	before_init();
	MUST(cu.Init(0));
	without_context();
	open_device(0);
	used_without_context();
	sizes();
	frees();
	again();
	pitches();
	in_host_memory();
	return 0;
}
