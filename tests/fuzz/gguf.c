/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Headers of models in GGUF. Whatever they say, a shape that is taken can be
 * reckoned with: its parts add up, and none is used more than it has.
 */
#include "gguf.h"

#include <assert.h>
#include <string.h>

#include "fuzz.h"
#include "shape_checks.h"

static void put(uint8_t **at, uint64_t number, unsigned int bytes)
{
	while (bytes--) {
		*(*at)++ = (uint8_t)number;
		number >>= 8;
	}
}

static void put_text(uint8_t **at, const char *text)
{
	put(at, strlen(text), 8);
	memcpy(*at, text, strlen(text));
	*at += strlen(text);
}

static void put_number(uint8_t **at, const char *key, uint32_t value)
{
	put_text(at, key);
	put(at, 4, 4);
	put(at, value, 4);
}

static void put_tensor(uint8_t **at, const char *name, unsigned int dims,
		       uint64_t columns, unsigned int type)
{
	put_text(at, name);
	put(at, dims, 4);
	put(at, columns, 8);
	for (unsigned int i = 1; i < dims; i++)
		put(at, i == 1 ? 512 : 8, 8);
	put(at, type, 4);
	put(at, 0, 8);
}

size_t fuzz_sample(unsigned int number, uint8_t *data)
{
	uint8_t *at = data;

	if (number > 1)
		return 0;
	put(&at, 0x46554747, 4);
	put(&at, 2 + number, 4);
	put(&at, 6, 8);
	put(&at, 5, 8);
	put_number(&at, "llama.embedding_length", 256);
	put_number(&at, "llama.expert_used_count", 2);
	put_text(&at, "tokenizer.ggml.tokens");
	put(&at, 9, 4);
	put(&at, 8, 4);
	put(&at, 2, 8);
	put_text(&at, "one");
	put_text(&at, "two");
	put_text(&at, "scores");
	put(&at, 9, 4);
	put(&at, 6, 4);
	put(&at, 3, 8);
	put(&at, 0, 12);
	put_number(&at, "general.alignment", 32);
	put_tensor(&at, "token_embd.weight", 2, 256, 14);
	put_tensor(&at, "blk.0.attn_k.weight", 2, 256, 12);
	put_tensor(&at, "blk.0.attn_norm.weight", 1, 256, 0);
	put_tensor(&at, "blk.1.ffn_up_exps.weight", number ? 3 : 2, 256, 8);
	put_tensor(&at, "blk.1.attn_k.weight", 2, 256, 1);
	put_tensor(&at, "output.weight", 2, 256, 30);
	return (size_t)(at - data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct gb_shape shape;
	uint64_t needed = 0;

	shape = (struct gb_shape){ 0 };
	if (!gb_gguf_read(&shape, data, size, &needed)) {
		assert(needed >= 24);
		check_shape(&shape);
	}
	return 0;
}
