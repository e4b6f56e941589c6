/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Large uploads from pageable memory between work that reads what was there
 * before and work that reads what they bring.
 */
#include <stdlib.h>
#include <string.h>

#include "client.h"

#define SIZE (9 * MIB)

static CUfunction blend;
static CUdeviceptr weights, sum;
static char *host;

static void read_by(CUstream stream)
{
	uint64_t words = SIZE / 8;
	void *parameters[] = { &sum, &weights, &words };

	MUST(cu.LaunchKernel(blend, 4, 1, 1, 32, 1, 1, 0, stream, parameters, NULL));
}

/* The host's memory is another's as soon as the call is back. */
static void replace(uint64_t seed, CUstream stream, bool at_once)
{
	make_pattern(host, SIZE, seed);
	if (at_once)
		SAY(cu.MemcpyHtoD(weights, host, SIZE));
	else
		SAY(cu.MemcpyHtoDAsync(weights, host, SIZE, stream));
	memset(host, 0xee, SIZE);
}

static void in_turn(const char *name, CUstream stream, bool at_once)
{
	for (uint64_t i = 0; i < 4; i++) {
		read_by(stream);
		replace(i, stream, at_once);
	}
	read_by(stream);
	MUST(cu.CtxSynchronize());
	show(name, sum, SIZE);
	show("weights", weights, SIZE);
}

/* In parts, some of which are too small to be worth an effort of ours. */
static void in_parts(CUstream stream)
{
	static const size_t parts[] = { 1, 4096, MIB - 5, 5 * MIB, 100 };
	size_t at = 0;

	make_pattern(host, SIZE, 50);
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		read_by(stream);
		SAY(cu.MemcpyHtoDAsync(weights + at, host + at, parts[i], stream));
		at += parts[i];
	}
	read_by(stream);
	MUST(cu.CtxSynchronize());
	show("in parts", sum, SIZE);
	show("weights", weights, SIZE);
}

int main(void)
{
	CUstream apart, beside;

	open_gpu();
	blend = kernel(load_kernels(), "blend");
	host = malloc(SIZE);
	weights = uploaded(SIZE, 99);
	sum = cleared(SIZE);
	MUST(cu.StreamCreate(&apart, CU_STREAM_NON_BLOCKING));
	MUST(cu.StreamCreate(&beside, CU_STREAM_DEFAULT));
	in_turn("in a stream", apart, false);
	in_turn("in the default stream", NULL, false);
	in_turn("waiting", NULL, true);
	in_turn("waiting for a stream beside", beside, true);
	in_parts(apart);
	SAY(cu.MemFree(weights));
	SAY(cu.MemFree(sum));
	return 0;
}
