/* SPDX-License-Identifier: GPL-2.0-only */
/* Batches of copies, of both interfaces, with and without borders inside. */
#include <stdlib.h>
#include <string.h>

#include "client.h"

#define BIG   (70 * MIB)
#define COUNT 6

static CUdeviceptr weights, other, small;
static char *host;
static CUstream stream;

struct batch {
	CUdeviceptr to[COUNT], from[COUNT];
	size_t bytes[COUNT];
};

static struct batch within(void)
{
	return (struct batch){
		.to = { other, other + 5 * MIB, small, other + 9 * MIB,
			small + 1000, (CUdeviceptr)host },
		.from = { weights, weights + 5 * MIB, weights + 30 * MIB,
			  (CUdeviceptr)host, weights + 6 * MIB, weights + 7 * MIB },
		.bytes = { 1000, 70000, 1000, 4096, 1, 5000 },
	};
}

static struct batch across(void)
{
	struct batch batch = within();

	batch.to[1] = other + 2 * MIB - 100;
	batch.bytes[1] = 3 * MIB;
	batch.to[3] = other + 64 * MIB - 1;
	batch.bytes[3] = 4 * MIB + 10;
	batch.from[2] = weights + 4 * MIB - 1;
	return batch;
}

static CUmemcpyAttributes order(CUmemcpySrcAccessOrder how)
{
	return (CUmemcpyAttributes){ .srcAccessOrder = how };
}

static void show_all(void)
{
	MUST(cu.StreamSynchronize(stream));
	show("other", other, BIG);
	show("small", small, MIB);
	printf("host: %016llx\n", (unsigned long long)checksum(host, 8 * MIB));
}

static void issue(struct batch batch, size_t count)
{
	CUmemcpyAttributes attributes[2] = { order(1), order(2) };
	size_t starts[2] = { 0, 2 }, fail = 99;

	SAY(cu.MemcpyBatchAsync(batch.to, batch.from, batch.bytes, count,
				attributes, starts, 2, &fail, stream));
	show_all();
	for (size_t i = 0; i < count; i++)
		batch.from[i] += batch.from[i] - weights < BIG;
	SAY(cu.MemcpyBatchAsync_v2(batch.to, batch.from, batch.bytes, count,
				   attributes, starts, 1, stream));
	show_all();
}

static void refused(void)
{
	CUmemcpyAttributes attributes = order(1);
	struct batch batch = within();
	size_t start = 0, fail = 99;

	batch.to[4] = other + BIG - 10;
	batch.bytes[4] = 4 * MIB;
	SAY(cu.MemcpyBatchAsync_v2(batch.to, batch.from, batch.bytes, COUNT,
				   &attributes, &start, 1, stream));
	SAY(cu.MemcpyBatchAsync(NULL, batch.from, batch.bytes, COUNT,
				&attributes, &start, 1, &fail, stream));
	SAY(cu.MemcpyBatchAsync(batch.to, batch.from, batch.bytes, 0,
				&attributes, &start, 1, &fail, stream));
	SAY(cu.MemcpyBatchAsync(batch.to, batch.from, batch.bytes, COUNT,
				&attributes, &start, 0, &fail, stream));
	batch = across();
	start = 1;
	SAY(cu.MemcpyBatchAsync(batch.to, batch.from, batch.bytes, COUNT,
				&attributes, &start, 1, &fail, stream));
	SAY(cu.MemcpyBatchAsync(batch.to, batch.from, batch.bytes, COUNT,
				&attributes, NULL, 1, &fail, stream));
	start = 0;
	SAY(cu.MemcpyBatchAsync(batch.to, batch.from, batch.bytes, COUNT,
				&attributes, &start, 1, &fail, NULL));
}

static CUmemcpy3DOperand operand(CUdeviceptr at, size_t row, size_t rows)
{
	return (CUmemcpy3DOperand){
		.type = CU_MEMCPY_OPERAND_TYPE_POINTER,
		.op.ptr = { .ptr = at, .rowLength = row, .layerHeight = rows },
	};
}

static void boxes(void)
{
	CUDA_MEMCPY3D_BATCH_OP ops[2] = {
		{ operand(weights + MIB, 4096, 16),
		  operand(other, 5000, 20),
		  { 4000, 12, 10 },
		  CU_MEMCPY_SRC_ACCESS_ORDER_STREAM,
		  0 },
		{ operand(weights + 25 * MIB, 0, 0),
		  operand(other + 30 * MIB, 65536, 0),
		  { 60000, 64, 9 },
		  CU_MEMCPY_SRC_ACCESS_ORDER_STREAM,
		  0 },
	};
	size_t fail = 99;

	SAY(cu.Memcpy3DBatchAsync(2, ops, &fail, 0, stream));
	show_all();
	ops[0].src.op.ptr.ptr += 3;
	ops[1].dst.op.ptr.ptr = other + 50 * MIB;
	SAY(cu.Memcpy3DBatchAsync_v2(2, ops, 0, stream));
	show_all();
	ops[1].extent.depth = 900;
	SAY(cu.Memcpy3DBatchAsync_v2(2, ops, 0, stream));
	SAY(cu.Memcpy3DBatchAsync(2, NULL, &fail, 0, stream));
}

int main(void)
{
	open_gpu();
	weights = uploaded(BIG, 1);
	other = cleared(BIG);
	small = cleared(MIB);
	host = pinned(8 * MIB, 2);
	MUST(cu.StreamCreate(&stream, CU_STREAM_NON_BLOCKING));
	issue(within(), COUNT);
	issue(across(), COUNT);
	issue(across(), 3);
	boxes();
	refused();
	return 0;
}
