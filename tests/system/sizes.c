/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How much memory a program is told it has. The figures differ, since RAM is
 * added; what programs rely on does not.
 *
 * usage: sizes [physical]   then free memory need not fall by all that is taken
 */
#include <string.h>

#include "client.h"

#define STEP (6 * MIB)

static size_t free_now(size_t total)
{
	size_t free_bytes = 0, all = 0;

	MUST(cu.MemGetInfo(&free_bytes, &all));
	printf("~%zu of %zu MiB\n", free_bytes / MIB, all / MIB);
	CHECK(!total || all == total);
	CHECK(free_bytes <= all);
	return free_bytes;
}

/* A NULL for what is not wanted is refused or ignored, but harmless. */
static void nulls(void)
{
	size_t one = 1;

	printf("~%d\n", cu.MemGetInfo(NULL, NULL));
	SAY(cu.MemGetInfo(&one, NULL));
	CHECK(one > 1);
	one = 1;
	SAY(cu.MemGetInfo(NULL, &one));
	CHECK(one > 1);
}

static void falls_and_rises(size_t total, bool strictly)
{
	size_t before = free_now(total), last = before;
	CUdeviceptr p[6];

	for (int i = 0; i < 6; i++) {
		size_t now;

		MUST(cu.MemAlloc(&p[i], STEP));
		now = free_now(total);
		CHECK(!strictly || now + STEP <= last);
		CHECK(now <= last);
		MUST(cu.MemsetD8(p[i], (unsigned char)i, STEP));
		/* Whether untouched or not, it is taken. */
		CHECK(!strictly || free_now(total) + MIB >= now);
		last = free_now(total);
	}
	for (int i = 0; i < 6; i++)
		show("each", p[i], STEP);
	for (int i = 0; i < 6; i++)
		MUST(cu.MemFree(p[i]));
	CHECK(free_now(total) + MIB >= before);
}

/* What is said to be free can be had. */
static void promised(size_t total)
{
	CUdeviceptr p;
	size_t most = free_now(total) / 2;

	SAY(cu.MemAlloc(&p, most));
	SAY(cu.MemFree(p));
	SAY(cu.MemAlloc(&p, total + MIB));
}

int main(int argc, char **argv)
{
	bool physical = argc > 1 && !strcmp(argv[1], "physical");
	size_t told = 0, total = 0;

	find_driver();
	SAY(cu.DeviceTotalMem(&told, 0));
	MUST(cu.Init(0));
	SAY(cu.DeviceTotalMem(&told, 0));
	SAY(cu.DeviceTotalMem(NULL, 0));
	SAY(cu.DeviceTotalMem(&told, 17));
	open_device(0);
	nulls();
	MUST(cu.MemGetInfo(&(size_t){ 0 }, &total));
	CHECK(total == told);
	falls_and_rises(total, !physical);
	if (!physical)
		promised(total);
	falls_and_rises(total, !physical);
	return 0;
}
