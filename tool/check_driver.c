/* SPDX-License-Identifier: GPL-2.0-only */
#include "check.h"

#include <dlfcn.h>
#include <glob.h>

#include "abi/cuda.h"
#include "tool.h"

/*
 * Overflow is cuMemCreate() with a host location, which drivers have since
 * CUDA 12.2 (release notes; CU_MEM_LOCATION_TYPE_HOST_NUMA).
 */
#define OLDEST_DRIVER 12020

static bool has_path(const char *pattern)
{
	glob_t found;
	bool any = !glob(pattern, GLOB_NOSORT, NULL, &found);

	if (any)
		globfree(&found);
	return any;
}

/*
 * Whether a GPU may be there. The device files appear only when the driver is
 * first used, hence /proc; WSL and Tegra have files of their own. Asking the
 * driver itself would be surer, and costs every start a cuInit().
 */
static bool has_gpu(void)
{
	static const char *const trace[] = {
		"/dev/nvidia[0-9]*", "/proc/driver/nvidia/gpus/*",
		"/dev/dxg",	     "/dev/nvhost-gpu",
		"/dev/nvgpu",
	};

	for (size_t i = 0; i < sizeof(trace) / sizeof(trace[0]); i++) {
		if (has_path(trace[i]))
			return true;
	}
	return false;
}

/* The driver's version as CUDA numbers it, 12020 for 12.2; 0 when it has none. */
static int driver_version(void *driver)
{
	CUresult (*get)(int *) = NULL;
	int version = 0;

	*(void **)&get = dlsym(driver, "cuDriverGetVersion");
	if (!get || get(&version) != CUDA_SUCCESS)
		return 0;
	return version;
}

void gb_check_driver(const char *path, bool sim)
{
	void *driver = dlopen(path ? path : "libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
	int version;

	if (!driver) {
		gb_warn("no CUDA driver (%s): the program will see no GPU; install NVIDIA's driver, or try --sim",
			path ? path : "libcuda.so.1");
		return;
	}
	version = driver_version(driver);
	if (!version)
		gb_warn("the CUDA driver does not answer: the program may see no GPU; see nvidia-smi");
	else if (version < OLDEST_DRIVER)
		gb_warn("the CUDA driver is of version %d.%d: overflow into RAM needs 12.2 (driver 535) or later",
			version / 1000, version % 1000 / 10);
	else if (!sim && !has_gpu())
		gb_warn("no NVIDIA GPU is visible: the program will see none; try --sim for the simulated one");
	/* Left open: the process is about to become another program. */
}
