/* SPDX-License-Identifier: GPL-2.0-only */
#include "shape.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Where a tensor belongs, by its name. */
struct place {
	char part[GB_SHAPE_NAME];
	bool in_layer;
	uint64_t layer, expert;
	bool is_expert; /* one of a bank's, numbered in its name */
};

static bool is_number(const char *word, size_t length, uint64_t *number)
{
	*number = 0;
	for (size_t i = 0; i < length; i++) {
		if (word[i] < '0' || word[i] > '9' || length > 9)
			return false;
		*number = *number * 10 + (uint64_t)(word[i] - '0');
	}
	return length > 0;
}

static void append(char *name, const char *word, size_t length)
{
	size_t used = strlen(name);

	if (used + length + 2 > GB_SHAPE_NAME)
		length = GB_SHAPE_NAME - used - 2;
	memcpy(name + used, word, length);
	name[used + length] = '.';
	name[used + length + 1] = '\0';
}

/*
 * "model.layers.3.mlp.experts.17.up_proj.weight" is part
 * "mlp.experts.up_proj.weight." of layer 3, expert 17 of it.
 */
static void find_place(struct place *place, const struct gb_text *name)
{
	const char *at = name->at, *end = name->at + name->length;

	*place = (struct place){ 0 };
	while (at < end) {
		const char *dot = memchr(at, '.', (size_t)(end - at));
		size_t length = (size_t)((dot ? dot : end) - at);
		uint64_t number;

		if (!is_number(at, length, &number)) {
			if (strlen(place->part) + 2 < GB_SHAPE_NAME)
				append(place->part, at, length);
		} else if (!place->in_layer) {
			place->in_layer = true;
			place->layer = number;
			place->part[0] = '\0';
		} else {
			place->is_expert = true;
			place->expert = number;
		}
		at += length + 1;
	}
}

static struct gb_matrix *find_part(struct gb_shape *shape, const char *name)
{
	unsigned int i = 0;

	while (i < shape->parts && strcmp(shape->part[i].name, name))
		i++;
	if (i == GB_SHAPE_PARTS)
		return NULL;
	if (i == shape->parts) {
		shape->parts++;
		memcpy(shape->part[i].name, name, GB_SHAPE_NAME);
	}
	return &shape->part[i];
}

static int count_elements(const struct gb_tensor *tensor, uint64_t *elements)
{
	*elements = 1;
	for (unsigned int i = 0; i < tensor->dims; i++)
		if (__builtin_mul_overflow(*elements, tensor->dim[i], elements))
			return -EOVERFLOW;
	return 0;
}

static int add_bytes(uint64_t *sum, uint64_t bytes)
{
	return __builtin_add_overflow(*sum, bytes, sum) ? -EOVERFLOW : 0;
}

static bool is_bank(const struct gb_tensor *tensor, const struct place *place)
{
	return tensor->dims == 3 &&
	       (strstr(place->part, "_exps.") || strstr(place->part, "experts."));
}

static int add_to_part(struct gb_matrix *part, const struct gb_tensor *tensor,
		       const struct place *place, uint64_t elements)
{
	uint64_t experts = 0, rows, columns = tensor->dim[0];

	if (is_bank(tensor, place))
		experts = tensor->dim[2];
	else if (place->is_expert && strstr(place->part, "experts."))
		experts = place->expert + 1;
	if (experts > part->experts)
		part->experts = experts;
	rows = columns ? elements / columns : 0;
	if (is_bank(tensor, place) && experts)
		rows /= experts;
	if (rows > part->rows)
		part->rows = rows;
	if (columns > part->columns)
		part->columns = columns;
	return add_bytes(&part->bytes, tensor->bytes) ||
			       add_bytes(&part->elements, elements)
		       ? -EOVERFLOW
		       : 0;
}

static bool is_one_of(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (!strcmp(name, *names))
			return true;
	return false;
}

static const char *const heads[] = { "output.weight.", "lm_head.weight.",
				     "language_model.lm_head.weight.", NULL };
static const char *const tables[] = { "token_embd.weight.",
				      "model.embed_tokens.weight.",
				      "language_model.model.embed_tokens.weight.",
				      "model.language_model.embed_tokens.weight.",
				      "transformer.wte.weight.",
				      "wte.weight.",
				      "gpt_neox.embed_in.weight.",
				      NULL };

/* Names under which the layers of the language model, not of an eye, go. */
static bool is_language(const struct gb_text *name)
{
	static const char *const others[] = { "v.",	      "mm.",
					      "vision",	      "visual",
					      "model.vision", "model.visual",
					      "audio",	      NULL };

	for (const char *const *other = others; *other; other++)
		if (name->length > strlen(*other) &&
		    !memcmp(name->at, *other, strlen(*other)))
			return false;
	return true;
}

