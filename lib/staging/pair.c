// SPDX-License-Identifier: GPL-2.0-only
#include "pair.h"

#include <stdlib.h>

#define FIRST_SIZE 256u
#define NO_WORD	   UINT32_MAX

static uint32_t hash(uint64_t function, uint32_t word)
{
	uint64_t mixed = (function ^ (uint64_t)word << 48 ^ word) *
			 UINT64_C(0x9e3779b97f4a7c15); /* 2^64 / golden ratio */

	return (uint32_t)(mixed >> 32);
}

/* Where the pair is, or where it would be; there is always an empty one. */
static struct gb_pair *look(const struct gb_pairs *pairs, uint64_t function,
			    uint32_t word)
{
	uint32_t at = hash(function, word);

	for (;; at++) {
		struct gb_pair *pair = &pairs->slots[at & (pairs->size - 1)];

		if (pair->word == NO_WORD ||
		    (pair->function == function && pair->word == word))
			return pair;
	}
}

static bool grow(struct gb_pairs *pairs)
{
	struct gb_pairs larger = {
		.size = pairs->size ? 2 * pairs->size : FIRST_SIZE,
		.count = pairs->count,
	};

	larger.slots = malloc(larger.size * sizeof(*larger.slots));
	if (!larger.slots)
		return false;
	for (uint32_t i = 0; i < larger.size; i++)
		larger.slots[i] = (struct gb_pair){ .word = NO_WORD };
	for (uint32_t i = 0; i < pairs->size; i++)
		if (pairs->slots[i].word != NO_WORD)
			*look(&larger, pairs->slots[i].function,
			      pairs->slots[i].word) = pairs->slots[i];
	free(pairs->slots);
	*pairs = larger;
	return true;
}

struct gb_pair *gb_pair_get(struct gb_pairs *pairs, uint64_t function, uint32_t word)
{
	struct gb_pair *pair;

	if (4 * (pairs->count + 1) > 3 * pairs->size && !grow(pairs)) {
		pairs->unknown = (struct gb_pair){ .word = NO_WORD };
		return &pairs->unknown;
	}
	pair = look(pairs, function, word);
	if (pair->word == NO_WORD) {
		*pair = (struct gb_pair){ .function = function, .word = word };
		pairs->count++;
	}
	return pair;
}

struct gb_pair *gb_pair_find(const struct gb_pairs *pairs, uint64_t function,
			     uint32_t word)
{
	struct gb_pair *pair;

	if (!pairs->size)
		return NULL;
	pair = look(pairs, function, word);
	return pair->word == NO_WORD ? NULL : pair;
}

void gb_pairs_finish(struct gb_pairs *pairs)
{
	free(pairs->slots);
	*pairs = (struct gb_pairs){ 0 };
}
