/* SPDX-License-Identifier: GPL-2.0-only */
/* Virtual time through the driver's own calls, against an H200's figures. */
#include <dlfcn.h>

#include <greenboost/kernel.h>
#include <greenboost/sim.h>

#include "sim_test.h"

#define MIB ((size_t)1 << 20)

GB_KERNEL(read_all, (const uint8_t *, at), (uint64_t, bytes))
{
}

GB_COST(read_all)
{
	gb_cost_read(cost, gb_argument(launch, 0, const uint8_t *),
		     gb_argument(launch, 1, uint64_t));
}

static CUevent before, after;

/* GB/s of what was queued between the two events. */
static double rate(size_t bytes)
{
	float ms;

	OK(cuEventRecord(after, NULL));
	OK(cuEventSynchronize(after));
	OK(cuEventElapsedTime(&ms, before, after));
	return bytes / 1e6 / ms;
}

static bool within(double got, double wanted)
{
	if (got > 0.9 * wanted && got < 1.1 * wanted)
		return true;
	fprintf(stderr, "%g where %g was measured\n", got, wanted);
	return false;
}

static void begin(void)
{
	if (!before) {
		start();
		OK(cuEventCreate(&before, 0));
		OK(cuEventCreate(&after, 0));
	}
	OK(cuEventRecord(before, NULL));
}

static void copies(void)
{
	CUdeviceptr at;
	void *host;

	begin();
	OK(cuMemAlloc_v2(&at, 64 * MIB));
	OK(cuMemHostAlloc(&host, 64 * MIB, 0));
	begin();
	for (int i = 0; i < 4; i++)
		OK(cuMemcpyHtoDAsync_v2(at, host, 64 * MIB, NULL));
	TRUE_(within(rate(256 * MIB), 55.2)); /* L2 */
	begin();
	OK(cuMemcpyDtoHAsync_v2(host, at, 64 * MIB, NULL));
	TRUE_(within(rate(64 * MIB), 55.2));
}

/* A kernel over half a gigabyte in VRAM, then in RAM. */
static void kernels(void)
{
	CUmemGenericAllocationHandle handle;
	uint64_t bytes = 512 * MIB;
	CUdeviceptr at;
	CUfunction f;
	void *parameters[] = { &at, &bytes };

	begin();
	f = load("read_all", ".param .u64 a, .param .u64 b");
	OK(cuMemAlloc_v2(&at, bytes));
	begin();
	OK(launch(f, NULL, parameters));
	TRUE_(within(rate(bytes), 4500)); /* L7 */
	at = map_new(bytes, CU_MEM_LOCATION_TYPE_HOST_NUMA, &handle);
	begin();
	OK(launch(f, NULL, parameters));
	TRUE_(within(rate(bytes), 51.2)); /* L3 */
}

static uint64_t now(void)
{
	greenboost_sim_now_fn read_clock;

	read_clock = (greenboost_sim_now_fn)dlsym(RTLD_DEFAULT, GREENBOOST_SIM_NOW);
	TRUE_(read_clock != NULL);
	return read_clock();
}

static void calls(void)
{
	CUmemAllocationProp prop = { .type = CU_MEM_ALLOCATION_TYPE_PINNED,
				     .location = { CU_MEM_LOCATION_TYPE_HOST_NUMA,
						   0 } };
	struct greenboost_sim_link link;
	greenboost_sim_link_fn read_link;
	CUmemGenericAllocationHandle handle;
	uint64_t then;
	char host[64] = { 0 };

	begin();
	then = now();
	OK(cuMemCreate(&handle, 64 * MIB, &prop, 0));
	TRUE_(within((now() - then) / 1e6, 15.8)); /* V5 */
	OK(cuMemcpyHtoD_v2(words(16, 0), host, 64));
	read_link =
		(greenboost_sim_link_fn)dlsym(RTLD_DEFAULT, GREENBOOST_SIM_LINK);
	OK(read_link(0, &link));
	TRUE_(link.up_bytes == 64);
	WANT(-1, read_link(1, &link));
}

/* Streams overlap, and an event carries its time from one to another. */
static void overlap(void)
{
	CUdeviceptr at;
	CUstream a, b;
	CUevent event;
	void *host;
	float ms;

	begin();
	OK(cuMemAlloc_v2(&at, 64 * MIB));
	OK(cuMemHostAlloc(&host, 64 * MIB, 0));
	OK(cuStreamCreate(&a, CU_STREAM_NON_BLOCKING));
	OK(cuStreamCreate(&b, CU_STREAM_NON_BLOCKING));
	OK(cuEventCreate(&event, 0));
	OK(cuEventRecord(before, b));
	OK(cuMemcpyHtoDAsync_v2(at, host, 64 * MIB, a));
	OK(cuEventRecord(event, a));
	OK(cuEventRecord(after, b));
	OK(cuStreamSynchronize(b));
	OK(cuEventElapsedTime(&ms, before, after));
	TRUE_(ms < 0.1); /* b had nothing to do */
	OK(cuStreamWaitEvent(b, event, 0));
	OK(cuEventRecord(after, b));
	OK(cuStreamSynchronize(b));
	OK(cuEventElapsedTime(&ms, before, after));
	TRUE_(within(ms, 64 * MIB / 55.2e6));
}

static void slow_link(void)
{
	CUdeviceptr at;
	void *host;

	begin();
	OK(cuMemAlloc_v2(&at, 64 * MIB));
	OK(cuMemHostAlloc(&host, 64 * MIB, 0));
	begin();
	OK(cuMemcpyHtoDAsync_v2(at, host, 64 * MIB, NULL));
	TRUE_(within(rate(64 * MIB), 55.2 / 4));
}

static void what_a_profile_says(void)
{
	char name[96];
	size_t total;

	begin();
	OK(cuDeviceGetName(name, sizeof(name), 0));
	TRUE_(strstr(name, "H200") != NULL);
	OK(cuDeviceTotalMem_v2(&total, 0));
	TRUE_(total == 143155 * MIB);
}

#define H200 "GREENBOOST_SIM_PROFILE=h200 GREENBOOST_SIM_RAM=64g"

SCENARIO(what_a_profile_says, H200)
SCENARIO(copies, H200)
SCENARIO(kernels, H200)
SCENARIO(calls, H200)
SCENARIO(overlap, H200 " GREENBOOST_SIM_SEED=0")
SCENARIO(slow_link, H200 " GREENBOOST_SIM_SLOW_LINK=0.25")

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_a_profile_says),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_kernels),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_slow_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
