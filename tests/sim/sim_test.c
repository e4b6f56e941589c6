/* SPDX-License-Identifier: GPL-2.0-only */
#include "sim_test.h"

#include <signal.h>
#include <sys/wait.h>

static void set(const char *settings)
{
	char *copy = strdup(settings ? settings : ""), *item, *rest;

	for (item = strtok_r(copy, " ", &rest); item;
	     item = strtok_r(NULL, " ", &rest))
		putenv(strdup(item));
	free(copy);
}

int run(void (*scenario)(void), const char *settings)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		set(settings);
		alarm(20);
		signal(SIGSEGV, SIG_DFL); /* cmocka has one of its own */
		scenario();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? 256 + WTERMSIG(status) : WEXITSTATUS(status);
}

int failing_seeds(void (*scenario)(void), int seeds)
{
	char setting[64];
	int failing = 0;

	for (int i = 0; i < seeds; i++) {
		snprintf(setting, sizeof(setting), "GREENBOOST_SIM_SEED=%d", i);
		failing += run(scenario, setting) != 0;
	}
	return failing;
}

void expect_complaints(void)
{
	if (!freopen("/dev/null", "w", stderr))
		abort();
}

CUcontext start(void)
{
	CUcontext ctx;

	OK(cuInit(0));
	OK(cuCtxCreate_v2(&ctx, 0, 0));
	return ctx;
}

CUfunction load(const char *name, const char *parameters)
{
	char ptx[1024];
	CUfunction function;
	CUmodule module;

	snprintf(ptx, sizeof(ptx),
		 ".version 7.0\n.target sm_70\n.address_size 64\n"
		 ".visible .entry %s(%s)\n{\n\tret;\n}\n",
		 name, parameters);
	OK(cuModuleLoadData(&module, ptx));
	OK(cuModuleGetFunction(&function, module, name));
	return function;
}

CUdeviceptr words(size_t count, uint32_t value)
{
	CUdeviceptr at;

	OK(cuMemAlloc_v2(&at, 4 * count));
	OK(cuMemsetD32_v2(at, value, count));
	OK(cuCtxSynchronize());
	return at;
}

uint32_t word(CUdeviceptr at)
{
	uint32_t value;

	OK(cuMemcpyDtoH_v2(&value, at, sizeof(value)));
	return value;
}

CUdeviceptr map_new(size_t bytes, CUmemLocationType where,
		    CUmemGenericAllocationHandle *handle)
{
	CUmemAllocationProp prop = {
		.type = CU_MEM_ALLOCATION_TYPE_PINNED,
		.location = { where, 0 },
	};
	CUmemAccessDesc access = {
		{ CU_MEM_LOCATION_TYPE_DEVICE, 0 },
		CU_MEM_ACCESS_FLAGS_PROT_READWRITE,
	};
	CUdeviceptr at;

	OK(cuMemAddressReserve(&at, bytes, 0, 0, 0));
	OK(cuMemCreate(handle, bytes, &prop, 0));
	OK(cuMemMap(at, bytes, 0, *handle, 0));
	OK(cuMemSetAccess(at, bytes, &access, 1));
	return at;
}

CUresult launch(CUfunction function, CUstream stream, void **parameters)
{
	return cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, stream, parameters,
			      NULL);
}
