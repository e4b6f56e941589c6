/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of settings, and how each kind of value is read. */
#include "options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "word.h"

#define TYPE_SIZE	   GB_OPTION_SIZE, NULL
#define TYPE_BOOL	   GB_OPTION_BOOL, NULL
#define TYPE_COUNT	   GB_OPTION_COUNT, NULL
#define TYPE_CHOICE(words) GB_OPTION_CHOICE, #words
#define TYPE_TEXT	   GB_OPTION_TEXT, NULL

#define GB_OPTION(field, NAME, option, TYPE, fallback, minimum, maximum, help) \
	{ "GREENBOOST_" #NAME,                                                 \
	  option,                                                              \
	  TYPE_##TYPE,                                                         \
	  fallback,                                                            \
	  help,                                                                \
	  minimum,                                                             \
	  maximum,                                                             \
	  offsetof(struct gb_options, field) },

const struct gb_option gb_option_table[] = {
#include "options.def"
};

const size_t gb_option_count =
	sizeof(gb_option_table) / sizeof(gb_option_table[0]);

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++) {
		if (gb_word_is(text, *words))
			return true;
	}
	return false;
}

static int parse_bool(const char *text, bool *value)
{
	static const char *const no[] = { "0", "off", "false", "no", "", NULL };
	static const char *const yes[] = { "1", "on", "true", "yes", NULL };

	if (!is_one_of(text, no) && !is_one_of(text, yes))
		return -EINVAL;
	*value = is_one_of(text, yes);
	return 0;
}

static int parse_count(const char *text, uint64_t *count)
{
	uint64_t value = 0;

	if (gb_word_is(text, "auto")) {
		*count = GB_COUNT_AUTO;
		return 0;
	}
	if (!*text || text[strspn(text, "0123456789")])
		return -EINVAL;
	for (; *text; text++) {
		value = value * 10 + (*text - '0');
		if (value > UINT32_MAX)
			return -ERANGE;
	}
	*count = value;
	return 0;
}

/* Whether the @length characters at @word are @text. */
static bool is_choice(const char *text, const char *word, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++) {
		if (gb_char_lower(text[i]) != word[i])
			return false;
	}
	return !text[i];
}

static int parse_choice(const char *text, const char *choices, unsigned int *choice)
{
	unsigned int index = 0;

	for (;; index++) {
		size_t length = strcspn(choices, "|");

		if (is_choice(text, choices, length)) {
			*choice = index;
			return 0;
		}
		if (!choices[length])
			return -EINVAL;
		choices += length + 1;
	}
}

static bool is_in_range(const struct gb_option *option, uint64_t value)
{
	return value >= option->minimum && value <= option->maximum;
}

static int set_size(uint64_t *member, const struct gb_option *option,
		    const char *text)
{
	uint64_t size = 0;
	int ret = gb_word_is(text, "off") ? 0 : gb_size_parse(text, &size);

	if (ret)
		return ret;
	if (size != GB_SIZE_AUTO && !is_in_range(option, size))
		return -ERANGE;
	*member = size;
	return 0;
}

static int set_count(unsigned int *member, const struct gb_option *option,
		     const char *text)
{
	uint64_t count;
	int ret = parse_count(text, &count);

	if (ret)
		return ret;
	if (!gb_word_is(text, "auto") && !is_in_range(option, count))
		return -ERANGE;
	*member = count;
	return 0;
}

int gb_option_set(struct gb_options *options, const struct gb_option *option,
		  const char *text)
{
	void *member = (char *)options + option->offset;

	switch (option->type) {
	case GB_OPTION_SIZE:
		return set_size(member, option, text);
	case GB_OPTION_BOOL:
		return parse_bool(text, member);
	case GB_OPTION_COUNT:
		return set_count(member, option, text);
	case GB_OPTION_CHOICE:
		return parse_choice(text, option->choices, member);
	case GB_OPTION_TEXT:
		*(const char **)member = text;
		return 0;
	}
	return -EINVAL;
}

const char *gb_option_value_name(const struct gb_option *option)
{
	switch (option->type) {
	case GB_OPTION_SIZE:
		return "SIZE";
	case GB_OPTION_BOOL:
		return "on|off";
	case GB_OPTION_COUNT:
		return "N";
	case GB_OPTION_CHOICE:
		return option->choices;
	case GB_OPTION_TEXT:
		break;
	}
	return "PATH";
}

void gb_options_init(struct gb_options *options)
{
	/* The table's own defaults parse: a test goes through them. */
	memset(options, 0, sizeof(*options));
	for (size_t i = 0; i < gb_option_count; i++)
		gb_option_set(options, &gb_option_table[i],
			      gb_option_table[i].fallback);
}

void gb_options_from_environment(struct gb_options *options,
				 gb_option_complaint complain, void *data)
{
	gb_options_init(options);
	for (size_t i = 0; i < gb_option_count; i++) {
		const struct gb_option *option = &gb_option_table[i];
		const char *text = secure_getenv(option->variable);
		int ret;

		if (!text || (!*text && option->type != GB_OPTION_BOOL))
			continue;
		ret = gb_option_set(options, option, text);
		if (ret && complain)
			complain(option, text, ret, data);
	}
}
