/* SPDX-License-Identifier: GPL-2.0-only */
#include "report_plots.h"

#include <stdlib.h>

#include "page.h"
#include "plot.h"
#include "tool.h"

#define MIB 1048576.0
#define GIB 1073741824.0

#define OFFSET(member) offsetof(struct gb_stats_device, member)

double gb_frame_get(const struct gb_frame *frame, size_t offset)
{
	uint64_t value = frame->value[gb_field_at(offset)];

	return value == GB_UNKNOWN ? 0 : (double)value;
}

static double *numbers(size_t count)
{
	return gb_grow(NULL, count ? count : 1, sizeof(double));
}

static double seconds_of(const struct gb_frame *frame)
{
	return (double)frame->ms / 1000;
}

static double *times(const struct gb_recorded_device *device)
{
	double *seconds = numbers(device->frames);

	for (size_t i = 0; i < device->frames; i++)
		seconds[i] = seconds_of(&device->frame[i]);
	return seconds;
}

/* Of the time axis: a frame alone has a second. */
static double end_of(const struct gb_recorded_device *device)
{
	double end = seconds_of(&device->frame[device->frames - 1]);

	return end > 0 ? end : 1;
}

/* An entry of a legend. */
struct mark {
	const char *class, *text;
};

static void put_legend(const struct mark *mark, size_t count, FILE *out)
{
	fputs("<p class=\"legend\">", out);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "<span><i class=\"c-%s\"></i>%s</span> ",
			mark[i].class, mark[i].text);
	fputs("</p>\n", out);
}

static const struct {
	struct mark mark;
	size_t offset;
} layers[] = {
	{ { "vram", "VRAM" }, OFFSET(vram_used) },
	{ { "direct", "VRAM past the arena" }, OFFSET(vram_direct) },
	{ { "ram", "system RAM" }, OFFSET(ram_used) },
	{ { "nvme", "NVMe" }, OFFSET(nvme_used) },
	{ { "pending", "not backed yet" }, OFFSET(pending) },
};

enum { LAYERS = sizeof(layers) / sizeof(layers[0]) };

static double most_held(const struct gb_recorded_device *device)
{
	double most = 0;

	for (size_t i = 0; i < device->frames; i++) {
		double sum = 0;

		for (int l = 0; l < LAYERS; l++)
			sum += gb_frame_get(&device->frame[i], layers[l].offset);
		if (sum > most)
			most = sum;
	}
	return most;
}

static void put_layers(const struct gb_plot *plot,
		       const struct gb_recorded_device *device, double unit)
{
	double *seconds = times(device), *low = numbers(device->frames);
	double *high = numbers(device->frames);

	for (size_t i = 0; i < device->frames; i++)
		high[i] = 0;
	for (int l = 0; l < LAYERS; l++) {
		for (size_t i = 0; i < device->frames; i++) {
			low[i] = high[i];
			high[i] += gb_frame_get(&device->frame[i], layers[l].offset) /
				   unit;
		}
		gb_plot_area(plot, layers[l].mark.class, device->frames,
			     seconds, low, high);
	}
	free(seconds);
	free(low);
	free(high);
}

void gb_report_residency(const struct gb_recorded_device *device, FILE *out)
{
	const struct gb_frame *last = &device->frame[device->frames - 1];
	double most = most_held(device), unit = most < GIB ? MIB : GIB;
	double budget = gb_frame_get(last, OFFSET(vram_budget));
	struct gb_plot plot = { .out = out,
				.seconds = end_of(device),
				.top = gb_plot_round(most / unit),
				.unit = most < GIB ? "MiB" : "GiB",
				.height = 220 };
	struct mark marks[LAYERS];

	for (int l = 0; l < LAYERS; l++)
		marks[l] = layers[l].mark;
	fputs("<figure class=\"residency\"><figcaption>Where its memory lived</figcaption>\n",
	      out);
	put_legend(marks, LAYERS, out);
	gb_plot_begin(&plot, "memory in each tier over time");
	put_layers(&plot, device, unit);
	if (budget > 0 && budget / unit <= plot.top)
		gb_plot_limit(&plot, budget / unit, "VRAM budget");
	gb_plot_end(&plot);
	fputs("</figure>\n", out);
}

