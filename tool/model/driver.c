/* SPDX-License-Identifier: GPL-2.0-only */
#include "driver.h"

#include <dlfcn.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.ptx.h"

struct driver gpu;

void driver_must(CUresult result, const char *call)
{
	const char *name = NULL;

	if (result == CUDA_SUCCESS)
		return;
	gpu.GetErrorName(result, &name);
	warnx("%.*s: %s (%d)", (int)strcspn(call, "("), call,
	      name ? name : "error", (int)result);
	exit(result == CUDA_ERROR_OUT_OF_MEMORY ? EXIT_MEMORY : 1);
}

static void find_calls(void)
{
	void *driver = dlopen("libcuda.so.1", RTLD_NOW);

	if (!driver)
		errx(1, "%s", dlerror());
#define FIND(name, symbol, parameters)                                         \
	*(void **)&gpu.name = dlsym(driver, #symbol);                          \
	if (!gpu.name)                                                         \
		errx(1, "the driver has no " #symbol);
	DRIVER_CALLS(FIND)
#undef FIND
	gpu.now = (greenboost_sim_now_fn)dlsym(driver, GREENBOOST_SIM_NOW);
	gpu.spend = (greenboost_sim_spend_fn)dlsym(driver, GREENBOOST_SIM_SPEND);
	if (!gpu.now || !gpu.spend)
		errx(1, "this is a model of a model: it runs on the simulated GPU, by way of `greenboost predict`");
}

static void load_kernels(void)
{
	CUmodule module;

	MUST(ModuleLoadData(&module, kernels_ptx));
	MUST(ModuleGetFunction(&gpu.gemm, module, "model_gemm"));
	MUST(ModuleGetFunction(&gpu.bank, module, "model_bank"));
	MUST(ModuleGetFunction(&gpu.attention, module, "model_attention"));
	MUST(ModuleGetFunction(&gpu.rest, module, "model_rest"));
}

void driver_open(void)
{
	CUcontext context;
	int count = 0;

	find_calls();
	MUST(Init(0));
	clock_begin();
	MUST(DevicePrimaryCtxRetain(&context, 0));
	MUST(CtxSetCurrent(context));
	MUST(DeviceGetAttribute(&count, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, 0));
	gpu.multiprocessors = (unsigned int)count;
	MUST(StreamCreate(&gpu.stream, CU_STREAM_NON_BLOCKING));
	load_kernels();
}

void driver_launch(CUfunction kernel, void **parameters)
{
	MUST(LaunchKernel(kernel, gpu.multiprocessors, 1, 1, 256, 1, 1, 0,
			  gpu.stream, parameters, NULL));
}
