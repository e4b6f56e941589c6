/* SPDX-License-Identifier: GPL-2.0-only */
/* Text that is nearly right, for parsers to get wrong: the same for a seed. */
#ifndef TEST_DAMAGE_H
#define TEST_DAMAGE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static inline uint64_t damage_dice(uint64_t *state, uint64_t below)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state % below;
}

/*
 * A copy of @text with a few characters replaced by ones of @alphabet, left
 * out, doubled, or cut off behind. In a block of its own and of exactly its
 * size, so that a sanitizer sees a parser that reads past the end. To be freed.
 */
static inline char *damage(const char *text, const char *alphabet, uint64_t seed)
{
	uint64_t state = seed * 0x9e3779b97f4a7c15u + 1;
	size_t length = strlen(text);
	char *copy = malloc(length + 9);

	memcpy(copy, text, length + 1);
	for (uint64_t times = damage_dice(&state, 8); times && length; times--) {
		size_t at = damage_dice(&state, length);

		switch (damage_dice(&state, 4)) {
		case 0:
			copy[at] = alphabet[damage_dice(&state, strlen(alphabet))];
			break;
		case 1:
			memmove(copy + at, copy + at + 1, length - at);
			length--;
			break;
		case 2:
			memmove(copy + at + 1, copy + at, length - at + 1);
			length++;
			break;
		default:
			if (damage_dice(&state, 8) == 0)
				copy[length = at] = '\0';
		}
	}
	return realloc(copy, length + 1);
}

#endif
