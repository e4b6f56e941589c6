/* SPDX-License-Identifier: GPL-2.0-only */
/* Sizes as people write and read them. */
#include "options.h"

#include <errno.h>

#include "word.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The power of two behind unit letter @c, or 0. */
static unsigned int unit_shift(char c)
{
	switch (c | 0x20) {
	case 'k':
		return 10;
	case 'm':
		return 20;
	case 'g':
		return 30;
	case 't':
		return 40;
	default:
		return 0;
	}
}

/* Whether @text, behind a unit letter, is one of the endings that may stand there. */
static bool is_unit_end(const char *text)
{
	return !*text || gb_word_is(text, "b") || gb_word_is(text, "ib");
}

static int parse_whole(const char **text, uint64_t *whole)
{
	const char *p = *text;

	if (!is_digit(*p))
		return -EINVAL;
	for (*whole = 0; is_digit(*p); p++) {
		if (__builtin_mul_overflow(*whole, 10, whole) ||
		    __builtin_add_overflow(*whole, *p - '0', whole))
			return -ERANGE;
	}
	*text = p;
	return 0;
}

/*
 * The digits from @first up to @end as a fraction of @unit. Taken from the last
 * one to the first, each step dividing by ten, so that any number of digits is
 * exact without a wider type.
 */
static uint64_t fraction_of(const char *first, const char *end, uint64_t unit)
{
	uint64_t part = 0;

	while (end > first)
		part = (part + (uint64_t)(*--end - '0') * unit) / 10;
	return part;
}

/* A number that overflows is still nonsense when what follows it is. */
static bool is_size(const char *text)
{
	if (!is_digit(*text))
		return false;
	while (is_digit(*text))
		text++;
	if (*text == '.') {
		if (!is_digit(*++text))
			return false;
		while (is_digit(*text))
			text++;
		if (!unit_shift(*text))
			return false;
	}
	return !*text || (unit_shift(*text) && is_unit_end(text + 1));
}

int gb_size_parse(const char *text, uint64_t *bytes)
{
	const char *first, *end;
	uint64_t whole, unit, size;
	int ret;

	if (gb_word_is(text, "auto")) {
		*bytes = GB_SIZE_AUTO;
		return 0;
	}
	if (!is_size(text))
		return -EINVAL;
	ret = parse_whole(&text, &whole);
	if (ret)
		return ret;
	first = *text == '.' ? text + 1 : text;
	for (end = first; is_digit(*end); end++)
		;
	unit = UINT64_C(1) << unit_shift(*end);
	if (__builtin_mul_overflow(whole, unit, &size) ||
	    __builtin_add_overflow(size, fraction_of(first, end, unit), &size) ||
	    size >= GB_SIZE_AUTO)
		return -ERANGE;
	*bytes = size;
	return 0;
}

static void put_char(char **at, const char *end, char c)
{
	if (*at < end)
		*(*at)++ = c;
}

static void put_text(char **at, const char *end, const char *text)
{
	while (*text)
		put_char(at, end, *text++);
}

static void put_number(char **at, const char *end, uint64_t number)
{
	if (number >= 10)
		put_number(at, end, number / 10);
	put_char(at, end, '0' + number % 10);
}

/* @bytes in hundredths of 2^@shift, rounded. */
static uint64_t hundredths(uint64_t bytes, unsigned int shift)
{
	unsigned int cut = shift > 50 ? shift - 50 : 0;
	uint64_t unit = UINT64_C(1) << (shift - cut);

	/* 50 bits of the fraction are plenty, and times 100 they still fit. */
	return (bytes >> shift) * 100 +
	       ((((bytes >> cut) & (unit - 1)) * 100 + unit / 2) >> (shift - cut));
}

static void put_size(char **at, const char *end, uint64_t bytes)
{
	static const char *const unit[] = { " KiB", " MiB", " GiB",
					    " TiB", " PiB", " EiB" };
	unsigned int i;
	uint64_t value;

	if (bytes < 1024) {
		put_number(at, end, bytes);
		put_text(at, end, " B");
		return;
	}
	/* By the rounded value: one byte less than 1 MiB is "1.00 MiB". */
	for (i = 0;; i++) {
		value = hundredths(bytes, 10 * (i + 1));
		if (value < 1024 * 100)
			break;
	}
	put_number(at, end, value / 100);
	put_char(at, end, '.');
	put_char(at, end, '0' + value / 10 % 10);
	put_char(at, end, '0' + value % 10);
	put_text(at, end, unit[i]);
}

char *gb_size_format(uint64_t bytes, char *buffer, size_t size)
{
	char *at = buffer;

	if (!size)
		return buffer;
	if (bytes == GB_SIZE_AUTO)
		put_text(&at, buffer + size - 1, "auto");
	else
		put_size(&at, buffer + size - 1, bytes);
	*at = '\0';
	return buffer;
}
