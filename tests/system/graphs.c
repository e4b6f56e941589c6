/* SPDX-License-Identifier: GPL-2.0-only */
/* Captures and replays, with memory that comes, goes and overflows meanwhile. */
#include "client.h"

#define PIECE (6 * MIB)

static CUstream stream, side;
static CUfunction stir, blend, stir_list;

static void launch_stir(CUdeviceptr at, uint64_t seed, CUstream in)
{
	uint64_t words = PIECE / 8;
	void *parameters[] = { &at, &words, &seed };

	SAY(cu.LaunchKernel(stir, 4, 1, 1, 32, 1, 1, 0, in, parameters, NULL));
}

static void launch_blend(CUdeviceptr to, CUdeviceptr from, CUstream in)
{
	uint64_t words = PIECE / 8;
	void *parameters[] = { &to, &from, &words };

	SAY(cu.LaunchKernel(blend, 4, 1, 1, 32, 1, 1, 0, in, parameters, NULL));
}

static CUgraphExec end_capture(void)
{
	CUgraphExec exec;
	CUgraph graph;

	SAY(cu.StreamEndCapture(stream, &graph));
	SAY(cu.GraphInstantiate(&exec, graph, 0));
	SAY(cu.GraphDestroy(graph));
	return exec;
}

/* Everything is there before the capture begins. */
static void replayed(CUstreamCaptureMode mode)
{
	CUdeviceptr a = cleared(PIECE), b = uploaded(PIECE, 1), c = cleared(PIECE);
	CUgraphExec exec;

	SAY(cu.StreamBeginCapture(stream, mode));
	launch_stir(a, 1, stream);
	SAY(cu.MemcpyDtoDAsync(c, a, PIECE, stream));
	launch_blend(a, b, stream);
	SAY(cu.MemsetD32Async(c + MIB, 0x12345678, MIB / 4, stream));
	launch_blend(c, a, stream);
	exec = end_capture();
	for (int i = 0; i < 3; i++)
		SAY(cu.GraphLaunch(exec, stream));
	MUST(cu.StreamSynchronize(stream));
	show("a", a, PIECE);
	show("c", c, PIECE);
	/* Memory that comes now moves what the graph was made with. */
	for (int i = 0; i < 4; i++) {
		CUdeviceptr more = cleared(PIECE);

		launch_stir(more, 9, stream);
		SAY(cu.GraphLaunch(exec, stream));
		MUST(cu.StreamSynchronize(stream));
		show("more", more, PIECE);
		SAY(cu.MemFree(more));
	}
	show("a", a, PIECE);
	show("b", b, PIECE);
	show("c", c, PIECE);
	SAY(cu.GraphUpload(exec, stream));
	SAY(cu.GraphExecDestroy(exec));
	SAY(cu.MemFree(a));
	SAY(cu.MemFree(b));
	SAY(cu.MemFree(c));
}

