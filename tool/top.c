/* SPDX-License-Identifier: GPL-2.0-only */
/* greenboost top: sample, lay out, draw, again and again. */
#include "top.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "arguments.h"
#include "export.h"
#include "tool.h"
#include "top_draw.h"
#include "top_layout.h"

#define PERIOD_MIN 0.1
#define PERIOD_MAX 60.0

struct request {
	struct gb_options options;
	double period; /* seconds between two looks */
	uint32_t pid;  /* to select at first, or 0 */
	bool once, json, help;
};

/* All that is looked at. */
struct monitor {
	const struct request *request;
	struct gb_sample sample;
	struct gb_history history;
	struct gb_memory memory;
	struct gb_top_view view;
	char clock[16];
	double period;
	uint64_t looked_ns;
};

static int set_once(void *request, const char *text)
{
	((struct request *)request)->once = true;
	return 0;
}

static int set_json(void *request, const char *text)
{
	((struct request *)request)->json = true;
	return 0;
}

static int set_every(void *request, const char *text)
{
	double *period = &((struct request *)request)->period;
	char *end;

	*period = strtod(text, &end);
	if (end != text && !*end && *period >= PERIOD_MIN && *period <= PERIOD_MAX)
		return 0;
	gb_error("--every=%s: write seconds, from 0.1 to 60", text);
	return -EINVAL;
}

