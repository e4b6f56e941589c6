/* SPDX-License-Identifier: GPL-2.0-only */
#include "top_panes.h"

#include <ctype.h>
#include <stdlib.h>

#include "field.h"
#include "options.h"
#include "page.h"
#include "tool.h"

#define CODE_BLOCK 0x2588 /* the eighths of a block stand before it */
#define CODE_RULE  0x2500

/* With fewer rows what not every program has gives way to what is below. */
#define TALL 20
/* With fewer columns a few words do. */
#define WIDE 100

/* Sizes and rates as text: one call of each line's print may hold several. */
struct text {
	char is[24];
};

static struct text format(enum gb_field_unit unit, uint64_t value)
{
	struct text text;

	gb_field_format(unit, value, text.is, sizeof(text.is));
	return text;
}

static struct text bytes(uint64_t value)
{
	return format(GB_FIELD_BYTES, value);
}

static struct text rate(double value)
{
	return format(GB_FIELD_RATE, value > 0 ? (uint64_t)value : 0);
}

void gb_pane_init(struct gb_pane *pane, const struct gb_top_view *view,
		  struct gb_top_subject subject)
{
	const struct gb_sample *sample = view->sample;

	*pane = (struct gb_pane){
		.view = view,
		.page = &sample->page[subject.process],
		.index = subject.device,
	};
	if (!subject.has_device)
		return;
	pane->device = &pane->page->device[subject.device];
	pane->track = gb_history_find(view->history, pane->page, subject.device);
	if (sample->map && sample->map[subject.process][subject.device].granule)
		pane->map = &sample->map[subject.process][subject.device];
}

static double now(const struct gb_track *track, const double *ring)
{
	return gb_track_past(track, ring, 0);
}

static void put_list_row(struct gb_screen *screen, int row,
			 const struct gb_pane *pane, bool selected)
{
	const struct gb_stats_device *device = pane->device;
	enum gb_ink ink = selected ? GB_INK_SELECTED : GB_INK_PLAIN;
	int at = gb_screen_print(screen, row, 0, ink, "%c %7u %-14.14s",
				 selected ? '>' : ' ', pane->page->pid,
				 pane->page->command);

	if (!device) {
		gb_screen_print(screen, row, at, ink, " %3s", "?");
		return;
	}
	at = gb_screen_print(screen, row, at, ink, " %3u %10s %10s", pane->index,
			     bytes(device->vram_used + device->vram_direct).is,
			     bytes(device->ram_used).is);
	if (pane->track)
		at = gb_screen_print(screen, row, at, ink, " %10s %10s",
				     rate(now(pane->track, pane->track->in)).is,
				     rate(now(pane->track, pane->track->out)).is);
	else
		at += 22;
	gb_screen_print(screen, row, at, device->refused ? GB_INK_ALARM : ink,
			" %7llu", (unsigned long long)device->refused);
}

void gb_pane_list(struct gb_screen *screen, int row, int rows,
		  const struct gb_top_view *view, size_t selected)
{
	size_t first = selected < (size_t)rows ? 0 : selected - (size_t)rows + 1;
	struct gb_pane pane;

	gb_screen_print(screen, row, 0, GB_INK_TITLE,
			"  %7s %-14s %3s %10s %10s %10s %10s %7s", "PID", "COMMAND",
			"GPU", "VRAM", "RAM", "LINK-IN", "LINK-OUT", "REFUSED");
	for (int i = 0; i < rows; i++) {
		gb_pane_init(&pane, view,
			     gb_top_subject(view->sample, first + (size_t)i));
		put_list_row(screen, row + 1 + i, &pane,
			     first + (size_t)i == selected);
	}
}

int gb_pane_title(struct gb_screen *screen, int row, const struct gb_pane *pane)
{
	uint32_t rule = pane->view->unicode ? CODE_RULE : '-';

	for (int i = 0; i < screen->columns; i++)
		gb_screen_put(screen, row, i, rule, GB_INK_DIM, 0);
	if (pane->device)
		gb_screen_print(screen, row, 2, GB_INK_TITLE, " %u: GPU %u, %s ",
				pane->page->pid, pane->index, pane->device->name);
	else
		gb_screen_print(screen, row, 2, GB_INK_TITLE, " %u: %s ",
				pane->page->pid, pane->page->command);
	return row + 1;
}

/* A part of a bar. */
struct part {
	uint64_t value;
	char letter;
	enum gb_ink ink;
};

