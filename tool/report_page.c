/* SPDX-License-Identifier: GPL-2.0-only */
#include "report_page.h"

#include <inttypes.h>
#include <string.h>

#include "options.h"
#include "page.h"
#include "plot.h"
#include "report_plots.h"

/*
 * Colours in both schemes. Shades are opacities, so that hot stands out from a
 * light page as from a dark one.
 */
static const char style[] =
	":root{color-scheme:light dark;--page:#fff;--text:#1f2328;--soft:#59636e;"
	"--rule:#d1d9e0;--vram:#1a7f37;--direct:#57606a;--ram:#bc6c00;"
	"--pool:#0b7285;--nvme:#9c36b5;--imported:#5f3dc4;--pending:#afb8c1;"
	"--in:#bc6c00;--out:#1a7f37;--free:#4493f8;--alarm:#cf222e}\n"
	"@media(prefers-color-scheme:dark){:root{--page:#0d1117;--text:#e6edf3;"
	"--soft:#9198a1;--rule:#3d444d;--vram:#3fb950;--direct:#9198a1;"
	"--ram:#f0a202;--pool:#39c5cf;--nvme:#db61ff;--imported:#a78bfa;"
	"--pending:#656c76;--in:#f0a202;--out:#3fb950;--free:#4493f8;"
	"--alarm:#ff7b72}}\n"
	"body{background:var(--page);color:var(--text);max-width:56rem;margin:2rem auto;"
	"padding:0 1rem;font:16px/1.5 system-ui,sans-serif}\n"
	"h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.5rem}\n"
	"figure{margin:1.5rem 0}figcaption{font-weight:600}svg{width:100%;height:auto}\n"
	"svg text{font:12px system-ui,sans-serif;fill:var(--soft)}"
	"svg text.name{fill:var(--text);paint-order:stroke;stroke:var(--page);"
	"stroke-width:3px}\n"
	".grid{stroke:var(--rule);fill:none}"
	".limit{stroke:var(--text);stroke-width:1.5;stroke-dasharray:6 4;fill:none}\n"
	".line{fill:none;stroke-width:1.5}"
	".s0{fill-opacity:.3}.s1{fill-opacity:.55}.s2{fill-opacity:.8}\n"
	".legend,.soft{color:var(--soft);font-size:.875rem;margin:.25rem 0}"
	".legend span{margin-right:1rem;white-space:nowrap}"
	".legend i{display:inline-block;width:.8em;height:.8em;margin-right:.35em}\n"
	".alarm{color:var(--alarm);font-weight:600}\n"
	".wide{overflow-x:auto}table{border-collapse:collapse;font-size:.875rem}"
	"th,td{padding:.2rem .6rem;border-bottom:1px solid var(--rule);text-align:right;"
	"font-variant-numeric:tabular-nums}th{color:var(--soft);font-weight:600}"
	".left{text-align:left}\n";

/* Each is an area, a line and a mark of a legend. */
static const char *const classes[] = { "vram", "direct",   "ram",     "pool",
				       "nvme", "imported", "pending", "in",
				       "out",  "free" };

static void put_style(FILE *out)
{
	fprintf(out, "<style>\n%s", style);
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		const char *name = classes[i];

		fprintf(out,
			"path.c-%s{fill:var(--%s)}path.line.c-%s{fill:none;stroke:var(--%s)}"
			"i.c-%s{background:var(--%s)}\n",
			name, name, name, name, name, name);
	}
	fputs("</style>\n", out);
}

struct text {
	char is[24];
};

static struct text format(enum gb_field_unit unit, double value)
{
	struct text text;

	gb_field_format(unit, (uint64_t)value, text.is, sizeof(text.is));
	return text;
}

static struct text bytes(double value)
{
	return format(GB_FIELD_BYTES, value);
}

