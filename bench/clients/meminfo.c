/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the GPU has and has left, as the driver tells a program: to see from
 * outside what another process took. This process's own context is in it.
 */
#include "driver.h"

#include <stdio.h>

int main(int argc, char **argv)
{
	struct bench_gpu gpu;

	bench_options(argc, argv, NULL, 0);
	bench_gpu_init(&gpu);
	printf("{");
	bench_print_gpu(&gpu);
	printf("\"client\": \"meminfo\"}\n");
	bench_gpu_finish(&gpu);
	return 0;
}