/* What is more of value @f, a second, in frame @i than in the one before. */
static double value_rate(const struct gb_recorded_device *device, size_t i,
			 unsigned int f)
{
	const struct gb_frame *then = &device->frame[i - 1];
	const struct gb_frame *now = &device->frame[i];

	if (then->value[f] == GB_UNKNOWN || now->value[f] == GB_UNKNOWN ||
	    now->value[f] <= then->value[f])
		return 0;
	return (double)(now->value[f] - then->value[f]) * 1000 /
	       (double)(now->ms - then->ms);
}

/* Bytes a second between frame @i - 1 and @i in direction @link. */
static double link_rate(const struct gb_recorded_device *device, size_t i,
			unsigned int link)
{
	double rate = 0;

	for (unsigned int f = 0; f < GB_FIELDS; f++)
		if (gb_fields[f].link == link)
			rate += value_rate(device, i, f);
	return rate;
}

static double largest(double a, double b)
{
	return a > b ? a : b;
}

void gb_report_link_use(const struct gb_recorded_device *device,
			struct gb_link_use *use)
{
	double in = 0, out = 0, seconds = 0;

	*use = (struct gb_link_use){ 0 };
	for (size_t i = 1; i < device->frames; i++) {
		double span = seconds_of(&device->frame[i]) -
			      seconds_of(&device->frame[i - 1]);
		double rate_in = link_rate(device, i, GB_FIELD_IN);
		double rate_out = link_rate(device, i, GB_FIELD_OUT);

		in += span * rate_in;
		out += span * rate_out;
		seconds += span;
		use->most_in = largest(use->most_in, rate_in);
		use->most_out = largest(use->most_out, rate_out);
	}
	if (seconds > 0) {
		use->mean_in = in / seconds;
		use->mean_out = out / seconds;
	}
}

/* What a plot of rates shows: @of in the frame @i, against the one before. */
typedef double (*rate_getter)(const struct gb_recorded_device *device, size_t i,
			      unsigned int of);

static void put_rates(const struct gb_plot *plot,
		      const struct gb_recorded_device *device, rate_getter get,
		      unsigned int of, const char *class, double unit)
{
	double *seconds = times(device), *rate = numbers(device->frames);

	/* A rate holds from one frame to the next. */
	for (size_t i = 0; i + 1 < device->frames; i++)
		rate[i] = get(device, i + 1, of) / unit;
	rate[device->frames - 1] = rate[device->frames - 2];
	gb_plot_steps(plot, class, device->frames, seconds, rate);
	free(seconds);
	free(rate);
}

void gb_report_link(const struct gb_recorded_device *device, FILE *out)
{
	static const struct mark marks[] = { { "in", "to the GPU" },
					     { "out", "from the GPU" } };
	struct gb_link_use use;
	double limit, most, unit;
	struct gb_plot plot;

	if (device->frames < 2)
		return;
	gb_report_link_use(device, &use);
	limit = gb_frame_get(&device->frame[device->frames - 1], OFFSET(link_rate));
	most = largest(limit, largest(use.most_in, use.most_out));
	unit = most < 1e9 ? 1e6 : 1e9;
	plot = (struct gb_plot){ .out = out,
				 .seconds = end_of(device),
				 .top = gb_plot_round(most / unit),
				 .unit = most < 1e9 ? "MB/s" : "GB/s",
				 .height = 150 };
	fprintf(out, "<figure class=\"link\"><figcaption>What the link carried%s</figcaption>\n",
		limit > 0 ? "" : " (its limit was not measured)");
	put_legend(marks, 2, out);
	gb_plot_begin(&plot, "bytes a second over the link, over time");
	put_rates(&plot, device, link_rate, GB_FIELD_IN, "in", unit);
	put_rates(&plot, device, link_rate, GB_FIELD_OUT, "out", unit);
	if (limit > 0)
		gb_plot_limit(&plot, limit / unit, "measured limit");
	gb_plot_end(&plot);
	fputs("</figure>\n", out);
}

