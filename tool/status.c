/* SPDX-License-Identifier: GPL-2.0-only */
/* greenboost status: sample, lay out, draw. */
#include "status.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arguments.h"
#include "draw.h"
#include "export.h"
#include "layout.h"
#include "memory.h"
#include "sample.h"
#include "tool.h"

enum form { FORM_TABLE, FORM_JSON, FORM_TSV };

struct request {
	struct gb_options options;
	enum form form;
	double period; /* seconds between two looks, or 0: once */
	bool help;
};

static int set_json(void *request, const char *text)
{
	((struct request *)request)->form = FORM_JSON;
	return 0;
}

static int set_tsv(void *request, const char *text)
{
	((struct request *)request)->form = FORM_TSV;
	return 0;
}

static int set_watch(void *request, const char *text)
{
	double *period = &((struct request *)request)->period;
	char *end;

	*period = 2;
	if (!text)
		return 0;
	*period = strtod(text, &end);
	if (end != text && !*end && *period >= 0.1 && *period <= 86400)
		return 0;
	gb_error("--watch=%s: write seconds, from 0.1 to 86400", text);
	return -EINVAL;
}

static int set_runtime_dir(void *request, const char *text)
{
	((struct request *)request)->options.runtime_dir = gb_absolute_path(text);
	return 0;
}

static int set_help(void *request, const char *text)
{
	((struct request *)request)->help = true;
	return 0;
}

const struct gb_flag gb_status_flags[] = {
	{ "json", GB_FLAG_ALONE, "", GB_OFFER_NOTHING, "one JSON object", set_json },
	{ "tsv", GB_FLAG_ALONE, "", GB_OFFER_NOTHING,
	  "tab-separated text, a line of names first", set_tsv },
	{ "watch", GB_FLAG_OPTIONAL, "SECONDS", GB_OFFER_NOTHING,
	  "again every 2 seconds, or as said, until interrupted", set_watch },
	{ "runtime-dir", GB_FLAG_VALUE, "PATH", GB_OFFER_FOLDERS,
	  "directory of the statistics pages, as in `greenboost run`",
	  set_runtime_dir },
	{ "help", GB_FLAG_ALONE, "", GB_OFFER_NOTHING, "show this", set_help },
	{ NULL },
};

static int parse(struct request *request, char **argv)
{
	int words;

	memset(request, 0, sizeof(*request));
	/* Other settings do not matter here, so their errors do not either. */
	gb_options_from_environment(&request->options, NULL, NULL);
	words = gb_flags_parse(gb_status_flags, request, argv);
	if (words > 0)
		gb_error("status does not know %s; see: greenboost help status",
			 *argv);
	return words ? -EINVAL : 0;
}

static void show_table(const struct gb_sample *sample)
{
	struct gb_table table;

	if (sample->count) {
		gb_table_init(&table, sample);
		gb_draw_table(&table, stdout, gb_draw_has_colour(stdout));
		gb_table_finish(&table);
	} else {
		puts("No process of yours runs under GreenBoost; start one with: greenboost run -- command");
	}
	gb_sample_warn(sample);
}

static void show_json(struct gb_sample *sample, const struct gb_options *options)
{
	struct gb_memory memory;

	gb_memory_read(&memory, "");
	gb_sample_read_maps(sample, options);
	gb_export_json(sample, &memory, stdout);
}

static int show(const struct request *request)
{
	struct gb_sample sample;
	int ret = gb_sample_init(&sample, &request->options);

	if (ret)
		ret = gb_sample_complain(ret, &request->options);
	else if (request->form == FORM_JSON)
		show_json(&sample, &request->options);
	else if (request->form == FORM_TSV)
		gb_export_tsv(&sample, stdout);
	else
		show_table(&sample);
	gb_sample_finish(&sample);
	return ret;
}

static int watch(const struct request *request)
{
	double whole, rest = modf(request->period, &whole);
	struct timespec pause = { whole, rest * 1e9 };
	bool clear = request->form == FORM_TABLE && gb_draw_has_colour(stdout);

	for (;;) {
		int ret;

		if (clear)
			gb_draw_clear(stdout);
		ret = show(request);
		if (ret || fflush(stdout) || ferror(stdout))
			return ret ? ret : GB_EXIT_FAILURE;
		nanosleep(&pause, NULL);
	}
}

int gb_status_main(int argc, char **argv)
{
	struct request request;

	if (parse(&request, argv))
		return GB_EXIT_USAGE;
	if (request.help) {
		gb_command_print(gb_command_find("status"), stdout);
		return GB_EXIT_OK;
	}
	return request.period ? watch(&request) : show(&request);
}
