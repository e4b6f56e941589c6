/* SPDX-License-Identifier: GPL-2.0-only */
#include "export.h"

#include <inttypes.h>
#include <stdbool.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "field.h"
#include "page.h"

static void print_number(uint64_t value, const char *unknown, FILE *out)
{
	if (value == GB_UNKNOWN)
		fputs(unknown, out);
	else
		fprintf(out, "%" PRIu64, value);
}

struct number {
	const char *name;
	uint64_t value; /* null, where unknown */
};

/* The members of an object, without its braces. */
static void print_json_numbers(const struct number *list, size_t count, FILE *out)
{
	for (size_t i = 0; i < count; i++) {
		fprintf(out, "%s\"%s\": ", i ? ", " : "", list[i].name);
		print_number(list[i].value, "null", out);
	}
}

#define JSON_NUMBERS(out, ...)                                                 \
	print_json_numbers((const struct number[]){ __VA_ARGS__ },             \
			   sizeof((const struct number[]){ __VA_ARGS__ }) /    \
				   sizeof(struct number),                      \
			   out)

/* Bytes of the UTF-8 sequence at @text, or 0 when there is none. */
static unsigned int utf8_length(const unsigned char *text)
{
	unsigned int length = text[0] < 0x80   ? 1
			      : text[0] < 0xc2 ? 0
			      : text[0] < 0xe0 ? 2
			      : text[0] < 0xf0 ? 3
			      : text[0] < 0xf5 ? 4
					       : 0;

	for (unsigned int i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	}
	/* Overlong forms, surrogates, and what lies behind Unicode's end. */
	if ((text[0] == 0xe0 && text[1] < 0xa0) ||
	    (text[0] == 0xed && text[1] > 0x9f) ||
	    (text[0] == 0xf0 && text[1] < 0x90) ||
	    (text[0] == 0xf4 && text[1] > 0x8f))
		return 0;
	return length;
}

void gb_export_json_text(const char *name, FILE *out)
{
	const unsigned char *text = (const unsigned char *)name;

	fputc('"', out);
	while (*text) {
		unsigned int length = utf8_length(text);

		if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else if (*text < ' ' || *text == 0x7f)
			fprintf(out, "\\u%04x", *text);
		else if (!length)
			fputs("\\ufffd", out);
		else
			fwrite(text, 1, length, out);
		text += length ? length : 1;
	}
	fputc('"', out);
}

/* The map as two strings, a character a cell: where it lives, and how hot. */
static void print_json_map(const struct gb_map *map, FILE *out)
{
	struct gb_map_cell cell[GB_EXPORT_CELLS];
	uint64_t scale = gb_map_scale(map, GB_EXPORT_CELLS);
	size_t count = gb_map_cells(map, scale, cell, GB_EXPORT_CELLS);

	fprintf(out, "{\"cell\": %" PRIu64 ", \"tier\": \"", scale * GB_MAP_GRANULE);
	for (size_t i = 0; i < count; i++)
		fputc(gb_map_tier_letter(cell[i].tier), out);
	fputs("\", \"heat\": \"", out);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%x", cell[i].heat);
	fputs("\"}", out);
}

/* Bytes that its copies have taken the link, as a guess: some may be in VRAM. */
static uint64_t copied(const struct gb_map_allocation *allocation)
{
	return allocation->count * GB_MAP_GRANULE * allocation->use.copies;
}

static int busier_first(const void *a, const void *b)
{
	const struct gb_map_allocation *first = a, *second = b;

	if (copied(first) != copied(second))
		return copied(first) < copied(second) ? 1 : -1;
	return (first->count < second->count) - (first->count > second->count);
}

/* The allocations that the link has had most to do with, then the largest. */
static unsigned int busiest(const struct gb_map *map, struct gb_map_allocation *list)
{
	struct gb_map_allocation each;
	unsigned int count = 0;

	for (uint64_t at = 0; !gb_map_next(map, at, &each);
	     at = each.first + each.count) {
		if (count < GB_EXPORT_BUSIEST)
			list[count++] = each;
		else if (busier_first(&list[count - 1], &each) > 0)
			list[count - 1] = each;
		else
			continue;
		qsort(list, count, sizeof(*list), busier_first);
	}
	return count;
}