static double most_of(const struct gb_recorded_device *device, unsigned int value)
{
	double most = 0;

	for (size_t i = 1; i < device->frames; i++)
		most = largest(most, value_rate(device, i, value));
	return most;
}

void gb_report_disk(const struct gb_recorded_device *device, FILE *out)
{
	static const struct mark marks[] = { { "nvme", "from the disk" },
					     { "out", "to the disk" } };
	double most = largest(most_of(device, GB_RECORDED_NVME_READ),
			      most_of(device, GB_RECORDED_NVME_WRITTEN));
	double unit = most < 1e9 ? 1e6 : 1e9;
	struct gb_plot plot = { .out = out,
				.unit = most < 1e9 ? "MB/s" : "GB/s",
				.height = 150 };

	if (most <= 0)
		return;
	plot.seconds = end_of(device);
	plot.top = gb_plot_round(most / unit);
	fputs("<figure class=\"disk\"><figcaption>What the NVMe disk carried for the process</figcaption>\n",
	      out);
	put_legend(marks, 2, out);
	gb_plot_begin(&plot,
		      "bytes a second from the NVMe disk and to it, over time");
	put_rates(&plot, device, value_rate, GB_RECORDED_NVME_READ, "nvme", unit);
	put_rates(&plot, device, value_rate, GB_RECORDED_NVME_WRITTEN, "out", unit);
	gb_plot_end(&plot);
	fputs("</figure>\n", out);
}

#define MAP_COLUMNS 152
#define MAP_HEIGHT  288.0
#define CODES	    (GB_MAP_SHADES * GB_MAP_TIERS)

/* The arena over time: @rows cells for each of MAP_COLUMNS moments. */
struct picture {
	unsigned int rows;
	uint8_t code[MAP_COLUMNS][GB_RECORDING_CELLS];
};

/* A column out of @frame, whose cells may be finer than the picture's. */
static void paint(uint8_t *code, unsigned int rows, uint64_t scale,
		  const struct gb_frame *frame)
{
	unsigned int count[GB_RECORDING_CELLS][GB_MAP_TIERS] = { 0 };

	for (unsigned int i = 0; i < frame->cells; i++) {
		uint64_t row = i * frame->scale / scale;
		unsigned int tier = frame->cell[i] / GB_MAP_SHADES;
		unsigned int best;

		if (row >= rows || tier == GB_MAP_FREE)
			continue;
		best = code[row] / GB_MAP_SHADES;
		count[row][tier]++;
		if (tier == best ? frame->cell[i] > code[row]
				 : best == GB_MAP_FREE ||
					   count[row][tier] > count[row][best])
			code[row] = frame->cell[i];
	}
}

static uint64_t paint_all(struct picture *picture,
			  const struct gb_recorded_device *device)
{
	double end = end_of(device);
	uint64_t scale = 1;
	size_t frame = 0;

	for (size_t i = 0; i < device->frames; i++)
		scale = device->frame[i].scale > scale ? device->frame[i].scale
						       : scale;
	for (size_t i = 0; i < device->frames; i++) {
		uint64_t rows = (device->frame[i].cells * device->frame[i].scale +
				 scale - 1) /
				scale;

		if (rows > picture->rows)
			picture->rows = (unsigned int)rows;
	}
	for (unsigned int x = 0; x < MAP_COLUMNS; x++) {
		while (frame + 1 < device->frames &&
		       seconds_of(&device->frame[frame + 1]) <=
			       (x + 1) * end / MAP_COLUMNS)
			frame++;
		if (seconds_of(&device->frame[frame]) <= (x + 1) * end / MAP_COLUMNS)
			paint(picture->code[x], picture->rows, scale,
			      &device->frame[frame]);
	}
	return scale;
}

