/* SPDX-License-Identifier: GPL-2.0-only */
/* Every way to launch, every kind of parameter, and layouts read from PTX. */
#include <greenboost/kernel.h>

#include "sim_test.h"

struct three {
	uint32_t *to;
	uint16_t a;
	uint32_t b;
};

GB_KERNEL(by_value, (uint8_t, first), (struct three, three), (double, d))
{
	*three.to = first + three.a + three.b + (uint32_t)d;
}

GB_KERNEL_THREADS(numbers, (uint32_t *, to))
{
	uint32_t block = gb_block_y() * gb_grid_dim_x() + gb_block_x();
	uint32_t thread = gb_thread_z() * gb_block_dim_x() + gb_thread_x();

	to[block * gb_block_dim_x() * gb_block_dim_z() + thread] +=
		block * 100 + thread;
}

struct map {
	_Alignas(64) uint64_t opaque[16];
};

GB_KERNEL(through_map, (struct map, map))
{
	*(uint32_t *)map.opaque[0] = 11;
}

GB_KERNEL(through_array, (uint32_t **, rows), (uint32_t, count))
{
	GB_GRID_STRIDE(i, count)
	*rows[i] = (uint32_t)i + 1;
}

GB_GLOBAL(uint32_t, counter);

GB_KERNEL(count)
{
	gb_atomic_add(&gb_global(counter), 1);
}

#define BY_VALUE ".param .u8 a, .param .align 8 .b8 b[16], .param .f64 c"

static void layout_from_ptx(void)
{
	static const size_t offsets[] = { 0, 8, 24 }, sizes[] = { 1, 16, 8 };
	size_t offset, size;
	CUfunction f;

	start();
	f = load("by_value", BY_VALUE);
	for (int i = 0; i < 3; i++) {
		OK(cuFuncGetParamInfo(f, i, &offset, &size));
		TRUE_(offset == offsets[i] && size == sizes[i]);
		OK(cuKernelGetParamInfo((CUkernel)f, i, &offset, NULL));
		TRUE_(offset == offsets[i]);
	}
	WANT(CUDA_ERROR_INVALID_VALUE, cuFuncGetParamInfo(f, 3, &offset, &size));
}

static void every_call(void)
{
	struct {
		uint8_t first;
		_Alignas(8) struct three three;
		double d;
	} block = { 1, { NULL, 2, 3 }, 4 };
	size_t bytes = sizeof(block), short_by_one = sizeof(block) - 1;
	void *parameters[] = { &block.first, &block.three, &block.d };
	void *extra[] = { CU_LAUNCH_PARAM_BUFFER_POINTER, &block,
			  CU_LAUNCH_PARAM_BUFFER_SIZE, &bytes,
			  CU_LAUNCH_PARAM_END };
	CUlaunchConfig config = { 1, 1, 1, 1, 1, 1, 0, NULL, NULL, 0 };
	CUDA_LAUNCH_PARAMS multi = { NULL, 1, 1, 1, 1, 1, 1, 0, NULL, parameters };
	CUdeviceptr at;
	CUfunction f;

	start();
	f = load("by_value", BY_VALUE);
	at = words(6, 0);
	block.three.to = (uint32_t *)at;
	OK(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, NULL, parameters, NULL));
	block.three.to++;
	OK(cuLaunchKernel_ptsz(f, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, extra));
	block.three.to++;
	OK(cuLaunchKernelEx(&config, f, NULL, extra));
	block.three.to++;
	OK(cuLaunchCooperativeKernel(f, 1, 1, 1, 1, 1, 1, 0, NULL, parameters));
	block.three.to++;
	multi.function = f;
	OK(cuLaunchCooperativeKernelMultiDevice(&multi, 1, 0));
	block.three.to++;
	OK(cuFuncSetBlockShape(f, 1, 1, 1));
	OK(cuParamSetv(f, 0, &block, sizeof(block)));
	OK(cuParamSetSize(f, sizeof(block)));
	OK(cuLaunchGrid(f, 1, 1));
	OK(cuCtxSynchronize());
	for (int i = 0; i < 6; i++)
		TRUE_(word(at + 4 * i) == 10);
	extra[3] = &short_by_one;
	WANT(CUDA_ERROR_INVALID_VALUE,
	     cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, extra));
	WANT(CUDA_ERROR_INVALID_VALUE,
	     cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, NULL, parameters, extra));
	WANT(CUDA_ERROR_INVALID_VALUE,
	     cuLaunchKernel(f, 0, 1, 1, 1, 1, 1, 0, NULL, parameters, NULL));
	WANT(CUDA_ERROR_INVALID_VALUE,
	     cuLaunchKernel(f, 1, 1, 1, 1025, 1, 1, 0, NULL, parameters, NULL));
}

