/* SPDX-License-Identifier: GPL-2.0-only */
/* Headers of models: what they say of a model, and what is refused. */
#include <math.h>
#include <stdio.h>

#include "gguf.h"
#include "test.h"

/* A header in the making. */
struct header {
	uint8_t data[65536];
	size_t size;
};

static void put(struct header *header, uint64_t number, unsigned int bytes)
{
	assert_true(header->size + bytes <= sizeof(header->data));
	while (bytes--) {
		header->data[header->size++] = (uint8_t)number;
		number >>= 8;
	}
}

static void put_text(struct header *header, const char *text)
{
	put(header, strlen(text), 8);
	while (*text)
		put(header, (uint8_t)*text++, 1);
}

static void begin(struct header *header, uint64_t tensors, uint64_t entries)
{
	header->size = 0;
	put(header, 0x46554747, 4);
	put(header, 3, 4);
	put(header, tensors, 8);
	put(header, entries, 8);
}

static void put_entry(struct header *header, const char *key, uint32_t value)
{
	put_text(header, key);
	put(header, 4, 4);
	put(header, value, 4);
}

/* Of @rows rows, in @experts of them where there are some. */
static void put_tensor(struct header *header, const char *name,
		       uint64_t columns, uint64_t rows, uint64_t experts,
		       unsigned int type, uint64_t offset)
{
	put_text(header, name);
	put(header, experts ? 3 : 2, 4);
	put(header, columns, 8);
	put(header, rows, 8);
	if (experts)
		put(header, experts, 8);
	put(header, type, 4);
	put(header, offset, 8);
}

static int read_gguf(struct gb_shape *shape, const struct header *header,
		     size_t size, uint64_t *needed)
{
	/* A block of its own, so that a sanitizer sees what reads beyond. */
	uint8_t *exact = malloc(size ? size : 1);
	int ret;

	memcpy(exact, header->data, size);
	*shape = (struct gb_shape){ 0 };
	ret = gb_gguf_read(shape, exact, size, needed);
	free(exact);
	return ret;
}

/* Two layers: Q4_K is 144 bytes of 256 weights, Q8_0 34 of 32, F16 2 of one. */
static void make_mixture(struct header *header)
{
	begin(header, 7, 3);
	put_entry(header, "qwen3moe.block_count", 2);
	put_entry(header, "qwen3moe.expert_used_count", 4);
	put_entry(header, "qwen3moe.embedding_length", 512);
	put_tensor(header, "token_embd.weight", 512, 1000, 0, 1, 0);
	put_tensor(header, "output.weight", 512, 1000, 0, 8, 0);
	for (unsigned int layer = 0; layer < 2; layer++) {
		char name[64];

		snprintf(name, sizeof(name), "blk.%u.attn_k.weight", layer);
		put_tensor(header, name, 512, 128, 0, layer ? 8 : 12, 0);
		snprintf(name, sizeof(name), "blk.%u.ffn_up_exps.weight", layer);
		put_tensor(header, name, 512, 256, 64, 12, 0);
	}
	put_tensor(header, "blk.0.attn_norm.weight", 512, 1, 0, 0, 4096);
}

static void test_gguf(void **state)
{
	struct header header = { 0 };
	struct gb_shape shape;
	uint64_t needed;
	const uint64_t bank = 512 * 256 * 64 / 256 * 144;

	make_mixture(&header);
	assert_int_equal(read_gguf(&shape, &header, header.size, &needed), 0);
	assert_int_equal(gb_shape_finish(&shape, 0), 0);
	assert_int_equal(shape.layers, 2);
	assert_int_equal(shape.parts, 2);
	assert_int_equal(shape.hidden, 512);
	assert_int_equal(shape.experts_used, 4);
	assert_int_equal(shape.part[0].bytes,
			 512 * 128 / 256 * 144 + 512 * 128 / 32 * 34);
	assert_int_equal(shape.part[1].bytes, 2 * bank);
	assert_int_equal(shape.part[1].experts, 64);
	assert_int_equal(shape.part[1].rows, 256);
	assert_int_equal(shape.cache, 128 * 2 * 2);
	assert_int_equal(shape.other, 512 * 4);
	assert_int_equal(shape.table.bytes, 512 * 1000 * 2);
	assert_true(shape.packed);
	assert_int_equal(gb_shape_bank_bytes(&shape), 2 * bank);
	assert_int_equal(gb_shape_active(&shape), gb_shape_bytes(&shape) -
							  shape.table.bytes -
							  2 * bank * 15 / 16);
	/* The largest tensor ends where the file must. */
	assert_int_equal(needed, (header.size + 31) / 32 * 32 + bank);
}

