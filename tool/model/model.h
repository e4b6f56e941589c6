/* SPDX-License-Identifier: GPL-2.0-only */
/* A model that is no more than its shape, in GPU memory. */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/cuda.h"

#define MODEL_PARTS  100
#define MODEL_LAYERS 4096

struct part {
	uint64_t bytes; /* in each layer */
	uint64_t rows, columns;
	uint64_t experts, used; /* 0: one matrix */
	CUdeviceptr *at;	/* by layer; allocated */
};

struct model {
	unsigned int layers, parts;
	struct part part[MODEL_PARTS];
	struct part table, head; /* bytes 0: none */
	uint64_t other;		 /* bytes that no step reads */
	uint64_t hidden;
	uint64_t cache; /* bytes of keys and values, a token and layer */
	uint64_t slots; /* tokens that the cache holds */
	uint64_t room;	/* bytes of activations, in two halves */
	uint64_t small; /* bytes that a layer's small operations move, a token */
	uint64_t layer_ns; /* host time before each layer */
	uint64_t token_ns; /* and behind each decoded token */
	bool replays;	   /* decoding is a captured graph */
	CUdeviceptr input, output, *keys;
	CUgraphExec step; /* of the last decoding that was captured */
};

/* Uploads the weights; the driver is open. Ends the program where it cannot. */
void model_make(struct model *model);

/*
 * One pass over a piece of a prompt, or for a token of each of @batch sequences.
 * @context is what a token sees of those before it, on average.
 */
void model_prefill(struct model *model, uint64_t tokens, uint64_t context);
void model_decode(struct model *model, uint64_t batch, uint64_t context);

/* Before the first model_decode() with these numbers. */
void model_prepare_decode(struct model *model, uint64_t batch, uint64_t context);

/* What the last pass came to: it depends on every weight. */
uint64_t model_result(const struct model *model);

#endif
