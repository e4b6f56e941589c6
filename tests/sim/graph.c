/* SPDX-License-Identifier: GPL-2.0-only */
/* Graphs, built by hand and captured. */
#include <greenboost/kernel.h>

#include "sim_test.h"

CUresult cuGraphCreate(CUgraph *, unsigned int);
CUresult cuGraphDestroy(CUgraph);
CUresult cuGraphClone(CUgraph *, CUgraph);
CUresult cuGraphNodeFindInClone(CUgraphNode *, CUgraphNode, CUgraph);
CUresult cuGraphExecDestroy(CUgraphExec);
CUresult cuGraphAddKernelNode_v2(CUgraphNode *, CUgraph, const CUgraphNode *,
				 size_t, const CUDA_KERNEL_NODE_PARAMS_v2 *);
CUresult cuGraphKernelNodeGetParams_v2(CUgraphNode, CUDA_KERNEL_NODE_PARAMS_v2 *);
CUresult cuGraphExecKernelNodeSetParams_v2(CUgraphExec, CUgraphNode,
					   const CUDA_KERNEL_NODE_PARAMS_v2 *);
CUresult cuGraphAddMemsetNode(CUgraphNode *, CUgraph, const CUgraphNode *, size_t,
			      const CUDA_MEMSET_NODE_PARAMS_v1 *, CUcontext);
CUresult cuGraphAddMemcpyNode(CUgraphNode *, CUgraph, const CUgraphNode *,
			      size_t, const CUDA_MEMCPY3D *, CUcontext);
CUresult cuGraphAddHostNode(CUgraphNode *, CUgraph, const CUgraphNode *, size_t,
			    const CUDA_HOST_NODE_PARAMS_v1 *);
CUresult cuGraphAddChildGraphNode(CUgraphNode *, CUgraph, const CUgraphNode *,
				  size_t, CUgraph);
CUresult cuGraphAddDependencies(CUgraph, const CUgraphNode *,
				const CUgraphNode *, size_t);
CUresult cuGraphGetNodes(CUgraph, CUgraphNode *, size_t *);
CUresult cuGraphGetEdges(CUgraph, CUgraphNode *, CUgraphNode *, size_t *);
CUresult cuGraphNodeGetType(CUgraphNode, CUgraphNodeType *);
CUresult cuGraphExecUpdate_v2(CUgraphExec, CUgraph, CUgraphExecUpdateResultInfo *);
CUresult cuStreamIsCapturing(CUstream, CUstreamCaptureStatus *);
CUresult cuStreamGetCaptureInfo_v2(CUstream, CUstreamCaptureStatus *, uint64_t *,
				   CUgraph *, const CUgraphNode **, size_t *);
CUresult cuThreadExchangeStreamCaptureMode(CUstreamCaptureMode *);

#define SEEDS 60

GB_KERNEL(add, (uint32_t *, to), (uint32_t, value))
{
	*to += value;
}

GB_KERNEL(multiply, (uint32_t *, to), (uint32_t, value))
{
	*to *= value;
}

#define TWO ".param .u64 a, .param .u32 b"

static CUDA_KERNEL_NODE_PARAMS_v2 kernel(CUfunction f, void **parameters)
{
	return (CUDA_KERNEL_NODE_PARAMS_v2){
		.func = f,
		.gridDimX = 1,
		.gridDimY = 1,
		.gridDimZ = 1,
		.blockDimX = 1,
		.blockDimY = 1,
		.blockDimZ = 1,
		.kernelParams = parameters,
	};
}

static bool forget_an_edge;