/* The frame in which most was held. */
static const struct gb_frame *fullest(const struct gb_recorded_device *device)
{
	const struct gb_frame *best = &device->frame[0];
	double most = -1;

	for (size_t i = 0; i < device->frames; i++) {
		const struct gb_frame *frame = &device->frame[i];
		double held =
			gb_frame_get(frame,
				     offsetof(struct gb_stats_device, vram_used)) +
			gb_frame_get(frame,
				     offsetof(struct gb_stats_device, ram_used)) +
			gb_frame_get(frame,
				     offsetof(struct gb_stats_device, nvme_used));

		if (held > most) {
			most = held;
			best = frame;
		}
	}
	return best;
}

#define GET(frame, member)                                                     \
	gb_frame_get(frame, offsetof(struct gb_stats_device, member))

static void put_share(double rate, double limit, FILE *out)
{
	fputs(format(GB_FIELD_RATE, rate).is, out);
	if (limit > 0)
		fprintf(out, " (%.0f %% of the link's limit)", 100 * rate / limit);
}

/* What the program stood for, at the frame @last. */
static void put_waits(const struct gb_frame *last, FILE *out)
{
	uint64_t disk = last->value[GB_RECORDED_NVME_WAIT_NS];

	if (GET(last, stall_ns) > 0)
		fprintf(out, "<p>Kernels stood for staged copies for some %s in all, %.0f times.</p>\n",
			format(GB_FIELD_NS, GET(last, stall_ns)).is,
			GET(last, stalls));
	if (disk && disk != GB_UNKNOWN)
		fprintf(out, "<p>Launches waited for the NVMe disk for %s in all.</p>\n",
			format(GB_FIELD_NS, (double)disk).is);
}

/* What one would say to whoever asks how it went. */
static void put_summary(const struct gb_recording *recording,
			const struct gb_recorded_device *device, FILE *out)
{
	const struct gb_frame *full = fullest(device);
	const struct gb_frame *last = &device->frame[device->frames - 1];
	double ram = GET(full, ram_used), limit = GET(last, link_rate);
	uint64_t budget = recording->process[device->process].ram_budget;
	double refused = GET(last, refused);
	struct gb_link_use use;

	gb_report_link_use(device, &use);
	fprintf(out, "<p>At its fullest %s were in VRAM, of a budget of %s on a card of %s, ",
		bytes(GET(full, vram_used) + GET(full, vram_direct)).is,
		bytes(GET(full, vram_budget)).is, bytes(GET(full, vram_total)).is);
	if (ram > 0)
		fprintf(out, "and %s in system RAM", bytes(ram).is);
	else
		fputs("and nothing in system RAM", out);
	if (budget != GB_UNKNOWN)
		fprintf(out, ", of a budget of %s", bytes((double)budget).is);
	if (GET(full, nvme_used) > 0)
		fprintf(out, ", and %s on the NVMe disk",
			bytes(GET(full, nvme_used)).is);
	fputs(". The link to the GPU carried ", out);
	put_share(use.mean_in, limit, out);
	fputs(" on average, ", out);
	put_share(use.most_in, limit, out);
	fputs(" at most.</p>\n", out);
	put_waits(last, out);
	if (refused > 0)
		fprintf(out, "<p class=\"alarm\">The program was refused memory %.0f times: both budgets were full.</p>\n",
			refused);
}

static const char *const heats[GB_MAP_SHADES] = { "cold", "now and then",
						  "often", "all the time" };

/* The tiers that some of the largest allocations have memory in, as bits. */
static unsigned int tiers_of(const struct gb_recorded_device *device)
{
	unsigned int tiers = 0;

	for (unsigned int i = 0; i < device->largest_count; i++) {
		for (unsigned int t = GB_MAP_PENDING; t < GB_MAP_TIERS; t++)
			tiers |= (device->largest[i].tier[t] > 0) << t;
	}
	return tiers;
}

