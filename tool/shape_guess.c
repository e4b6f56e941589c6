/* SPDX-License-Identifier: GPL-2.0-only */
/* A shape for who knows no more of a model than its size. */
#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "shape.h"

#define EXPERTS	   128
#define VOCABULARY 128256 /* Llama 3's */

/* Layers' weights of a Llama of width h are some 13 h^2, and h is 128 a layer. */
#define PER_LAYER	13.0
#define WIDTH_PER_LAYER 128.0

static void put(struct gb_shape *shape, const char *name, double bytes,
		uint64_t columns, uint64_t experts, double element)
{
	struct gb_matrix *part = &shape->part[shape->parts++];

	snprintf(part->name, sizeof(part->name), "%s.", name);
	part->bytes = (uint64_t)bytes;
	part->elements = (uint64_t)(bytes / element);
	part->columns = columns;
	part->experts = experts;
	part->rows = part->elements / shape->layers / columns /
		     (experts ? experts : 1);
	if (!part->rows)
		part->rows = 1;
}

/* Of @bytes in all layers, as Llama's parts have their shares. */
static void put_dense(struct gb_shape *shape, double bytes, double element)
{
	static const struct {
		const char *name;
		double share; /* of PER_LAYER h^2 */
		double depth; /* of h */
	} parts[] = {
		{ "attn_q.weight", 1, 1 },	 { "attn_k.weight", 0.25, 1 },
		{ "attn_v.weight", 0.25, 1 },	 { "attn_output.weight", 1, 1 },
		{ "ffn_gate.weight", 3.5, 1 },	 { "ffn_up.weight", 3.5, 1 },
		{ "ffn_down.weight", 3.5, 3.5 },
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		put(shape, parts[i].name, bytes * parts[i].share / PER_LAYER,
		    (uint64_t)(parts[i].depth * (double)shape->hidden), 0, element);
}

static void choose_width(struct gb_shape *shape, double weights)
{
	double width = cbrt(weights * WIDTH_PER_LAYER / PER_LAYER);

	shape->hidden = ((uint64_t)(width / 256) + 1) * 256;
	shape->layers = (unsigned int)fmax(4, rint(width / WIDTH_PER_LAYER));
	if (shape->layers > GB_SHAPE_LAYERS)
		shape->layers = GB_SHAPE_LAYERS;
}

/*
 * @active = dense + used / experts x banks. A third of what is active or more is
 * taken to be dense, and the experts used are the whole number that fits then.
 */
static double find_dense(struct gb_shape *shape, double bytes, double active,
			 uint64_t *experts)
{
	double dense = fmax((16 * active - bytes) / 15, active / 3), share;

	for (*experts = EXPERTS; *experts < 65536; *experts *= 2) {
		share = (active - dense) / (bytes - dense);
		if (share * (double)*experts >= 1)
			break;
	}
	shape->experts_used = (uint64_t)fmax(
		1, floor((active - dense) / (bytes - dense) * (double)*experts));
	share = (double)shape->experts_used / (double)*experts;
	return fmax(0, (active - bytes * share) / (1 - share));
}

int gb_shape_guess(struct gb_shape *shape, uint64_t bytes, uint64_t active,
		   unsigned int bits)
{
	double element = bits / 8.0, size = (double)bytes, reads;
	double head, dense;
	uint64_t experts = 0;

	*shape = (struct gb_shape){ .packed = bits < 16 };
	if (bytes < 1 << 24 || bytes > UINT64_C(1) << 56 || active > bytes ||
	    (active && active < bytes / 2048))
		return -ERANGE;
	reads = active ? (double)active : size;
	choose_width(shape, reads / element);
	/* Never more than a fifth: a small model's vocabulary is smaller. */
	head = fmin((double)(VOCABULARY * shape->hidden) * element, reads / 5);
	shape->head = (struct gb_matrix){
		.bytes = (uint64_t)head,
		.elements = (uint64_t)(head / element),
		.columns = shape->hidden,
		.rows = (uint64_t)(head / element) / shape->hidden + 1,
	};
	dense = size - head;
	if (active && active < bytes)
		dense = find_dense(shape, size - head, reads - head, &experts);
	put_dense(shape, dense, element);
	if (experts)
		put(shape, "ffn_exps.weight", size - head - dense,
		    shape->hidden, experts, element);
	return gb_shape_finish(shape, 0);
}
