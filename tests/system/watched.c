/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that others than kernels and copies look at: streams that write and
 * poll values, and hints that are for managed memory.
 */
#include "client.h"

static CUstream stream, other;

static void values(CUdeviceptr at)
{
	CUstreamBatchMemOpParams ops[3] = { 0 };

	SAY(cu.StreamWriteValue32(stream, at, 7, 0));
	SAY(cu.StreamWriteValue64(stream, at + 8, 0x123456789abcdef, 0));
	SAY(cu.StreamWaitValue32(other, at, 7, 0));
	SAY(cu.MemsetD32Async(at + 64, 0x5a5a5a5a, 16, other));
	SAY(cu.StreamWaitValue64(other, at + 8, 0x123456789abcdef, 0));
	SAY(cu.StreamSynchronize(other));
	SAY(cu.StreamSynchronize(stream));
	for (int i = 0; i < 3; i++) {
		ops[i].waitValue.operation = i < 2 ? 2 : 5;
		ops[i].waitValue.address = at + 128 + 16 * (size_t)i;
		ops[i].waitValue.value = 1000 + (uint64_t)i;
	}
	SAY(cu.StreamBatchMemOp(stream, 3, ops, 0));
	SAY(cu.StreamBatchMemOp(stream, 0, ops, 0));
	SAY(cu.StreamSynchronize(stream));
	show("values", at, 4096);
	SAY(cu.StreamWriteValue32(stream, at + 1, 7, 0));
	SAY(cu.StreamWriteValue32(stream, 4096, 7, 0));
	SAY(cu.StreamBatchMemOp(stream, 3, NULL, 0));
}

static void hints(CUdeviceptr at)
{
	SAY(cu.MemPrefetchAsync(at, 4096, 0, stream));
	SAY(cu.MemAdvise(at, 4096, CU_MEM_ADVISE_SET_READ_MOSTLY, 0));
	SAY(cu.StreamAttachMemAsync(stream, at, 0, 4));
	SAY(cu.StreamSynchronize(stream));
	show("hinted", at, 4096);
}

static void managed(void)
{
	CUdeviceptr p;

	SAY(cu.MemAllocManaged(&p, 6 * MIB, 1));
	SAY(cu.MemsetD8(p, 3, 6 * MIB));
	SAY(cu.MemPrefetchAsync(p, 6 * MIB, 0, stream));
	SAY(cu.MemAdvise(p, 4096, CU_MEM_ADVISE_SET_READ_MOSTLY, 0));
	SAY(cu.StreamSynchronize(stream));
	show("managed", p, 6 * MIB);
	SAY(cu.MemFree(p));
	SAY(cu.MemAllocManaged(&p, 0, 1));
	SAY(cu.MemAllocManaged(NULL, 6 * MIB, 1));
}

/* No exporting of what cuMemAlloc gave. */
static void handles(CUdeviceptr at)
{
	CUmemGenericAllocationHandle handle;

	SAY(cu.MemRetainAllocationHandle(&handle, (void *)at));
	SAY(cu.MemRetainAllocationHandle(NULL, (void *)at));
}

int main(void)
{
	CUdeviceptr big, untouched;

	open_gpu();
	MUST(cu.StreamCreate(&stream, CU_STREAM_NON_BLOCKING));
	MUST(cu.StreamCreate(&other, CU_STREAM_NON_BLOCKING));
	big = cleared(3 * MIB);
	values(big + 2 * MIB + 4096);
	cleared(10 * MIB);
	hints(big);
	hints(big + 3 * MIB - 4096);
	MUST(cu.MemAlloc(&untouched, 3 * MIB));
	MUST(cu.MemsetD8(untouched, 0, 3 * MIB));
	MUST(cu.CtxSynchronize());
	values(untouched);
	managed();
	handles(big);
	handles(untouched + 5);
	show("big", big, 3 * MIB);
	return 0;
}
