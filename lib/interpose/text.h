/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Comparing names inside dlsym. libc's functions will not do there: a sanitizer
 * puts its own in front of them, and to find the real ones calls dlsym before
 * its own can run.
 */
#ifndef GB_TEXT_H
#define GB_TEXT_H

#include <stdbool.h>

/* The rest of @text behind @prefix, or NULL where it does not begin so. */
static inline const char *gb_text_after(const char *text, const char *prefix)
{
	for (; *prefix; text++, prefix++)
		if (*text != *prefix)
			return 0;
	return text;
}

static inline bool gb_text_is(const char *text, const char *other)
{
	const char *rest = gb_text_after(text, other);

	return rest && *rest == '\0';
}

#endif
