/* SPDX-License-Identifier: GPL-2.0-only */
/* Contexts that come and go, with memory in them. */
#include "client.h"

#define SIZE (10 * MIB)

/* More than there is in all, unless each context's memory goes with it. */
static void destroyed(void)
{
	CUcontext context;
	CUdeviceptr p = 0;
	char byte;

	for (int i = 0; i < 12; i++) {
		SAY(cu.CtxCreate(&context, 0, 0));
		p = uploaded(SIZE, (uint64_t)i);
		cleared(SIZE);
		MUST(cu.MemAlloc(&(CUdeviceptr){ 0 }, SIZE));
		show("own", p, SIZE);
		SAY(cu.CtxDestroy(context));
	}
	MUST(cu.CtxCreate(&context, 0, 0));
	SAY(cu.MemcpyDtoH(&byte, p, 1));
	SAY(cu.MemFree(p));
	SAY(cu.CtxDestroy(context));
	SAY(cu.MemAlloc(&p, SIZE));
}

/* Two at once on one device share its memory. */
static void side_by_side(void)
{
	CUcontext first, second, popped;
	CUdeviceptr a, b;
	CUstream stream;

	MUST(cu.CtxCreate(&first, 0, 0));
	a = uploaded(SIZE, 1);
	MUST(cu.StreamCreate(&stream, CU_STREAM_NON_BLOCKING));
	MUST(cu.CtxCreate(&second, 0, 0));
	b = cleared(SIZE);
	SAY(cu.MemcpyDtoD(b, a, SIZE));
	SAY(cu.MemcpyPeer(b, second, a, first, SIZE));
	MUST(cu.CtxSynchronize());
	show("copied", b, SIZE);
	SAY(cu.MemsetD8Async(a, 4, SIZE, stream));
	MUST(cu.StreamSynchronize(stream));
	SAY(cu.CtxDestroy(second));
	MUST(cu.CtxSetCurrent(first));
	show("left", a, SIZE);
	SAY(cu.MemFree(b));
	SAY(cu.MemFree(a));
	SAY(cu.CtxPopCurrent(&popped));
	SAY(cu.CtxDestroy(first));
}

/* What the older has pinned for both must outlive it. */
static void older_first(void)
{
	CUcontext older, younger;
	CUdeviceptr a, b;

	MUST(cu.CtxCreate(&older, 0, 0));
	a = uploaded(SIZE, 1);
	MUST(cu.CtxCreate(&younger, 0, 0));
	b = uploaded(SIZE, 2);
	SAY(cu.CtxDestroy(older));
	MUST(cu.CtxSetCurrent(younger));
	show("left", b, SIZE);
	SAY(cu.MemFree(a));
	a = cleared(SIZE);
	SAY(cu.MemcpyDtoD(a, b, SIZE));
	show("copied", a, SIZE);
	a = uploaded(SIZE, 3);
	show("uploaded", a, SIZE);
	SAY(cu.CtxDestroy(younger));
}

static void reset(void)
{
	CUdeviceptr p, q;
	char byte;

	for (int i = 0; i < 6; i++) {
		open_device(0);
		p = uploaded(SIZE, (uint64_t)i);
		q = cleared(SIZE);
		SAY(cu.MemcpyDtoD(q, p, SIZE));
		show("before", q, SIZE);
		SAY(cu.DevicePrimaryCtxReset(0));
		SAY(cu.MemcpyDtoH(&byte, p, 1));
		open_device(0);
		SAY(cu.MemcpyDtoH(&byte, p, 1));
		SAY(cu.MemFree(q));
		SAY(cu.DevicePrimaryCtxRelease(0));
		SAY(cu.DevicePrimaryCtxRelease(0));
	}
	MUST(cu.CtxSetCurrent(NULL));
}

/* The last release ends the primary context, and no release before. */
static void released(void)
{
	CUdeviceptr p;

	open_device(0);
	open_device(0);
	p = uploaded(SIZE, 3);
	SAY(cu.DevicePrimaryCtxRelease(0));
	show("still there", p, SIZE);
	SAY(cu.DevicePrimaryCtxRelease(0));
	open_device(0);
	SAY(cu.MemFree(p));
	p = uploaded(SIZE, 4);
	show("anew", p, SIZE);
	SAY(cu.MemFree(p));
	SAY(cu.DevicePrimaryCtxRelease(0));
}

int main(void)
{
	find_driver();
	MUST(cu.Init(0));
	destroyed();
	side_by_side();
	older_first();
	reset();
	released();
	SAY(cu.CtxDestroy(NULL));
	return 0;
}
