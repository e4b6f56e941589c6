/* SPDX-License-Identifier: GPL-2.0-only */
/* greenboost report: a recording in, a page for the browser out. */
#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "recording.h"
#include "report_page.h"
#include "tool.h"

struct request {
	const char *output; /* or NULL: beside the recording; "-": standard output */
	bool help;
};

static int set_output(void *request, const char *text)
{
	if (!*text) {
		gb_error("--output: name the file to write, or - for standard output");
		return -EINVAL;
	}
	((struct request *)request)->output = text;
	return 0;
}

static int set_help(void *request, const char *text)
{
	((struct request *)request)->help = true;
	return 0;
}

const struct gb_flag gb_report_flags[] = {
	{ "output", GB_FLAG_VALUE, "FILE", GB_OFFER_FILES,
	  "the page to write, - for standard output (default: the recording's name with .html behind it)",
	  set_output },
	{ "help", GB_FLAG_ALONE, "", GB_OFFER_NOTHING, "show this", set_help },
	{ NULL },
};

static int complain(int error, const char *name, unsigned int line)
{
	if (error == -EPROTONOSUPPORT)
		gb_error("%s: a recording of another version of GreenBoost", name);
	else if (error == -E2BIG)
		gb_error("%s: line %u: more than a recording holds", name, line);
	else if (line <= 1)
		gb_error("%s: this is no recording; greenboost run --record makes one",
			 name);
	else
		gb_error("%s: line %u: damaged", name, line);
	return GB_EXIT_FAILURE;
}

static int read_recording(struct gb_recording *recording, const char *name)
{
	FILE *in = fopen(name, "re");
	struct stat st;
	unsigned int line;
	int ret;

	if (!in) {
		gb_error("%s: %m", name);
		return GB_EXIT_FAILURE;
	}
	if (!fstat(fileno(in), &st) && S_ISDIR(st.st_mode)) {
		gb_error("%s: this is a directory", name);
		fclose(in);
		return GB_EXIT_FAILURE;
	}
	ret = gb_recording_read(recording, in, &line);
	fclose(in);
	return ret ? complain(ret, name, line) : 0;
}

static bool is_same_file(const char *first, const char *second)
{
	struct stat a, b;

	return !stat(first, &a) && !stat(second, &b) && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

static int write_page(const struct gb_recording *recording, const char *name)
{
	FILE *out = fopen(name, "we");
	bool failed = !out;

	if (out) {
		gb_report_write(recording, out);
		failed = ferror(out);
		failed |= fclose(out) != 0;
	}
	if (failed) {
		gb_error("%s: %m", name);
		return GB_EXIT_FAILURE;
	}
	puts(name);
	return 0;
}

static int report(const struct gb_recording *recording, const char *name,
		  const char *output)
{
	char *page = output ? gb_print("%s", output) : gb_print("%s.html", name);
	int ret = 0;

	if (!strcmp(page, "-")) {
		gb_report_write(recording, stdout);
	} else if (is_same_file(name, page)) {
		gb_error("--output=%s: this is the recording itself", page);
		ret = GB_EXIT_USAGE;
	} else {
		ret = write_page(recording, page);
	}
	free(page);
	return ret;
}

int gb_report_main(int argc, char **argv)
{
	struct gb_recording recording = { 0 };
	struct request request = { 0 };
	int words = gb_flags_parse(gb_report_flags, &request, argv), ret;

	if (words < 0)
		return GB_EXIT_USAGE;
	if (request.help) {
		gb_command_print(gb_command_find("report"), stdout);
		return GB_EXIT_OK;
	}
	if (words != 1) {
		gb_error("report takes one recording: greenboost report [options] file");
		return GB_EXIT_USAGE;
	}
	ret = read_recording(&recording, argv[0]);
	if (!ret)
		ret = report(&recording, argv[0], request.output);
	gb_recording_finish(&recording);
	return ret;
}
