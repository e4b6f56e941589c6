/* SPDX-License-Identifier: GPL-2.0-only */
/* A reader of PTX: entry points with their parameters, and variables. */
#include "ptx.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define PARAMETER_BYTES 32764 /* of a kernel, the most that PTX allows */

struct declaration {
	char *name;
	size_t bytes, alignment, element;
};

static const char *skip(const char *at)
{
	return at + strspn(at, " \t\r\n");
}

/* Takes a word off the front of the text: a name or a directive. */
static size_t word_length(const char *at)
{
	size_t length = *at == '.' || *at == '%';

	while (isalnum((unsigned char)at[length]) || at[length] == '_' ||
	       at[length] == '$')
		length++;
	return length;
}

static bool is_word(const char *at, size_t length, const char *word)
{
	return strlen(word) == length && !strncmp(at, word, length);
}

/* The size of .u64, .b8, .f32, .pred and so on; 0 for another word. */
static size_t type_bytes(const char *at, size_t length)
{
	char digits[8] = "";
	unsigned long bits;

	if (length < 3 || length > 7 || at[0] != '.' || !strchr("usfb", at[1]))
		return 0;
	memcpy(digits, at + 2, length - 2);
	if (digits[strspn(digits, "0123456789")])
		return 0;
	bits = strtoul(digits, NULL, 10);
	return bits / 8;
}

/*
 * Reads "[.align N] .type [.ptr ...] NAME [COUNT]..." up to one of "),;=".
 * Returns where it ended, or NULL.
 */
static const char *declaration(const char *at, struct declaration *out)
{
	size_t length, element = 0, count = 1;
	bool pointee = false; /* .ptr's .align is that of what it points to */
	char *end;

	*out = (struct declaration){ 0 };
	for (at = skip(at); *at && !strchr("),;=", *at); at = skip(at)) {
		if (*at == '[') {
			size_t times = strtoul(at + 1, &end, 0);

			at = strchr(end, ']');
			if (!at || __builtin_mul_overflow(count, times, &count))
				return NULL;
			at++;
			continue;
		}
		length = word_length(at);
		if (!length)
			return NULL;
		if (is_word(at, length, ".align")) {
			size_t value = strtoul(at + length, &end, 0);

			if (!pointee)
				out->alignment = value;
			at = end;
			continue;
		}
		if (is_word(at, length, ".ptr"))
			pointee = true;
		else if (*at != '.' && !out->name)
			out->name = strndup(at, length);
		else if (type_bytes(at, length))
			element = type_bytes(at, length);
		at += length;
	}
	out->element = element;
	if (__builtin_mul_overflow(element, count, &out->bytes))
		return NULL;
	if (!out->alignment)
		out->alignment = element;
	return out->name && element && *at ? at : NULL;
}

static const char *parameters(const char *at, struct sim_entry *entry)
{
	struct declaration d;

	for (at = skip(at); *at && *at != ')'; at = skip(at)) {
		if (*at == ',') {
			at++;
			continue;
		}
		if (strncmp(at, ".param", 6) || entry->count == SIM_PARAMETERS)
			return NULL;
		at = declaration(at + 6, &d);
		free(d.name);
		if (!at || d.bytes > PARAMETER_BYTES || d.alignment > PARAMETER_BYTES)
			return NULL;
		entry->bytes = SIM_ROUND_UP(entry->bytes, d.alignment);
		entry->offset[entry->count] = entry->bytes;
		entry->size[entry->count++] = d.bytes;
		entry->bytes += d.bytes;
	}
	return *at == ')' ? at + 1 : NULL;
}

static const char *entry(const char *at, struct sim_ptx *ptx)
{
	struct sim_entry *entry;
	size_t length;

	at = skip(at);
	length = word_length(at);
	if (!length)
		return NULL;
	ptx->entries =
		sim_resize(ptx->entries, (ptx->entry_count + 1) * sizeof(*entry));
	entry = &ptx->entries[ptx->entry_count++];
	*entry = (struct sim_entry){ .name = strndup(at, length) };
	at = skip(at + length);
	/* An entry without parameters may leave the parentheses out. */
	return *at == '(' ? parameters(at + 1, entry) : at;
}

