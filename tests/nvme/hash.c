// SPDX-License-Identifier: GPL-2.0-only
/* The checksum is the published one, and sees every bit. */
#include "test.h"

#include "hash.h"

static void known_values(void **unused)
{
	static const struct {
		const char *text;
		uint64_t hash;
	} known[] = {
		{ "", 0xef46db3751d8e999 },
		{ "a", 0xd24ec4f1a98c6e5b },
		{ "as", 0x1c330fb2d66be179 },
		{ "asd", 0x631c37ce72a97393 },
		{ "asdf", 0x415872f599cea71e },
		/* 63 bytes: a stripe, and each kind of tail. */
		{ "Call me Ishmael. Some years ago--never mind how long precisely-",
		  0x02a2e85470d6fd96 },
	};

	for (size_t i = 0; i < COUNT(known); i++)
		assert_int_equal(gb_hash(known[i].text, strlen(known[i].text)),
				 known[i].hash);
}

static void alignment_does_not_matter(void **unused)
{
	char *memory = memory_with(PAGE + 8, 1);
	uint64_t hash = gb_hash(memory, PAGE);

	for (int i = 1; i < 8; i++) {
		memmove(memory + i, memory + i - 1, PAGE);
		assert_int_equal(gb_hash(memory + i, PAGE), hash);
	}
	free(memory);
}

static void any_flipped_bit_shows(void **unused)
{
	unsigned char *memory = memory_with(PAGE, 2);
	uint64_t hash = gb_hash(memory, PAGE);

	for (uint64_t bit = 0; bit < PAGE * 8; bit += 1021) {
		memory[bit / 8] ^= 1u << bit % 8;
		assert_int_not_equal(gb_hash(memory, PAGE), hash);
		memory[bit / 8] ^= 1u << bit % 8;
	}
	free(memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_values),
		cmocka_unit_test(alignment_does_not_matter),
		cmocka_unit_test(any_flipped_bit_shows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
