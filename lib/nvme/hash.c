// SPDX-License-Identifier: GPL-2.0-only
#include "hash.h"

#include <endian.h>
#include <string.h>

#define P1 UINT64_C(0x9e3779b185ebca87)
#define P2 UINT64_C(0xc2b2ae3d27d4eb4f)
#define P3 UINT64_C(0x165667b19e3779f9)
#define P4 UINT64_C(0x85ebca77c2b2ae63)
#define P5 UINT64_C(0x27d4eb2f165667c5)

static uint64_t rotate(uint64_t value, int bits)
{
	return value << bits | value >> (64 - bits);
}

static uint64_t load64(const unsigned char *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return le64toh(value);
}

static uint64_t load32(const unsigned char *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return le32toh(value);
}

static uint64_t mix(uint64_t lane, uint64_t input)
{
	return rotate(lane + input * P2, 31) * P1;
}

static uint64_t merge(uint64_t hash, uint64_t lane)
{
	return (hash ^ mix(0, lane)) * P1 + P4;
}

/* Takes whole stripes of 32 bytes in four lanes that do not wait for each other. */
static uint64_t stripes(const unsigned char *at, const unsigned char *end)
{
	uint64_t a = P1 + P2, b = P2, c = 0, d = 0 - P1, hash;

	for (; at != end; at += 32) {
		a = mix(a, load64(at));
		b = mix(b, load64(at + 8));
		c = mix(c, load64(at + 16));
		d = mix(d, load64(at + 24));
	}
	hash = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18);
	return merge(merge(merge(merge(hash, a), b), c), d);
}

static uint64_t avalanche(uint64_t hash)
{
	hash = (hash ^ hash >> 33) * P2;
	hash = (hash ^ hash >> 29) * P3;
	return hash ^ hash >> 32;
}

uint64_t gb_hash(const void *memory, uint64_t bytes)
{
	const unsigned char *at = memory, *end = at + bytes;
	uint64_t hash = P5;

	if (bytes >= 32) {
		hash = stripes(at, at + (bytes & ~UINT64_C(31)));
		at += bytes & ~UINT64_C(31);
	}
	hash += bytes;
	for (; end - at >= 8; at += 8)
		hash = rotate(hash ^ mix(0, load64(at)), 27) * P1 + P4;
	if (end - at >= 4) {
		hash = rotate(hash ^ load32(at) * P1, 23) * P2 + P3;
		at += 4;
	}
	for (; at < end; at++)
		hash = rotate(hash ^ *at * P5, 11) * P1;
	return avalanche(hash);
}