static void test_tied_tables(void **state)
{
	struct header header = { 0 };
	struct gb_shape shape;
	uint64_t needed;

	begin(&header, 2, 0);
	put_tensor(&header, "token_embd.weight", 64, 100, 0, 1, 0);
	put_tensor(&header, "blk.0.ffn_up.weight", 64, 128, 0, 30, 0);
	assert_int_equal(read_gguf(&shape, &header, header.size, &needed), 0);
	assert_int_equal(gb_shape_finish(&shape, 0), 0);
	assert_int_equal(shape.head.bytes, 64 * 100 * 2);
	assert_int_equal(shape.table.bytes, 0);
	assert_false(shape.packed);
}

static void test_gguf_cut(void **state)
{
	struct header header = { 0 };
	struct gb_shape shape;
	uint64_t needed;

	make_mixture(&header);
	for (size_t size = 0; size < header.size; size++)
		assert_int_equal(read_gguf(&shape, &header, size, &needed),
				 size < 4 ? -EPROTO : -ENODATA);
}

static void expect(const struct header *header, int error)
{
	struct gb_shape shape;
	uint64_t needed;

	assert_int_equal(read_gguf(&shape, header, header->size, &needed), error);
}

static void test_gguf_nonsense(void **state)
{
	struct header header = { 0 };

	begin(&header, 0, 0);
	header.data[4] = 4;
	expect(&header, -EPROTONOSUPPORT);
	header.data[4] = 0;
	header.data[7] = 3; /* big-endian */
	expect(&header, -EPROTONOSUPPORT);
	header.data[0] = 'g';
	expect(&header, -EPROTO);
	begin(&header, UINT64_MAX, 0);
	expect(&header, -ENODATA);
	begin(&header, 0, UINT64_MAX);
	expect(&header, -ENODATA);
	begin(&header, 0, 1);
	put(&header, UINT64_MAX, 8); /* the length of a key */
	expect(&header, -ENODATA);
	begin(&header, 0, 1);
	put_text(&header, "key");
	put(&header, 13, 4); /* no such kind */
	expect(&header, -EPROTO);
}

static void test_gguf_arrays(void **state)
{
	struct header header = { 0 };

	begin(&header, 0, 1);
	put_text(&header, "key");
	put(&header, 9, 4);
	put(&header, 10, 4);
	put(&header, UINT64_MAX / 8 + 2, 8); /* times 8 is 8 in 64 bits */
	put(&header, 0, 8);
	expect(&header, -ENODATA);
	begin(&header, 0, 1);
	put_text(&header, "key");
	put(&header, 9, 4);
	for (unsigned int depth = 0; depth < 1000; depth++) {
		put(&header, 9, 4);
		put(&header, 1, 8);
	}
	expect(&header, -EPROTO);
	begin(&header, 0, 1);
	put_entry(&header, "general.alignment", 12);
	expect(&header, -EPROTO);
}

static void test_gguf_tensors(void **state)
{
	struct header header = { 0 };

	begin(&header, 1, 0);
	put_tensor(&header, "x", 64, 64, 0, 4, 0); /* Q4_2, which is gone */
	expect(&header, -EMEDIUMTYPE);
	begin(&header, 1, 0);
	put_tensor(&header, "x", 64, 64, 0, UINT32_MAX, 0);
	expect(&header, -EMEDIUMTYPE);
	begin(&header, 1, 0);
	put_tensor(&header, "x", 33, 64, 0, 8, 0); /* not whole blocks */
	expect(&header, -EPROTO);
	begin(&header, 1, 0);
	put_tensor(&header, "x", UINT64_C(1) << 40, UINT64_C(1) << 40, 0, 1, 0);
	expect(&header, -EOVERFLOW);
	begin(&header, 1, 0);
	put_tensor(&header, "x", 64, 64, 0, 1, UINT64_MAX);
	expect(&header, -EOVERFLOW);
	begin(&header, 1, 0);
	put_tensor(&header, "blk.4096.x", 64, 64, 0, 1, 0);
	expect(&header, -E2BIG);
	begin(&header, 1, 0);
	put_text(&header, "x");
	put(&header, 5, 4); /* dimensions */
	put(&header, 0, 52);
	expect(&header, -EPROTO);
}

