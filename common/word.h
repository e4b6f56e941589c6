/* SPDX-License-Identifier: GPL-2.0-only */
/* Words of settings, compared without regard to case or locale. */
#ifndef GB_WORD_H
#define GB_WORD_H

#include <stdbool.h>
#include <stddef.h>

static inline char gb_char_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

/* Whether @text is @word; @word is in lower case. */
static inline bool gb_word_is(const char *text, const char *word)
{
	while (*word && gb_char_lower(*text) == *word) {
		text++;
		word++;
	}
	return !*text && !*word;
}

#endif