/* The column of @value in a bar of @width that stands for @whole. */
static int column_of(uint64_t value, uint64_t whole, int width)
{
	double share = whole ? (double)value / (double)whole : 0;

	return share > 1 ? width : (int)(share * width + 0.5);
}

/* From column 5 on, with the parts from the left and a mark at the budget. */
static void put_bar(struct gb_screen *screen, int row, int width,
		    const struct part *part, int parts, uint64_t mark,
		    uint64_t whole)
{
	uint64_t value = 0;
	int from = 0, to;

	gb_screen_print(screen, row, 5, GB_INK_DIM, "[%*s]", width, "");
	for (int i = 0; i < parts; i++) {
		value += part[i].value;
		to = column_of(value, whole, width);
		/* What is there is seen. */
		if (part[i].value && to == from && from < width)
			to++;
		for (; from < to; from++)
			gb_screen_put(screen, row, 6 + from,
				      (uint32_t)part[i].letter, part[i].ink, 2);
	}
	to = column_of(mark, whole, width) - 1;
	if (mark && mark <= whole && to >= from)
		gb_screen_put(screen, row, 6 + to, '|', GB_INK_TITLE, 0);
}

static int put_nvme(struct gb_screen *screen, int row, int width,
		    const struct gb_pane *pane)
{
	const struct gb_stats *page = pane->page;
	const struct gb_track *track = pane->track;
	const uint64_t mine = pane->device->nvme_used;
	int at;
	const struct part parts[] = {
		{ mine, 'N', GB_INK_TIER + GB_MAP_NVME },
		{ page->nvme_used > mine ? page->nvme_used - mine : 0, 'o',
		  GB_INK_TIER + GB_MAP_PENDING },
	};

	gb_screen_print(screen, row, 0, GB_INK_PLAIN, "NVMe");
	put_bar(screen, row, width, parts, 2, page->nvme_budget, page->nvme_budget);
	at = gb_screen_print(screen, row, width + 8, GB_INK_PLAIN, "%s",
			     bytes(mine).is);
	if (screen->columns >= WIDE)
		at = gb_screen_print(screen, row, at, GB_INK_PLAIN, " of %s",
				     bytes(page->nvme_budget).is);
	if (track && track->count)
		gb_screen_print(screen, row, at, GB_INK_PLAIN,
				", read %s write %s", rate(track->nvme_read).is,
				rate(track->nvme_written).is);
	return row + 1;
}

int gb_pane_bars(struct gb_screen *screen, int row, const struct gb_pane *pane)
{
	const struct gb_stats_device *device = pane->device;
	const struct gb_stats *page = pane->page;
	uint64_t ram = pane->view->memory->total;
	int width = screen->columns < 60 ? 10 : screen->columns * 2 / 5;
	const struct part vram[] = {
		{ device->vram_used, 'V', GB_INK_TIER + GB_MAP_VRAM },
		{ device->vram_direct, 'd', GB_INK_TIER + GB_MAP_IMPORTED },
	};
	const struct part in_ram[] = {
		{ device->ram_used, 'R', GB_INK_TIER + GB_MAP_RAM },
		{ page->ram_used > device->ram_used ? page->ram_used - device->ram_used
						    : 0,
		  'o', GB_INK_TIER + GB_MAP_PENDING },
		{ page->ram_direct, 'd', GB_INK_TIER + GB_MAP_IMPORTED },
	};

	if (ram == GB_UNKNOWN)
		ram = page->ram_budget;
	gb_screen_print(screen, row, 0, GB_INK_PLAIN, "VRAM");
	put_bar(screen, row, width, vram, 2, device->vram_budget,
		device->vram_total);
	gb_screen_print(screen, row, width + 8, GB_INK_PLAIN, "%s of %s, card %s",
			bytes(device->vram_used + device->vram_direct).is,
			bytes(device->vram_budget).is,
			bytes(device->vram_total).is);
	row++;
	gb_screen_print(screen, row, 0, GB_INK_PLAIN, "RAM");
	put_bar(screen, row, width, in_ram, 3, page->ram_budget, ram);
	gb_screen_print(screen, row, width + 8, GB_INK_PLAIN, "%s of %s, RAM %s",
			bytes(device->ram_used).is, bytes(page->ram_budget).is,
			bytes(pane->view->memory->total).is);
	row++;
	if (!page->nvme_budget || screen->rows < TALL)
		return row;
	return put_nvme(screen, row, width, pane);
}

static uint64_t limit_of(const struct gb_pane *pane)
{
	return pane->device->link_rate ? pane->device->link_rate : GB_UNKNOWN;
}

