// SPDX-License-Identifier: GPL-2.0-only
/* What two processes see of one memory. */
#include <string.h>
#include <unistd.h>

#include "scenario.h"

/*
 * All of what two processes do with @bytes of memory that one of them shares
 * and of which at least @in_ram are in RAM, and if that is 0, none.
 */
static void give_and_take(CUdeviceptr address, uint64_t bytes, uint64_t in_ram)
{
	uint64_t count = bytes / 4, wrong, size;
	CUdeviceptr there, base;
	CUipcMemHandle handle;
	struct peer peer;

	OK(fill_pattern(address, count));
	handle = share(address);
	TRUE_(in_ram ? ram_used() >= in_ram : ram_used() == 0);
	peer_start(&peer, NULL, 0);
	OK(peer_open(&peer, &handle, &there));
	OK(check_pattern(address, count, &wrong));
	TRUE_(wrong == 0);
	OK(peer_check(&peer, there, count, &wrong));
	TRUE_(wrong == 0);
	OK(peer_range(&peer, there + bytes / 2, &base, &size));
	TRUE_(base == there && size == bytes);

	/* Its writes are seen here, over all borders, and ours there. */
	OK(peer_fill(&peer, there + 4, 77, count - 2));
	TRUE_(word(address) == pattern(0));
	TRUE_(word(address + 4) == 77 && word(address + bytes - 8) == 77);
	TRUE_(word(address + count / 2 * 4) == 77);
	TRUE_(word(address + bytes - 4) == pattern(count - 1));
	OK(fill_pattern(address, count));
	OK(peer_check(&peer, there, count, &wrong));
	TRUE_(wrong == 0);
	OK(peer_copy(&peer, there, there + bytes / 2, bytes / 2));
	TRUE_(word(address + bytes / 2 - 4) == pattern(count - 1));

	OK(peer_close(&peer, there));
	WANT(CUDA_ERROR_INVALID_VALUE, peer_close(&peer, there));
	peer_end(&peer);
	OK(cuMemFree_v2(address));
}

static void vram(void)
{
	CUdeviceptr address;

	start_cuda();
	OK(cuMemAlloc_v2(&address, 8 * MIB));
	give_and_take(address, 8 * MIB, 0);
}

static void odd_size(void)
{
	CUdeviceptr address;

	start_cuda();
	OK(cuMemAlloc_v2(&address, 5 * MIB + 12));
	give_and_take(address, 5 * MIB + 12, 0);
}

/* 64 MiB of VRAM: what is allocated second lies in RAM, at least in part. */
static void vram_and_ram(void)
{
	CUdeviceptr before, address;

	start_cuda();
	OK(cuMemAlloc_v2(&before, 40 * MIB));
	OK(cuMemAlloc_v2(&address, 160 * MIB));
	give_and_take(address, 160 * MIB, 100 * MIB);
}

/* Pinned in VRAM, so that sharing finds no room there at all. */
static void ram_only(void)
{
	unsigned int on = 1;
	CUdeviceptr before, address;

	start_cuda();
	OK(cuMemAlloc_v2(&before, 64 * MIB));
	OK(cuPointerSetAttribute(&on, CU_POINTER_ATTRIBUTE_SYNC_MEMOPS, before));
	OK(cuMemAlloc_v2(&address, 96 * MIB));
	give_and_take(address, 96 * MIB, 96 * MIB);
}

/* What was never touched has no memory until it is shared. */
static void pending(void)
{
	CUdeviceptr before, address, there;
	CUipcMemHandle handle;
	struct peer peer;

	start_cuda();
	OK(cuMemAlloc_v2(&before, 64 * MIB));
	OK(cuMemAlloc_v2(&address, 32 * MIB));
	handle = share(address);
	peer_start(&peer, NULL, 0);
	OK(peer_open(&peer, &handle, &there));
	OK(peer_fill(&peer, there, 5, 8 * MIB));
	TRUE_(word(address) == 5 && word(address + 32 * MIB - 4) == 5);
	peer_end(&peer);
}

