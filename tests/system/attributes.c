/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What queries say about memory. They are printed relative to the memory, since
 * addresses differ; the driver's answers for its own memory are what counts.
 */
#include <string.h>

#include "client.h"

#define IDS (CU_POINTER_ATTRIBUTE_IS_HW_DECOMPRESS_CAPABLE + 1)

static CUcontext context;

/* A value as what it says: an address as its distance, a handle as "ours". */
static void print_value(int id, uint64_t value, CUdeviceptr base, size_t size)
{
	switch (id) {
	case CU_POINTER_ATTRIBUTE_BUFFER_ID:
	case CU_POINTER_ATTRIBUTE_MEMORY_BLOCK_ID:
		printf(" %s", value ? "an id" : "no id");
		break;
	case CU_POINTER_ATTRIBUTE_CONTEXT:
		printf(" %s", value == (uint64_t)context ? "context" : "none");
		break;
	case CU_POINTER_ATTRIBUTE_MAPPING_SIZE:
		/* Whole granules, or what was asked for. */
		printf(" %s", value >= size ? "enough" : "too little");
		break;
	default:
		if (base && value - base <= size)
			printf(" base+%llu", (unsigned long long)(value - base));
		else
			printf(" %#llx", (unsigned long long)value);
	}
}

/* The bytes behind the value stay as they were. */
static void one(int id, CUdeviceptr at, CUdeviceptr base, size_t size)
{
	uint64_t room[3];
	CUresult rc;

	memset(room, 0xab, sizeof(room));
	rc = cu.PointerGetAttribute(room, (CUpointer_attribute)id, at);
	printf("attribute %d = %d", id, rc);
	if (rc == CUDA_SUCCESS) {
		bool narrow = (room[0] >> 32) == 0xabababab;

		print_value(id, narrow ? (uint32_t)room[0] : room[0], base, size);
		printf(narrow ? " (4 bytes)" : "");
	}
	CHECK(room[1] == 0xabababababababab || id == 5);
	printf("\n");
}

static void all_at_once(CUdeviceptr at, CUdeviceptr base, size_t size)
{
	static const CUpointer_attribute ids[] = { 1,  2,  3,  4,  6,  7,
						   8,  9,  10, 11, 12, 13,
						   14, 16, 17, 18, 19, 20 };
	enum { N = sizeof(ids) / sizeof(*ids) };
	uint64_t room[N];
	void *to[N];

	memset(room, 0xab, sizeof(room));
	for (int i = 0; i < N; i++)
		to[i] = &room[i];
	SAY(cu.PointerGetAttributes(N, (CUpointer_attribute *)ids, to, at));
	for (int i = 0; i < N; i++) {
		bool narrow = (room[i] >> 32) == 0xabababab;

		printf("  %d", ids[i]);
		print_value(ids[i], narrow ? (uint32_t)room[i] : room[i], base,
			    size);
		printf("%s\n", narrow ? " (4 bytes)" : "");
	}
}

static void describe(const char *name, CUdeviceptr base, size_t size)
{
	size_t inside[] = { 0, 1, size / 2, size - 1 };
	CUdeviceptr start = 0;
	size_t bytes = 0;

	for (int i = 0; i < 4; i++) {
		printf("%s + %zu\n", name, inside[i]);
		for (int id = 0; id < IDS + 2; id++)
			/* Whether a NIC can reach it is the machine's business. */
			if (id != CU_POINTER_ATTRIBUTE_IS_GPU_DIRECT_RDMA_CAPABLE &&
			    id != CU_POINTER_ATTRIBUTE_P2P_TOKENS)
				one(id, base + inside[i], base, size);
		SAY(cu.MemGetAddressRange(&start, &bytes, base + inside[i]));
		printf("range base+%lld, %s\n", (long long)(start - base),
		       bytes >= size ? "enough" : "too little");
		SAY(cu.MemGetAddressRange(NULL, &bytes, base + inside[i]));
		SAY(cu.MemGetAddressRange(&start, NULL, base + inside[i]));
		SAY(cu.MemGetAddressRange(NULL, NULL, base + inside[i]));
	}
	all_at_once(base, base, size);
	all_at_once(base + size / 2, base, size);
}

static void unknown(const char *name, CUdeviceptr at)
{
	CUdeviceptr start;
	size_t bytes;

	printf("%s\n", name);
	for (int id = 1; id < IDS; id++)
		one(id, at, 0, 0);
	SAY(cu.MemGetAddressRange(&start, &bytes, at));
}

static void nonsense(CUdeviceptr p)
{
	CUpointer_attribute ids[2] = { CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
				       (CUpointer_attribute)77 };
	uint64_t value[2];
	void *to[2] = { &value[0], &value[1] };
	unsigned int on = 1;

	SAY(cu.PointerGetAttribute(NULL, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, p));
	SAY(cu.PointerGetAttributes(2, ids, to, p));
	SAY(cu.PointerGetAttributes(0, ids, to, p));
	SAY(cu.PointerGetAttributes(1, NULL, to, p));
	SAY(cu.PointerGetAttributes(1, ids, NULL, p));
	to[0] = NULL;
	SAY(cu.PointerGetAttributes(1, ids, to, p));
	SAY(cu.PointerSetAttribute(NULL, CU_POINTER_ATTRIBUTE_SYNC_MEMOPS, p));
	SAY(cu.PointerSetAttribute(&on, CU_POINTER_ATTRIBUTE_MAPPED, p));
	SAY(cu.PointerSetAttribute(&on, CU_POINTER_ATTRIBUTE_SYNC_MEMOPS, 4096));
}

int main(void)
{
	CUdeviceptr big, touched, freed, small;
	unsigned int on = 1;
	void *host;

	open_gpu();
	MUST(cu.CtxGetCurrent(&context));
	MUST(cu.MemAlloc(&big, 40 * MIB));
	describe("untouched", big, 40 * MIB);
	touched = uploaded(3 * MIB + 4, 1);
	describe("touched", touched, 3 * MIB + 4);
	show("touched", touched, 3 * MIB + 4);
	MUST(cu.MemAlloc(&small, 1000));
	describe("small", small, 1000);
	MUST(cu.MemAlloc(&freed, 8 * MIB));
	MUST(cu.MemFree(freed));
	unknown("freed", freed);
	unknown("freed, inside", freed + 5 * MIB);
	unknown("nothing", 4096);
	unknown("null", 0);
	host = pageable(4096, 1);
	unknown("pageable", (CUdeviceptr)host);
	nonsense(touched);
	SAY(cu.PointerSetAttribute(&on, CU_POINTER_ATTRIBUTE_SYNC_MEMOPS, touched));
	one(CU_POINTER_ATTRIBUTE_SYNC_MEMOPS, touched, touched, 3 * MIB);
	show("touched", touched, 3 * MIB + 4);
	show("big", big, 0);
	return 0;
}