/* The scale of a plot of @ring over @width looks: the limit, or what is above. */
static double peak(const struct gb_track *track, const double *ring, int width,
		   uint64_t limit)
{
	double most = limit == GB_UNKNOWN ? 0 : (double)limit;

	for (int i = 0; i < width; i++) {
		double value = gb_track_past(track, ring, (unsigned int)i);

		if (value > most)
			most = value;
	}
	return most;
}

/* @eighths of one cell of the plot. */
static uint32_t level(const struct gb_pane *pane, int eighths)
{
	if (pane->view->unicode)
		return CODE_BLOCK - 8 + (uint32_t)eighths;
	return eighths < 3 ? '.' : eighths < 6 ? ':' : '#';
}

struct plot {
	const double *ring;
	enum gb_ink ink;
	int column, width, row, rows;
};

static void put_plot(struct gb_screen *screen, const struct gb_pane *pane,
		     const struct plot *plot)
{
	uint64_t limit = limit_of(pane);
	double top = peak(pane->track, plot->ring, plot->width, limit);
	int line = limit == GB_UNKNOWN || top <= 0
			   ? -1
			   : (int)((1 - (double)limit / top) * plot->rows);

	for (int i = 0; i < plot->width; i++) {
		double value = gb_track_past(pane->track, plot->ring,
					     (unsigned int)(plot->width - 1 - i));
		int eighths =
			top > 0 ? (int)(value / top * plot->rows * 8 + 0.5) : 0;

		for (int y = 0; y < plot->rows; y++) {
			int filled = eighths - 8 * (plot->rows - 1 - y);

			if (filled > 0)
				gb_screen_put(screen, plot->row + y,
					      plot->column + i,
					      level(pane, filled < 8 ? filled : 8),
					      plot->ink, 2);
			else if (y == line)
				gb_screen_put(screen, plot->row + y,
					      plot->column + i, '-', GB_INK_DIM, 0);
		}
	}
}

static int put_rate(struct gb_screen *screen, int row, int column,
		    const char *name, double value, uint64_t limit)
{
	column = gb_screen_print(screen, row, column, GB_INK_PLAIN, "%s %s",
				 name, rate(value).is);
	if (limit == GB_UNKNOWN)
		return column;
	column = gb_screen_print(screen, row, column, GB_INK_PLAIN, " (%.0f %%",
				 100 * value / (double)limit);
	if (screen->columns >= 80)
		column = gb_screen_print(screen, row, column, GB_INK_PLAIN,
					 " of %s", format(GB_FIELD_RATE, limit).is);
	return gb_screen_print(screen, row, column, GB_INK_PLAIN, ")");
}

int gb_pane_link(struct gb_screen *screen, int row, int rows,
		 const struct gb_pane *pane)
{
	const struct gb_track *track = pane->track;
	int half = screen->columns / 2;
	uint64_t limit = limit_of(pane);

	gb_screen_print(screen, row, 0, GB_INK_PLAIN, "Link");
	if (!track || !track->count) {
		gb_screen_print(screen, row, 5, GB_INK_DIM, "after the next look");
		return row + 1 + rows;
	}
	put_rate(screen, row, 5, "in", now(track, track->in), limit);
	put_rate(screen, row, half, "out", now(track, track->out), limit);
	put_plot(screen, pane,
		 &(struct plot){ track->in, GB_INK_TIER + GB_MAP_RAM, 0,
				 half - 1, row + 1, rows });
	put_plot(screen, pane,
		 &(struct plot){ track->out, GB_INK_TIER + GB_MAP_VRAM, half,
				 screen->columns - half, row + 1, rows });
	return row + 1 + rows;
}

/* A second, of the counter at @offset of the device's. */
static double counted(const struct gb_track *track, size_t offset)
{
	return track->rate[gb_field_at(offset)];
}

static double percent(double part, double whole)
{
	return whole > 0 ? 100 * part / whole : 0;
}

#define COUNTED(track, member)                                                 \
	counted(track, offsetof(struct gb_stats_device, member))

int gb_pane_staging(struct gb_screen *screen, int row, const struct gb_pane *pane)
{
	const struct gb_track *track = pane->track;
	double hits, ahead, all;
	int at;

	if (!pane->device->ring || screen->rows < TALL)
		return row;
	at = gb_screen_print(screen, row, 0, GB_INK_PLAIN, "Ring %s",
			     bytes(pane->device->ring).is);
	if (!track || !track->count)
		return row + 1;
	hits = COUNTED(track, stage_hits);
	ahead = COUNTED(track, prefetch_hits);
	all = hits + ahead + COUNTED(track, stage_misses);
	at = gb_screen_print(screen, row, at, GB_INK_PLAIN, ", stalled %.0f %%",
			     percent(COUNTED(track, stall_ns), 1e9));
	if (all > 0)
		gb_screen_print(screen, row, at, GB_INK_PLAIN,
				", of uses hit %.0f %%, prefetched %.0f %%",
				percent(hits, all), percent(ahead, all));
	return row + 1;
}

