/* SPDX-License-Identifier: GPL-2.0-only */
/* The values of a device by number: the rows of fields.def. */
#ifndef GB_FIELD_H
#define GB_FIELD_H

#include <stddef.h>
#include <stdint.h>

#include "greenboost/stats.h"

enum gb_field_kind { GB_FIELD_GAUGE, GB_FIELD_COUNTER };
enum gb_field_unit {
	GB_FIELD_BYTES,
	GB_FIELD_COUNT,
	GB_FIELD_NS,
	GB_FIELD_RATE,
};
enum gb_field_link { GB_FIELD_NONE, GB_FIELD_IN, GB_FIELD_OUT };

#define GB_FIELD(...) +1
enum {
	GB_FIELDS = 0
#include "fields.def"
};
#undef GB_FIELD

struct gb_field {
	const char *name;
	enum gb_field_kind kind;
	enum gb_field_unit unit;
	enum gb_field_link link;
	const char *label; /* "": not shown as a counter */
	const char *help;
	size_t offset; /* in struct gb_stats_device */
};

extern const struct gb_field gb_fields[GB_FIELDS];

/* The row of that name, or NULL. */
const struct gb_field *gb_field_find(const char *name);

/* The row of the member at @offset of struct gb_stats_device, which has one. */
unsigned int gb_field_at(size_t offset);

/* GB_UNKNOWN (page.h) where the page does not tell. */
uint64_t gb_field_get(const struct gb_stats_device *device, unsigned int field);
void gb_field_set(struct gb_stats_device *device, unsigned int field,
		  uint64_t value);

/*
 * @value as a person reads it ("1.20 GiB", "1234", "3.1 s", "?") into @buffer
 * of @size bytes; returns @buffer.
 */
char *gb_field_format(enum gb_field_unit unit, uint64_t value, char *buffer,
		      size_t size);

#endif