static void test_too_many_parts(void **state)
{
	struct header header = { 0 };

	begin(&header, GB_SHAPE_PARTS + 1, 0);
	for (unsigned int i = 0; i <= GB_SHAPE_PARTS; i++) {
		char name[32];

		snprintf(name, sizeof(name), "blk.0.part%ux", i);
		put_tensor(&header, name, 64, 64, 0, 1, 0);
	}
	expect(&header, -E2BIG);
}

static int read_safetensors(struct gb_shape *shape, const char *text,
			    uint64_t length, uint64_t *needed)
{
	size_t size = 8 + strlen(text);
	uint8_t *exact = malloc(size);
	int ret;

	for (unsigned int i = 0; i < 8; i++)
		exact[i] = (uint8_t)(length >> 8 * i);
	memcpy(exact + 8, text, strlen(text));
	*shape = (struct gb_shape){ 0 };
	ret = gb_safetensors_read(shape, exact, size, needed);
	free(exact);
	return ret;
}

#define TENSOR(name, shape, from, to)                                          \
	"\"" name "\":{\"dtype\":\"BF16\",\"shape\":[" shape                   \
	"],\"data_offsets\":[" #from "," #to "]}"

static void test_safetensors(void **state)
{
	const char *text = "{\"__metadata__\":{\"format\":\"pt\"}," TENSOR(
		"model.embed_tokens.weight", "100,64", 0,
		12800) "," TENSOR("model.layers.0.self_attn.k_proj.weight",
				  "32,64", 12800,
				  16896) "," TENSOR("model.layers.0.input_layernorm.weight",
						    "64", 16896,
						    17024) "," TENSOR("model.layers.1.mlp.experts.0.up_proj.weight",
								      "128,64",
								      17024,
								      33408) "," TENSOR("model.layers.1.mlp.experts.2.up_proj.weight",
											"128,64",
											33408,
											49792) "}";
	struct gb_shape shape;
	uint64_t needed;

	assert_int_equal(read_safetensors(&shape, text, strlen(text), &needed), 0);
	assert_int_equal(needed, 8 + strlen(text) + 49792);
	assert_int_equal(shape.layers, 2);
	assert_int_equal(shape.parts, 2);
	assert_int_equal(shape.part[0].rows, 32);
	assert_int_equal(shape.part[1].experts, 3);
	assert_int_equal(shape.part[1].bytes, 2 * 16384);
	assert_int_equal(shape.part[1].rows, 128);
	/* How many are used, config.json says, or --active. */
	assert_int_equal(gb_shape_finish(&shape, 0), -EDESTADDRREQ);
	shape.experts_used = 1;
	assert_int_equal(gb_shape_finish(&shape, 0), 0);
	assert_int_equal(shape.cache, 32 * 4);
}

static void test_safetensors_nonsense(void **state)
{
	static const char *const texts[] = {
		"[]",
		"{",
		"{}x",
		"{\"a\"}",
		"{\"a\":1}",
		"{\"a\":{}}",
		"{,}",
		"{" TENSOR("a", "64", 8, 4) "}",
		"{" TENSOR("a", "-1", 0, 4) "}",
		"{" TENSOR("a", "1e3", 0, 4) "}",
		"{" TENSOR("a", "1.0", 0, 4) "}",
		"{" TENSOR("a", "18446744073709551616", 0, 4) "}",
		"{" TENSOR("a", "1,1,1,1,1,1,1,1,1", 0, 4) "}",
		"{" TENSOR("a", "64", 0, 4) " " TENSOR("b", "64", 0, 4) "}",
		"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}",
		"{\"\n\":{}}",
		"{\"a\\",
	};
	struct gb_shape shape;
	uint64_t needed;

	for (size_t i = 0; i < COUNT(texts); i++)
		assert_int_equal(read_safetensors(&shape, texts[i],
						  strlen(texts[i]), &needed),
				 -EPROTO);
	assert_int_equal(read_safetensors(&shape, "{}", 3, &needed), -ENODATA);
	assert_int_equal(read_safetensors(&shape, "{}", UINT64_MAX, &needed),
			 -EPROTO);
	assert_int_equal(read_safetensors(&shape, "{}", 0, &needed), -EPROTO);
	assert_int_equal(gb_safetensors_read(&shape, "1234567", 7, &needed),
			 -ENODATA);
}