/* 20 GiB: 320 extents of 64 MiB, more than one message may carry. */
static void many_extents(void)
{
	const uint64_t bytes = 20 * GIB;
	uint64_t before, size;
	CUdeviceptr address, there, base;
	CUipcMemHandle handle;
	struct peer peer;
	uint32_t value;

	start_cuda();
	OK(cuMemAlloc_v2(&address, bytes));
	for (uint64_t at = 0; at < bytes; at += 64 * MIB)
		OK(cuMemsetD32_v2(address + at, (uint32_t)(at >> 20), 1));
	OK(cuCtxSynchronize());
	handle = share(address);
	peer_start(&peer, NULL, 0);
	before = peer_descriptors(&peer);
	OK(peer_open(&peer, &handle, &there));
	OK(peer_range(&peer, there, &base, &size));
	TRUE_(base == there && size == bytes);
	for (uint64_t at = 0; at < bytes; at += 64 * MIB) {
		OK(peer_read(&peer, there + at, &value));
		TRUE_(value == at >> 20);
	}
	OK(peer_fill(&peer, there + bytes - 4, 9, 1));
	TRUE_(word(address + bytes - 4) == 9);
	OK(peer_close(&peer, there));
	TRUE_(peer_descriptors(&peer) == before);
	peer_end(&peer);
}

#define HANDLES 24

static void round_of_many(struct peer *peer)
{
	CUdeviceptr address[HANDLES], there[HANDLES];
	CUipcMemHandle handle[HANDLES];
	uint32_t value;

	for (uint32_t i = 0; i < HANDLES; i++) {
		OK(cuMemAlloc_v2(&address[i], (2 + i % 3) * MIB));
		OK(cuMemsetD32_v2(address[i], i, MIB / 4));
		handle[i] = share(address[i]);
	}
	OK(cuCtxSynchronize());
	for (uint32_t i = 0; i < HANDLES; i++)
		OK(peer_open(peer, &handle[i], &there[i]));
	for (uint32_t i = 0; i < HANDLES; i++) {
		OK(peer_read(peer, there[i] + MIB - 4, &value));
		TRUE_(value == i);
	}
	for (uint32_t i = 0; i < HANDLES; i++) {
		OK(peer_close(peer, there[(i * 7) % HANDLES]));
		OK(cuMemFree_v2(address[i]));
	}
}

static void rounds_leave_nothing(void)
{
	uint64_t here, there, free_before, free_after;
	struct peer peer;

	start_cuda();
	peer_start(&peer, NULL, 0);
	round_of_many(&peer);
	here = descriptors();
	there = peer_descriptors(&peer);
	OK(peer_memory(&peer, &free_before));
	for (int i = 0; i < 10; i++)
		round_of_many(&peer);
	/* The thread that served the peer closes its end a moment later. */
	for (int i = 0; i < 1000 && descriptors() != here; i++)
		usleep(10000);
	TRUE_(descriptors() == here);
	TRUE_(peer_descriptors(&peer) == there);
	OK(peer_memory(&peer, &free_after));
	TRUE_(free_before == free_after);
	peer_end(&peer);
}

/* What somebody else has paid for takes nothing from the budgets here. */
static void opening_costs_no_memory(void)
{
	uint64_t before, after;
	CUdeviceptr address, there;
	CUipcMemHandle handle;
	struct peer peer;

	start_cuda();
	OK(cuMemAlloc_v2(&address, 32 * MIB));
	handle = share(address);
	peer_start(&peer, NULL, 0);
	OK(peer_allocate(&peer, 2 * MIB, &there));
	OK(peer_memory(&peer, &before));
	OK(peer_open(&peer, &handle, &there));
	OK(peer_memory(&peer, &after));
	TRUE_(before == after);
	peer_end(&peer);
}

