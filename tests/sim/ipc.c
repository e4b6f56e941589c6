/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory and events that two processes share. */
#include <sys/socket.h>
#include <sys/wait.h>

#include "sim_test.h"

CUresult cuIpcGetEventHandle(CUipcEventHandle *, CUevent);
CUresult cuIpcOpenEventHandle(CUevent *, CUipcEventHandle);

struct message {
	CUipcMemHandle memory;
	CUipcEventHandle event;
};

static void child(int fd)
{
	struct message message;
	CUdeviceptr at, again;
	CUevent event;
	char go;

	start();
	TRUE_(read(fd, &message, sizeof(message)) == sizeof(message));
	OK(cuIpcOpenMemHandle_v2(&at, message.memory, 1));
	OK(cuIpcOpenMemHandle(&again, message.memory, 1));
	TRUE_(at == again);
	OK(cuIpcOpenEventHandle(&event, message.event));
	TRUE_(write(fd, "g", 1) == 1); /* the exporter may write now */
	TRUE_(read(fd, &go, 1) == 1);  /* and has recorded its event */
	OK(cuStreamWaitEvent(NULL, event, 0));
	TRUE_(word(at + 4) == 6);
	OK(cuMemsetD32_v2(at, 7, 1));
	OK(cuCtxSynchronize());
	WANT(CUDA_ERROR_INVALID_VALUE, cuMemFree_v2(at));
	OK(cuIpcCloseMemHandle(at));
	TRUE_(word(at) == 7); /* opened twice */
	OK(cuIpcCloseMemHandle(at));
	WANT(CUDA_ERROR_INVALID_VALUE, cuIpcCloseMemHandle(at));
}

/* The child is forked before cuInit, as a program's workers are. */
static pid_t fork_child(int *fd)
{
	int pair[2];
	pid_t pid;

	TRUE_(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	pid = fork();
	if (!pid) {
		close(pair[0]);
		child(pair[1]);
		_exit(0);
	}
	close(pair[1]);
	*fd = pair[0];
	return pid;
}

static void two_processes(void)
{
	struct message message;
	int fd, status;
	CUdeviceptr at, own;
	CUevent event;
	pid_t pid = fork_child(&fd);
	char go;

	start();
	at = words(1024, 5);
	OK(cuEventCreate(&event, CU_EVENT_INTERPROCESS | CU_EVENT_DISABLE_TIMING));
	OK(cuIpcGetMemHandle(&message.memory, at));
	OK(cuIpcGetEventHandle(&message.event, event));
	WANT(CUDA_ERROR_INVALID_CONTEXT,
	     cuIpcOpenMemHandle_v2(&own, message.memory, 1));
	TRUE_(write(fd, &message, sizeof(message)) == sizeof(message));
	TRUE_(read(fd, &go, 1) == 1);
	OK(cuMemsetD32_v2(at + 4, 6, 1));
	OK(cuEventRecord(event, NULL));
	TRUE_(write(fd, "g", 1) == 1);
	OK(cuEventSynchronize(event));
	waitpid(pid, &status, 0);
	TRUE_(status == 0);
	TRUE_(word(at) == 7);
}

/* Takes all but a megabyte, tells the parent, and dies when it says so. */
static void hog(int fd)
{
	CUdeviceptr at;
	char go;

	start();
	OK(cuMemAlloc_v2(&at, 62 << 20));
	TRUE_(write(fd, "g", 1) == 1);
	TRUE_(read(fd, &go, 1) == 1);
	_exit(0);
}

/* Processes of one machine compete for its memory; the dead hold none. */
static void one_machine(void)
{
	int pair[2], status;
	size_t free, total;
	CUdeviceptr at;
	pid_t pid;
	char go;

	TRUE_(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	pid = fork();
	if (!pid)
		hog(pair[1]);
	TRUE_(read(pair[0], &go, 1) == 1);
	start();
	OK(cuMemGetInfo_v2(&free, &total));
	TRUE_(free == 2 << 20 && total == 64 << 20);
	WANT(CUDA_ERROR_OUT_OF_MEMORY, cuMemAlloc_v2(&at, 4 << 20));
	TRUE_(write(pair[0], "g", 1) == 1);
	waitpid(pid, &status, 0);
	TRUE_(status == 0);
	OK(cuMemAlloc_v2(&at, 64 << 20));
}

static void test_one_machine(void **state)
{
	char path[] = "/tmp/greenboost-sim-XXXXXX", setting[128];

	close(mkstemp(path));
	snprintf(setting, sizeof(setting),
		 "GREENBOOST_SIM_VRAM=64m GREENBOOST_SIM_SHARED=%s", path);
	assert_int_equal(run(one_machine, setting), 0);
	unlink(path);
}

static void nonsense(void)
{
	CUipcMemHandle handle = { { 1 } };
	CUdeviceptr at;

	start();
	WANT(CUDA_ERROR_INVALID_VALUE, cuIpcOpenMemHandle_v2(&at, handle, 1));
	WANT(CUDA_ERROR_INVALID_VALUE, cuIpcGetMemHandle(&handle, 4096));
}

static void shareable_handle(void)
{
	CUmemAllocationProp prop = {
		.type = CU_MEM_ALLOCATION_TYPE_PINNED,
		.requestedHandleTypes = CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR,
		.location = { CU_MEM_LOCATION_TYPE_DEVICE, 0 },
	};
	CUmemAccessDesc access = { { CU_MEM_LOCATION_TYPE_DEVICE, 0 },
				   CU_MEM_ACCESS_FLAGS_PROT_READWRITE };
	CUmemGenericAllocationHandle handle, imported;
	CUdeviceptr at[2];
	int fd;

	start();
	OK(cuMemCreate(&handle, 4 << 20, &prop, 0));
	OK(cuMemExportToShareableHandle(
		&fd, handle, CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR, 0));
	OK(cuMemImportFromShareableHandle(&imported, (void *)(intptr_t)fd,
					  CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR));
	close(fd);
	for (int i = 0; i < 2; i++) {
		OK(cuMemAddressReserve(&at[i], 4 << 20, 0, 0, 0));
		OK(cuMemMap(at[i], 4 << 20, 0, i ? imported : handle, 0));
		OK(cuMemSetAccess(at[i], 4 << 20, &access, 1));
	}
	OK(cuMemsetD32_v2(at[0], 4, 1));
	TRUE_(word(at[1]) == 4);
	WANT(CUDA_ERROR_INVALID_VALUE,
	     cuMemImportFromShareableHandle(&imported, (void *)(intptr_t)0,
					    CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR));
	prop.requestedHandleTypes = CU_MEM_HANDLE_TYPE_NONE;
	OK(cuMemCreate(&handle, 2 << 20, &prop, 0));
	WANT(CUDA_ERROR_INVALID_VALUE,
	     cuMemExportToShareableHandle(
		     &fd, handle, CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR, 0));
}

SCENARIO(two_processes, NULL)
SCENARIO(nonsense, NULL)
SCENARIO(shareable_handle, NULL)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_processes),
		cmocka_unit_test(test_one_machine),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_shareable_handle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
