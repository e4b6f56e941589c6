/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that the program makes and maps itself, more than VRAM holds. */
#include "client.h"

#define PIECE (8 * MIB)

static const CUmemAllocationProp on_device = {
	.type = CU_MEM_ALLOCATION_TYPE_PINNED,
	.location = { CU_MEM_LOCATION_TYPE_DEVICE, 0 },
};
static const CUmemAccessDesc both_ways = {
	{ CU_MEM_LOCATION_TYPE_DEVICE, 0 },
	CU_MEM_ACCESS_FLAGS_PROT_READWRITE,
};

static CUfunction stir;

static void work_on(CUdeviceptr at, size_t bytes)
{
	uint64_t words = bytes / 8, seed = 3;
	void *parameters[] = { &at, &words, &seed };

	SAY(cu.LaunchKernel(stir, 4, 1, 1, 32, 1, 1, 0, NULL, parameters, NULL));
	SAY(cu.CtxSynchronize());
}

/* As expandable segments grow: one reservation, filled piece by piece. */
static void segment(void)
{
	CUmemGenericAllocationHandle handle[8];
	CUdeviceptr weights = uploaded(12 * MIB, 1), base;

	MUST(cu.MemAddressReserve(&base, 8 * PIECE, 0, 0, 0));
	for (int i = 0; i < 8; i++) {
		CUdeviceptr at = base + (size_t)i * PIECE;

		SAY(cu.MemCreate(&handle[i], PIECE, &on_device, 0));
		SAY(cu.MemMap(at, PIECE, 0, handle[i], 0));
		SAY(cu.MemSetAccess(at, PIECE, &both_ways, 1));
		SAY(cu.MemsetD8(at, (unsigned char)i, PIECE));
	}
	for (int i = 0; i < 4; i++)
		SAY(cu.MemRelease(handle[i]));
	work_on(base, 8 * PIECE);
	for (int i = 0; i < 8; i++)
		show("piece", base + (size_t)i * PIECE, PIECE);
	show("weights", weights, 12 * MIB);
	SAY(cu.MemUnmap(base, 4 * PIECE));
	for (int i = 4; i < 8; i++)
		SAY(cu.MemUnmap(base + (size_t)i * PIECE, PIECE));
	for (int i = 4; i < 8; i++)
		SAY(cu.MemRelease(handle[i]));
	SAY(cu.MemRelease(handle[7]));
	SAY(cu.MemAddressFree(base, 8 * PIECE));
	show("weights", weights, 12 * MIB);
	SAY(cu.MemFree(weights));
}

static void refused(void)
{
	CUmemAllocationProp other = on_device;
	CUmemGenericAllocationHandle handle;
	CUdeviceptr p = uploaded(8 * MIB, 2);

	SAY(cu.MemCreate(&handle, 0, &on_device, 0));
	SAY(cu.MemCreate(&handle, 12345, &on_device, 0));
	SAY(cu.MemCreate(&handle, (size_t)1 << 50, &on_device, 0));
	SAY(cu.MemCreate(NULL, PIECE, &on_device, 0));
	SAY(cu.MemCreate(&handle, PIECE, NULL, 0));
	other.location.id = 99;
	SAY(cu.MemCreate(&handle, PIECE, &other, 0));
	other.location.id = -1;
	SAY(cu.MemCreate(&handle, PIECE, &other, 0));
	SAY(cu.MemMap(p, 2 * MIB, 0, 1234, 0));
	SAY(cu.MemRelease(1234));
	SAY(cu.MemUnmap(4096, PIECE));
	show("still there", p, 8 * MIB);
	SAY(cu.MemFree(p));
}

/* Memory in a host location is the program's own business. */
static void on_host(void)
{
	CUmemAllocationProp host = {
		.type = CU_MEM_ALLOCATION_TYPE_PINNED,
		.location = { CU_MEM_LOCATION_TYPE_HOST_NUMA, 0 },
	};
	CUmemGenericAllocationHandle handle;
	CUdeviceptr base;

	SAY(cu.MemCreate(&handle, PIECE, &host, 0));
	MUST(cu.MemAddressReserve(&base, PIECE, 0, 0, 0));
	SAY(cu.MemMap(base, PIECE, 0, handle, 0));
	SAY(cu.MemSetAccess(base, PIECE, &both_ways, 1));
	SAY(cu.MemsetD8(base, 9, PIECE));
	work_on(base, PIECE);
	show("host", base, PIECE);
	SAY(cu.MemUnmap(base, PIECE));
	SAY(cu.MemRelease(handle));
	SAY(cu.MemAddressFree(base, PIECE));
}

int main(void)
{
	open_gpu();
	stir = kernel(load_kernels(), "stir");
	segment();
	refused();
	on_host();
	segment();
	return 0;
}
