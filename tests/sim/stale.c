/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Handles that are used after their end, or their context's: the process dies,
 * or (GREENBOOST_SIM_STALE=error) the call fails.
 */
#include <signal.h>

#include <greenboost/kernel.h>

#include "sim_test.h"

CUresult cuTexObjectDestroy(CUtexObject);

GB_KERNEL(does_nothing, (int, nothing))
{
	(void)nothing;
}

static struct {
	CUcontext context;
	CUstream stream;
	CUevent event;
	CUmodule module;
	CUfunction function;
	CUarray array;
	CUmipmappedArray mipmap;
	CUtexObject texture;
	CUgraphExec graph;
} made;

static const char ptx[] =
	".version 7.0\n.target sm_70\n.address_size 64\n"
	".visible .entry does_nothing(.param .u32 nothing)\n{\n\tret;\n}\n";

static CUresult launch_it(CUstream stream)
{
	int nothing = 0;
	void *parameters[] = { &nothing };

	return launch(made.function, stream, parameters);
}

static void make_graph(void)
{
	CUgraph graph;

	OK(cuStreamBeginCapture_v2(made.stream, CU_STREAM_CAPTURE_MODE_RELAXED));
	OK(launch_it(made.stream));
	OK(cuStreamEndCapture(made.stream, &graph));
	OK(cuGraphInstantiateWithFlags(&made.graph, graph, 0));
}

static void make_texture(void)
{
	CUDA_RESOURCE_DESC resource = { .resType = CU_RESOURCE_TYPE_ARRAY };
	char sampling[256] = { 0 };

	resource.res.linear.devPtr = (CUdeviceptr)made.array;
	OK(cuTexObjectCreate(&made.texture, &resource, (void *)sampling, NULL));
}

static void make(void)
{
	CUDA_ARRAY3D_DESCRIPTOR shape = {
		.Width = 64, .Height = 4, .Format = 0x01, .NumChannels = 1
	};

	OK(cuStreamCreate(&made.stream, CU_STREAM_NON_BLOCKING));
	OK(cuEventCreate(&made.event, 0));
	OK(cuModuleLoadData(&made.module, ptx));
	OK(cuModuleGetFunction(&made.function, made.module, "does_nothing"));
	OK(cuArray3DCreate_v2(&made.array, &shape));
	OK(cuMipmappedArrayCreate(&made.mipmap, &shape, 2));
	make_texture();
	make_graph();
}

/* All of them, and then the end of their context, with another one current. */
static void make_and_destroy(void)
{
	start();
	OK(cuCtxCreate_v2(&made.context, 0, 0));
	make();
	OK(cuCtxDestroy_v2(made.context));
}

static void use_stream(void)
{
	cuStreamDestroy_v2(made.stream);
}

static void use_stream_for_work(void)
{
	cuMemsetD32Async(words(1, 0), 1, 1, made.stream);
}

static void use_event(void)
{
	cuEventQuery(made.event);
}

static void use_module(void)
{
	cuModuleUnload(made.module);
}

static void use_function(void)
{
	launch_it(NULL);
}

static void use_array(void)
{
	cuArrayDestroy(made.array);
}

static void use_mipmap(void)
{
	cuMipmappedArrayDestroy(made.mipmap);
}

static void use_texture(void)
{
	cuTexObjectDestroy(made.texture);
}

static void use_graph(void)
{
	cuGraphLaunch(made.graph, NULL);
	cuCtxSynchronize();
}

static void push(void)
{
	cuCtxPushCurrent_v2(made.context);
}

static void set(void)
{
	cuCtxSetCurrent(made.context);
}

static void destroy_again(void)
{
	cuCtxDestroy_v2(made.context);
}

static void (*const uses[])(void) = {
	use_stream, use_stream_for_work, use_event,   use_module, use_function,
	use_array,  use_mipmap,		 use_texture, use_graph,  push,
	set,	    destroy_again,
};
#define USES (sizeof(uses) / sizeof(uses[0]))

static void (*use)(void);

static void after_destroy(void)
{
	make_and_destroy();
	use();
}

static void primary(void)
{
	OK(cuInit(0));
	OK(cuDevicePrimaryCtxRetain(&made.context, 0));
	OK(cuCtxSetCurrent(made.context));
	make();
}

static void after_release(void)
{
	primary();
	OK(cuDevicePrimaryCtxRelease_v2(0));
	start();
	use();
}

static void after_reset(void)
{
	primary();
	OK(cuDevicePrimaryCtxReset_v2(0));
	start();
	use();
}