/* ((0 + 3) * 5) + 1, as a chain; without one edge in another order. */
static void by_hand(void)
{
	CUDA_MEMSET_NODE_PARAMS_v1 fill = { .elementSize = 4, .width = 1, .height = 1 };
	CUDA_KERNEL_NODE_PARAMS_v2 params, got;
	uint32_t value[3] = { 3, 5, 1 };
	CUgraphNode node[4], from[8], to[8];
	CUdeviceptr at;
	CUgraphExec exec;
	CUgraph graph;
	CUgraphNodeType type;
	void *parameters[] = { &at, &value[0] };
	CUfunction plus, times;
	size_t count = 8;

	start();
	plus = load("add", TWO);
	times = load("multiply", TWO);
	at = fill.dst = words(1, 99);
	OK(cuGraphCreate(&graph, 0));
	OK(cuGraphAddMemsetNode(&node[0], graph, NULL, 0, &fill, NULL));
	params = kernel(plus, parameters);
	OK(cuGraphAddKernelNode_v2(&node[1], graph, &node[0], 1, &params));
	parameters[1] = &value[1];
	params = kernel(times, parameters);
	OK(cuGraphAddKernelNode_v2(
		&node[2], graph, forget_an_edge ? &node[0] : &node[1], 1, &params));
	parameters[1] = &value[2];
	params = kernel(plus, parameters);
	OK(cuGraphAddKernelNode_v2(&node[3], graph, &node[2], 1, &params));
	value[0] = value[1] = 77; /* parameters were copied */
	OK(cuGraphGetEdges(graph, from, to, &count));
	TRUE_(count == 3);
	OK(cuGraphNodeGetType(node[0], &type));
	TRUE_(type == CU_GRAPH_NODE_TYPE_MEMSET);
	OK(cuGraphKernelNodeGetParams_v2(node[1], &got));
	TRUE_(got.func == plus && *(uint32_t *)got.kernelParams[1] == 3);
	if (!forget_an_edge) /* it would close a circle */
		WANT(CUDA_ERROR_INVALID_VALUE,
		     cuGraphAddDependencies(graph, &node[3], &node[1], 1));
	OK(cuGraphInstantiateWithFlags(&exec, graph, 0));
	OK(cuGraphDestroy(graph));
	for (int i = 0; i < 3; i++)
		OK(cuGraphLaunch(exec, NULL));
	OK(cuStreamSynchronize(NULL));
	TRUE_(word(at) == 16);
	OK(cuGraphExecDestroy(exec));
	WANT(CUDA_ERROR_INVALID_VALUE, cuGraphLaunch(exec, NULL));
}

static void updates(void)
{
	uint32_t value = 1;
	CUgraphExecUpdateResultInfo info;
	CUDA_KERNEL_NODE_PARAMS_v2 params;
	CUgraphNode node, copy, child;
	CUgraph graph, clone, outer;
	CUgraphExec exec;
	CUdeviceptr at;
	void *parameters[] = { &at, &value };

	start();
	at = words(1, 0);
	params = kernel(load("add", TWO), parameters);
	OK(cuGraphCreate(&graph, 0));
	OK(cuGraphAddKernelNode_v2(&node, graph, NULL, 0, &params));
	OK(cuGraphInstantiateWithFlags(&exec, graph, 0));
	OK(cuGraphLaunch(exec, NULL)); /* + 1 */
	value = 10;
	OK(cuGraphExecKernelNodeSetParams_v2(exec, node, &params));
	value = 77;
	OK(cuGraphLaunch(exec, NULL)); /* + 10 */
	TRUE_(word(at) == 11);
	OK(cuGraphClone(&clone, graph));
	OK(cuGraphNodeFindInClone(&copy, node, clone));
	WANT(CUDA_ERROR_INVALID_VALUE,
	     cuGraphExecKernelNodeSetParams_v2(exec, copy, &params));
	OK(cuGraphExecUpdate_v2(exec, clone, &info));
	OK(cuGraphLaunch(exec, NULL)); /* + 1 */
	TRUE_(word(at) == 12);
	OK(cuGraphCreate(&outer, 0));
	OK(cuGraphAddChildGraphNode(&child, outer, NULL, 0, graph));
	OK(cuGraphAddKernelNode_v2(&node, outer, &child, 1, &params));
	WANT(CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE,
	     cuGraphExecUpdate_v2(exec, outer, &info));
	OK(cuGraphInstantiateWithFlags(&exec, outer, 0));
	OK(cuGraphLaunch(exec, NULL)); /* + 1 + 77 */
	TRUE_(word(at) == 90);
}

