/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernels that find their memory in every way in which parameters are passed,
 * while the memory has never been touched, or lies where it did not fit.
 */
#include <string.h>

#include "client.h"

#define PIECE (6 * MIB)

static CUmodule module;
static CUstream stream;

/* Memory that no call has touched yet; its contents are made by the kernel. */
static CUdeviceptr fresh(void)
{
	CUdeviceptr p;

	MUST(cu.MemAlloc(&p, PIECE));
	return p;
}

static CUdeviceptr zeroed(void)
{
	CUdeviceptr p = fresh();

	MUST(cu.MemsetD8(p, 0, PIECE));
	return p;
}

static void finish(const char *name, CUdeviceptr p)
{
	MUST(cu.CtxSynchronize());
	show(name, p, PIECE);
}

static void plain(CUdeviceptr *kept)
{
	CUfunction blend = kernel(module, "blend"), stir = kernel(module, "stir");
	CUdeviceptr to = zeroed(), from = uploaded(PIECE, 1);
	uint64_t words = PIECE / 8, seed = 4;
	void *two[] = { &to, &from, &words }, *one[] = { &to, &words, &seed };

	SAY(cu.LaunchKernel(blend, 4, 1, 1, 32, 1, 1, 0, stream, two, NULL));
	SAY(cu.LaunchKernel(stir, 4, 1, 1, 32, 1, 1, 0, stream, one, NULL));
	finish("plain", to);
	kept[0] = to;
	kept[1] = from;
}

static void packed(CUdeviceptr *kept)
{
	CUfunction stir = kernel(module, "stir");
	CUdeviceptr to = zeroed();
	uint64_t block[3] = { to, PIECE / 8, 5 };
	size_t size = sizeof(block);
	void *extra[] = { CU_LAUNCH_PARAM_BUFFER_POINTER, block,
			  CU_LAUNCH_PARAM_BUFFER_SIZE, &size, CU_LAUNCH_PARAM_END };

	SAY(cu.LaunchKernel(stir, 4, 1, 1, 32, 1, 1, 0, stream, NULL, extra));
	finish("packed", to);
	kept[2] = to;
}

static void structs(CUdeviceptr *kept)
{
	struct {
		uint32_t seed;
		uint64_t to, words;
	} job = { 7, zeroed(), PIECE / 8 };
	uint64_t map[16] = { zeroed(), 99 }, words = PIECE / 8;
	uint32_t before = 2, behind = 3;
	void *in_job[] = { &before, &job, &behind }, *in_map[] = { map, &words };

	SAY(cu.LaunchKernel(kernel(module, "stir_job"), 4, 1, 1, 32, 1, 1, 0,
			    NULL, in_job, NULL));
	finish("in a struct", job.to);
	SAY(cu.LaunchKernel(kernel(module, "stir_map"), 4, 1, 1, 32, 1, 1, 0,
			    NULL, in_map, NULL));
	finish("in a map", map[0]);
	kept[3] = job.to;
	kept[4] = map[0];
}

/* The launch names the list alone. */
static void hidden(CUdeviceptr *kept)
{
	uint64_t words = PIECE / 8, count = 3;
	CUdeviceptr at[3], list;
	void *parameters[] = { &list, &count, &words };

	for (int i = 0; i < 3; i++)
		at[i] = zeroed();
	MUST(cu.MemAlloc(&list, sizeof(at)));
	MUST(cu.MemcpyHtoD(list, at, sizeof(at)));
	SAY(cu.LaunchKernel(kernel(module, "stir_list"), 4, 1, 1, 32, 1, 1, 0,
			    stream, parameters, NULL));
	for (int i = 0; i < 3; i++)
		finish("hidden", at[i]);
	memcpy(&kept[5], at, sizeof(at));
}

/* Hidden memory that nothing has touched before the launch does. */
static void hidden_and_fresh(void)
{
	uint64_t words = PIECE / 8, count = 2, seed = 1;
	CUdeviceptr at[2] = { fresh(), fresh() }, list;
	void *parameters[] = { &list, &count, &words };
	void *first[] = { &at[0], &words, &seed },
	     *second[] = { &at[1], &words, &seed };
	CUfunction stir = kernel(module, "stir");
	char zeros[64] = { 0 };

	MUST(cu.MemAlloc(&list, sizeof(at)));
	MUST(cu.MemcpyHtoD(list, at, sizeof(at)));
	SAY(cu.LaunchKernel(kernel(module, "stir_list"), 4, 1, 1, 32, 1, 1, 0,
			    stream, parameters, NULL));
	SAY(cu.CtxSynchronize());
	/* What was in there is not known, so it is made known. */
	for (int i = 0; i < 2; i++)
		MUST(cu.MemsetD8(at[i], 0, PIECE));
	MUST(cu.MemcpyHtoD(at[0] + 100, zeros, sizeof(zeros)));
	SAY(cu.LaunchKernel(stir, 4, 1, 1, 32, 1, 1, 0, NULL, first, NULL));
	SAY(cu.LaunchKernel(stir, 4, 1, 1, 32, 1, 1, 0, NULL, second, NULL));
	finish("first", at[0]);
	finish("second", at[1]);
	MUST(cu.MemFree(at[0]));
	MUST(cu.MemFree(at[1]));
}

