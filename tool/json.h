/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads JSON in one go, in the order of the text, without building a tree: as
 * much of it as headers of models need. Every function returns false at the end
 * of what it walks over and when the text is wrong; @error tells the two apart.
 * Never reads beyond @end, whatever the text; no function recurses.
 */
#ifndef GB_JSON_H
#define GB_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gb_json {
	const char *at, *end;
	bool first; /* of the object or array just entered */
	bool error;
};

/* A string as it stands between its quotes; escapes are left as they are. */
struct gb_text {
	const char *at;
	size_t length;
};

void gb_json_init(struct gb_json *json, const void *text, size_t size);

/* Enters an object ('{') or an array ('['). */
bool gb_json_enter(struct gb_json *json, char open);

/*
 * Goes to the next member of an object, whose value comes next, or to the next
 * element of an array; false behind the last, and then the object is left.
 */
bool gb_json_member(struct gb_json *json, struct gb_text *key);
bool gb_json_element(struct gb_json *json);

/* Values. A number has to be a whole one from 0 to 2^64 - 1. */
bool gb_json_string(struct gb_json *json, struct gb_text *text);
bool gb_json_number(struct gb_json *json, uint64_t *number);
bool gb_json_skip(struct gb_json *json);

/* The first byte of the value that comes next, or 0. */
char gb_json_peek(struct gb_json *json);

/* Nothing but blanks is left. */
bool gb_json_is_done(struct gb_json *json);

bool gb_text_is(const struct gb_text *text, const char *word);

#endif