static bool forget_a_join;

/* A fork to a second stream and back, replayed; the same work by hand is what
 * it must equal. */
static void captured(void)
{
	uint32_t three = 3, five = 5;
	CUdeviceptr at;
	CUstream a, b;
	CUevent event;
	CUgraph graph;
	CUgraphExec exec;
	CUgraphNode nodes[8];
	CUfunction plus, times;
	size_t count = 8;
	void *add_three[] = { &at, &three }, *times_five[] = { &at, &five };

	start();
	plus = load("add", TWO);
	times = load("multiply", TWO);
	at = words(1, 1);
	OK(cuStreamCreate(&a, CU_STREAM_NON_BLOCKING));
	OK(cuStreamCreate(&b, CU_STREAM_NON_BLOCKING));
	OK(cuEventCreate(&event, CU_EVENT_DISABLE_TIMING));
	OK(cuStreamBeginCapture_v2(a, CU_STREAM_CAPTURE_MODE_GLOBAL));
	OK(launch(plus, a, add_three));
	OK(cuEventRecord(event, a));
	OK(cuStreamWaitEvent(b, event, 0));
	OK(launch(times, b, times_five));
	OK(cuEventRecord(event, b));
	if (!forget_a_join)
		OK(cuStreamWaitEvent(a, event, 0));
	OK(launch(plus, a, add_three));
	if (forget_a_join) {
		WANT(CUDA_ERROR_STREAM_CAPTURE_UNJOINED,
		     cuStreamEndCapture(a, &graph));
		TRUE_(!graph);
		return;
	}
	OK(cuStreamEndCapture(a, &graph));
	TRUE_(word(at) == 1); /* nothing ran */
	OK(cuGraphGetNodes(graph, nodes, &count));
	TRUE_(count == 3);
	OK(cuGraphInstantiateWithFlags(&exec, graph, 0));
	OK(cuGraphLaunch(exec, b));
	OK(cuGraphLaunch(exec, a)); /* waits for the launch on b */
	OK(cuStreamSynchronize(a));
	TRUE_(word(at) == ((1 + 3) * 5 + 3 + 3) * 5 + 3);
}

static CUstream capturing(CUstreamCaptureMode mode)
{
	CUstream stream;

	OK(cuStreamCreate(&stream, 0));
	OK(cuStreamBeginCapture_v2(stream, mode));
	return stream;
}

static void is_broken(CUstream stream)
{
	CUstreamCaptureStatus status;
	CUgraph graph = (CUgraph)1;

	OK(cuStreamIsCapturing(stream, &status));
	TRUE_(status == CU_STREAM_CAPTURE_STATUS_INVALIDATED);
	WANT(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED,
	     cuStreamEndCapture(stream, &graph));
	TRUE_(!graph);
	OK(cuStreamIsCapturing(stream, &status));
	TRUE_(status == CU_STREAM_CAPTURE_STATUS_NONE);
}

