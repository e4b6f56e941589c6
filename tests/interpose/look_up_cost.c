// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a look-up and a call cost, with the library preloaded and through libc
 * and the driver alone: best of several rounds, in nanoseconds. A benchmark,
 * not a test.
 */
#include <stdint.h>
#include <time.h>

#include "client.h"
#include "driver.h"

enum { ROUNDS = 15, CALLS = 20000 };

typedef void *look_up_function(void *, const char *);

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

static double look_up_ns(look_up_function *look_up, void *handle, const char *name)
{
	double best = 1e18;

	for (int round = 0; round < ROUNDS; round++) {
		double start = now_ns();

		for (int i = 0; i < CALLS; i++)
			look_up(handle, name);
		start = now_ns() - start;
		best = start < best ? start : best;
	}
	return best / CALLS;
}

typedef CUresult version_function(int *version);

static double call_ns(version_function *function)
{
	double best = 1e18;
	int version;

	for (int round = 0; round < ROUNDS; round++) {
		double start = now_ns();

		for (int i = 0; i < CALLS; i++)
			function(&version);
		start = now_ns() - start;
		best = start < best ? start : best;
	}
	return best / CALLS;
}

static void report(void *handle, const char *name)
{
	printf("dlsym %-16s %6.1f ns, libc's %6.1f ns\n", name,
	       look_up_ns(dlsym, handle, name),
	       look_up_ns(libc_dlsym, handle, name));
}

int main(void)
{
	void *driver = dlopen("libcuda.so.1", RTLD_LAZY);
	void *libc = dlopen("libc.so.6", RTLD_LAZY);

	report(libc, "strlen");
	report(driver, "cuMemAlloc_v2");
	report(driver, "cuMemFree_v2");
	cuInit(0);
	report(driver, "cuMemAlloc_v2");
	printf("call through a forwarder %.2f ns, directly %.2f ns\n",
	       call_ns((version_function *)dlsym(driver, "cuDriverGetVersion")),
	       call_ns((version_function *)libc_dlsym(driver, "cuDriverGetVersion")));
	return 0;
}