/* All cells of one colour as one path. */
static void put_code(const struct picture *picture, unsigned int code, FILE *out)
{
	double width = GB_PLOT_WIDTH / MAP_COLUMNS,
	       height = MAP_HEIGHT / picture->rows;
	bool begun = false;

	for (unsigned int x = 0; x < MAP_COLUMNS; x++) {
		const uint8_t *column = picture->code[x];

		for (unsigned int y = 0, end; y < picture->rows; y = end) {
			for (end = y + 1;
			     end < picture->rows && column[end] == column[y]; end++)
				;
			if (column[y] != code)
				continue;
			if (!begun)
				fprintf(out, "<path class=\"c-%s s%u\" d=\"",
					gb_map_tier_name(code / GB_MAP_SHADES),
					code % GB_MAP_SHADES);
			begun = true;
			fprintf(out, "M%.1f %.2fh%.1fv%.2fh-%.1fz",
				GB_PLOT_LEFT + x * width, GB_PLOT_ABOVE + y * height,
				width, (end - y) * height, width);
		}
	}
	if (begun)
		fputs("\"/>\n", out);
}

static void put_picture(const struct picture *picture, FILE *out)
{
	fputs("<g shape-rendering=\"crispEdges\">\n", out);
	for (unsigned int code = GB_MAP_SHADES * GB_MAP_PENDING; code < CODES;
	     code++)
		put_code(picture, code, out);
	fputs("</g>\n", out);
}

static void put_map_legend(const struct picture *picture, FILE *out)
{
	struct mark marks[GB_MAP_TIERS];
	size_t count = 0;
	bool seen[GB_MAP_TIERS] = { false };

	for (unsigned int x = 0; x < MAP_COLUMNS; x++) {
		for (unsigned int y = 0; y < picture->rows; y++)
			seen[picture->code[x][y] / GB_MAP_SHADES] = true;
	}
	for (unsigned int i = GB_MAP_PENDING; i < GB_MAP_TIERS; i++) {
		if (seen[i])
			marks[count++] = (struct mark){ gb_map_tier_name(i),
							gb_map_tier_name(i) };
	}
	put_legend(marks, count, out);
}

void gb_report_map(const struct gb_recorded_device *device, FILE *out)
{
	struct picture *picture = gb_grow(NULL, 1, sizeof(*picture));
	uint64_t scale;
	double bytes;

	*picture = (struct picture){ 0 };
	scale = paint_all(picture, device);
	if (picture->rows) {
		bytes = (double)(picture->rows * scale * GB_MAP_GRANULE);
		struct gb_plot plot = { .out = out,
					.seconds = end_of(device),
					.top = bytes / (bytes < GIB ? MIB : GIB),
					.unit = bytes < GIB ? "MiB" : "GiB",
					.height = MAP_HEIGHT };

		fputs("<figure class=\"map\"><figcaption>The arena, from its start (top) on: the stronger, the more often touched</figcaption>\n",
		      out);
		put_map_legend(picture, out);
		plot.down = true;
		gb_plot_begin(&plot, "where each part of the arena lived over time");
		put_picture(picture, out);
		gb_plot_end(&plot);
		fputs("</figure>\n", out);
	}
	free(picture);
}

void gb_report_memory(const struct gb_recording *recording, FILE *out)
{
	const struct gb_moment *moment = recording->moment;
	size_t count = recording->moments;
	double *seconds = numbers(count), *left = numbers(count);
	struct gb_plot plot = { .out = out, .unit = "GiB", .height = 110 };
	double most = 0;

	for (size_t i = 0; i < count; i++) {
		seconds[i] = (double)moment[i].ms / 1000;
		left[i] = moment[i].available == GB_UNKNOWN
				  ? 0
				  : (double)moment[i].available / GIB;
		most = largest(most, left[i]);
	}
	if (count > 1 && most > 0) {
		plot.seconds = seconds[count - 1];
		plot.top = gb_plot_round(most);
		fputs("<figure class=\"memory\"><figcaption>RAM that the machine had left</figcaption>\n",
		      out);
		gb_plot_begin(&plot, "available RAM over time");
		gb_plot_area(&plot, "free", count, seconds, NULL, left);
		gb_plot_end(&plot);
		fputs("</figure>\n", out);
	}
	free(seconds);
	free(left);
}