static void put_legend(struct gb_screen *screen, int row, uint64_t scale,
		       const struct gb_pane *pane)
{
	int at = gb_screen_print(screen, row, 0, GB_INK_PLAIN, "Map  %s a cell ",
				 bytes(scale * GB_MAP_GRANULE).is);

	for (unsigned int i = GB_MAP_PENDING; i < GB_MAP_TIERS; i++) {
		bool is_there = false;

		for (uint64_t g = 0; g < pane->map->count && !is_there; g++)
			is_there = (pane->map->granule[g] & GB_MAP_TIER) == i;
		if (!is_there)
			continue;
		gb_screen_put(screen, row, at + 1,
			      (unsigned char)gb_map_tier_letter(i),
			      GB_INK_TIER + i, 2);
		at = gb_screen_print(screen, row, at + 2, GB_INK_DIM, " %s",
				     gb_map_tier_name(i));
	}
	gb_screen_print(screen, row, at + 2, GB_INK_DIM,
			pane->view->colour ? "bright is hot" : "small is cold");
}

void gb_pane_map(struct gb_screen *screen, int row, int rows,
		 const struct gb_pane *pane)
{
	size_t room = rows > 1 ? (size_t)(rows - 1) * (size_t)screen->columns : 0;
	struct gb_map_cell *cell;
	uint64_t scale;
	size_t count;

	if (!room)
		return;
	if (!pane->map) {
		gb_screen_print(screen, row, 0, GB_INK_DIM,
				"Map  nothing has been allocated in the arena");
		return;
	}
	scale = gb_map_scale(pane->map, room);
	put_legend(screen, row, scale, pane);
	cell = gb_grow(NULL, room, sizeof(*cell));
	count = gb_map_cells(pane->map, scale, cell, room);
	for (size_t i = 0; i < count; i++) {
		int shade = (int)gb_map_shade(cell[i].heat);
		int letter = (unsigned char)gb_map_tier_letter(cell[i].tier);

		gb_screen_put(screen, row + 1 + (int)(i / (size_t)screen->columns),
			      (int)(i % (size_t)screen->columns),
			      (uint32_t)(shade < 2 ? tolower(letter) : letter),
			      GB_INK_TIER + cell[i].tier, shade);
	}
	free(cell);
}

#define COUNTER_WIDTH 26

static int counters_abreast(const struct gb_screen *screen)
{
	return screen->columns / COUNTER_WIDTH;
}

int gb_pane_counter_rows(const struct gb_screen *screen, const struct gb_pane *pane)
{
	int abreast = counters_abreast(screen), count = 0;

	for (unsigned int i = 0; i < GB_FIELDS; i++)
		count += *gb_fields[i].label != '\0';
	return (count + abreast - 1) / abreast;
}

static void put_counter(struct gb_screen *screen, int row, int column,
			const struct gb_pane *pane, unsigned int i)
{
	const struct gb_field *field = &gb_fields[i];
	uint64_t value = gb_field_get(pane->device, i);
	enum gb_ink ink =
		field->offset == offsetof(struct gb_stats_device, refused) && value
			? GB_INK_ALARM
			: GB_INK_PLAIN;

	gb_screen_print(screen, row, column, GB_INK_DIM, "%-11.11s", field->label);
	gb_screen_print(screen, row, column + 12, ink, "%*s",
			COUNTER_WIDTH - 15, format(field->unit, value).is);
}

void gb_pane_counters(struct gb_screen *screen, int row, int rows,
		      const struct gb_pane *pane)
{
	bool all = gb_pane_counter_rows(screen, pane) <= rows;
	int abreast = counters_abreast(screen), count = 0;

	for (unsigned int i = 0; i < GB_FIELDS && count < rows * abreast; i++) {
		/* Where not all have room, those that say nothing give way. */
		if (!*gb_fields[i].label || (!all && !gb_field_get(pane->device, i)))
			continue;
		put_counter(screen, row + count / abreast,
			    count % abreast * (screen->columns / abreast), pane, i);
		count++;
	}
}
