/* SPDX-License-Identifier: GPL-2.0-only */
/* The hash of a page, from its description in lib/gpu/reconcile.c. */
#include "staged.h"

#define CHAINS 512u

static uint64_t rotate(uint64_t value, int bits)
{
	return value << bits | value >> (64 - bits);
}

uint64_t reference_hash(const uint64_t *page)
{
	uint64_t sum = 0;

	for (uint32_t chain = 0; chain < CHAINS; chain++) {
		uint64_t z = chain + 1;

		for (uint32_t i = chain; i < WORDS; i += CHAINS)
			z = rotate(z + page[i] * 14029467366897019727u, 31) *
			    11400714785074694791u;
		z = (z ^ (z >> 30)) * 13787848793156543929u;
		z = (z ^ (z >> 27)) * 10723151780598845931u;
		sum += z ^ (z >> 31);
	}
	return sum;
}