static int set_pid(void *request, const char *text)
{
	char *end;
	long pid = strtol(text, &end, 10);

	if (end == text || *end || pid < 1 || pid > INT32_MAX) {
		gb_error("--pid=%s: write the number of a process", text);
		return -EINVAL;
	}
	((struct request *)request)->pid = (uint32_t)pid;
	return 0;
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

const struct gb_flag gb_top_flags[] = {
	{ "once", GB_FLAG_ALONE, "", GB_OFFER_NOTHING,
	  "look twice, print one screen as text, and end", set_once },
	{ "json", GB_FLAG_ALONE, "", GB_OFFER_NOTHING,
	  "look once, print that as `greenboost status --json` does, and end",
	  set_json },
	{ "every", GB_FLAG_VALUE, "SECONDS", GB_OFFER_NOTHING,
	  "time between two looks, from 0.1 to 60 (default: 1)", set_every },
	{ "pid", GB_FLAG_VALUE, "PID", GB_OFFER_NOTHING,
	  "begin with that process selected", set_pid },
	{ "runtime-dir", GB_FLAG_VALUE, "PATH", GB_OFFER_FOLDERS,
	  "directory of the statistics pages, as in `greenboost run`",
	  set_runtime_dir },
	{ "help", GB_FLAG_ALONE, "", GB_OFFER_NOTHING, "show this", set_help },
	{ NULL },
};

static int parse(struct request *request, char **argv)
{
	int words;

	*request = (struct request){ .period = 1 };
	gb_options_from_environment(&request->options, NULL, NULL);
	words = gb_flags_parse(gb_top_flags, request, argv);
	if (words > 0)
		gb_error("top does not know %s; see: greenboost help top", *argv);
	return words ? -EINVAL : 0;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Takes a new sample in the place of the last. Returns 0 or -errno. */
static int look(struct monitor *monitor)
{
	const struct gb_options *options = &monitor->request->options;
	time_t seconds = time(NULL);
	struct tm parts;
	int ret;

	gb_sample_finish(&monitor->sample);
	ret = gb_sample_init(&monitor->sample, options);
	if (ret)
		return ret;
	gb_sample_read_maps(&monitor->sample, options);
	gb_memory_read(&monitor->memory, "");
	monitor->looked_ns = now_ns();
	gb_history_add(&monitor->history, &monitor->sample, monitor->looked_ns);
	strftime(monitor->clock, sizeof(monitor->clock), "%H:%M:%S",
		 localtime_r(&seconds, &parts));
	return 0;
}

static int monitor_init(struct monitor *monitor, const struct request *request)
{
	*monitor = (struct monitor){ .request = request, .period = request->period };
	monitor->view = (struct gb_top_view){
		.sample = &monitor->sample,
		.history = &monitor->history,
		.memory = &monitor->memory,
		.clock = monitor->clock,
		.unicode = !strcmp(nl_langinfo(CODESET), "UTF-8"),
	};
	return look(monitor);
}

/* Selects the process that was asked for. Returns 0 or an exit code. */
static int select_pid(struct monitor *monitor)
{
	size_t subjects = gb_top_subjects(&monitor->sample);
	uint32_t pid = monitor->request->pid;

	if (!pid)
		return 0;
	for (size_t i = 0; i < subjects; i++) {
		struct gb_top_subject subject = gb_top_subject(&monitor->sample, i);

		if (monitor->sample.page[subject.process].pid == pid) {
			monitor->view.selected = i;
			return 0;
		}
	}
	gb_error("--pid=%u: no such process of yours runs under GreenBoost", pid);
	return GB_EXIT_FAILURE;
}

static void monitor_finish(struct monitor *monitor)
{
	gb_sample_finish(&monitor->sample);
	gb_history_finish(&monitor->history);
}

static int number_from(const char *name, int fallback)
{
	const char *text = getenv(name);
	int number = text ? atoi(text) : 0;

	return number > 0 && number <= 1000 ? number : fallback;
}

/* As the terminal is, or as COLUMNS and LINES say, or 80 by 24. */
static void text_size(int *rows, int *columns)
{
	struct winsize size = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_row || !size.ws_col)
		size = (struct winsize){ .ws_row = 24, .ws_col = 80 };
	/* The prompt takes a row. */
	*rows = number_from("LINES", isatty(STDOUT_FILENO) ? size.ws_row - 1
							   : size.ws_row);
	*columns = number_from("COLUMNS", size.ws_col);
}

/* Returns 0 or -errno, as watch() does. */
static int print_once(struct monitor *monitor)
{
	double whole = (double)(int)monitor->period;
	struct timespec pause = { (time_t)whole,
				  (long)((monitor->period - whole) * 1e9) };
	struct gb_screen screen;
	int ret = 0, rows, columns;

	if (monitor->sample.count) {
		nanosleep(&pause, NULL);
		ret = look(monitor);
	}
	if (ret)
		return ret;
	text_size(&rows, &columns);
	gb_screen_init(&screen, rows, columns);
	gb_top_layout(&screen, &monitor->view);
	gb_screen_write(&screen, stdout);
	gb_screen_finish(&screen);
	gb_sample_warn(&monitor->sample);
	return 0;
}

static void draw(const struct monitor *monitor)
{
	struct gb_screen screen;
	int rows, columns;

	gb_top_draw_size(&rows, &columns);
	gb_screen_init(&screen, rows, columns);
	gb_top_layout(&screen, &monitor->view);
	gb_top_draw(&screen);
	gb_screen_finish(&screen);
}

static void select_subject(struct monitor *monitor, int step)
{
	size_t subjects = gb_top_subjects(&monitor->sample);
	size_t *selected = &monitor->view.selected;

	if (*selected >= subjects)
		*selected = subjects ? subjects - 1 : 0;
	if (step < 0 && *selected)
		--*selected;
	if (step > 0 && *selected + 1 < subjects)
		++*selected;
}

static void set_pace(struct monitor *monitor, double factor)
{
	double period = monitor->period * factor;

	if (period >= PERIOD_MIN && period <= PERIOD_MAX)
		monitor->period = period;
}

static void obey(struct monitor *monitor, enum gb_key key)
{
	if (key == GB_KEY_UP)
		select_subject(monitor, -1);
	else if (key == GB_KEY_DOWN)
		select_subject(monitor, 1);
	else if (key == GB_KEY_HOLD)
		monitor->view.held = !monitor->view.held;
	else if (key == GB_KEY_FASTER)
		set_pace(monitor, 0.5);
	else if (key == GB_KEY_SLOWER)
		set_pace(monitor, 2);
}

/* Milliseconds until the next look is due. */
static int left(const struct monitor *monitor)
{
	double gone = (double)(now_ns() - monitor->looked_ns) / 1e9;

	return gone < monitor->period ? (int)((monitor->period - gone) * 1000) + 1
				      : 0;
}

static int watch(struct monitor *monitor)
{
	enum gb_key key;
	int ret = 0;

	monitor->view.colour = gb_top_draw_has_colour();
	do {
		if (!left(monitor)) {
			if (!monitor->view.held)
				ret = look(monitor);
			monitor->looked_ns = now_ns();
		}
		draw(monitor);
		key = gb_top_draw_key(left(monitor));
		obey(monitor, key);
	} while (!ret && key != GB_KEY_QUIT && key != GB_KEY_GONE);
	return ret ? ret : key == GB_KEY_GONE ? -EPIPE : 0;
}

static int take_terminal(void)
{
	const char *kind = getenv("TERM");
	int ret = gb_top_draw_init();

	if (ret == -ENOTTY)
		gb_error("top needs a terminal; without one use: greenboost top --once, or --json");
	else if (ret == -ENODEV)
		gb_error("nothing is known of a terminal of kind '%s' (TERM); use: greenboost top --once",
			 kind ? kind : "");
	else if (ret)
		gb_error("this greenboost was built without ncurses; use: greenboost top --once");
	return ret;
}

static int show(struct monitor *monitor)
{
	int ret;

	if (monitor->request->json) {
		gb_export_json(&monitor->sample, &monitor->memory, stdout);
		return 0;
	}
	if (monitor->request->once)
		return print_once(monitor);
	ret = watch(monitor);
	gb_top_draw_finish();
	return ret;
}

int gb_top_main(int argc, char **argv)
{
	struct request request;
	struct monitor monitor;
	int ret, code;

	if (parse(&request, argv))
		return GB_EXIT_USAGE;
	if (request.help) {
		gb_command_print(gb_command_find("top"), stdout);
		return GB_EXIT_OK;
	}
	/* For the terminal's characters alone; numbers stay as they are. */
	setlocale(LC_CTYPE, "");
	ret = monitor_init(&monitor, &request);
	code = ret ? 0 : select_pid(&monitor);
	if (!ret && !code && !request.json && !request.once && take_terminal())
		code = GB_EXIT_FAILURE;
	if (!ret && !code)
		ret = show(&monitor);
	monitor_finish(&monitor);
	if (ret == -EPIPE)
		code = GB_EXIT_FAILURE; /* and nobody is there to be told */
	else if (ret)
		code = gb_sample_complain(ret, &request.options);
	return code;
}
