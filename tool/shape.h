/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The shape of a model: how much each layer reads for a token, and in what
 * pieces. Made of the tensors that a file's header lists, or of two numbers.
 *
 * Layers are taken to be alike: each part of a layer ("attn_q") has the average
 * of its sizes in all layers. So a model whose first layers are others, or are
 * quantised otherwise, is as large in all as it is, and every layer costs the
 * same.
 */
#ifndef GB_SHAPE_H
#define GB_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json.h"

#define GB_SHAPE_PARTS	96 /* of a layer */
#define GB_SHAPE_NAME	64 /* bytes, the end included */
#define GB_SHAPE_LAYERS 4096

/* A matrix, or a bank of as many as there are experts; sums over all layers. */
struct gb_matrix {
	char name[GB_SHAPE_NAME]; /* without the numbers of layer and expert */
	uint64_t bytes, elements;
	uint64_t rows, columns; /* of the largest of them; an expert's own */
	uint64_t experts;	/* 0: not a bank */
};

struct gb_shape {
	unsigned int layers, parts;
	struct gb_matrix part[GB_SHAPE_PARTS];
	struct gb_matrix table, head; /* embedding and output; bytes 0: none */
	uint64_t other; /* bytes of vectors, and of what is none of these */
	uint64_t hidden;
	uint64_t experts_used; /* of each bank, for a token; 0: not told */
	uint64_t cache;	       /* bytes of keys and values, a token and layer */
	bool packed; /* quantised, as programs of fused kernels run it */
};

/* A tensor as a header tells of it. */
struct gb_tensor {
	struct gb_text name;
	unsigned int dims;
	uint64_t dim[4]; /* the one whose elements are neighbours first */
	uint64_t bytes;
};

/*
 * Adds a tensor to @shape, which began as all zero. Returns 0; -E2BIG beyond
 * the limits above; -EOVERFLOW where sizes do not fit into 64 bits.
 */
int gb_shape_add(struct gb_shape *shape, const struct gb_tensor *tensor);

/*
 * Ends the adding. @active is what of the bytes a token reads, or 0 when that
 * is not told. Returns 0; -ENODATA where there is no layer; -EDESTADDRREQ for
 * banks of experts of which it is not known how many are used; -ERANGE where
 * @active is less than a token reads anyway or more than there is.
 */
int gb_shape_finish(struct gb_shape *shape, uint64_t active);

/*
 * A shape of @bytes of weights of @bits each, of which a token reads @active
 * (0: all). Dense ones are like Llama's, the others have 128 experts or more a
 * layer. Returns 0, or -ERANGE.
 */
int gb_shape_guess(struct gb_shape *shape, uint64_t bytes, uint64_t active,
		   unsigned int bits);

/* Bytes of all weights, and of those of the banks. */
uint64_t gb_shape_bytes(const struct gb_shape *shape);
uint64_t gb_shape_bank_bytes(const struct gb_shape *shape);

/* The share of each bank that @tokens tokens read, on average. */
double gb_shape_bank_share(const struct gb_shape *shape, uint64_t tokens);

/* What a token reads. */
uint64_t gb_shape_active(const struct gb_shape *shape);

#endif
