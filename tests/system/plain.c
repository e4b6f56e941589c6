/* SPDX-License-Identifier: GPL-2.0-only */
/* A little of everything that most programs do. */
#include "client.h"

#define SIZE (3 * MIB)

int main(void)
{
	CUdeviceptr a, b;
	uint64_t words = SIZE / 8;
	CUmodule module;

	open_gpu();
	module = load_kernels();
	a = uploaded(SIZE, 1);
	b = cleared(SIZE);
	for (int i = 0; i < 3; i++) {
		void *parameters[] = { &b, &a, &words };

		SAY(cu.LaunchKernel(kernel(module, "blend"), 4, 1, 1, 32, 1, 1,
				    0, NULL, parameters, NULL));
	}
	SAY(cu.CtxSynchronize());
	show("result", b, SIZE);
	SAY(cu.MemFree(a));
	SAY(cu.MemFree(b));
	return 0;
}
