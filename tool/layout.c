/* SPDX-License-Identifier: GPL-2.0-only */
#include "layout.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "page.h"
#include "tool.h"

/* One row: a device of a process, or a process that has none yet. */
struct subject {
	const struct gb_stats *page;
	const struct gb_stats_device *device; /* or NULL */
	unsigned int index;
};

static void put_unknown(struct gb_cell *cell)
{
	strcpy(cell->text, "?");
	cell->role = GB_ROLE_UNKNOWN;
}

static void put_size(struct gb_cell *cell, uint64_t bytes)
{
	if (bytes == GB_UNKNOWN)
		put_unknown(cell);
	else if (!bytes)
		strcpy(cell->text, "0");
	else
		gb_size_format(bytes, cell->text, sizeof(cell->text));
}

/* Text of the process's own making, as far as every terminal can show it. */
static void put_name(struct gb_cell *cell, const char *name)
{
	size_t i;

	if (!*name) {
		put_unknown(cell);
		return;
	}
	for (i = 0; name[i] && i < sizeof(cell->text) - 1; i++)
		cell->text[i] = name[i] >= ' ' && name[i] < 0x7f ? name[i] : '?';
	cell->text[i] = '\0';
}

static void put_pid(struct gb_cell *cell, const struct subject *subject)
{
	snprintf(cell->text, sizeof(cell->text), "%" PRIu32, subject->page->pid);
}

static void put_command(struct gb_cell *cell, const struct subject *subject)
{
	put_name(cell, subject->page->command);
}

static void put_ram_budget(struct gb_cell *cell, const struct subject *subject)
{
	put_size(cell, subject->page->ram_budget);
}

static void put_index(struct gb_cell *cell, const struct subject *subject)
{
	snprintf(cell->text, sizeof(cell->text), "%u", subject->index);
}

static void put_device_name(struct gb_cell *cell, const struct subject *subject)
{
	put_name(cell, subject->device->name);
}

/* VRAM in use is the arena's and what went past it: both fill the card. */
static void put_vram(struct gb_cell *cell, const struct subject *subject)
{
	put_size(cell, subject->device->vram_used + subject->device->vram_direct);
}

static void put_vram_budget(struct gb_cell *cell, const struct subject *subject)
{
	put_size(cell, subject->device->vram_budget);
}

static void put_ram(struct gb_cell *cell, const struct subject *subject)
{
	put_size(cell, subject->device->ram_used);
	if (subject->device->ram_used)
		cell->role = GB_ROLE_OVERFLOW;
}

static void put_nvme(struct gb_cell *cell, const struct subject *subject)
{
	put_size(cell, subject->device->nvme_used);
	if (subject->device->nvme_used)
		cell->role = GB_ROLE_OVERFLOW;
}

static void put_pending(struct gb_cell *cell, const struct subject *subject)
{
	put_size(cell, subject->device->pending);
}

static void put_uploaded(struct gb_cell *cell, const struct subject *subject)
{
	put_size(cell,
		 subject->device->uploaded_vram + subject->device->uploaded_ram);
}

static void put_moved_out(struct gb_cell *cell, const struct subject *subject)
{
	put_size(cell, subject->device->moved_out);
}

static void put_moved_in(struct gb_cell *cell, const struct subject *subject)
{
	put_size(cell, subject->device->moved_in);
}

static void put_refused(struct gb_cell *cell, const struct subject *subject)
{
	snprintf(cell->text, sizeof(cell->text), "%" PRIu64,
		 subject->device->refused);
	if (subject->device->refused)
		cell->role = GB_ROLE_ALARM;
}

/* greenboost-status(1) explains each column. */
static const struct column {
	const char *heading;
	bool right;
	bool once; /* a fact of the process, said in its first row only */
	void (*put)(struct gb_cell *cell, const struct subject *subject);
} columns[GB_COLUMNS] = {
	{ "PID", true, true, put_pid },
	{ "COMMAND", false, true, put_command },
	{ "RAM-MAX", true, true, put_ram_budget },
	{ "GPU", true, false, put_index },
	{ "NAME", false, false, put_device_name },
	{ "VRAM", true, false, put_vram },
	{ "VRAM-MAX", true, false, put_vram_budget },
	{ "RAM", true, false, put_ram },
	{ "NVME", true, false, put_nvme },
	{ "PENDING", true, false, put_pending },
	{ "UPLOADED", true, false, put_uploaded },
	{ "OUT", true, false, put_moved_out },
	{ "IN", true, false, put_moved_in },
	{ "REFUSED", true, false, put_refused },
};

static struct gb_cell *add_row(struct gb_table *table)
{
	table->row = gb_grow(table->row, table->rows + 1, sizeof(*table->row));
	memset(table->row[table->rows], 0, sizeof(*table->row));
	return table->row[table->rows++];
}

static void add_headings(struct gb_table *table)
{
	struct gb_cell *cell = add_row(table);

	for (unsigned int i = 0; i < GB_COLUMNS; i++) {
		strcpy(cell[i].text, columns[i].heading);
		cell[i].role = GB_ROLE_HEADING;
		table->right[i] = columns[i].right;
	}
}

static void add_subject(struct gb_table *table, const struct subject *subject)
{
	struct gb_cell *cell = add_row(table);

	for (unsigned int i = 0; i < GB_COLUMNS; i++) {
		if (columns[i].once && subject->index > 0)
			continue;
		if (!columns[i].once && !subject->device)
			put_unknown(&cell[i]);
		else
			columns[i].put(&cell[i], subject);
	}
}

static void add_process(struct gb_table *table, const struct gb_stats *page)
{
	struct subject subject = { .page = page };

	if (!page->device_count)
		add_subject(table, &subject);
	for (; subject.index < page->device_count; subject.index++) {
		subject.device = &page->device[subject.index];
		add_subject(table, &subject);
	}
}

static void measure(struct gb_table *table)
{
	for (size_t row = 0; row < table->rows; row++) {
		for (unsigned int i = 0; i < GB_COLUMNS; i++) {
			size_t length = strlen(table->row[row][i].text);

			if (table->width[i] < length)
				table->width[i] = length;
		}
	}
}

void gb_table_init(struct gb_table *table, const struct gb_sample *sample)
{
	memset(table, 0, sizeof(*table));
	add_headings(table);
	for (size_t i = 0; i < sample->count; i++)
		add_process(table, &sample->page[i]);
	measure(table);
}

void gb_table_finish(struct gb_table *table)
{
	free(table->row);
	memset(table, 0, sizeof(*table));
}