static void print_json_allocation(const struct gb_map_allocation *allocation,
				  FILE *out)
{
	fprintf(out, "{\"at\": %" PRIu64 ", \"bytes\": %" PRIu64,
		allocation->first * GB_MAP_GRANULE,
		allocation->count * GB_MAP_GRANULE);
	for (unsigned int i = GB_MAP_PENDING; i < GB_MAP_TIERS; i++)
		if (allocation->tier[i])
			fprintf(out, ", \"%s\": %" PRIu64, gb_map_tier_name(i),
				allocation->tier[i] * GB_MAP_GRANULE);
	fprintf(out,
		", \"copied\": %" PRIu64 ", \"copies\": %" PRIu32 ", \"hits\": %" PRIu32
		", \"ahead\": %" PRIu32 ", \"direct\": %" PRIu32 "}",
		copied(allocation), allocation->use.copies, allocation->use.hits,
		allocation->use.ahead, allocation->use.direct);
}

static void print_json_busiest(const struct gb_map *map, FILE *out)
{
	struct gb_map_allocation list[GB_EXPORT_BUSIEST];
	unsigned int count = busiest(map, list);

	fputc('[', out);
	for (unsigned int i = 0; i < count; i++) {
		fputs(i ? ", " : "", out);
		print_json_allocation(&list[i], out);
	}
	fputc(']', out);
}

static void print_json_device(const struct gb_stats_device *device,
			      const struct gb_map *map, unsigned int index,
			      FILE *out)
{
	fprintf(out, "%s\n      {\"index\": %u, \"name\": ", index ? "," : "",
		index);
	gb_export_json_text(device->name, out);
	for (unsigned int i = 0; i < GB_FIELDS; i++) {
		fprintf(out, ", \"%s\": ", gb_fields[i].name);
		print_number(gb_field_get(device, i), "null", out);
	}
	fputs(", \"map\": ", out);
	if (map && map->granule)
		print_json_map(map, out);
	else
		fputs("null", out);
	fputs(", \"busiest\": ", out);
	if (map && map->granule)
		print_json_busiest(map, out);
	else
		fputs("null", out);
	fputc('}', out);
}

static void print_share(double share, FILE *out)
{
	if (isnan(share))
		fputs("null", out);
	else
		fprintf(out, "%.2f", share);
}

/* What was written for each byte that left RAM: 0 where all came from files. */
static double amplification(const struct gb_stats *page)
{
	uint64_t left = 0;

	for (uint32_t i = 0; i < page->device_count; i++)
		left += page->device[i].spilled;
	return left ? (double)page->nvme_written / (double)left : NAN;
}

static void print_json_nvme(const struct gb_stats *page, FILE *out)
{
	if (!page->nvme_budget) {
		fputs("null", out);
		return;
	}
	fputc('{', out);
	JSON_NUMBERS(out, { "budget", page->nvme_budget },
		     { "used", page->nvme_used }, { "file", page->nvme_file },
		     { "read", page->nvme_read },
		     { "rate", page->nvme_rate ? page->nvme_rate : GB_UNKNOWN },
		     { "written", page->nvme_written },
		     { "writes_left", page->nvme_writes_left },
		     { "failures", page->nvme_failures },
		     { "wait_ns", page->nvme_wait_ns });
	fputs(", \"amplification\": ", out);
	print_share(amplification(page), out);
	fputc('}', out);
}

static void print_json_process(const struct gb_sample *sample, size_t number,
			       FILE *out)
{
	const struct gb_stats *page = &sample->page[number];

	fprintf(out, "    {\"pid\": %" PRIu32 ", \"command\": ", page->pid);
	gb_export_json_text(page->command, out);
	fputs(", ", out);
	JSON_NUMBERS(out, { "start_ticks", page->start_ticks },
		     { "ram_budget", page->ram_budget },
		     { "ram_used", page->ram_used },
		     { "ram_direct", page->ram_direct },
		     { "ram_pool", page->ram_pool });
	fputs(", \"nvme\": ", out);
	print_json_nvme(page, out);
	fputs(",\n     \"devices\": [", out);
	for (uint32_t i = 0; i < page->device_count; i++)
		print_json_device(&page->device[i],
				  sample->map ? &sample->map[number][i] : NULL,
				  i, out);
	fputs("]}", out);
}

