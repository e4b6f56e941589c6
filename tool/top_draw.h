/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Puts a screen on the terminal and reads its keys: the only place of `top`
 * that knows either. One terminal, one thread.
 */
#ifndef GB_TOP_DRAW_H
#define GB_TOP_DRAW_H

#include <stdbool.h>

#include "screen.h"

enum gb_key {
	GB_KEY_NONE,
	GB_KEY_QUIT,
	GB_KEY_UP,
	GB_KEY_DOWN,
	GB_KEY_HOLD,
	GB_KEY_FASTER,
	GB_KEY_SLOWER,
	GB_KEY_OTHER, /* also: the size has changed */
	GB_KEY_GONE,  /* the terminal is */
};

/*
 * Takes the terminal over. Returns 0; -ENOTTY where standard input or output is
 * none; -ENODEV where nothing is known of its kind; -EOPNOTSUPP in a build
 * without ncurses.
 */
int gb_top_draw_init(void);
/* Gives it back as it was. */
void gb_top_draw_finish(void);

bool gb_top_draw_has_colour(void);
void gb_top_draw_size(int *rows, int *columns);
void gb_top_draw(const struct gb_screen *screen);

/* Waits for a key for so long at most. */
enum gb_key gb_top_draw_key(int milliseconds);

#endif