/* As allocators do that serve a capture: in relaxed mode, inside. */
static void allocated_inside(void)
{
	CUstreamCaptureMode mode = CU_STREAM_CAPTURE_MODE_RELAXED;
	CUdeviceptr before = uploaded(PIECE, 2), old = cleared(PIECE), a, b;
	CUgraphExec exec;

	SAY(cu.StreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
	MUST(cu.ThreadExchangeStreamCaptureMode(&mode));
	SAY(cu.MemAlloc(&a, PIECE));
	SAY(cu.MemAlloc(&b, PIECE));
	MUST(cu.ThreadExchangeStreamCaptureMode(&mode));
	SAY(cu.MemsetD8Async(a, 3, PIECE, stream));
	SAY(cu.MemcpyDtoDAsync(b, before, PIECE, stream));
	launch_blend(a, b, stream);
	mode = CU_STREAM_CAPTURE_MODE_RELAXED;
	MUST(cu.ThreadExchangeStreamCaptureMode(&mode));
	printf("~%d\n", cu.MemFree(old));
	MUST(cu.ThreadExchangeStreamCaptureMode(&mode));
	launch_stir(a, 5, stream);
	exec = end_capture();
	SAY(cu.GraphLaunch(exec, stream));
	SAY(cu.GraphLaunch(exec, stream));
	MUST(cu.StreamSynchronize(stream));
	show("a", a, PIECE);
	show("b", b, PIECE);
	SAY(cu.GraphExecDestroy(exec));
	SAY(cu.MemFree(a));
	SAY(cu.MemFree(b));
	SAY(cu.MemFree(before));
}

/* Memory that no call names, and that nothing has touched when it is met. */
static void met_by_a_replay(void)
{
	uint64_t words = PIECE / 8, count = 2;
	CUdeviceptr weights = uploaded(PIECE, 3), at[2], list;
	void *parameters[] = { &list, &count, &words };
	CUgraphExec exec;

	MUST(cu.MemAlloc(&list, sizeof(at)));
	SAY(cu.StreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
	SAY(cu.LaunchKernel(stir_list, 4, 1, 1, 32, 1, 1, 0, stream, parameters,
			    NULL));
	exec = end_capture();
	for (int i = 0; i < 2; i++)
		SAY(cu.MemAlloc(&at[i], PIECE));
	MUST(cu.MemcpyHtoD(list, at, sizeof(at)));
	MUST(cu.CtxSynchronize());
	SAY(cu.GraphLaunch(exec, stream));
	SAY(cu.StreamSynchronize(stream));
	for (int i = 0; i < 2; i++)
		MUST(cu.MemsetD8(at[i], 1, PIECE));
	MUST(cu.CtxSynchronize());
	SAY(cu.GraphLaunch(exec, stream));
	SAY(cu.StreamSynchronize(stream));
	for (int i = 0; i < 2; i++) {
		show("met", at[i], PIECE);
		SAY(cu.MemFree(at[i]));
	}
	show("weights", weights, PIECE);
	SAY(cu.MemFree(weights));
	SAY(cu.MemFree(list));
	SAY(cu.GraphExecDestroy(exec));
}

/* Another stream goes on working and allocating while one captures. */
static void beside(void)
{
	CUdeviceptr a = cleared(PIECE), b = cleared(PIECE), c;
	CUgraphExec exec;

	SAY(cu.StreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_RELAXED));
	launch_stir(a, 1, stream);
	launch_stir(b, 2, side);
	SAY(cu.MemAlloc(&c, PIECE));
	SAY(cu.MemsetD8Async(c, 1, PIECE, side));
	launch_blend(b, c, side);
	launch_stir(a, 3, stream);
	exec = end_capture();
	MUST(cu.StreamSynchronize(side));
	show("b", b, PIECE);
	SAY(cu.GraphLaunch(exec, stream));
	MUST(cu.StreamSynchronize(stream));
	show("a", a, PIECE);
	show("c", c, PIECE);
	SAY(cu.GraphExecDestroy(exec));
	SAY(cu.MemFree(a));
	SAY(cu.MemFree(b));
	SAY(cu.MemFree(c));
}

/* Memory that the graph itself makes. */
static void owned_by_the_graph(void)
{
	CUdeviceptr result = cleared(PIECE), p;
	CUgraphExec exec;

	SAY(cu.StreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
	SAY(cu.MemAllocAsync(&p, PIECE, stream));
	SAY(cu.MemsetD8Async(p, 7, PIECE, stream));
	launch_blend(result, p, stream);
	SAY(cu.MemFreeAsync(p, stream));
	exec = end_capture();
	SAY(cu.GraphLaunch(exec, stream));
	SAY(cu.GraphLaunch(exec, stream));
	MUST(cu.StreamSynchronize(stream));
	show("result", result, PIECE);
	SAY(cu.GraphExecDestroy(exec));
	SAY(cu.MemFree(result));
}

/* What breaks a capture without us breaks it with us, and nothing else does. */
static void broken(void)
{
	CUstreamCaptureStatus status;
	CUgraph graph = NULL;
	CUdeviceptr p = cleared(PIECE);

	SAY(cu.StreamEndCapture(stream, &graph));
	SAY(cu.StreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
	SAY(cu.StreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
	SAY(cu.StreamSynchronize(stream));
	SAY(cu.StreamIsCapturing(stream, &status));
	printf("status %d\n", status);
	SAY(cu.StreamEndCapture(stream, &graph));
	SAY(cu.StreamIsCapturing(stream, &status));
	printf("status %d\n", status);
	SAY(cu.MemsetD8Async(p, 5, PIECE, stream));
	launch_stir(p, 1, stream);
	SAY(cu.StreamSynchronize(stream));
	show("afterwards", p, PIECE);
	SAY(cu.MemFree(p));
}

/* A stream that ends in the middle of its capture takes nothing with it. */
static void abandoned(void)
{
	CUdeviceptr p = uploaded(PIECE, 6), more[4];
	CUstream short_lived;

	MUST(cu.StreamCreate(&short_lived, CU_STREAM_NON_BLOCKING));
	SAY(cu.StreamBeginCapture(short_lived, CU_STREAM_CAPTURE_MODE_RELAXED));
	launch_stir(p, 1, short_lived);
	SAY(cu.StreamDestroy(short_lived));
	for (int i = 0; i < 4; i++) {
		SAY(cu.MemAlloc(&more[i], PIECE));
		SAY(cu.MemsetD8(more[i], (unsigned char)i, PIECE));
		SAY(cu.CtxSynchronize());
	}
	show("untouched", p, PIECE);
	for (int i = 0; i < 4; i++) {
		show("more", more[i], PIECE);
		SAY(cu.MemFree(more[i]));
	}
	SAY(cu.MemFree(p));
}

int main(void)
{
	CUmodule module;

	open_gpu();
	module = load_kernels();
	stir = kernel(module, "stir");
	blend = kernel(module, "blend");
	stir_list = kernel(module, "stir_list");
	MUST(cu.StreamCreate(&stream, CU_STREAM_NON_BLOCKING));
	MUST(cu.StreamCreate(&side, CU_STREAM_NON_BLOCKING));
	replayed(CU_STREAM_CAPTURE_MODE_GLOBAL);
	replayed(CU_STREAM_CAPTURE_MODE_RELAXED);
	allocated_inside();
	met_by_a_replay();
	beside();
	owned_by_the_graph();
	broken();
	abandoned();
	replayed(CU_STREAM_CAPTURE_MODE_THREAD_LOCAL);
	return 0;
}
