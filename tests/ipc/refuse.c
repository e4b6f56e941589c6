// SPDX-License-Identifier: GPL-2.0-only
/* What must be refused, with the error that the driver would give. */
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "scenario.h"

static void close_of_what_is_not_open(void)
{
	CUdeviceptr address, there, own, small;
	CUipcMemHandle handle;
	struct peer peer;

	start_cuda();
	OK(cuMemAlloc_v2(&address, 4 * MIB));
	OK(cuMemAlloc_v2(&small, 4096));
	handle = share(address);
	WANT(CUDA_ERROR_INVALID_VALUE, cuIpcCloseMemHandle(address));
	WANT(CUDA_ERROR_INVALID_VALUE, cuIpcCloseMemHandle(small));
	WANT(CUDA_ERROR_INVALID_VALUE, cuIpcCloseMemHandle(0));
	peer_start(&peer, NULL, 0);
	OK(peer_open(&peer, &handle, &there));
	OK(peer_allocate(&peer, 4 * MIB, &own));
	WANT(CUDA_ERROR_INVALID_VALUE, peer_close(&peer, own));
	WANT(CUDA_ERROR_INVALID_VALUE, peer_close(&peer, there + 2 * MIB));
	WANT(CUDA_ERROR_INVALID_VALUE, peer_close(&peer, there + 16));
	WANT(CUDA_ERROR_INVALID_VALUE, peer_free(&peer, there));
	OK(peer_free(&peer, own));
	OK(peer_close(&peer, there));
	peer_end(&peer);
}

/* Opened memory is not for passing on, as with the driver. */
static void imported_memory_is_not_shared_again(void)
{
	CUipcMemHandle handle, other;
	CUdeviceptr address, there;
	struct peer peer;

	start_cuda();
	OK(cuMemAlloc_v2(&address, 4 * MIB));
	handle = share(address);
	peer_start(&peer, NULL, 0);
	OK(peer_open(&peer, &handle, &there));
	WANT(CUDA_ERROR_INVALID_VALUE, peer_share(&peer, there, &other));
	peer_end(&peer);
}

static void own_handle(void)
{
	CUdeviceptr address, again;
	CUipcMemHandle handle;

	start_cuda();
	OK(cuMemAlloc_v2(&address, 4 * MIB));
	handle = share(address);
	WANT(CUDA_ERROR_INVALID_CONTEXT, cuIpcOpenMemHandle_v2(&again, handle, 1));
	WANT(CUDA_ERROR_INVALID_CONTEXT, cuIpcOpenMemHandle(&again, handle, 1));
}

/* Each must be refused, and at once. */
static void damaged_handles(void)
{
	struct gb_ipc_handle good, bad[9];
	CUdeviceptr address, there;
	CUipcMemHandle handle;
	struct peer peer;
	double began;

	start_cuda();
	OK(cuMemAlloc_v2(&address, 4 * MIB));
	handle = share(address);
	memcpy(&good, &handle, sizeof(good));
	for (int i = 0; i < 9; i++)
		bad[i] = good;
	bad[0].version++;
	bad[1].door ^= 1;
	bad[2].origin.process[0] ^= 1;
	bad[3].origin.process[1] ^= 1;
	bad[4].origin.id++;
	bad[5].size += 64 * MIB;
	bad[6].size = 0;
	bad[7].size = UINT64_MAX;
	bad[8].unused = 1;
	peer_start(&peer, NULL, 0);
	began = seconds();
	for (int i = 0; i < 9; i++) {
		memcpy(&handle, &bad[i], sizeof(handle));
		WANT(CUDA_ERROR_INVALID_VALUE, peer_open(&peer, &handle, &there));
	}
	memset(&handle, 0x5a, sizeof(handle));
	WANT(CUDA_ERROR_INVALID_VALUE, peer_open(&peer, &handle, &there));
	memset(&handle, 0, sizeof(handle));
	WANT(CUDA_ERROR_INVALID_VALUE, peer_open(&peer, &handle, &there));
	TRUE_(seconds() - began < 2);
	memcpy(&handle, &good, sizeof(handle));
	OK(peer_open(&peer, &handle, &there));
	peer_end(&peer);
}

/* An id is used once, so an old handle never names new memory. */
static void handle_of_freed_memory(void)
{
	CUdeviceptr address, again, there;
	CUipcMemHandle handle;
	struct peer peer;

	start_cuda();
	OK(cuMemAlloc_v2(&address, 4 * MIB));
	handle = share(address);
	OK(cuMemFree_v2(address));
	OK(cuMemAlloc_v2(&again, 4 * MIB));
	share(again);
	peer_start(&peer, NULL, 0);
	WANT(CUDA_ERROR_INVALID_VALUE, peer_open(&peer, &handle, &there));
	peer_end(&peer);
}

/* Nothing is given out that its owner has not shared, also with a handle. */
static void handle_of_unshared_memory(void)
{
	CUdeviceptr address, other, there;
	struct gb_ipc_handle guess;
	CUipcMemHandle handle;
	struct peer peer;

	start_cuda();
	OK(cuMemAlloc_v2(&address, 4 * MIB));
	OK(cuMemAlloc_v2(&other, 4 * MIB));
	handle = share(address);
	memcpy(&guess, &handle, sizeof(guess));
	peer_start(&peer, NULL, 0);
	guess.origin.id++;
	memcpy(&handle, &guess, sizeof(handle));
	WANT(CUDA_ERROR_INVALID_VALUE, peer_open(&peer, &handle, &there));
	TRUE_(share(other).reserved[0] == handle.reserved[0]);
	OK(peer_open(&peer, &handle, &there));
	peer_end(&peer);
}