static void attributes(void)
{
	CUdeviceptr address, there;
	CUipcMemHandle handle;
	struct peer peer;
	uint64_t value;

	start_cuda();
	OK(cuMemAlloc_v2(&address, 5 * MIB));
	handle = share(address);
	peer_start(&peer, NULL, 0);
	OK(peer_open(&peer, &handle, &there));
	OK(peer_attribute(&peer, there + 9, CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
			  &value));
	TRUE_(value == CU_MEMORYTYPE_DEVICE);
	OK(peer_attribute(&peer, there + 9, CU_POINTER_ATTRIBUTE_DEVICE_POINTER,
			  &value));
	TRUE_(value == there + 9);
	OK(peer_attribute(&peer, there + 9,
			  CU_POINTER_ATTRIBUTE_RANGE_START_ADDR, &value));
	TRUE_(value == there);
	OK(peer_attribute(&peer, there + 9, CU_POINTER_ATTRIBUTE_RANGE_SIZE, &value));
	TRUE_(value == 5 * MIB);
	OK(peer_attribute(&peer, there, CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL, &value));
	TRUE_(value == 0);
	peer_end(&peer);
}

/* Any address inside names the whole, in the same words each time. */
static void handle_of_interior_address(void)
{
	CUipcMemHandle handle, again;
	CUdeviceptr address, there, base;
	struct peer peer;
	uint64_t size;

	start_cuda();
	OK(cuMemAlloc_v2(&address, 8 * MIB));
	handle = share(address);
	again = share(address + 5 * MIB + 3);
	TRUE_(!memcmp(&handle, &again, sizeof(handle)));
	WANT(CUDA_ERROR_INVALID_VALUE,
	     cuIpcGetMemHandle(&handle, address + 8 * MIB));
	peer_start(&peer, NULL, 0);
	OK(peer_open(&peer, &again, &there));
	OK(peer_range(&peer, there, &base, &size));
	TRUE_(base == there && size == 8 * MIB);
	peer_end(&peer);
}

/* Memory below a granule is the driver's, and so is its handle. */
static void handles_of_the_driver(void)
{
	CUdeviceptr address, there;
	CUipcMemHandle handle;
	struct peer peer;
	uint32_t value;

	start_cuda();
	OK(cuMemAlloc_v2(&address, 4096));
	OK(cuMemsetD32_v2(address, 4, 1024));
	OK(cuCtxSynchronize());
	OK(cuIpcGetMemHandle(&handle, address));
	peer_start(&peer, "GREENBOOST_ENABLE=off", 0);
	OK(peer_open(&peer, &handle, &there));
	OK(peer_read(&peer, there, &value));
	TRUE_(value == 4);
	OK(peer_close(&peer, there));
	peer_end(&peer);
	peer_start(&peer, NULL, 0);
	OK(peer_open(&peer, &handle, &there));
	OK(peer_read(&peer, there + 4092, &value));
	TRUE_(value == 4);
	OK(peer_close(&peer, there));
	peer_end(&peer);
}

/* It stays where it is, however short VRAM becomes. */
static void shared_memory_does_not_move(void)
{
	CUdeviceptr address, there, more[4];
	CUipcMemHandle handle;
	struct peer peer;
	uint64_t wrong;

	start_cuda();
	OK(cuMemAlloc_v2(&address, 32 * MIB));
	OK(fill_pattern(address, 8 * MIB));
	handle = share(address);
	peer_start(&peer, NULL, 0);
	OK(peer_open(&peer, &handle, &there));
	for (int i = 0; i < 4; i++) {
		OK(cuMemAlloc_v2(&more[i], 32 * MIB));
		OK(cuMemsetD32_v2(more[i], 1, 8 * MIB));
		OK(cuCtxSynchronize());
	}
	OK(peer_check(&peer, there, 8 * MIB, &wrong));
	TRUE_(wrong == 0);
	OK(peer_fill(&peer, there, 2, 8 * MIB));
	TRUE_(word(address) == 2 && word(address + 32 * MIB - 4) == 2);
	peer_end(&peer);
}