/* No program says in its text what is in so much memory; a damaged one might. */
#define INITIAL_MAX ((size_t)64 << 20)

/* "= 5" or "= {1, 2}": integers, each as wide as an element. False where there
 * is no memory for so many. */
static bool initial_values(const char *at, struct sim_variable *variable,
			   size_t element)
{
	unsigned long long value;
	unsigned char *to;
	char *end;

	if (variable->bytes > INITIAL_MAX)
		return false;
	to = calloc(1, variable->bytes ? variable->bytes : 1);
	if (!to)
		return false;
	variable->initial = to;
	for (at = skip(at); *at == '{'; at = skip(at + 1))
		;
	while ((size_t)(to - variable->initial) < variable->bytes) {
		if (at[0] == '0' && (at[1] == 'f' || at[1] == 'd'))
			value = strtoull(at + 2, &end, 16);
		else
			value = strtoull(at, &end, 0);
		if (end == at)
			break;
		memcpy(to, &value, element < 8 ? element : 8);
		to += element;
		at = skip(end);
		if (*at++ != ',')
			break;
		at = skip(at);
	}
	return true;
}

static const char *variable(const char *at, struct sim_ptx *ptx, bool external)
{
	struct sim_variable *variable;
	struct declaration d;

	at = declaration(at, &d);
	if (!at || external) {
		free(d.name);
		return at;
	}
	ptx->variables = sim_resize(ptx->variables, (ptx->variable_count + 1) *
							    sizeof(*variable));
	variable = &ptx->variables[ptx->variable_count++];
	*variable = (struct sim_variable){ .name = d.name, .bytes = d.bytes };
	if (*at == '=' && !initial_values(at + 1, variable, d.element))
		return NULL;
	return at;
}

/* Blanks comments out. */
static char *without_comments(const char *text)
{
	char *copy = strdup(text), *at = copy;
	const char *end;

	while ((at = strchr(at, '/'))) {
		if (at[1] == '/')
			end = strchr(at, '\n');
		else if (at[1] == '*')
			end = (end = strstr(at + 2, "*/")) ? end + 2 : NULL;
		else
			end = at + 1;
		if (!end)
			end = at + strlen(at);
		if (end - at > 1)
			memset(at, ' ', end - at);
		at = (char *)end;
	}
	return copy;
}

/* Skips a body in braces. */
static const char *body(const char *at)
{
	int depth = 0;

	for (; *at; at++) {
		depth += (*at == '{') - (*at == '}');
		if (*at == '}' && !depth)
			return at + 1;
	}
	return at;
}

static bool scan(const char *at, struct sim_ptx *ptx)
{
	bool external = false;
	size_t length;

	for (at = skip(at); at && *at; at = at ? skip(at) : NULL) {
		length = word_length(at);
		if (*at == '{') {
			at = body(at);
		} else if (!length) {
			external = external && *at != ';';
			at++;
		} else if (is_word(at, length, ".entry")) {
			at = entry(at + length, ptx);
		} else if (is_word(at, length, ".extern")) {
			external = true;
			at += length;
		} else if (is_word(at, length, ".global") ||
			   is_word(at, length, ".const")) {
			at = variable(at + length, ptx, external);
		} else {
			at += length;
		}
	}
	return at != NULL;
}

bool sim_ptx_parse(const char *text, struct sim_ptx *ptx)
{
	char *copy = without_comments(text);
	const char *at = skip(copy);
	bool ok;

	*ptx = (struct sim_ptx){ 0 };
	ok = !strncmp(at, ".version", 8) && scan(at, ptx);
	free(copy);
	if (!ok)
		sim_ptx_finish(ptx);
	return ok;
}

void sim_ptx_finish(struct sim_ptx *ptx)
{
	for (size_t i = 0; i < ptx->entry_count; i++)
		free(ptx->entries[i].name);
	for (size_t i = 0; i < ptx->variable_count; i++) {
		free(ptx->variables[i].name);
		free(ptx->variables[i].initial);
	}
	free(ptx->entries);
	free(ptx->variables);
	*ptx = (struct sim_ptx){ 0 };
}
