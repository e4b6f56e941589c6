/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All memory there is, taken: the call that wants more gets an error, what was
 * there stays right, and the program goes on when it has freed some.
 */
#include <stdlib.h>
#include <string.h>

#include "client.h"

#define PIECE (4 * MIB)
#define MOST  512

static CUdeviceptr piece[MOST];
static char *expected, *found;
static CUfunction stir;

static CUresult take(int i)
{
	CUresult rc = cu.MemAlloc(&piece[i], PIECE);

	if (rc)
		return rc;
	make_pattern(expected, PIECE, (uint64_t)i);
	/* Half are weights, half are what kernels work on. */
	if (i % 2)
		MUST(cu.MemsetD8(piece[i], (unsigned char)i, PIECE));
	else
		MUST(cu.MemcpyHtoD(piece[i], expected, PIECE));
	return rc;
}

static void verify(int i)
{
	if (i % 2)
		memset(expected, i & 255, PIECE);
	else
		make_pattern(expected, PIECE, (uint64_t)i);
	MUST(cu.MemcpyDtoH(found, piece[i], PIECE));
	CHECK(!memcmp(expected, found, PIECE));
}

static int take_all(int from)
{
	CUresult rc = CUDA_SUCCESS;
	int i = from;

	while (i < MOST && !(rc = take(i)))
		i++;
	printf("~%d pieces\n", i);
	printf("then %d\n", rc);
	CHECK(rc == CUDA_ERROR_OUT_OF_MEMORY && i - from > 4);
	return i;
}

/* Each of these wants more than there is. */
static void refused(CUstream stream)
{
	CUmemAllocationProp prop = {
		.type = CU_MEM_ALLOCATION_TYPE_PINNED,
		.location = { CU_MEM_LOCATION_TYPE_DEVICE, 0 },
	};
	CUmemGenericAllocationHandle handle;
	CUdeviceptr p;
	size_t pitch;

	SAY(cu.MemAlloc(&p, PIECE));
	SAY(cu.MemAlloc(&p, 100 * PIECE));
	SAY(cu.MemAllocPitch(&p, &pitch, PIECE, 4, 4));
	SAY(cu.MemAllocAsync(&p, 4 * PIECE, stream));
	SAY(cu.MemCreate(&handle, 16 * PIECE, &prop, 0));
}

int main(void)
{
	uint64_t words = PIECE / 8, seed = 1;
	CUstream stream;
	int count;

	open_gpu();
	expected = malloc(PIECE);
	found = malloc(PIECE);
	MUST(cu.StreamCreate(&stream, CU_STREAM_NON_BLOCKING));
	stir = kernel(load_kernels(), "stir");
	for (int round = 0; round < 2; round++) {
		count = take_all(0);
		refused(stream);
		for (int i = 0; i < count; i++)
			verify(i);
		for (int i = 0; i < count; i += 3)
			MUST(cu.MemFree(piece[i]));
		for (int i = 0; i < count; i += 3) {
			CUresult rc = take(i);

			CHECK(rc == CUDA_SUCCESS);
		}
		for (int i = 0; i < count; i++)
			verify(i);
		for (int i = 1; i < count; i += 2) {
			void *parameters[] = { &piece[i], &words, &seed };

			MUST(cu.LaunchKernel(stir, 1, 1, 1, 32, 1, 1, 0, stream,
					     parameters, NULL));
		}
		SAY(cu.StreamSynchronize(stream));
		show("worked on", piece[1], PIECE);
		for (int i = 0; i < count; i++)
			MUST(cu.MemFree(piece[i]));
	}
	return 0;
}
