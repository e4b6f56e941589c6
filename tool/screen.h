/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A terminal's worth of characters, with what each means rather than how it
 * looks. Pure; whoever draws it decides on colours.
 */
#ifndef GB_SCREEN_H
#define GB_SCREEN_H

#include <stdint.h>
#include <stdio.h>

#include "greenboost/stats.h"

enum gb_ink {
	GB_INK_PLAIN,
	GB_INK_TITLE,
	GB_INK_DIM,
	GB_INK_SELECTED,
	GB_INK_ALARM,
	GB_INK_TIER, /* and from here on one a tier: GB_INK_TIER + GB_MAP_RAM */
	GB_INKS = GB_INK_TIER + GB_MAP_TIERS,
};

struct gb_glyph {
	uint32_t code; /* Unicode; never a control character */
	uint8_t ink;
	uint8_t shade; /* of tiers: gb_map_shade() */
};

struct gb_screen {
	int rows, columns;
	struct gb_glyph *glyph; /* row by row; allocated */
};

/* All blank. Sizes below 1 are 1. gb_screen_finish() it. */
void gb_screen_init(struct gb_screen *screen, int rows, int columns);
void gb_screen_finish(struct gb_screen *screen);

/* One character; what lies outside is dropped, here and below. */
void gb_screen_put(struct gb_screen *screen, int row, int column, uint32_t code,
		   enum gb_ink ink, int shade);

/*
 * Text, a byte a column: what is not printable ASCII becomes '?', so that names
 * cannot steer a terminal. Returns the column behind it, also beyond the edge.
 */
int gb_screen_print(struct gb_screen *screen, int row, int column,
		    enum gb_ink ink, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* The rows as lines of UTF-8 text without what trails. */
void gb_screen_write(const struct gb_screen *screen, FILE *out);

#endif
