/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A program that checks every result and goes on after every error: whatever
 * fails beneath it, data that a call claimed to have made must be right.
 *
 * Prints nothing but its verdict, since how much fails depends on the fault.
 */
#include <stdlib.h>
#include <string.h>

#include "client.h"

#define PIECE (3 * MIB)
#define COUNT 6

static struct piece {
	CUdeviceptr at;
	char *expected; /* NULL: contents are not known */
} pieces[COUNT];

static char *found;
static int failures;

static bool works(CUresult rc)
{
	if (rc)
		failures++;
	return rc == CUDA_SUCCESS;
}

static void forget(struct piece *piece)
{
	free(piece->expected);
	piece->expected = NULL;
}

static void fill(struct piece *piece, uint64_t seed)
{
	char *data = pageable(PIECE, seed);
	CUresult rc = seed % 2 ? cu.MemcpyHtoD(piece->at, data, PIECE)
			       : cu.MemsetD8(piece->at, (unsigned char)seed, PIECE);

	forget(piece);
	if (!works(rc) || !works(cu.CtxSynchronize())) {
		free(data);
		return;
	}
	if (seed % 2 == 0)
		memset(data, (int)(seed & 255), PIECE);
	piece->expected = data;
}

static void copy(struct piece *to, struct piece *from)
{
	CUresult rc = cu.MemcpyDtoD(to->at, from->at, PIECE);

	if (!to->at || !from->at)
		return;
	forget(to);
	if (works(rc) && works(cu.CtxSynchronize()) && from->expected) {
		to->expected = malloc(PIECE);
		memcpy(to->expected, from->expected, PIECE);
	}
}

/* As the kernel stir does. */
static void stir_here(char *data, uint64_t seed)
{
	for (uint64_t i = 0; i < PIECE / 8; i++) {
		uint64_t x;

		memcpy(&x, data + 8 * i, 8);
		x = x * 0x9e3779b97f4a7c15u + seed + i;
		memcpy(data + 8 * i, &x, 8);
	}
}

static void work_on(struct piece *piece, CUfunction stir, uint64_t seed)
{
	uint64_t words = PIECE / 8;
	void *parameters[] = { &piece->at, &words, &seed };

	if (!stir || !piece->at)
		return;
	/* A launch that fails has not run; see the faults of the test. */
	if (!works(cu.LaunchKernel(stir, 4, 1, 1, 32, 1, 1, 0, NULL, parameters,
				   NULL)))
		return;
	if (!works(cu.CtxSynchronize()))
		forget(piece);
	else if (piece->expected)
		stir_here(piece->expected, seed);
}

static void verify(struct piece *piece)
{
	if (!piece->at || !piece->expected)
		return;
	if (works(cu.MemcpyDtoH(found, piece->at, PIECE)))
		CHECK(!memcmp(found, piece->expected, PIECE));
}

static void drop(struct piece *piece)
{
	if (piece->at)
		works(cu.MemFree(piece->at));
	forget(piece);
	piece->at = 0;
}

static void work(CUfunction stir)
{
	for (uint64_t round = 0; round < 3; round++) {
		for (int i = 0; i < COUNT; i++)
			if (!pieces[i].at &&
			    works(cu.MemAlloc(&pieces[i].at, PIECE)))
				fill(&pieces[i], round * COUNT + (uint64_t)i);
		for (int i = 0; i < COUNT; i++) {
			work_on(&pieces[i], stir, round + (uint64_t)i);
			copy(&pieces[i], &pieces[(i + 3) % COUNT]);
			verify(&pieces[(i + 1) % COUNT]);
		}
		for (int i = 0; i < COUNT; i++)
			verify(&pieces[i]);
		for (int i = (int)round; i < COUNT; i += 3)
			drop(&pieces[i]);
	}
}

int main(void)
{
	CUfunction stir = NULL;
	CUmodule module;

	find_driver();
	if (cu.Init(0)) {
		puts("right");
		return 0;
	}
	open_device(0);
	found = malloc(PIECE);
	if (works(try_kernels(&module)))
		works(cu.ModuleGetFunction(&stir, module, "stir"));
	work(stir);
	for (int i = 0; i < COUNT; i++)
		drop(&pieces[i]);
	printf("~%d calls failed\n", failures);
	puts("right");
	return 0;
}
