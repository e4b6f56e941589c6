// SPDX-License-Identifier: GPL-2.0-only
/* Processes and contexts that open twice, die, fork, or stop. */
#include <signal.h>

#include "scenario.h"

static void opens_are_counted(void)
{
	CUdeviceptr address, first, second;
	CUipcMemHandle handle;
	struct peer peer;
	uint32_t value;

	start_cuda();
	OK(cuMemAlloc_v2(&address, 4 * MIB));
	OK(cuMemsetD32_v2(address, 3, MIB));
	OK(cuCtxSynchronize());
	handle = share(address);
	peer_start(&peer, NULL, 0);
	OK(peer_open(&peer, &handle, &first));
	OK(peer_open(&peer, &handle, &second));
	TRUE_(first == second);
	OK(peer_close(&peer, first));
	OK(peer_read(&peer, first, &value));
	TRUE_(value == 3);
	OK(peer_close(&peer, first));
	WANT(CUDA_ERROR_INVALID_VALUE, peer_close(&peer, first));
	WANT(CUDA_ERROR_INVALID_VALUE, peer_read(&peer, first, &value));
	OK(peer_open(&peer, &handle, &first));
	OK(peer_read(&peer, first, &value));
	TRUE_(value == 3);
	peer_end(&peer);
}

static void threads_open_one_mapping(void)
{
	CUdeviceptr address, there;
	CUipcMemHandle handle;
	struct peer peer;
	bool same;

	start_cuda();
	OK(cuMemAlloc_v2(&address, 16 * MIB));
	handle = share(address);
	peer_start(&peer, NULL, 0);
	OK(peer_open_threads(&peer, &handle, 16, &there, &same));
	TRUE_(same);
	for (int i = 0; i < 16; i++)
		OK(peer_close(&peer, there));
	WANT(CUDA_ERROR_INVALID_VALUE, peer_close(&peer, there));
	peer_end(&peer);
}

static void exporter_is_dead(void)
{
	CUdeviceptr address, here;
	CUipcMemHandle handle;
	struct peer peer;
	double began;

	start_cuda();
	peer_start(&peer, NULL, 0);
	OK(peer_allocate(&peer, 4 * MIB, &address));
	OK(peer_share(&peer, address, &handle));
	peer_kill(&peer);
	began = seconds();
	WANT(CUDA_ERROR_INVALID_VALUE, cuIpcOpenMemHandle_v2(&here, handle, 1));
	TRUE_(seconds() - began < 2);
}

/* Its children have its sockets, and must not keep importers waiting. */
static void exporter_is_dead_but_has_children(void)
{
	CUdeviceptr address, here;
	CUipcMemHandle handle;
	struct peer peer;
	double began;
	pid_t child;

	start_cuda();
	peer_start(&peer, NULL, 0);
	OK(peer_allocate(&peer, 4 * MIB, &address));
	OK(peer_share(&peer, address, &handle));
	OK(peer_fork(&peer, &child));
	OK(cuIpcOpenMemHandle_v2(&here, handle, 1));
	OK(cuIpcCloseMemHandle(here));
	peer_kill(&peer);
	began = seconds();
	WANT(CUDA_ERROR_INVALID_VALUE, cuIpcOpenMemHandle_v2(&here, handle, 1));
	TRUE_(seconds() - began < 2);
	kill(child, SIGKILL);
}

/* Whoever has opened it keeps the memory, whatever becomes of its owner. */
static void memory_outlives_exporter(void)
{
	CUdeviceptr address, here;
	CUipcMemHandle handle;
	struct peer peer;

	start_cuda();
	peer_start(&peer, NULL, 0);
	OK(peer_allocate(&peer, 100 * MIB, &address));
	OK(peer_fill(&peer, address, 6, 25 * MIB));
	OK(peer_share(&peer, address, &handle));
	OK(cuIpcOpenMemHandle_v2(&here, handle, 1));
	OK(peer_free(&peer, address));
	TRUE_(word(here) == 6 && word(here + 100 * MIB - 4) == 6);
	peer_kill(&peer);
	TRUE_(word(here) == 6 && word(here + 100 * MIB - 4) == 6);
	OK(cuMemsetD32_v2(here, 7, 25 * MIB));
	TRUE_(word(here + 100 * MIB - 4) == 7);
	OK(cuIpcCloseMemHandle(here));
}

/* One importer that is stopped must not hold up another. */
static void importer_is_stopped(void)
{
	CUdeviceptr address, there;
	CUipcMemHandle handle;
	struct peer stopped, peer;

	start_cuda();
	OK(cuMemAlloc_v2(&address, 4 * MIB));
	handle = share(address);
	peer_start(&stopped, NULL, 0);
	OK(peer_open(&stopped, &handle, &there));
	kill(stopped.pid, SIGSTOP);
	peer_start(&peer, NULL, 0);
	OK(peer_open(&peer, &handle, &there));
	peer_end(&peer);
	peer_kill(&stopped);
}

/* Opened memory goes with its context, and may be opened again in another. */
static void context_is_destroyed(void)
{
	CUdeviceptr address, here;
	CUcontext context;
	CUipcMemHandle handle;
	struct peer peer;

	OK(cuInit(0));
	OK(cuCtxCreate_v2(&context, 0, 0));
	peer_start(&peer, NULL, 0);
	OK(peer_allocate(&peer, 4 * MIB, &address));
	OK(peer_fill(&peer, address, 8, MIB));
	OK(peer_share(&peer, address, &handle));
	OK(cuIpcOpenMemHandle_v2(&here, handle, 1));
	OK(cuCtxDestroy_v2(context));
	OK(cuCtxCreate_v2(&context, 0, 0));
	WANT(CUDA_ERROR_INVALID_VALUE, cuIpcCloseMemHandle(here));
	OK(cuIpcOpenMemHandle_v2(&here, handle, 1));
	TRUE_(word(here + 4 * MIB - 4) == 8);
	OK(cuIpcCloseMemHandle(here));
	peer_end(&peer);
}

SCENARIO(opens_are_counted, ROOMY)
SCENARIO(threads_open_one_mapping, ROOMY)
SCENARIO(exporter_is_dead, ROOMY)
SCENARIO(exporter_is_dead_but_has_children, ROOMY)
SCENARIO(memory_outlives_exporter, ROOMY)
SCENARIO(importer_is_stopped, ROOMY)
SCENARIO(context_is_destroyed, ROOMY)

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_opens_are_counted),
	cmocka_unit_test(test_threads_open_one_mapping),
	cmocka_unit_test(test_exporter_is_dead),
	cmocka_unit_test(test_exporter_is_dead_but_has_children),
	cmocka_unit_test(test_memory_outlives_exporter),
	cmocka_unit_test(test_importer_is_stopped),
	cmocka_unit_test(test_context_is_destroyed),
};

SCENARIO_MAIN(tests)