static void other_calls(CUdeviceptr to)
{
	CUfunction stir = kernel(module, "stir");
	uint64_t words = PIECE / 8, seed = 11;
	void *parameters[] = { &to, &words, &seed };
	CUlaunchConfig config = { 4, 1, 1, 32, 1, 1, 0, stream, NULL, 0 };

	SAY(cu.LaunchKernelEx(&config, stir, parameters, NULL));
	MUST(cu.StreamSynchronize(stream));
	SAY(cu.LaunchCooperativeKernel(stir, 4, 1, 1, 32, 1, 1, 0, stream,
				       parameters));
	finish("others", to);
	SAY(cu.FuncSetBlockShape(stir, 32, 1, 1));
	SAY(cu.ParamSetSize(stir, 24));
	SAY(cu.ParamSetv(stir, 0, &to, 8));
	SAY(cu.ParamSetv(stir, 8, &words, 8));
	SAY(cu.ParamSetv(stir, 16, &seed, 8));
	SAY(cu.LaunchGrid(stir, 4, 1));
	SAY(cu.LaunchGridAsync(stir, 4, 1, stream));
	finish("set one by one", to);
}

static void nonsense(CUdeviceptr to)
{
	CUfunction stir = kernel(module, "stir");
	uint64_t words = 1, seed = 1;
	void *parameters[] = { &to, &words, &seed };
	void *nothing[] = { CU_LAUNCH_PARAM_END };

	SAY(cu.LaunchKernel(NULL, 4, 1, 1, 32, 1, 1, 0, stream, parameters, NULL));
	SAY(cu.LaunchKernel(stir, 0, 1, 1, 32, 1, 1, 0, stream, parameters, NULL));
	SAY(cu.LaunchKernel(stir, 4, 1, 1, 4096, 1, 1, 0, stream, parameters, NULL));
	SAY(cu.LaunchKernel(stir, 4, 1, 1, 32, 1, 1, 0, stream, NULL, nothing));
	SAY(cu.LaunchKernelEx(NULL, stir, parameters, NULL));
	SAY(cu.CtxSynchronize());
}

/* A kernel that runs into freed memory is the program's fault, for good. */
static void into_a_hole(CUdeviceptr gone)
{
	CUfunction stir = kernel(module, "stir");
	uint64_t words = PIECE / 8, seed = 1;
	void *parameters[] = { &gone, &words, &seed };
	CUdeviceptr p, untouched, live = uploaded(8 * MIB, 1);
	char *host = pageable(8 * MIB, 2);

	MUST(cu.MemFree(gone));
	MUST(cu.MemAlloc(&untouched, 8 * MIB));
	SAY(cu.LaunchKernel(stir, 4, 1, 1, 32, 1, 1, 0, stream, parameters, NULL));
	SAY(cu.CtxSynchronize());
	SAY(cu.CtxSynchronize());
	SAY(cu.MemcpyHtoD(untouched, host, 8 * MIB));
	SAY(cu.MemsetD8(untouched, 1, 8 * MIB));
	SAY(cu.MemcpyDtoH(host, untouched, 8));
	/* Not asked of the driver where memory is decided upon at its touch. */
	printf("~%d\n", cu.MemAlloc(&p, 8 * MIB));
	SAY(cu.MemAlloc(&p, 100));
	SAY(cu.MemcpyHtoD(live, host, 8 * MIB));
	SAY(cu.MemcpyHtoD(live, host, 8));
	SAY(cu.MemcpyDtoH(host, live, 8));
	SAY(cu.MemsetD8(live, 1, 8 * MIB));
	SAY(cu.LaunchKernel(stir, 4, 1, 1, 32, 1, 1, 0, stream, parameters, NULL));
	SAY(cu.MemFree(live));
	SAY(cu.MemFree(untouched));
	SAY(cu.StreamSynchronize(stream));
}

int main(void)
{
	CUdeviceptr kept[8];

	open_gpu();
	module = load_kernels();
	MUST(cu.StreamCreate(&stream, CU_STREAM_DEFAULT));
	plain(kept);
	packed(kept);
	structs(kept);
	hidden(kept);
	hidden_and_fresh();
	other_calls(kept[2]);
	nonsense(kept[0]);
	for (int i = 0; i < 8; i++)
		finish("kept", kept[i]);
	into_a_hole(kept[5]);
	return 0;
}