static void print_json_pool(const struct gb_pool_state *pool, FILE *out)
{
	if (!pool->there) {
		fputs("null", out);
		return;
	}
	fputc('{', out);
	JSON_NUMBERS(out, { "used", pool->used }, { "limit", pool->limit },
		     { "reserve", pool->reserve });
	if (pool->level < GB_POOL_LEVELS)
		fprintf(out, ", \"level\": \"%s\"}",
			gb_pool_level_name(pool->level));
	else
		fputs(", \"level\": null}", out);
}

static void print_json_memory(const struct gb_memory *memory, FILE *out)
{
	fputs("{\"total\": ", out);
	print_number(memory->total, "null", out);
	fputs(", \"available\": ", out);
	print_number(memory->available, "null", out);
	fputs(", \"pressure_some\": ", out);
	print_share(memory->some, out);
	fputs(", \"pressure_full\": ", out);
	print_share(memory->full, out);
	fputs(", \"pool\": ", out);
	print_json_pool(&memory->pool, out);
	fputc('}', out);
}

void gb_export_json(const struct gb_sample *sample,
		    const struct gb_memory *memory, FILE *out)
{
	fprintf(out, "{\"version\": %d, \"memory\": ", GB_EXPORT_VERSION);
	if (memory)
		print_json_memory(memory, out);
	else
		fputs("null", out);
	fprintf(out, ", \"hidden\": %zu", gb_sample_hidden(sample));
	fputs(",\n  \"processes\": [", out);
	for (size_t i = 0; i < sample->count; i++) {
		fputs(i ? ",\n" : "\n", out);
		print_json_process(sample, i, out);
	}
	fputs("]}\n", out);
}

/* What parts the fields, or steers a terminal, becomes '?'. */
static void print_tsv_text(const char *text, FILE *out)
{
	if (!*text)
		fputc('-', out);
	for (; *text; text++)
		fputc((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text,
		      out);
}

static void print_tsv_process(const struct gb_stats *page, FILE *out)
{
	fprintf(out, "%" PRIu32 "\t", page->pid);
	print_tsv_text(page->command, out);
	fputc('\t', out);
	print_number(page->ram_budget, "-", out);
	fputc('\t', out);
	print_number(page->ram_used, "-", out);
	fputc('\t', out);
	print_number(page->ram_direct, "-", out);
}

static void print_tsv_row(const struct gb_stats *page, const char *index,
			  const struct gb_stats_device *device, FILE *out)
{
	print_tsv_process(page, out);
	fprintf(out, "\t%s\t", index);
	print_tsv_text(device ? device->name : "", out);
	for (unsigned int i = 0; i < GB_FIELDS; i++) {
		fputc('\t', out);
		print_number(device ? gb_field_get(device, i) : GB_UNKNOWN, "-",
			     out);
	}
	fputc('\n', out);
}

void gb_export_tsv(const struct gb_sample *sample, FILE *out)
{
	fputs("pid\tcommand\tram_budget\tprocess_ram_used\tram_direct\tgpu\tname",
	      out);
	for (unsigned int i = 0; i < GB_FIELDS; i++)
		fprintf(out, "\t%s", gb_fields[i].name);
	fputc('\n', out);
	for (size_t i = 0; i < sample->count; i++) {
		const struct gb_stats *page = &sample->page[i];

		if (!page->device_count)
			print_tsv_row(page, "-", NULL, out);
		for (uint32_t d = 0; d < page->device_count; d++) {
			char index[16];

			snprintf(index, sizeof(index), "%" PRIu32, d);
			print_tsv_row(page, index, &page->device[d], out);
		}
	}
}
