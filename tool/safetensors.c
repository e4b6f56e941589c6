/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Safetensors, as github.com/huggingface/safetensors specifies it: 8 bytes with
 * the length of a header of JSON, the header, the data.
 */
#include "gguf.h"

#include <errno.h>
#include <string.h>

/* The format's own limit, 100 MB. */
#define HEADER_MOST 100000000u

/* Reads "data_offsets": [begin, end]. */
static bool read_range(struct gb_json *json, uint64_t *begin, uint64_t *end)
{
	return gb_json_enter(json, '[') && gb_json_element(json) &&
	       gb_json_number(json, begin) && gb_json_element(json) &&
	       gb_json_number(json, end) && !gb_json_element(json) && !json->error;
}

/* The last number of "shape" is the one of neighbours; ours is the first. */
static bool read_dims(struct gb_json *json, struct gb_tensor *tensor)
{
	uint64_t dim[8];
	unsigned int dims = 0;

	if (!gb_json_enter(json, '['))
		return false;
	while (gb_json_element(json)) {
		if (dims == 8 || !gb_json_number(json, &dim[dims]))
			return false;
		dims++;
	}
	/* More than four: what comes first is one number, as if it were rows. */
	tensor->dims = dims > 4 ? 4 : dims;
	for (unsigned int i = 0; i < tensor->dims; i++)
		tensor->dim[i] = dim[dims - 1 - i];
	for (unsigned int i = 4; i < dims; i++)
		if (__builtin_mul_overflow(tensor->dim[3], dim[dims - 1 - i],
					   &tensor->dim[3]))
			return false;
	return !json->error;
}

static int read_tensor(struct gb_json *json, struct gb_shape *shape,
		       const struct gb_text *name, uint64_t *data_bytes)
{
	struct gb_tensor tensor = { .name = *name };
	uint64_t begin = 0, end = 0;
	struct gb_text key, type = { "", 0 };
	bool fine = gb_json_enter(json, '{');

	while (fine && gb_json_member(json, &key)) {
		if (gb_text_is(&key, "shape"))
			fine = read_dims(json, &tensor);
		else if (gb_text_is(&key, "data_offsets"))
			fine = read_range(json, &begin, &end);
		else if (gb_text_is(&key, "dtype"))
			fine = gb_json_string(json, &type);
		else
			fine = gb_json_skip(json);
	}
	if (!fine || json->error || end < begin || !type.length)
		return -EPROTO;
	tensor.bytes = end - begin;
	*data_bytes = end > *data_bytes ? end : *data_bytes;
	return gb_shape_add(shape, &tensor);
}

static int read_header(struct gb_shape *shape, const char *text, size_t size,
		       uint64_t *data_bytes)
{
	struct gb_json json;
	struct gb_text name;
	int ret = 0;

	gb_json_init(&json, text, size);
	if (!gb_json_enter(&json, '{'))
		return -EPROTO;
	while (!ret && gb_json_member(&json, &name)) {
		if (!gb_text_is(&name, "__metadata__"))
			ret = read_tensor(&json, shape, &name, data_bytes);
		else if (!gb_json_skip(&json))
			ret = -EPROTO;
	}
	if (ret)
		return ret;
	return gb_json_is_done(&json) ? 0 : -EPROTO;
}

int gb_safetensors_read(struct gb_shape *shape, const void *data, size_t size,
			uint64_t *needed)
{
	const uint8_t *byte = data;
	uint64_t length = 0, data_bytes = 0;
	int ret;

	if (size < 8)
		return -ENODATA;
	for (unsigned int i = 8; i-- > 0;)
		length = length << 8 | byte[i];
	if (length < 2 || length > HEADER_MOST)
		return -EPROTO;
	if (length > size - 8)
		return byte[8 < size ? 8 : 0] == '{' ? -ENODATA : -EPROTO;
	ret = read_header(shape, (const char *)data + 8, length, &data_bytes);
	if (!ret && __builtin_add_overflow(8 + length, data_bytes, needed))
		ret = -EOVERFLOW;
	return ret;
}

/* The value of @key, unless that is an object to go on in. */
static bool read_setting(struct gb_json *json, const struct gb_text *key,
			 struct gb_shape *shape)
{
	if (gb_text_is(key, "num_experts_per_tok") && gb_json_peek(json) != 'n')
		return gb_json_number(json, &shape->experts_used);
	return gb_json_skip(json);
}

static bool read_text_config(struct gb_json *json, struct gb_shape *shape)
{
	struct gb_text key;

	if (!gb_json_enter(json, '{'))
		return false;
	while (gb_json_member(json, &key))
		if (!read_setting(json, &key, shape))
			return false;
	return !json->error;
}

/* Models with eyes have what is about text in an object of its own. */
static bool read_config(struct gb_json *json, struct gb_shape *shape)
{
	struct gb_text key;
	bool fine = true;

	while (fine && gb_json_member(json, &key)) {
		if (gb_text_is(&key, "text_config") && gb_json_peek(json) == '{')
			fine = read_text_config(json, shape);
		else
			fine = read_setting(json, &key, shape);
	}
	return fine && !json->error;
}

int gb_config_read(struct gb_shape *shape, const void *data, size_t size)
{
	struct gb_json json;

	gb_json_init(&json, data, size);
	return gb_json_enter(&json, '{') && read_config(&json, shape) ? 0 : -EPROTO;
}

static int read_map(struct gb_json *json, gb_index_visitor visit, void *data)
{
	struct gb_text tensor, file;
	int ret = 0;

	if (!gb_json_enter(json, '{'))
		return -EPROTO;
	while (!ret && gb_json_member(json, &tensor))
		ret = gb_json_string(json, &file) ? visit(&file, data) : -EPROTO;
	return json->error ? -EPROTO : ret;
}

int gb_index_read(const void *data, size_t size, gb_index_visitor visit,
		  void *visitor_data)
{
	struct gb_json json;
	struct gb_text key;
	int ret = 0;
	bool found = false;

	gb_json_init(&json, data, size);
	if (!gb_json_enter(&json, '{'))
		return -EPROTO;
	while (!ret && gb_json_member(&json, &key)) {
		if (gb_text_is(&key, "weight_map")) {
			found = true;
			ret = read_map(&json, visit, visitor_data);
		} else if (!gb_json_skip(&json)) {
			ret = -EPROTO;
		}
	}
	return json.error || (!ret && !found) ? -EPROTO : ret;
}