static void what_breaks_a_capture(void)
{
	CUstreamCaptureMode relaxed = CU_STREAM_CAPTURE_MODE_RELAXED;
	CUdeviceptr at;
	CUevent outside;
	CUstream s, other;
	CUgraph graph;

	start();
	OK(cuEventCreate(&outside, 0));
	OK(cuEventRecord(outside, NULL));
	s = capturing(CU_STREAM_CAPTURE_MODE_GLOBAL);
	WANT(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, cuMemAlloc_v2(&at, 4));
	is_broken(s);
	s = capturing(CU_STREAM_CAPTURE_MODE_GLOBAL);
	WANT(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, cuStreamSynchronize(s));
	is_broken(s);
	s = capturing(CU_STREAM_CAPTURE_MODE_RELAXED);
	WANT(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, cuCtxSynchronize());
	is_broken(s);
	s = capturing(CU_STREAM_CAPTURE_MODE_RELAXED);
	OK(cuMemAlloc_v2(&at, 4));
	WANT(CUDA_ERROR_STREAM_CAPTURE_ISOLATION, cuStreamWaitEvent(s, outside, 0));
	is_broken(s);
	s = capturing(CU_STREAM_CAPTURE_MODE_RELAXED);
	WANT(CUDA_ERROR_STREAM_CAPTURE_IMPLICIT, cuMemsetD32Async(at, 0, 1, NULL));
	is_broken(s);
	s = capturing(CU_STREAM_CAPTURE_MODE_RELAXED);
	other = capturing(CU_STREAM_CAPTURE_MODE_RELAXED);
	OK(cuEventRecord(outside, s));
	WANT(CUDA_ERROR_CAPTURED_EVENT, cuEventQuery(outside));
	WANT(CUDA_ERROR_STREAM_CAPTURE_MERGE, cuStreamWaitEvent(other, outside, 0));
	is_broken(s);
	is_broken(other);
	s = capturing(CU_STREAM_CAPTURE_MODE_GLOBAL);
	OK(cuThreadExchangeStreamCaptureMode(&relaxed));
	TRUE_(relaxed == CU_STREAM_CAPTURE_MODE_GLOBAL);
	OK(cuMemAlloc_v2(&at, 4)); /* allowed now */
	OK(cuThreadExchangeStreamCaptureMode(&relaxed));
	WANT(CUDA_ERROR_ILLEGAL_STATE, cuStreamBeginCapture_v2(s, relaxed));
	OK(cuStreamEndCapture(s, &graph));
	WANT(CUDA_ERROR_ILLEGAL_STATE, cuStreamEndCapture(s, &graph));
	WANT(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, cuStreamBeginCapture(NULL));
}

static void count_up(void *counter)
{
	++*(int *)counter;
}

static void host_and_copy_nodes(void)
{
	int called = 0;
	CUDA_HOST_NODE_PARAMS_v1 host = { count_up, &called };
	CUDA_MEMCPY3D copy = {
		.srcMemoryType = CU_MEMORYTYPE_DEVICE,
		.dstMemoryType = CU_MEMORYTYPE_DEVICE,
		.WidthInBytes = 4,
		.Height = 1,
		.Depth = 1,
	};
	CUgraphNode first, second;
	CUgraphExec exec;
	CUgraph graph;

	start();
	copy.srcDevice = words(1, 8);
	copy.dstDevice = words(1, 0);
	OK(cuGraphCreate(&graph, 0));
	OK(cuGraphAddHostNode(&first, graph, NULL, 0, &host));
	OK(cuGraphAddMemcpyNode(&second, graph, &first, 1, &copy, NULL));
	OK(cuGraphInstantiate_v2(&exec, graph, NULL, NULL, 0));
	OK(cuGraphLaunch(exec, CU_STREAM_PER_THREAD));
	OK(cuStreamSynchronize(CU_STREAM_PER_THREAD));
	TRUE_(called == 1 && word(copy.dstDevice) == 8);
}

static void test_by_hand(void **state)
{
	int failing;

	assert_int_equal(run(by_hand, NULL), 0);
	assert_int_equal(failing_seeds(by_hand, SEEDS), 0);
	forget_an_edge = true;
	expect_complaints();
	failing = failing_seeds(by_hand, SEEDS);
	print_message("%d of %d seeds catch the missing edge\n", failing, SEEDS);
	assert_in_range(failing, 1, SEEDS);
}

static void test_captured(void **state)
{
	assert_int_equal(run(captured, NULL), 0);
	assert_int_equal(failing_seeds(captured, SEEDS), 0);
	forget_a_join = true;
	assert_int_equal(run(captured, NULL), 0);
}

SCENARIO(updates, NULL)
SCENARIO(what_breaks_a_capture, NULL)
SCENARIO(host_and_copy_nodes, NULL)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_updates),
		cmocka_unit_test(test_what_breaks_a_capture),
		cmocka_unit_test(test_host_and_copy_nodes),
		cmocka_unit_test(test_captured),
		cmocka_unit_test(test_by_hand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
