/* SPDX-License-Identifier: GPL-2.0-only */
/* What `top` shows, and where. Pure: knows neither files nor terminals. */
#ifndef GB_TOP_LAYOUT_H
#define GB_TOP_LAYOUT_H

#include <stdbool.h>

#include "history.h"
#include "memory.h"
#include "sample.h"
#include "screen.h"

#define GB_TOP_ROWS    10
#define GB_TOP_COLUMNS 40

struct gb_top_view {
	const struct gb_sample *sample; /* with maps, or without */
	const struct gb_history *history;
	const struct gb_memory *memory;
	const char *clock; /* at the right of the first row */
	size_t selected;   /* subject; the last where there are fewer */
	bool unicode;	   /* may use block characters */
	bool colour;	   /* tiers differ by more than their letters */
	bool held;	   /* the sample is not being renewed */
};

/* One line of the list: a GPU of a process, or a process without one. */
struct gb_top_subject {
	size_t process; /* index in the sample */
	unsigned int device;
	bool has_device;
};

/* How many there are, and the @index-th of them; that has to exist. */
size_t gb_top_subjects(const struct gb_sample *sample);
struct gb_top_subject gb_top_subject(const struct gb_sample *sample, size_t index);

/* Fills @screen, which is blank and has the terminal's size. */
void gb_top_layout(struct gb_screen *screen, const struct gb_top_view *view);

#endif