static void blocks_and_threads(void)
{
	CUdeviceptr at;
	CUfunction f;
	void *parameters[] = { &at };

	start();
	f = load("numbers", ".param .u64 .ptr .global .align 4 to");
	at = words(48, 0);
	OK(cuLaunchKernel(f, 3, 2, 1, 4, 1, 2, 0, NULL, parameters, NULL));
	for (uint32_t i = 0; i < 48; i++)
		TRUE_(word(at + 4 * i) == i / 8 * 100 + i % 8);
}

static void hidden_pointers(void)
{
	CUdeviceptr at, rows, list[4];
	CUtensorMap map = { { 0 } };
	uint32_t count = 4;
	void *map_parameter[] = { &map };
	void *row_parameters[] = { &rows, &count };

	start();
	at = words(4, 0);
	map.opaque[0] = at + 8;
	OK(launch(load("through_map", ".param .align 64 .b8 m[128]"), NULL,
		  map_parameter));
	TRUE_(word(at + 8) == 11);
	for (int i = 0; i < 4; i++)
		list[i] = at + 4 * (3 - i);
	rows = words(8, 0);
	OK(cuMemcpyHtoD_v2(rows, list, sizeof(list)));
	OK(launch(load("through_array", ".param .u64 r, .param .u32 n"), NULL,
		  row_parameters));
	for (int i = 0; i < 4; i++)
		TRUE_(word(at + 4 * i) == (uint32_t)(4 - i));
}

static void globals(void)
{
	static const char ptx[] = "// a comment\n.version 7.0\n.target sm_70\n"
				  ".visible .global .align 4 .u32 counter = 5;\n"
				  ".global .align 4 .b8 table[12] = {1, 2, 3};\n"
				  ".extern .global .u32 elsewhere;\n"
				  ".visible .entry count()\n{ /* } */ ret; }\n";
	CUdeviceptr at;
	CUfunction f;
	CUmodule module;
	size_t bytes;

	start();
	OK(cuModuleLoadData(&module, ptx));
	OK(cuModuleGetGlobal_v2(&at, &bytes, module, "counter"));
	TRUE_(bytes == 4 && word(at) == 5);
	OK(cuModuleGetFunction(&f, module, "count"));
	OK(launch(f, NULL, NULL));
	TRUE_(word(at) == 6);
	OK(cuModuleGetGlobal_v2(&at, &bytes, module, "table"));
	TRUE_(bytes == 12 && word(at) == 0x030201);
	WANT(CUDA_ERROR_NOT_FOUND,
	     cuModuleGetGlobal_v2(&at, &bytes, module, "elsewhere"));
	WANT(CUDA_ERROR_NOT_FOUND, cuModuleGetFunction(&f, module, "none"));
	OK(cuModuleUnload(module));
	WANT(CUDA_ERROR_INVALID_HANDLE, cuModuleUnload(module));
}

static void images_that_are_not_ptx(void)
{
	CUlibrary library;
	CUkernel kernel;
	CUfunction f;
	CUmodule module;

	start();
	WANT(CUDA_ERROR_INVALID_IMAGE, cuModuleLoadData(&module, "\177ELF"));
	WANT(CUDA_ERROR_INVALID_IMAGE,
	     cuModuleLoadData(&module, ".version 7.0 .entry f("));
	WANT(CUDA_ERROR_INVALID_VALUE, cuModuleLoadData(&module, NULL));
	WANT(CUDA_ERROR_FILE_NOT_FOUND, cuModuleLoad(&module, "/nonexistent"));
	OK(cuLibraryLoadData(&library, ".version 7.0 .entry no_code() { }", 0,
			     0, 0, 0, 0, 0));
	OK(cuLibraryGetKernel(&kernel, library, "no_code"));
	OK(cuKernelGetFunction(&f, kernel));
	WANT(CUDA_ERROR_NOT_SUPPORTED, launch(f, NULL, NULL)); /* no host function */
	WANT(CUDA_ERROR_NOT_SUPPORTED,
	     launch(load("count", ".param .u32 extra"), NULL, NULL));
}

SCENARIO(layout_from_ptx, NULL)
SCENARIO(every_call, NULL)
SCENARIO(blocks_and_threads, NULL)
SCENARIO(hidden_pointers, NULL)
SCENARIO(globals, "GREENBOOST_SIM_STALE=error")
SCENARIO(images_that_are_not_ptx, NULL)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout_from_ptx),
		cmocka_unit_test(test_every_call),
		cmocka_unit_test(test_blocks_and_threads),
		cmocka_unit_test(test_hidden_pointers),
		cmocka_unit_test(test_globals),
		cmocka_unit_test(test_images_that_are_not_ptx),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
