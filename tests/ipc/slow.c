// SPDX-License-Identifier: GPL-2.0-only
/* Exporters that keep an importer waiting, which takes its time. */
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "scenario.h"

CUresult cuCtxSetCurrent(CUcontext);
CUresult cuCtxGetCurrent(CUcontext *);
CUresult cuLaunchHostFunc(CUstream, void (*)(void *), void *);

/* Stopped, as by a debugger: an error after five seconds, not a hang. */
static void exporter_is_stopped(void)
{
	CUdeviceptr address, here;
	CUipcMemHandle handle;
	struct peer peer;
	double began;

	start_cuda();
	peer_start(&peer, NULL, 0);
	OK(peer_allocate(&peer, 4 * MIB, &address));
	OK(peer_share(&peer, address, &handle));
	kill(peer.pid, SIGSTOP);
	began = seconds();
	WANT(CUDA_ERROR_INVALID_VALUE, cuIpcOpenMemHandle_v2(&here, handle, 1));
	TRUE_(seconds() - began < 7);
	kill(peer.pid, SIGCONT);
	OK(cuIpcOpenMemHandle_v2(&here, handle, 1));
	peer_end(&peer);
}

/* Longer than an importer waits for one that says nothing. */
static void sleep_on_gpu(void *unused)
{
	usleep(7000000);
}

/* Makes room in VRAM, for which it waits until the GPU is idle. */
static void *move_memory(void *context)
{
	CUdeviceptr address;

	OK(cuCtxSetCurrent(context));
	OK(cuMemAlloc_v2(&address, 32 * MIB));
	OK(cuMemsetD32_v2(address, 1, 8 * MIB));
	return NULL;
}

/* It is alive, and gets the time that its GPU needs. */
static void exporter_is_busy(void)
{
	CUdeviceptr address, other, there;
	CUipcMemHandle handle;
	CUcontext context;
	pthread_t mover;
	struct peer peer;
	double began;

	start_cuda();
	OK(cuCtxGetCurrent(&context));
	OK(cuMemAlloc_v2(&address, 8 * MIB));
	OK(cuMemAlloc_v2(&other, 50 * MIB));
	OK(fill_pattern(other, 50 * MIB / 4));
	handle = share(address);
	peer_start(&peer, NULL, 0);
	OK(peer_allocate(&peer, 4 * MIB, &there)); /* it has started */
	OK(cuLaunchHostFunc(NULL, sleep_on_gpu, NULL));
	began = seconds();
	pthread_create(&mover, NULL, move_memory, context);
	usleep(200000);
	OK(peer_open(&peer, &handle, &there));
	TRUE_(seconds() - began > 5.5);
	pthread_join(mover, NULL);
	peer_end(&peer);
}

SCENARIO(exporter_is_stopped, ROOMY)
SCENARIO(exporter_is_busy, TIGHT)

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_exporter_is_stopped),
	cmocka_unit_test(test_exporter_is_busy),
};

SCENARIO_MAIN(tests)
