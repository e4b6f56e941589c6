/* SPDX-License-Identifier: GPL-2.0-only */
/* GGUF, as github.com/ggml-org/ggml docs/gguf.md specifies it. */
#include "gguf.h"

#include <errno.h>
#include <string.h>

#define DEPTH	  4 /* of arrays in arrays; there are none deeper in use */
#define ALIGNMENT 32

/* Kinds of metadata. */
enum kind {
	KIND_U8,
	KIND_I8,
	KIND_U16,
	KIND_I16,
	KIND_U32,
	KIND_I32,
	KIND_F32,
	KIND_BOOL,
	KIND_STRING,
	KIND_ARRAY,
	KIND_U64,
	KIND_I64,
	KIND_F64,
	KINDS,
};

/* Bytes of each; 0: they say so themselves. */
static const unsigned int kind_bytes[KINDS] = { 1, 1, 2, 2, 4, 4, 4,
						1, 0, 0, 8, 8, 8 };

/*
 * Weights come in blocks: so many of them in so many bytes, by the number of
 * their type in ggml.h. No bytes: there is no such type, or no more.
 */
static const struct {
	uint16_t weights, bytes;
} types[] = {
	[0] = { 1, 4 },	     /* F32 */
	[1] = { 1, 2 },	     /* F16 */
	[2] = { 32, 18 },    /* Q4_0 */
	[3] = { 32, 20 },    /* Q4_1 */
	[6] = { 32, 22 },    /* Q5_0 */
	[7] = { 32, 24 },    /* Q5_1 */
	[8] = { 32, 34 },    /* Q8_0 */
	[9] = { 32, 36 },    /* Q8_1 */
	[10] = { 256, 84 },  /* Q2_K */
	[11] = { 256, 110 }, /* Q3_K */
	[12] = { 256, 144 }, /* Q4_K */
	[13] = { 256, 176 }, /* Q5_K */
	[14] = { 256, 210 }, /* Q6_K */
	[15] = { 256, 292 }, /* Q8_K */
	[16] = { 256, 66 },  /* IQ2_XXS */
	[17] = { 256, 74 },  /* IQ2_XS */
	[18] = { 256, 98 },  /* IQ3_XXS */
	[19] = { 256, 50 },  /* IQ1_S */
	[20] = { 32, 18 },   /* IQ4_NL */
	[21] = { 256, 110 }, /* IQ3_S */
	[22] = { 256, 82 },  /* IQ2_S */
	[23] = { 256, 136 }, /* IQ4_XS */
	[24] = { 1, 1 },     /* I8 */
	[25] = { 1, 2 },     /* I16 */
	[26] = { 1, 4 },     /* I32 */
	[27] = { 1, 8 },     /* I64 */
	[28] = { 1, 8 },     /* F64 */
	[29] = { 256, 56 },  /* IQ1_M */
	[30] = { 1, 2 },     /* BF16 */
	[34] = { 256, 54 },  /* TQ1_0 */
	[35] = { 256, 66 },  /* TQ2_0 */
	[39] = { 32, 17 },   /* MXFP4 */
};

struct reader {
	const uint8_t *start, *at, *end;
	int error; /* the first; from then on all reads give 0 */
	uint64_t alignment;
};

static void fail(struct reader *in, int error)
{
	if (!in->error)
		in->error = error;
	in->at = in->end;
}

static const uint8_t *take(struct reader *in, uint64_t bytes)
{
	const uint8_t *from = in->at;

	if (in->error || bytes > (uint64_t)(in->end - in->at)) {
		fail(in, -ENODATA);
		return NULL;
	}
	in->at += bytes;
	return from;
}

static uint64_t take_number(struct reader *in, unsigned int bytes)
{
	const uint8_t *from = take(in, bytes);
	uint64_t number = 0;

	for (unsigned int i = bytes; from && i-- > 0;)
		number = number << 8 | from[i];
	return number;
}

static struct gb_text take_text(struct reader *in)
{
	uint64_t length = take_number(in, 8);
	const uint8_t *from = take(in, length);

	return (struct gb_text){ (const char *)from, from ? length : 0 };
}

static void skip_value(struct reader *in, uint64_t kind, unsigned int depth);

static void skip_array(struct reader *in, unsigned int depth)
{
	uint64_t kind = take_number(in, 4), count = take_number(in, 8);
	uint64_t bytes;

	if (kind >= KINDS || depth == DEPTH) {
		fail(in, -EPROTO);
	} else if (kind_bytes[kind]) {
		if (__builtin_mul_overflow(count, kind_bytes[kind], &bytes))
			fail(in, -ENODATA);
		else
			take(in, bytes);
	} else {
		/* Each takes some bytes, so the file's end ends this. */
		while (count-- && !in->error)
			skip_value(in, kind, depth + 1);
	}
}

