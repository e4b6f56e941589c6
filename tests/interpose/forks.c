// SPDX-License-Identifier: GPL-2.0-only
/* Children look up and call: forked before the first call, and after it. */
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"

static void uses_cuda(void)
{
	void *handle = dlopen("libcuda.so.1", RTLD_LAZY);
	CUresult (*init)(unsigned int) = dlsym(handle, "cuInit");
	memory_function *alloc = dlsym(handle, "cuMemAlloc_v2");

	CHECK(is_ours(alloc));
	CHECK(init && init(0) == CUDA_SUCCESS);
	CHECK(is_hook(alloc, libc_dlsym(handle, "cuMemAlloc_v2")));
}

static void child_uses_cuda(void)
{
	pid_t child = fork();
	int status = -1;

	if (child == 0) {
		alarm(20);
		uses_cuda();
		_exit(failures);
	}
	CHECK(waitpid(child, &status, 0) == child && status == 0);
}

int main(void)
{
	child_uses_cuda();
	dlopen("libcuda.so.1", RTLD_LAZY);
	child_uses_cuda();
	uses_cuda();
	child_uses_cuda();
	return result();
}
