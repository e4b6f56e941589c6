/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pairs of a function and a word of its parameters, and what is known of them:
 * does the kernel write through the address that it is given there? Nothing in
 * the interface says so, so it is watched (verdict.h).
 *
 * The lock of the owner guards everything here.
 */
#ifndef GB_PAIR_H
#define GB_PAIR_H

#include <stdbool.h>
#include <stdint.h>

/* Times that a pair must have changed nothing before it is trusted. */
#define GB_PAIR_TRUST 16

struct gb_pair {
	uint64_t function;
	uint32_t word; /* offset in the parameter block; UINT32_MAX: no pair */
	uint8_t clean; /* times that nothing had changed, up to GB_PAIR_TRUST */
	bool writes;   /* it was seen to, once: for good */
};

struct gb_pairs {
	struct gb_pair *slots;	/* open addressing; NULL while there are none */
	uint32_t count, size;	/* size is a power of two */
	struct gb_pair unknown; /* stands in where memory has run out */
};

static inline bool gb_pair_is_trusted(const struct gb_pair *pair)
{
	return pair->clean >= GB_PAIR_TRUST && !pair->writes;
}

/* Never NULL: where memory has run out it is one that is never trusted. */
struct gb_pair *gb_pair_get(struct gb_pairs *pairs, uint64_t function,
			    uint32_t word);
/* The same, or NULL for one that is not known. */
struct gb_pair *gb_pair_find(const struct gb_pairs *pairs, uint64_t function,
			     uint32_t word);
/* Forgets everything. */
void gb_pairs_finish(struct gb_pairs *pairs);

#endif