/* By itself, in a context that lives. */
static void destroyed_stream(void)
{
	start();
	OK(cuStreamCreate(&made.stream, 0));
	OK(cuStreamDestroy_v2(made.stream));
	use_stream();
}

/* With work in it: what it names is there still, and nobody's. */
static void stream_that_works(void)
{
	CUstream other;

	start();
	OK(cuStreamCreate(&other, CU_STREAM_NON_BLOCKING));
	OK(cuStreamCreate(&made.stream, CU_STREAM_NON_BLOCKING));
	OK(cuStreamWaitValue32(made.stream, words(1, 0), 1, 0));
	OK(cuStreamDestroy_v2(made.stream));
	use_stream();
}

static void destroyed_event(void)
{
	start();
	OK(cuEventCreate(&made.event, 0));
	OK(cuEventDestroy_v2(made.event));
	use_event();
}

static void unloaded_module(void)
{
	start();
	OK(cuModuleLoadData(&made.module, ptx));
	OK(cuModuleGetFunction(&made.function, made.module, "does_nothing"));
	OK(cuModuleUnload(made.module));
	use_function();
}

/* The current context may end: its thread is told so, however it is set. */
static void current_context(void)
{
	CUdeviceptr at;

	primary();
	OK(cuDevicePrimaryCtxRelease_v2(0));
	WANT(CUDA_ERROR_CONTEXT_IS_DESTROYED, cuMemAlloc_v2(&at, 4));
	OK(cuCtxPopCurrent_v2(NULL));
	start();
	OK(cuMemAlloc_v2(&at, 4));
}

/* What no context owns, and what was never a handle, is refused as ever. */
static void others(void)
{
	CUmemGenericAllocationHandle handle;
	long never[16] = { 0 };
	CUdeviceptr at;

	start();
	at = map_new(2 << 20, CU_MEM_LOCATION_TYPE_DEVICE, &handle);
	OK(cuMemUnmap(at, 2 << 20));
	OK(cuMemRelease(handle));
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemRelease(handle));
	WANT(CUDA_ERROR_INVALID_HANDLE, cuStreamDestroy_v2((CUstream)never));
	WANT(CUDA_ERROR_INVALID_HANDLE, cuEventQuery((CUevent)never));
}

/* Arrays, and all else, give their memory back with their context. */
static void memory_comes_back(void)
{
	size_t before, after, total;

	start();
	OK(cuMemGetInfo_v2(&before, &total));
	for (int i = 0; i < 3; i++) {
		OK(cuCtxCreate_v2(&made.context, 0, 0));
		make();
		OK(cuCtxDestroy_v2(made.context));
	}
	OK(cuMemGetInfo_v2(&after, &total));
	TRUE_(before == after);
}

/* A context that ends in the middle of a capture takes that with it. */
static void capture_ends(void)
{
	start();
	OK(cuCtxCreate_v2(&made.context, 0, 0));
	OK(cuStreamCreate(&made.stream, CU_STREAM_NON_BLOCKING));
	OK(cuStreamBeginCapture_v2(made.stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
	OK(cuCtxDestroy_v2(made.context));
	OK(cuMemFree_v2(words(1, 0))); /* which no global capture allows */
}

static void test_every_use_is_death(void **state)
{
	void (*const ends[])(void) = { after_destroy, after_release, after_reset };

	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; k < USES; k++) {
			use = uses[k];
			assert_int_equal(run(ends[i], NULL), 256 + SIGABRT);
		}
	assert_int_equal(run(destroyed_stream, NULL), 256 + SIGABRT);
	assert_int_equal(run(stream_that_works, NULL), 256 + SIGABRT);
	assert_int_equal(run(destroyed_event, NULL), 256 + SIGABRT);
	assert_int_equal(run(unloaded_module, NULL), 256 + SIGABRT);
}

static void test_or_an_error(void **state)
{
	for (size_t k = 0; k < USES; k++) {
		use = uses[k];
		assert_int_equal(run(after_destroy, "GREENBOOST_SIM_STALE=error"),
				 0);
	}
}

SCENARIO(current_context, NULL)
SCENARIO(others, NULL)
SCENARIO(memory_comes_back, NULL)
SCENARIO(capture_ends, NULL)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_current_context),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_memory_comes_back),
		cmocka_unit_test(test_capture_ends),
		cmocka_unit_test(test_every_use_is_death),
		cmocka_unit_test(test_or_an_error),
	};

	expect_complaints();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
