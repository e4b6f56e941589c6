/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The order of work over many seeds: a program that waits where it must is
 * right under all of them, one that forgets a wait is caught by some.
 */
#include <greenboost/kernel.h>

#include "sim_test.h"

#define SEEDS 100

GB_KERNEL(add_one, (uint32_t *, to), (const uint32_t *, from))
{
	*to = *from + 1;
}

static CUfunction add_one;
static bool forget_a_wait;

static void step(CUstream stream, CUdeviceptr to, CUdeviceptr from)
{
	void *parameters[] = { &to, &from };

	OK(launch(add_one, stream, parameters));
}

/* Two streams hand a value to and fro. */
static void ping_pong(void)
{
	CUdeviceptr a, b;
	CUstream s[2];
	CUevent event;

	start();
	add_one = load("add_one", ".param .u64 a, .param .u64 b");
	a = words(1, 0);
	b = words(1, 0);
	OK(cuStreamCreate(&s[0], CU_STREAM_NON_BLOCKING));
	OK(cuStreamCreate(&s[1], CU_STREAM_NON_BLOCKING));
	OK(cuEventCreate(&event, 0));
	for (int i = 0; i < 8; i++) {
		step(s[i % 2], i % 2 ? a : b, i % 2 ? b : a);
		OK(cuEventRecord(event, s[i % 2]));
		if (!forget_a_wait || i != 5)
			OK(cuStreamWaitEvent(s[(i + 1) % 2], event, 0));
	}
	OK(cuStreamSynchronize(s[0]));
	OK(cuStreamSynchronize(s[1]));
	TRUE_(word(a) == 8);
}

/* A pinned buffer is filled again before the copy out of it was awaited. */
static void reused_buffer(void)
{
	uint32_t *host;
	CUdeviceptr at;
	CUstream stream;

	start();
	at = words(2, 0);
	OK(cuStreamCreate(&stream, 0));
	OK(cuMemAllocHost_v2((void **)&host, 4));
	for (uint32_t i = 0; i < 2; i++) {
		*host = i + 1;
		OK(cuMemcpyHtoDAsync_v2(at + 4 * i, host, 4, stream));
		if (!forget_a_wait)
			OK(cuStreamSynchronize(stream));
	}
	OK(cuStreamSynchronize(stream));
	TRUE_(word(at) == 1 && word(at + 4) == 2);
}

/* The same from pageable memory is right without a wait. */
static void pageable_buffer(void)
{
	CUdeviceptr at;
	CUstream stream;
	uint32_t host;

	start();
	at = words(2, 0);
	OK(cuStreamCreate(&stream, 0));
	for (uint32_t i = 0; i < 2; i++) {
		host = i + 1;
		OK(cuMemcpyHtoDAsync_v2(at + 4 * i, &host, 4, stream));
	}
	OK(cuStreamSynchronize(stream));
	TRUE_(word(at) == 1 && word(at + 4) == 2);
}

/* Blocking streams wait for the legacy stream, and it for them. */
static void legacy_stream(void)
{
	CUdeviceptr a, b;
	CUstream stream;

	start();
	add_one = load("add_one", ".param .u64 a, .param .u64 b");
	a = words(1, 0);
	b = words(1, 0);
	OK(cuStreamCreate(&stream, forget_a_wait ? CU_STREAM_NON_BLOCKING : 0));
	for (int i = 0; i < 4; i++) {
		step(stream, b, a);
		step(NULL, a, b);
	}
	OK(cuCtxSynchronize());
	TRUE_(word(a) == 8);
}

static void always_right(void (*scenario)(void))
{
	forget_a_wait = false;
	assert_int_equal(failing_seeds(scenario, SEEDS), 0);
	assert_int_equal(run(scenario, NULL), 0);
}

static void caught(void (*scenario)(void))
{
	int failing;

	forget_a_wait = true;
	expect_complaints();
	failing = failing_seeds(scenario, SEEDS);
	print_message("%d of %d seeds catch it\n", failing, SEEDS);
	assert_in_range(failing, 1, SEEDS);
}

static void test_events(void **state)
{
	always_right(ping_pong);
	caught(ping_pong);
}

static void test_reused_buffer(void **state)
{
	always_right(reused_buffer);
	caught(reused_buffer);
}

static void test_pageable(void **state)
{
	always_right(pageable_buffer);
}

static void test_legacy_stream(void **state)
{
	always_right(legacy_stream);
	caught(legacy_stream);
}

/*
 * One seed, one order: the same trace each time, also where the program gets no
 * processor for a while between its calls or in a host function, for which
 * sleeping stands here.
 */
static char trace[64];
static int traced;

static void dawdle(void)
{
	const char *us = getenv("DAWDLE_US");

	if (us)
		usleep(strtoul(us, NULL, 10));
}

static void note(void *letter)
{
	dawdle();
	trace[traced++] = *(char *)letter;
}

static void letters(void)
{
	static char names[] = "abcd";
	FILE *out = fopen(getenv("TRACE"), "a");
	CUstream stream;

	start();
	for (int s = 0; s < 4; s++) {
		OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
		for (int i = 0; i < 4; i++) {
			OK(cuLaunchHostFunc(stream, note, &names[s]));
			dawdle();
		}
	}
	OK(cuCtxSynchronize());
	fprintf(out, "%s\n", trace);
	fclose(out);
}

static void trace_of(int seed, const char *setting, char line[64])
{
	char path[] = "/tmp/greenboost-sim-XXXXXX", settings[128];
	FILE *file;

	close(mkstemp(path));
	snprintf(settings, sizeof(settings),
		 "GREENBOOST_SIM_SEED=%d TRACE=%s %s", seed, path, setting);
	assert_int_equal(run(letters, settings), 0);
	file = fopen(path, "r");
	assert_non_null(fgets(line, 64, file));
	fclose(file);
	unlink(path);
}

/*
 * All sixteen calls may come before the first step, and a seeded run takes a
 * program without steps for a second to watch memory (sim/idle.c): slow is an
 * eighth of that in all, so that a busy machine does not make it more.
 */
static void test_a_seed_means_one_order(void **state)
{
	char quick[4][64], slow[64];

	for (int seed = 0; seed < 4; seed++) {
		trace_of(seed, "", quick[seed]);
		trace_of(seed, "DAWDLE_US=8000", slow);
		assert_string_equal(quick[seed], slow);
	}
	assert_string_not_equal(quick[0], quick[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_seed_means_one_order),
		cmocka_unit_test(test_pageable),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_reused_buffer),
		cmocka_unit_test(test_legacy_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
