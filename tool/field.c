/* SPDX-License-Identifier: GPL-2.0-only */
#include "field.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "options.h"
#include "page.h"

#define GB_FIELD(member, kind, unit, link, label, help)                        \
	{ #member,                                                             \
	  GB_FIELD_##kind,                                                     \
	  GB_FIELD_##unit,                                                     \
	  GB_FIELD_##link,                                                     \
	  label,                                                               \
	  help,                                                                \
	  offsetof(struct gb_stats_device, member) },

const struct gb_field gb_fields[GB_FIELDS] = {
#include "fields.def"
};

const struct gb_field *gb_field_find(const char *name)
{
	for (unsigned int i = 0; i < GB_FIELDS; i++) {
		if (!strcmp(gb_fields[i].name, name))
			return &gb_fields[i];
	}
	return NULL;
}

unsigned int gb_field_at(size_t offset)
{
	unsigned int i = 0;

	while (i < GB_FIELDS && gb_fields[i].offset != offset)
		i++;
	assert(i < GB_FIELDS);
	return i;
}

uint64_t gb_field_get(const struct gb_stats_device *device, unsigned int field)
{
	uint64_t value = *(const uint64_t *)((const char *)device +
					     gb_fields[field].offset);

	return gb_fields[field].unit == GB_FIELD_RATE && !value ? GB_UNKNOWN : value;
}

void gb_field_set(struct gb_stats_device *device, unsigned int field, uint64_t value)
{
	*(uint64_t *)((char *)device + gb_fields[field].offset) = value;
}

static void format_rate(uint64_t rate, char *buffer, size_t size)
{
	if (rate < 1000000000)
		snprintf(buffer, size, "%.0f MB/s", (double)rate / 1e6);
	else
		snprintf(buffer, size, "%.1f GB/s", (double)rate / 1e9);
}

static void format_time(uint64_t ns, char *buffer, size_t size)
{
	if (ns < 1000000)
		snprintf(buffer, size, "%.0f us", (double)ns / 1e3);
	else if (ns < 1000000000)
		snprintf(buffer, size, "%.1f ms", (double)ns / 1e6);
	else
		snprintf(buffer, size, "%.1f s", (double)ns / 1e9);
}

char *gb_field_format(enum gb_field_unit unit, uint64_t value, char *buffer,
		      size_t size)
{
	if (value == GB_UNKNOWN)
		snprintf(buffer, size, "?");
	else if (unit == GB_FIELD_RATE)
		format_rate(value, buffer, size);
	else if (unit == GB_FIELD_NS)
		format_time(value, buffer, size);
	else if (unit == GB_FIELD_COUNT)
		snprintf(buffer, size, "%" PRIu64, value);
	else if (!value)
		snprintf(buffer, size, "0");
	else
		gb_size_format(value, buffer, size);
	return buffer;
}
