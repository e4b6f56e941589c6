/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * In this program time is the simulated GPU's. The library moves memory in a
 * share of the program's time, and how long the simulator takes for either says
 * nothing of the machine; it would also differ from run to run.
 *
 * The library asks the C library, whose function this one stands in front of:
 * the program's own names are looked up first.
 */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "driver.h"

#define SECOND 1000000000

/* Time before there was a GPU; that of the GPU goes on from there. */
static struct timespec began;

static int ask_kernel(clockid_t clock, struct timespec *now)
{
	return (int)syscall(SYS_clock_gettime, clock, now);
}

void clock_begin(void)
{
	ask_kernel(CLOCK_MONOTONIC, &began);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	uint64_t ns;

	if (clock != CLOCK_MONOTONIC || !began.tv_sec)
		return ask_kernel(clock, now);
	ns = (uint64_t)began.tv_nsec + gpu.now();
	now->tv_sec = began.tv_sec + (time_t)(ns / SECOND);
	now->tv_nsec = (long)(ns % SECOND);
	return 0;
}
