/* SPDX-License-Identifier: GPL-2.0-only */
/* Processes that fork: before the driver starts, and with memory in use. */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"

#define SIZE (9 * MIB)

static void wait_for(pid_t child)
{
	int status = -1;

	CHECK(child > 0);
	CHECK(waitpid(child, &status, 0) == child);
	printf("child ended with %d\n", status);
	fflush(stdout);
}

static void use_the_gpu(uint64_t seed)
{
	CUdeviceptr a = uploaded(SIZE, seed), b = cleared(SIZE);

	SAY(cu.MemcpyDtoD(b, a, SIZE));
	show("copied", b, SIZE);
	SAY(cu.MemFree(a));
	SAY(cu.MemFree(b));
}

/* What the driver says to a child that has inherited it. */
static void try_the_gpu(CUdeviceptr inherited)
{
	size_t size;
	CUdeviceptr p;
	char byte = 0;
	int count;

	SAY(cu.Init(0));
	SAY(cu.DeviceGetCount(&count));
	SAY(cu.MemAlloc(&p, SIZE));
	SAY(cu.MemAlloc(&p, 100));
	SAY(cu.MemcpyHtoD(inherited, &byte, 1));
	SAY(cu.MemcpyDtoH(&byte, inherited, 1));
	SAY(cu.MemsetD8(inherited, 0, SIZE));
	SAY(cu.MemFree(inherited));
	SAY(cu.MemGetInfo(&size, &size));
	SAY(cu.CtxSynchronize());
}

int main(void)
{
	CUdeviceptr kept;
	pid_t child;

	find_driver();
	child = fork();
	if (!child) {
		MUST(cu.Init(0));
		open_device(0);
		use_the_gpu(1);
		exit(7);
	}
	wait_for(child);
	MUST(cu.Init(0));
	open_device(0);
	use_the_gpu(2);
	kept = uploaded(SIZE, 3);
	for (int how = 0; how < 3; how++) {
		child = fork();
		if (!child) {
			if (how)
				try_the_gpu(kept);
			if (how == 2)
				_exit(5);
			exit(4);
		}
		wait_for(child);
		use_the_gpu(4);
		show("kept", kept, SIZE);
	}
	SAY(cu.MemFree(kept));
	return 0;
}