static void stranger(void)
{
	CUdeviceptr address, there;
	CUipcMemHandle handle;
	struct peer peer;

	if (geteuid())
		_exit(77);
	start_cuda();
	OK(cuMemAlloc_v2(&address, 4 * MIB));
	handle = share(address);
	peer_start(&peer, NULL, 65534);
	WANT(CUDA_ERROR_INVALID_VALUE, peer_open(&peer, &handle, &there));
	peer_end(&peer);
	peer_start(&peer, NULL, 0);
	OK(peer_open(&peer, &handle, &there));
	peer_end(&peer);
}

static void importer_without_greenboost(void)
{
	CUdeviceptr address, there;
	CUipcMemHandle handle;
	struct peer peer;

	start_cuda();
	OK(cuMemAlloc_v2(&address, 4 * MIB));
	handle = share(address);
	peer_start(&peer, "GREENBOOST_ENABLE=off", 0);
	WANT(CUDA_ERROR_INVALID_VALUE, peer_open(&peer, &handle, &there));
	peer_end(&peer);
}

static void bad_arguments(void)
{
	CUdeviceptr address, there;
	CUipcMemHandle handle;

	start_cuda();
	OK(cuMemAlloc_v2(&address, 4 * MIB));
	handle = share(address);
	WANT(CUDA_ERROR_INVALID_VALUE, cuIpcGetMemHandle(NULL, address));
	WANT(CUDA_ERROR_INVALID_VALUE, cuIpcOpenMemHandle_v2(NULL, handle, 1));
	WANT(CUDA_ERROR_INVALID_VALUE, cuIpcOpenMemHandle_v2(&there, handle, 2));
	OK(cuMemFree_v2(address));
	WANT(CUDA_ERROR_INVALID_VALUE, cuIpcGetMemHandle(&handle, address));
}

/* As with the driver, which shares pools as such. */
static void memory_of_a_pool(void)
{
	CUdeviceptr before, address;
	CUipcMemHandle handle;
	unsigned int on = 1;

	start_cuda();
	OK(cuMemAlloc_v2(&before, 64 * MIB));
	OK(cuPointerSetAttribute(&on, CU_POINTER_ATTRIBUTE_SYNC_MEMOPS, before));
	OK(cuMemAllocAsync(&address, 8 * MIB, NULL));
	OK(cuCtxSynchronize());
	WANT(CUDA_ERROR_INVALID_VALUE, cuIpcGetMemHandle(&handle, address));
}

static void limit_descriptors(uint64_t most)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = most;
	TRUE_(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

/* Said as what it is; and afterwards all is as before. */
static void descriptors_run_out(void)
{
	CUdeviceptr address, here;
	CUipcMemHandle handle;
	struct peer peer;
	uint64_t before;
	int highest;

	start_cuda();
	peer_start(&peer, NULL, 0);
	OK(peer_allocate(&peer, 500 * MIB, &address));
	OK(peer_share(&peer, address, &handle));
	OK(cuIpcOpenMemHandle_v2(&here, handle, 1));
	OK(cuIpcCloseMemHandle(here));
	before = descriptors();
	highest = dup(0);
	close(highest);
	limit_descriptors((uint64_t)highest + 3);
	WANT(CUDA_ERROR_OPERATING_SYSTEM, cuIpcOpenMemHandle_v2(&here, handle, 1));
	limit_descriptors(1024);
	TRUE_(descriptors() == before);
	OK(cuIpcOpenMemHandle_v2(&here, handle, 1));
	peer_end(&peer);
}

SCENARIO(close_of_what_is_not_open, ROOMY)
SCENARIO(imported_memory_is_not_shared_again, ROOMY)
SCENARIO(own_handle, ROOMY)
SCENARIO(damaged_handles, ROOMY)
SCENARIO(handle_of_freed_memory, ROOMY)
SCENARIO(handle_of_unshared_memory, ROOMY)
SCENARIO(stranger, ROOMY)
SCENARIO(importer_without_greenboost, ROOMY)
SCENARIO(bad_arguments, ROOMY)
SCENARIO(memory_of_a_pool, TIGHT)
SCENARIO(descriptors_run_out, ROOMY)

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_close_of_what_is_not_open),
	cmocka_unit_test(test_imported_memory_is_not_shared_again),
	cmocka_unit_test(test_own_handle),
	cmocka_unit_test(test_damaged_handles),
	cmocka_unit_test(test_handle_of_freed_memory),
	cmocka_unit_test(test_handle_of_unshared_memory),
	cmocka_unit_test(test_stranger),
	cmocka_unit_test(test_importer_without_greenboost),
	cmocka_unit_test(test_bad_arguments),
	cmocka_unit_test(test_memory_of_a_pool),
	cmocka_unit_test(test_descriptors_run_out),
};

SCENARIO_MAIN(tests)