/* Not even when VRAM has room again: others hold handles to where it is. */
static void shared_memory_stays_in_ram(void)
{
	CUdeviceptr before, address, there;
	CUipcMemHandle handle;
	unsigned int on = 1;
	struct peer peer;

	start_cuda();
	OK(cuMemAlloc_v2(&before, 64 * MIB));
	OK(cuPointerSetAttribute(&on, CU_POINTER_ATTRIBUTE_SYNC_MEMOPS, before));
	OK(cuMemAlloc_v2(&address, 32 * MIB));
	handle = share(address);
	TRUE_(ram_used() == 32 * MIB);
	OK(cuMemFree_v2(before));
	for (int i = 0; i < 4; i++)
		OK(cuCtxSynchronize());
	TRUE_(ram_used() == 32 * MIB);
	peer_start(&peer, NULL, 0);
	OK(peer_open(&peer, &handle, &there));
	OK(cuCtxSynchronize());
	OK(peer_fill(&peer, there, 2, 8 * MIB));
	TRUE_(word(address) == 2 && word(address + 32 * MIB - 4) == 2);
	/* Nor for a NIC, which needs it in VRAM. */
	WANT(CUDA_ERROR_OUT_OF_MEMORY,
	     cuPointerSetAttribute(&on, CU_POINTER_ATTRIBUTE_SYNC_MEMOPS, address));
	peer_end(&peer);
}

/* The exporter's GPU 0 may be any of the importer's. */
static void opened_on_another_gpu(void)
{
	CUdeviceptr address, here;
	CUipcMemHandle handle;
	CUcontext context;
	struct peer peer;
	uint64_t wrong;

	OK(cuInit(0));
	OK(cuCtxCreate_v2(&context, 0, 1));
	peer_start(&peer, NULL, 0);
	OK(peer_allocate(&peer, 80 * MIB, &address));
	OK(peer_share(&peer, address, &handle));
	OK(cuIpcOpenMemHandle_v2(&here, handle, 1));
	OK(fill_pattern(here, 20 * MIB));
	OK(peer_check(&peer, address, 20 * MIB, &wrong));
	TRUE_(wrong == 0);
	OK(cuIpcCloseMemHandle(here));
	peer_end(&peer);
}

SCENARIO(vram, ROOMY)
SCENARIO(odd_size, ROOMY)
SCENARIO(vram_and_ram, TIGHT)
SCENARIO(ram_only, TIGHT)
SCENARIO(pending, TIGHT)
SCENARIO(many_extents, HUGE)
SCENARIO(rounds_leave_nothing, ROOMY)
SCENARIO(opening_costs_no_memory, ROOMY)
SCENARIO(attributes, ROOMY)
SCENARIO(handle_of_interior_address, ROOMY)
SCENARIO(handles_of_the_driver, ROOMY)
SCENARIO(shared_memory_does_not_move, TIGHT)
SCENARIO(shared_memory_stays_in_ram, TIGHT)
SCENARIO(opened_on_another_gpu, TWO_GPUS)

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_vram),
	cmocka_unit_test(test_odd_size),
	cmocka_unit_test(test_vram_and_ram),
	cmocka_unit_test(test_ram_only),
	cmocka_unit_test(test_pending),
	cmocka_unit_test(test_many_extents),
	cmocka_unit_test(test_rounds_leave_nothing),
	cmocka_unit_test(test_opening_costs_no_memory),
	cmocka_unit_test(test_attributes),
	cmocka_unit_test(test_handle_of_interior_address),
	cmocka_unit_test(test_handles_of_the_driver),
	cmocka_unit_test(test_shared_memory_does_not_move),
	cmocka_unit_test(test_shared_memory_stays_in_ram),
	cmocka_unit_test(test_opened_on_another_gpu),
};

SCENARIO_MAIN(tests)
