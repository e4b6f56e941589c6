/* SPDX-License-Identifier: GPL-2.0-only */
/* The PTX that clang made of kernels.c leads to the same source's host code. */
#include "sim_test.h"

#include "kernels.ptx.h"

static void from_one_source(void)
{
	struct {
		CUdeviceptr at;
		uint64_t count;
	} y;
	float host[100], a = 2;
	CUdeviceptr x;
	CUfunction f;
	CUmodule module;
	void *parameters[] = { &y, &x, &a };

	start();
	OK(cuModuleLoadData(&module, kernels_ptx));
	OK(cuModuleGetFunction(&f, module, "axpy"));
	for (int i = 0; i < 100; i++)
		host[i] = (float)i;
	y.at = words(100, 0);
	y.count = 100;
	x = words(100, 0);
	OK(cuMemcpyHtoD_v2(y.at, host, sizeof(host)));
	OK(cuMemcpyHtoD_v2(x, host, sizeof(host)));
	OK(cuLaunchKernel(f, 4, 1, 1, 32, 1, 1, 0, NULL, parameters, NULL));
	OK(cuMemcpyDtoH_v2(host, y.at, sizeof(host)));
	for (int i = 0; i < 100; i++)
		TRUE_(host[i] == 3 * (float)i);
}

SCENARIO(from_one_source, NULL)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_from_one_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
