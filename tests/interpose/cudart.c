// SPDX-License-Identifier: GPL-2.0-only
/*
 * NVIDIA's own runtime, linked dynamically or statically: its allocations come
 * through our hook, and what it hands out is ours. It needs the driver's
 * private tables, so it runs over the real driver only.
 */
#include <cuda.h>
#include <cuda_runtime_api.h>

#include "client.h"

int main(void)
{
	char in[64] = "written and read again", out[64] = "";
	enum cudaDriverEntryPointQueryResult status;
	void *memory = NULL, *function = NULL;
	cudaError_t error;

	error = cudaMalloc(&memory, sizeof(in));
	if (error == cudaErrorInsufficientDriver || error == cudaErrorNoDevice) {
		printf("no GPU: %s\n", cudaGetErrorString(error));
		return 77;
	}
	CHECK(error == cudaSuccess);
	CHECK(getenv("HOOK_WAS_CALLED"));
	CHECK(cudaMemcpy(memory, in, sizeof(in), cudaMemcpyHostToDevice) ==
	      cudaSuccess);
	CHECK(cudaMemcpy(out, memory, sizeof(out), cudaMemcpyDeviceToHost) ==
	      cudaSuccess);
	CHECK(strcmp(in, out) == 0);
	CHECK(cudaFree(memory) == cudaSuccess);
	CHECK(cudaGetDriverEntryPointByVersion("cuMemAlloc", &function, 12000,
					       cudaEnableDefault,
					       &status) == cudaSuccess);
	CHECK(is_ours(function));
	CHECK(cudaGetDriverEntryPointByVersion("cuLaunchKernel", &function, 12000,
					       cudaEnablePerThreadDefaultStream,
					       &status) == cudaSuccess);
	CHECK(is_ours(function));
	return result();
}
