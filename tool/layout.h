/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The status table as text cells with widths: pure, knows neither files nor
 * terminals.
 */
#ifndef GB_LAYOUT_H
#define GB_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "sample.h"

#define GB_CELL_TEXT 40

/* What a cell means; drawing decides how that looks. */
enum gb_role {
	GB_ROLE_PLAIN,
	GB_ROLE_HEADING,
	GB_ROLE_UNKNOWN,
	GB_ROLE_OVERFLOW, /* memory that lives in RAM */
	GB_ROLE_ALARM,	  /* the program was refused memory */
};

struct gb_cell {
	char text[GB_CELL_TEXT];
	enum gb_role role;
};

enum { GB_COLUMNS = 14 };

struct gb_table {
	struct gb_cell (*row)[GB_COLUMNS]; /* the first holds the headings */
	size_t rows;
	size_t width[GB_COLUMNS];
	bool right[GB_COLUMNS]; /* numbers stand at the right */
};

/* gb_table_finish() frees what gb_table_init() allocated. */
void gb_table_init(struct gb_table *table, const struct gb_sample *sample);
void gb_table_finish(struct gb_table *table);

#endif
