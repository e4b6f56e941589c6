/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A model: weights that are uploaded and then only read, and activations and a
 * cache that kernels write, in the order in which the first argument says. Goes
 * through it some times, then waits for its standard input to end, so that
 * somebody can look (placement.py).
 *
 * usage: placement weights-first|weights-last|mixed|all-then-upload
 *                  [PASSES]
 */
#include <stdlib.h>
#include <string.h>

#include "client.h"

#define LAYERS	   8
#define LAYER	   (6 * MIB)
#define ACTIVATION (5 * MIB)

static CUdeviceptr weights[LAYERS], activation[2], cache;
static CUfunction blend;

static void take_weights(int from, int to)
{
	for (int i = from; i < to; i++)
		weights[i] = uploaded(LAYER, (uint64_t)i);
}

static void take_activations(void)
{
	for (int i = 0; i < 2; i++)
		MUST(cu.MemAlloc(&activation[i], ACTIVATION));
	MUST(cu.MemAlloc(&cache, ACTIVATION));
}

/* Nothing is said of any of them when they are allocated. */
static void take_all_then_upload(void)
{
	char *host = malloc(LAYER);

	for (int i = 0; i < LAYERS; i++)
		MUST(cu.MemAlloc(&weights[i], LAYER));
	take_activations();
	for (int i = 0; i < LAYERS; i++) {
		make_pattern(host, LAYER, (uint64_t)i);
		MUST(cu.MemcpyHtoD(weights[i], host, LAYER));
		MUST(cu.CtxSynchronize());
	}
	free(host);
}

static void take_in_turn(const char *order)
{
	if (!strcmp(order, "weights-last"))
		take_activations();
	take_weights(0, !strcmp(order, "mixed") ? LAYERS / 2 : LAYERS);
	if (strcmp(order, "weights-last"))
		take_activations();
	if (!strcmp(order, "mixed"))
		take_weights(LAYERS / 2, LAYERS);
}

/* Few words of each: the simulated GPU is slow at the others. */
static void launch(CUfunction function, CUdeviceptr to, CUdeviceptr from)
{
	uint64_t words = 4096;
	void *parameters[] = { &to, &from, &words };

	MUST(cu.LaunchKernel(function, 4, 1, 1, 32, 1, 1, 0, NULL, parameters, NULL));
}

static void pass(void)
{
	for (int i = 0; i < LAYERS; i++) {
		launch(blend, activation[i % 2], weights[i]);
		launch(blend, cache, activation[i % 2]);
		launch(blend, activation[(i + 1) % 2], cache);
	}
	MUST(cu.CtxSynchronize());
}

int main(int argc, char **argv)
{
	const char *order = argc > 1 ? argv[1] : "weights-first";
	int passes = argc > 2 ? atoi(argv[2]) : 40;
	CUmodule module;

	open_gpu();
	module = load_kernels();
	blend = kernel(module, "blend");
	if (!strcmp(order, "all-then-upload"))
		take_all_then_upload();
	else
		take_in_turn(order);
	for (int i = 0; i < 2; i++)
		MUST(cu.MemsetD8(activation[i], 1, ACTIVATION));
	MUST(cu.MemsetD8(cache, 2, ACTIVATION));
	for (int i = 0; i < passes; i++)
		pass();
	show("result", activation[0], ACTIVATION);
	printf("ready\n");
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}