static void put_allocation(const struct gb_map_allocation *allocation,
			   unsigned int tiers, FILE *out)
{
	double unit = (double)GB_MAP_GRANULE;

	fprintf(out, "<tr><td>%s</td><td>%s</td>",
		bytes((double)allocation->count * unit).is,
		bytes((double)allocation->first * unit).is);
	for (unsigned int i = 0; i < GB_MAP_TIERS; i++) {
		if (tiers & 1u << i)
			fprintf(out, "<td>%s</td>",
				allocation->tier[i]
					? bytes((double)allocation->tier[i] * unit)
						  .is
					: "");
	}
	fprintf(out, "<td class=\"left\">%s</td></tr>\n",
		heats[gb_map_shade(allocation->heat)]);
}

static void put_largest(const struct gb_recorded_device *device, FILE *out)
{
	unsigned int tiers = tiers_of(device);

	if (!device->largest_count)
		return;
	fprintf(out,
		"<h3>The largest allocations when most was held</h3>\n"
		"<div class=\"wide\"><table class=\"largest\"><tr><th>size</th><th>at</th>");
	for (unsigned int i = 0; i < GB_MAP_TIERS; i++) {
		if (tiers & 1u << i)
			fprintf(out, "<th>%s</th>", gb_map_tier_name(i));
	}
	fputs("<th class=\"left\">touched</th></tr>\n", out);
	for (unsigned int i = 0; i < device->largest_count; i++)
		put_allocation(&device->largest[i], tiers, out);
	fputs("</table></div>\n<p class=\"soft\">Sizes are in whole granules of 2 MiB; places are from the arena's start on.</p>\n",
	      out);
}

static void put_totals(const struct gb_recorded_device *device, FILE *out)
{
	const struct gb_frame *last = &device->frame[device->frames - 1];
	char text[24];

	fputs("<h3>What it came to</h3>\n<div class=\"wide\"><table class=\"totals\">\n",
	      out);
	for (unsigned int i = 0; i < GB_FIELDS; i++) {
		if (gb_fields[i].kind != GB_FIELD_COUNTER)
			continue;
		fprintf(out, "<tr><td class=\"left\">%s</td><td>%s</td><td class=\"left\">",
			gb_fields[i].name,
			gb_field_format(gb_fields[i].unit, last->value[i], text,
					sizeof(text)));
		gb_plot_text(gb_fields[i].help, out);
		fputs("</td></tr>\n", out);
	}
	fputs("</table></div>\n", out);
}

static void put_device(const struct gb_recording *recording,
		       const struct gb_recorded_device *device, FILE *out)
{
	const struct gb_recorded_process *process =
		&recording->process[device->process];

	fputs("<section>\n<h2>", out);
	gb_plot_text(process->command, out);
	fprintf(out, " (%" PRIu32 "), GPU %u: ", process->pid, device->index);
	gb_plot_text(device->name, out);
	fputs("</h2>\n", out);
	if (device->frames) {
		put_summary(recording, device, out);
		gb_report_residency(device, out);
		gb_report_link(device, out);
		gb_report_disk(device, out);
		gb_report_map(device, out);
		put_largest(device, out);
		put_totals(device, out);
	} else {
		fputs("<p>It ended before it could be looked at.</p>\n", out);
	}
	fputs("</section>\n", out);
}

void gb_report_write(const struct gb_recording *recording, FILE *out)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width\">\n"
	      "<link rel=\"icon\" href=\"data:,\">\n"
	      "<title>GreenBoost report</title>\n",
	      out);
	put_style(out);
	fputs("</head>\n<body>\n<h1>GreenBoost report</h1>\n", out);
	if (!recording->complete)
		fputs("<p class=\"alarm\">This recording breaks off: it was cut, or greenboost was ended from outside.</p>\n",
		      out);
	if (!recording->devices)
		fputs("<p>The program used no CUDA, or ended too soon to be seen.</p>\n",
		      out);
	for (size_t i = 0; i < recording->devices; i++)
		put_device(recording, &recording->device[i], out);
	gb_report_memory(recording, out);
	fputs("</body>\n</html>\n", out);
}
