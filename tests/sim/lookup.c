/* SPDX-License-Identifier: GPL-2.0-only */
/* cuGetProcAddress against the driver's own rules, and every export. */
#include <dlfcn.h>

#include "sim_test.h"

#define NONE ((void *)1)

static void *get(const char *name, int version, uint64_t flags, int want_status)
{
	CUdriverProcAddressQueryResult status;
	void *out = NONE;

	OK(cuGetProcAddress_v2(name, &out, version, flags, &status));
	TRUE_((int)status == want_status);
	return out;
}

static void is(const char *name, int version, uint64_t flags, const char *symbol)
{
	void *out = get(name, version, flags, CU_GET_PROC_ADDRESS_SUCCESS);

	if (out != dlsym(RTLD_DEFAULT, symbol)) {
		fprintf(stderr, "%s at %d, flags %d is not %s\n", name, version,
			(int)flags, symbol);
		_exit(1);
	}
}

static void versions(void)
{
	is("cuMemAlloc", 2000, 0, "cuMemAlloc");
	is("cuMemAlloc", 3010, 0, "cuMemAlloc");
	is("cuMemAlloc", 3020, 0, "cuMemAlloc_v2");
	is("cuMemAlloc", 13000, 2, "cuMemAlloc_v2"); /* no twin */
	is("cuCtxCreate", 11040, 0, "cuCtxCreate_v3");
	is("cuCtxCreate", 13000, 1, "cuCtxCreate_v4");
	is("cuMemcpyHtoDAsync", 12000, 0, "cuMemcpyHtoDAsync_v2");
	is("cuMemcpyHtoDAsync", 12000, 2, "cuMemcpyHtoDAsync_v2_ptsz");
	is("cuMemcpy", 12000, 2, "cuMemcpy_ptds");
	is("cuStreamGetCaptureInfo", 12030, 2, "cuStreamGetCaptureInfo_v3_ptsz");
	is("cuGraphInstantiate", 13000, 0, "cuGraphInstantiate_v2");
	is("cuGetProcAddress", 11030, 0, "cuGetProcAddress");
	is("cuGetProcAddress", 12000, 0, "cuGetProcAddress_v2");
	is("cuProfilerStart", 13000, 0, "cuProfilerStart");
}

static void misses(void)
{
	void *out = NONE;

	TRUE_(!get("cuNoSuchThing", 13000, 0, CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND));
	TRUE_(!get("cuMemAlloc_v2", 13000, 0, CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND));
	TRUE_(!get("", 0, 0, CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND));
	TRUE_(!get("cuMemCreate", 10010, 0,
		   CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT));
	TRUE_(!get("cuLaunchKernel", 6050, 2,
		   CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT));
	WANT(CUDA_ERROR_NOT_FOUND,
	     cuGetProcAddress("cuNoSuchThing", &out, 13000, 0));
	WANT(CUDA_ERROR_INVALID_VALUE,
	     cuGetProcAddress_v2("cuInit", &out, 13010, 0, NULL));
	WANT(CUDA_ERROR_INVALID_VALUE,
	     cuGetProcAddress_v2("cuInit", &out, 13000, 4, NULL));
	TRUE_(out == NONE);
	OK(cuGetProcAddress_v2("cuInit", &out, 13000, 0, NULL));
	TRUE_(out == (void *)cuInit);
	WANT(CUDA_ERROR_NOT_FOUND, cuGetExportTable((const void **)&out, NULL));
}

static int compare(const void *a, const void *b)
{
	void *const *left = a, *const *right = b;

	return (*left > *right) - (*left < *right);
}

/* Every name of the driver is there, at an address of its own. */
static void exports(void)
{
	static void *address[2048];
	char line[128];
	size_t count = 0;
	FILE *names = fopen(getenv("DRIVER_EXPORTS"), "r");

	TRUE_(names != NULL);
	while (fgets(line, sizeof(line), names)) {
		line[strcspn(line, "\n")] = '\0';
		address[count] = dlsym(RTLD_DEFAULT, line);
		if (!address[count++]) {
			fprintf(stderr, "%s is not exported\n", line);
			_exit(1);
		}
	}
	TRUE_(count > 600);
	qsort(address, count, sizeof(*address), compare);
	for (size_t i = 1; i < count; i++)
		TRUE_(address[i] != address[i - 1]);
}

/* What nothing implements says so. */
static void unsupported(void)
{
	CUresult (*call)(void) =
		(CUresult(*)(void))dlsym(RTLD_DEFAULT, "cuMulticastCreate");

	WANT(CUDA_ERROR_NOT_INITIALIZED, call());
	start();
	WANT(CUDA_ERROR_NOT_SUPPORTED, call());
}

static void an_older_driver(void)
{
	void *out;
	int version;

	OK(cuDriverGetVersion(&version));
	TRUE_(version == 12020);
	WANT(CUDA_ERROR_INVALID_VALUE,
	     cuGetProcAddress_v2("cuInit", &out, 13000, 0, NULL));
}

SCENARIO(versions, NULL)
SCENARIO(misses, NULL)
SCENARIO(exports, NULL)
SCENARIO(unsupported, NULL)
SCENARIO(an_older_driver, "GREENBOOST_SIM_DRIVER_VERSION=12020")

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_misses),
		cmocka_unit_test(test_exports),
		cmocka_unit_test(test_unsupported),
		cmocka_unit_test(test_an_older_driver),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
