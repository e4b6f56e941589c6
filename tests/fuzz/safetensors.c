/* SPDX-License-Identifier: GPL-2.0-only */
/* Headers of models in safetensors, and the JSON files beside them. */
#include <string.h>

#include "fuzz.h"
#include "gguf.h"
#include "shape_checks.h"

static const char *const samples[] = {
	("{\"__metadata__\":{\"format\":\"pt\",\"a\":[1,{\"b\":null}]},"
	 "\"model.embed_tokens.weight\":{\"dtype\":\"BF16\",\"shape\":[512,64],"
	 "\"data_offsets\":[0,65536]},"
	 "\"model.layers.0.self_attn.k_proj.weight\":{\"dtype\":\"F16\","
	 "\"shape\":[32,64],\"data_offsets\":[65536,69632]},"
	 "\"model.layers.1.mlp.experts.7.up_proj.weight\":{\"dtype\":\"F8_E4M3\","
	 "\"shape\":[128,64],\"data_offsets\":[69632,77824]}}  "),
	("{ \"model.layers.11.x\" : { \"shape\" : [ 2, 3, 4, 5, 6 ] , "
	 "\"dtype\" : \"\\\"\" , \"data_offsets\" : [ 0 , 1440 ] } }"),
	("{\"metadata\":{\"total_size\":1e9},\"weight_map\":{"
	 "\"a\":\"model-00001-of-00002.safetensors\","
	 "\"b\":\"model-00002-of-00002.safetensors\"}}"),
	("{\"hidden_size\":64,\"num_experts_per_tok\":8,\"text_config\":"
	 "{\"num_experts_per_tok\":null,\"rope\":[1.5e-3,-2,true]},\"x\":{}}"),
};

/* The first two have the length before them, which the others are without. */
size_t fuzz_sample(unsigned int number, uint8_t *data)
{
	size_t length, skip = number < 2 ? 8 : 0;

	if (number >= sizeof(samples) / sizeof(*samples))
		return 0;
	length = strlen(samples[number]);
	memset(data, 0, 8);
	data[0] = (uint8_t)length;
	data[1] = (uint8_t)(length >> 8);
	memcpy(data + skip, samples[number], length);
	return skip + length;
}

/* A file's name lies within the text. */
static int look_at(const struct gb_text *file, void *data)
{
	const struct gb_text *all = data;

	assert(file->at >= all->at &&
	       file->at + file->length <= all->at + all->length);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct gb_shape shape;
	struct gb_text all = { (const char *)data, size };
	uint64_t needed = 0;

	shape = (struct gb_shape){ 0 };
	gb_config_read(&shape, data, size);
	gb_index_read(data, size, look_at, &all);
	if (!gb_safetensors_read(&shape, data, size, &needed)) {
		assert(needed >= 10);
		check_shape(&shape);
	}
	return 0;
}
