/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of `top`'s screen, each in the rows that it is given. Pure. */
#ifndef GB_TOP_PANES_H
#define GB_TOP_PANES_H

#include "top_layout.h"

/* What the panes below the list are about. */
struct gb_pane {
	const struct gb_top_view *view;
	const struct gb_stats *page;
	const struct gb_stats_device *device; /* or NULL */
	const struct gb_track *track;	      /* or NULL */
	const struct gb_map *map;	      /* or NULL */
	unsigned int index;		      /* of the device */
};

void gb_pane_init(struct gb_pane *pane, const struct gb_top_view *view,
		  struct gb_top_subject subject);

/* The heading at @row and @rows subjects below, among them @selected. */
void gb_pane_list(struct gb_screen *screen, int row, int rows,
		  const struct gb_top_view *view, size_t selected);

/* Each returns the row behind it. */
int gb_pane_title(struct gb_screen *screen, int row, const struct gb_pane *pane);
int gb_pane_bars(struct gb_screen *screen, int row, const struct gb_pane *pane);
/*
 * What staging did since the last look, where there is a ring and room; and the
 * NVMe disk's bar above under the same terms.
 */
int gb_pane_staging(struct gb_screen *screen, int row, const struct gb_pane *pane);
/* One row of numbers and @rows of plot. */
int gb_pane_link(struct gb_screen *screen, int row, int rows,
		 const struct gb_pane *pane);

/* A legend and the map, @rows in all. */
void gb_pane_map(struct gb_screen *screen, int row, int rows,
		 const struct gb_pane *pane);

/* What all counters would take, and as many as @rows hold. */
int gb_pane_counter_rows(const struct gb_screen *screen, const struct gb_pane *pane);
void gb_pane_counters(struct gb_screen *screen, int row, int rows,
		      const struct gb_pane *pane);

#endif
