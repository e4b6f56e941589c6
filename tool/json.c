/* SPDX-License-Identifier: GPL-2.0-only */
#include "json.h"

#include <string.h>

#define DEPTH 64 /* of what is skipped */

void gb_json_init(struct gb_json *json, const void *text, size_t size)
{
	*json = (struct gb_json){ .at = text, .end = (const char *)text + size };
}

static bool fail(struct gb_json *json)
{
	json->error = true;
	return false;
}

char gb_json_peek(struct gb_json *json)
{
	while (json->at < json->end && *json->at && strchr(" \t\r\n", *json->at))
		json->at++;
	return json->error || json->at == json->end ? 0 : *json->at;
}

static bool take(struct gb_json *json, char wanted)
{
	if (!wanted || gb_json_peek(json) != wanted)
		return false;
	json->at++;
	return true;
}

bool gb_json_enter(struct gb_json *json, char open)
{
	json->first = true;
	return take(json, open) || fail(json);
}

/* What parts two entries, or what ends them. */
static bool step(struct gb_json *json, char close)
{
	bool first = json->first;

	json->first = false;
	if (take(json, close) || json->error)
		return false;
	return first || take(json, ',') || fail(json);
}

bool gb_json_member(struct gb_json *json, struct gb_text *key)
{
	if (!step(json, '}') || !gb_json_string(json, key))
		return false;
	return take(json, ':') || fail(json);
}

bool gb_json_element(struct gb_json *json)
{
	return step(json, ']');
}

bool gb_json_string(struct gb_json *json, struct gb_text *text)
{
	const char *from;

	if (!take(json, '"'))
		return fail(json);
	from = json->at;
	while (json->at < json->end && *json->at != '"') {
		if ((unsigned char)*json->at < ' ')
			return fail(json);
		json->at += *json->at == '\\' ? 2 : 1;
	}
	if (json->at >= json->end) {
		json->at = json->end;
		return fail(json);
	}
	*text = (struct gb_text){ from, (size_t)(json->at++ - from) };
	return true;
}

bool gb_json_number(struct gb_json *json, uint64_t *number)
{
	char c = gb_json_peek(json);

	if (c < '0' || c > '9')
		return fail(json);
	for (*number = 0; json->at < json->end; json->at++) {
		c = *json->at;
		if (c == '.' || c == 'e' || c == 'E')
			return fail(json);
		if (c < '0' || c > '9')
			break;
		if (__builtin_mul_overflow(*number, 10, number) ||
		    __builtin_add_overflow(*number, c - '0', number))
			return fail(json);
	}
	return true;
}

/* A number of whatever form, or true, false, null. */
static bool skip_word(struct gb_json *json)
{
	const char *from = json->at;

	while (json->at < json->end && *json->at &&
	       !strchr(",:]}[{\" \t\r\n", *json->at))
		json->at++;
	return json->at > from || fail(json);
}

/* One token of a value; @depth brackets are open around it, in @open. */
static bool skip_token(struct gb_json *json, char *open, unsigned int *depth)
{
	struct gb_text text;
	char c = gb_json_peek(json);

	if (c == '"')
		return gb_json_string(json, &text);
	if (c != '{' && c != '[' && c != '}' && c != ']')
		return skip_word(json);
	json->at++;
	if (c == '{' || c == '[') {
		if (*depth == DEPTH)
			return fail(json);
		open[(*depth)++] = c;
		return true;
	}
	if (!*depth || open[--*depth] != (c == '}' ? '{' : '['))
		return fail(json);
	return true;
}

/* What is skipped is checked for its brackets and strings, not its commas. */
bool gb_json_skip(struct gb_json *json)
{
	char open[DEPTH];
	unsigned int depth = 0;

	do {
		while (depth && (take(json, ',') || take(json, ':')))
			;
		if (!skip_token(json, open, &depth))
			return false;
	} while (depth);
	return true;
}

bool gb_json_is_done(struct gb_json *json)
{
	return !gb_json_peek(json) && !json->error && json->at == json->end;
}

bool gb_text_is(const struct gb_text *text, const char *word)
{
	return text->length == strlen(word) &&
	       !memcmp(text->at, word, text->length);
}