int gb_shape_add(struct gb_shape *shape, const struct gb_tensor *tensor)
{
	struct gb_matrix *part = NULL;
	struct place place;
	uint64_t elements;

	if (count_elements(tensor, &elements))
		return -EOVERFLOW;
	find_place(&place, &tensor->name);
	if (!is_language(&tensor->name) || tensor->dims < 2 || !elements)
		return add_bytes(&shape->other, tensor->bytes);
	if (!place.in_layer) {
		if (is_one_of(place.part, heads))
			part = &shape->head;
		else if (is_one_of(place.part, tables))
			part = &shape->table;
		else
			return add_bytes(&shape->other, tensor->bytes);
		return add_to_part(part, tensor, &place, elements);
	}
	if (place.layer >= GB_SHAPE_LAYERS || place.expert >= 65536)
		return -E2BIG;
	if (place.layer >= shape->layers)
		shape->layers = (unsigned int)place.layer + 1;
	part = find_part(shape, place.part);
	return part ? add_to_part(part, tensor, &place, elements) : -E2BIG;
}

uint64_t gb_shape_bank_bytes(const struct gb_shape *shape)
{
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < shape->parts; i++)
		if (shape->part[i].experts)
			bytes += shape->part[i].bytes;
	return bytes;
}

uint64_t gb_shape_bytes(const struct gb_shape *shape)
{
	uint64_t bytes = shape->other + shape->table.bytes + shape->head.bytes;

	for (unsigned int i = 0; i < shape->parts; i++)
		bytes += shape->part[i].bytes;
	return bytes;
}

static uint64_t most_experts(const struct gb_shape *shape)
{
	uint64_t experts = 0;

	for (unsigned int i = 0; i < shape->parts; i++)
		if (shape->part[i].experts > experts)
			experts = shape->part[i].experts;
	return experts;
}

double gb_shape_bank_share(const struct gb_shape *shape, uint64_t tokens)
{
	uint64_t experts = most_experts(shape);

	if (!experts)
		return 1;
	return 1 - pow(1 - (double)shape->experts_used / (double)experts,
		       (double)tokens);
}

uint64_t gb_shape_active(const struct gb_shape *shape)
{
	uint64_t banks = gb_shape_bank_bytes(shape);
	/* Of the table a token reads one row. */
	uint64_t rest = gb_shape_bytes(shape) - banks - shape->table.bytes;

	return rest + (uint64_t)((double)banks * gb_shape_bank_share(shape, 1));
}

/* Sums that later arithmetic may trust. */
static int check_sums(const struct gb_shape *shape)
{
	uint64_t sum = shape->other;
	int ret = add_bytes(&sum, shape->table.bytes);

	if (!ret)
		ret = add_bytes(&sum, shape->head.bytes);
	for (unsigned int i = 0; i < shape->parts && !ret; i++)
		ret = add_bytes(&sum, shape->part[i].bytes);
	return ret || sum > (UINT64_C(1) << 56) ? -EOVERFLOW : 0;
}

static int set_active(struct gb_shape *shape, uint64_t active)
{
	uint64_t banks = gb_shape_bank_bytes(shape);
	uint64_t rest = gb_shape_bytes(shape) - banks - shape->table.bytes;
	double used;

	if (!active)
		return banks && !shape->experts_used ? -EDESTADDRREQ : 0;
	if (active < rest || active > gb_shape_bytes(shape) || !banks)
		return -ERANGE;
	used = (double)(active - rest) / (double)banks * (double)most_experts(shape);
	shape->experts_used = (uint64_t)(used + 0.5);
	return shape->experts_used ? 0 : -ERANGE;
}

/* What a token leaves behind in each layer, in 16 bits: by the part that makes it. */
static uint64_t find_cache(const struct gb_shape *shape)
{
	for (unsigned int i = 0; i < shape->parts; i++) {
		const struct gb_matrix *part = &shape->part[i];

		if (strstr(part->name, "k_proj.weight") ||
		    !strcmp(part->name, "attn_k.weight."))
			return part->rows * 4;
		if (strstr(part->name, "kv_a_")) /* keys and values, compressed */
			return part->rows * 2;
		if (strstr(part->name, "qkv") && part->rows > part->columns)
			return (part->rows - part->columns) * 2;
	}
	return 0;
}

static void average(struct gb_shape *shape)
{
	for (unsigned int i = 0; i < shape->parts; i++) {
		struct gb_matrix *part = &shape->part[i];

		if (!shape->hidden && part->columns > shape->hidden &&
		    strstr(part->name, "q_proj.weight"))
			shape->hidden = part->columns;
	}
	if (!shape->hidden)
		shape->hidden = shape->head.columns ? shape->head.columns
						    : shape->table.columns;
	if (!shape->hidden)
		shape->hidden = shape->part[0].columns;
}

int gb_shape_finish(struct gb_shape *shape, uint64_t active)
{
	uint64_t experts = most_experts(shape);
	int ret = check_sums(shape);

	if (ret)
		return ret;
	if (!shape->layers || !shape->parts)
		return -ENODATA;
	/* One table for both ends is read whole, as the head. */
	if (!shape->head.bytes) {
		shape->head = shape->table;
		shape->table = (struct gb_matrix){ 0 };
	}
	average(shape);
	shape->cache = find_cache(shape);
	if (!experts)
		shape->experts_used = 0;
	if (shape->experts_used > experts)
		return -ERANGE;
	return set_active(shape, active);
}
