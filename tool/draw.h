/* SPDX-License-Identifier: GPL-2.0-only */
/* Puts a table on a terminal or into a file; the only place that knows colours. */
#ifndef GB_DRAW_H
#define GB_DRAW_H

#include <stdbool.h>
#include <stdio.h>

#include "layout.h"

/* Whether @out is a terminal whose user has not asked for no colour. */
bool gb_draw_has_colour(FILE *out);

void gb_draw_table(const struct gb_table *table, FILE *out, bool colour);

/* Empties the terminal and goes to its top left corner. */
void gb_draw_clear(FILE *out);

#endif
