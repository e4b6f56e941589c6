/* SPDX-License-Identifier: GPL-2.0-only */
#include "draw.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RESET "\033[0m"

static const char *const colours[] = {
	[GB_ROLE_PLAIN] = "",		[GB_ROLE_HEADING] = "\033[1m",
	[GB_ROLE_UNKNOWN] = "\033[2m",	[GB_ROLE_OVERFLOW] = "\033[36m",
	[GB_ROLE_ALARM] = "\033[1;31m",
};

bool gb_draw_has_colour(FILE *out)
{
	const char *refusal = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");

	return isatty(fileno(out)) && !(refusal && *refusal) && terminal &&
	       strcmp(terminal, "dumb");
}

static void draw_cell(const struct gb_cell *cell, int width, FILE *out, bool colour)
{
	const char *start = colour ? colours[cell->role] : "";

	fprintf(out, "%s%*s%s", start, width, cell->text, *start ? RESET : "");
}

static void draw_row(const struct gb_table *table, size_t row, FILE *out, bool colour)
{
	for (unsigned int i = 0; i < GB_COLUMNS; i++) {
		const struct gb_cell *cell = &table->row[row][i];
		int width = table->width[i];

		/* Nothing to fill up behind the last column. */
		if (i == GB_COLUMNS - 1 && !table->right[i])
			width = 0;
		draw_cell(cell, table->right[i] ? width : -width, out, colour);
		fputs(i < GB_COLUMNS - 1 ? "  " : "\n", out);
	}
}

void gb_draw_table(const struct gb_table *table, FILE *out, bool colour)
{
	for (size_t row = 0; row < table->rows; row++)
		draw_row(table, row, out, colour);
}

void gb_draw_clear(FILE *out)
{
	fputs("\033[H\033[2J", out);
}