static void skip_value(struct reader *in, uint64_t kind, unsigned int depth)
{
	if (kind >= KINDS)
		fail(in, -EPROTO);
	else if (kind == KIND_STRING)
		take_text(in);
	else if (kind == KIND_ARRAY)
		skip_array(in, depth);
	else
		take(in, kind_bytes[kind]);
}

static bool ends_with(const struct gb_text *text, const char *end)
{
	size_t length = strlen(end);

	return text->length >= length &&
	       !memcmp(text->at + text->length - length, end, length);
}

static bool is_whole(uint64_t kind)
{
	return kind <= KIND_I32 || kind == KIND_U64 || kind == KIND_I64;
}

/* "llama.expert_used_count" and the like: the architecture comes first. */
static void read_metadata(struct reader *in, struct gb_shape *shape)
{
	struct gb_text key = take_text(in);
	uint64_t kind = take_number(in, 4), value;

	if (in->error)
		return;
	if (!is_whole(kind)) {
		skip_value(in, kind, 0);
		return;
	}
	value = take_number(in, kind_bytes[kind]);
	if (ends_with(&key, ".expert_used_count"))
		shape->experts_used = value;
	else if (ends_with(&key, ".embedding_length"))
		shape->hidden = value;
	else if (gb_text_is(&key, "general.alignment"))
		in->alignment = value;
}

static int find_bytes(struct gb_tensor *tensor, uint64_t type)
{
	uint64_t elements = 1, weights;

	if (type >= sizeof(types) / sizeof(*types) || !types[type].bytes)
		return -EMEDIUMTYPE;
	for (unsigned int i = 0; i < tensor->dims; i++)
		if (__builtin_mul_overflow(elements, tensor->dim[i], &elements))
			return -EOVERFLOW;
	weights = types[type].weights;
	if (tensor->dim[0] % weights)
		return -EPROTO;
	return __builtin_mul_overflow(elements / weights, types[type].bytes,
				      &tensor->bytes)
		       ? -EOVERFLOW
		       : 0;
}

/* Returns where the tensor's data end, behind the header. */
static uint64_t read_tensor(struct reader *in, struct gb_shape *shape)
{
	struct gb_tensor tensor = { .name = take_text(in) };
	uint64_t dims = take_number(in, 4), type, offset, end = 0;
	int ret;

	if (dims < 1 || dims > 4) {
		fail(in, in->error ? in->error : -EPROTO);
		return 0;
	}
	tensor.dims = (unsigned int)dims;
	for (unsigned int i = 0; i < tensor.dims; i++)
		tensor.dim[i] = take_number(in, 8);
	type = take_number(in, 4);
	offset = take_number(in, 8);
	if (in->error)
		return 0;
	ret = find_bytes(&tensor, type);
	if (!ret && __builtin_add_overflow(offset, tensor.bytes, &end))
		ret = -EOVERFLOW;
	/* A column of one is a vector. */
	while (tensor.dims > 1 && tensor.dim[tensor.dims - 1] == 1)
		tensor.dims--;
	if (!ret)
		ret = gb_shape_add(shape, &tensor);
	if (type != 0 && type != 1 && type != 30)
		shape->packed = true;
	if (ret)
		fail(in, ret);
	return end;
}

static void find_needed(struct reader *in, uint64_t data_bytes, uint64_t *needed)
{
	uint64_t header = (uint64_t)(in->at - in->start);
	uint64_t mask = in->alignment - 1;

	*needed = header;
	if (!in->alignment || in->alignment & mask || in->alignment > 1 << 20)
		fail(in, -EPROTO);
	else if (__builtin_add_overflow((header + mask) & ~mask, data_bytes, needed))
		fail(in, -EOVERFLOW);
}

int gb_gguf_read(struct gb_shape *shape, const void *data, size_t size,
		 uint64_t *needed)
{
	struct reader in = { data, data, (const uint8_t *)data + size, 0, ALIGNMENT };
	const uint8_t *magic = take(&in, 4);
	uint64_t version, tensors, entries, end = 0;

	if (!magic || memcmp(magic, "GGUF", 4))
		return -EPROTO;
	version = take_number(&in, 4);
	if (!in.error && (version < 2 || version > 3))
		return -EPROTONOSUPPORT;
	tensors = take_number(&in, 8);
	entries = take_number(&in, 8);
	while (entries-- && !in.error)
		read_metadata(&in, shape);
	while (!in.error && tensors--) {
		uint64_t behind = read_tensor(&in, shape);

		end = behind > end ? behind : end;
	}
	if (!in.error)
		find_needed(&in, end, needed);
	return in.error;
}
