// SPDX-License-Identifier: GPL-2.0-only
/*
 * The very first call, which finds the driver on its way, keeps the arguments:
 * one process a kind.
 */
#include "client.h"
#include "driver.h"

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "stack") == 0)
		CHECK(cuTensorMapEncodeTiled((void *)1, 2, 3, (void *)4, (void *)5,
					     (void *)6, (void *)7, (void *)8, 9,
					     10, 11, 12) == CUDA_SUCCESS);
	else
		CHECK(cuParamSetf(NULL, 12, 2.5f) == CUDA_SUCCESS);
	return result();
}