static void test_safetensors_overflow(void **state)
{
	const char *text = "{" TENSOR("a", "4294967296,4294967296", 0, 4) "}";
	struct gb_shape shape;
	uint64_t needed;

	assert_int_equal(read_safetensors(&shape, text, strlen(text), &needed),
			 -EOVERFLOW);
	text = "{" TENSOR("model.layers.0.a", "2,2", 0, 18446744073709551615) "}";
	assert_int_equal(read_safetensors(&shape, text, strlen(text), &needed),
			 -EOVERFLOW);
}

static void test_deep_json(void **state)
{
	char text[4096] = "{\"a\":";
	struct gb_shape shape = { 0 };

	memset(text + 5, '[', 2000);
	assert_int_equal(gb_config_read(&shape, text, strlen(text)), -EPROTO);
}

static void test_config(void **state)
{
	const char *text = "{\"a\":[1,{\"b\":\"]\"}],\"text_config\":{\"x\":-1.5e3,"
			   "\"num_experts_per_tok\":6},\"c\":true}";
	struct gb_shape shape = { 0 };

	assert_int_equal(gb_config_read(&shape, text, strlen(text)), 0);
	assert_int_equal(shape.experts_used, 6);
	for (size_t size = 0; size < strlen(text); size++)
		assert_int_equal(gb_config_read(&shape, text, size), -EPROTO);
}

static void test_active(void **state)
{
	struct header header = { 0 };
	struct gb_shape shape;
	uint64_t needed, all;

	make_mixture(&header);
	read_gguf(&shape, &header, header.size, &needed);
	all = gb_shape_bytes(&shape);
	assert_int_equal(gb_shape_finish(&shape, all + 1), -ERANGE);
	assert_int_equal(gb_shape_finish(&shape, 1000), -ERANGE);
	assert_int_equal(gb_shape_finish(&shape, all / 2), 0);
	assert_true(fabs((double)gb_shape_active(&shape) / (double)all - 0.5) < 0.02);
}

/* By numbers alone: as large as was said, and as much of it active. */
static void test_guess(void **state)
{
	static const struct {
		uint64_t mib, active;
		unsigned int bits;
	} cases[] = { { 16, 0, 16 },	  { 15317, 0, 16 },
		      { 32870, 3072, 4 }, { 400000, 20000, 4 },
		      { 700, 600, 8 },	  { 65536, 65536, 16 } };

	for (size_t i = 0; i < COUNT(cases); i++) {
		double bytes = (double)(cases[i].mib << 20);
		double active =
			(double)((cases[i].active ? cases[i].active : cases[i].mib)
				 << 20);
		struct gb_shape shape;

		assert_int_equal(gb_shape_guess(&shape, cases[i].mib << 20,
						cases[i].active << 20, cases[i].bits),
				 0);
		assert_true(fabs((double)gb_shape_bytes(&shape) / bytes - 1) < 0.01);
		assert_true(fabs((double)gb_shape_active(&shape) / active - 1) <
			    0.05);
		assert_true(shape.layers >= 4 && shape.cache && shape.hidden);
	}
}

static void test_guess_refuses(void **state)
{
	struct gb_shape shape;

	assert_int_equal(gb_shape_guess(&shape, 1 << 20, 0, 16), -ERANGE);
	assert_int_equal(gb_shape_guess(&shape, UINT64_C(1) << 57, 0, 16), -ERANGE);
	assert_int_equal(gb_shape_guess(&shape, 1 << 30, UINT64_C(1) << 31, 16),
			 -ERANGE);
	assert_int_equal(gb_shape_guess(&shape, 1 << 30, 1, 16), -ERANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gguf),
		cmocka_unit_test(test_tied_tables),
		cmocka_unit_test(test_gguf_cut),
		cmocka_unit_test(test_gguf_nonsense),
		cmocka_unit_test(test_gguf_arrays),
		cmocka_unit_test(test_gguf_tensors),
		cmocka_unit_test(test_too_many_parts),
		cmocka_unit_test(test_safetensors),
		cmocka_unit_test(test_safetensors_nonsense),
		cmocka_unit_test(test_safetensors_overflow),
		cmocka_unit_test(test_deep_json),
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_active),
		cmocka_unit_test(test_guess),
		cmocka_unit_test(test_guess_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
