/* SPDX-License-Identifier: GPL-2.0-only */
#include "top_layout.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "options.h"
#include "page.h"
#include "top_panes.h"

size_t gb_top_subjects(const struct gb_sample *sample)
{
	size_t count = 0;

	for (size_t i = 0; i < sample->count; i++)
		count += sample->page[i].device_count ? sample->page[i].device_count
						      : 1;
	return count;
}

struct gb_top_subject gb_top_subject(const struct gb_sample *sample, size_t index)
{
	size_t process = 0;

	for (;; process++) {
		uint32_t devices;

		assert(process < sample->count);
		devices = sample->page[process].device_count;

		if (index < (devices ? devices : 1))
			return (struct gb_top_subject){ process, (unsigned int)index,
							devices > 0 };
		index -= devices ? devices : 1;
	}
}

/* From so many columns on the first row has room for all that is known of the pool. */
#define WIDE 110

/* The kernel module's pool, or the most important of it; the column behind. */
static int put_pool(struct gb_screen *screen, int at,
		    const struct gb_pool_state *pool)
{
	bool normal = pool->level == GB_POOL_NORMAL, wide = screen->columns >= WIDE;
	enum gb_ink ink = normal ? GB_INK_PLAIN : GB_INK_ALARM;
	char text[GB_SIZE_TEXT] = "?";

	if (!pool->there)
		return at;
	at = gb_screen_print(screen, 0, at + 2, ink, "pool");
	if (pool->used != GB_UNKNOWN)
		gb_size_format(pool->used, text, sizeof(text));
	if (normal || wide)
		at = gb_screen_print(screen, 0, at, ink, " %s", text);
	if (wide && pool->limit != GB_UNKNOWN) {
		gb_size_format(pool->limit, text, sizeof(text));
		at = gb_screen_print(screen, 0, at, ink, " of %s", text);
	}
	if (!normal)
		at = gb_screen_print(screen, 0, at, ink, " %s",
				     gb_pool_level_name(pool->level));
	return at;
}

static void put_head(struct gb_screen *screen, const struct gb_top_view *view)
{
	const struct gb_memory *memory = view->memory;
	bool short_of =
		memory->some > 10 || (memory->total != GB_UNKNOWN &&
				      memory->available < memory->total / 20);
	size_t hidden = gb_sample_hidden(view->sample);
	char left[GB_SIZE_TEXT] = "?", total[GB_SIZE_TEXT] = "?";
	int at;

	if (memory->total != GB_UNKNOWN)
		gb_size_format(memory->total, total, sizeof(total));
	if (memory->available != GB_UNKNOWN)
		gb_size_format(memory->available, left, sizeof(left));
	at = gb_screen_print(screen, 0, 0, GB_INK_TITLE, "greenboost");
	at = gb_screen_print(screen, 0, at + 2,
			     short_of ? GB_INK_ALARM : GB_INK_PLAIN,
			     "RAM %s left of %s", left, total);
	if (!isnan(memory->some))
		at = gb_screen_print(screen, 0, at,
				     short_of ? GB_INK_ALARM : GB_INK_PLAIN,
				     ", waits %.1f %%", memory->some);
	at = put_pool(screen, at, &memory->pool);
	if (hidden)
		at = gb_screen_print(screen, 0, at + 2, GB_INK_ALARM,
				     "%zu hidden", hidden);
	if (view->held)
		at = gb_screen_print(screen, 0, at + 2, GB_INK_ALARM, "held");
	if (at + 2 + (int)strlen(view->clock) <= screen->columns)
		gb_screen_print(screen, 0,
				screen->columns - (int)strlen(view->clock),
				GB_INK_DIM, "%s", view->clock);
}

static void put_too_small(struct gb_screen *screen)
{
	gb_screen_print(screen, 0, 0, GB_INK_ALARM, "too small:");
	gb_screen_print(screen, 1, 0, GB_INK_PLAIN, "%dx%d here",
			screen->columns, screen->rows);
	gb_screen_print(screen, 2, 0, GB_INK_PLAIN, "%dx%d needed",
			GB_TOP_COLUMNS, GB_TOP_ROWS);
}

static void put_keys(struct gb_screen *screen)
{
	gb_screen_print(screen, screen->rows - 1, 0, GB_INK_DIM,
			"q quit  up/down select  space hold  +/- pace");
}

static void put_nothing(struct gb_screen *screen)
{
	gb_screen_print(screen, 2, 0, GB_INK_PLAIN,
			"No process of yours runs under GreenBoost.");
	gb_screen_print(screen, 3, 0, GB_INK_PLAIN,
			"Start one: greenboost run -- command");
}

/* Rows of each pane below the bars, of @rows in all. */
struct shares {
	int graph, map, counters;
};

/*
 * The map is what one comes for, so it takes what the others leave: numbers get
 * at most a third, the graph at most a third of the rest.
 */
static struct shares share_out(int rows, int counters)
{
	struct shares shares = { 0 };

	shares.counters = counters < rows / 3 ? counters : rows / 3;
	rows -= shares.counters;
	shares.graph = rows / 3 < 6 ? rows / 3 : 6;
	if (shares.graph < 2)
		shares.graph = 0;
	shares.map = rows - shares.graph;
	return shares;
}

static void put_subject(struct gb_screen *screen, int row, int rows,
			const struct gb_pane *pane)
{
	struct shares shares;
	int end = row + rows;

	row = gb_pane_title(screen, row, pane);
	if (!pane->device) {
		gb_screen_print(screen, row, 0, GB_INK_PLAIN,
				"It has used no GPU yet.");
		return;
	}
	row = gb_pane_bars(screen, row, pane);
	row = gb_pane_staging(screen, row, pane);
	/* The link has a row of its own above its graph. */
	shares = share_out(end - row - 1, gb_pane_counter_rows(screen, pane));
	row = gb_pane_link(screen, row, shares.graph, pane);
	gb_pane_map(screen, row, shares.map, pane);
	gb_pane_counters(screen, row + shares.map, shares.counters, pane);
}

void gb_top_layout(struct gb_screen *screen, const struct gb_top_view *view)
{
	size_t subjects = gb_top_subjects(view->sample), selected = view->selected;
	int list = screen->rows / 6;
	struct gb_pane pane;

	if (screen->rows < GB_TOP_ROWS || screen->columns < GB_TOP_COLUMNS) {
		put_too_small(screen);
		return;
	}
	put_head(screen, view);
	put_keys(screen);
	if (!subjects) {
		put_nothing(screen);
		return;
	}
	if (selected >= subjects)
		selected = subjects - 1;
	if (subjects < (size_t)list)
		list = (int)subjects;
	gb_pane_list(screen, 1, list, view, selected);
	gb_pane_init(&pane, view, gb_top_subject(view->sample, selected));
	/* Two rows above and one below are taken, beside the list. */
	put_subject(screen, 2 + list, screen->rows - list - 3, &pane);
}
