/* SPDX-License-Identifier: GPL-2.0-only */
#include "supervise.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "draw.h"
#include "export.h"
#include "record.h"
#include "recorder.h"
#include "tool.h"

/*
 * Often enough to see what a program holds between two of its phases; one look
 * costs a few system calls.
 */
#define LOOK_EVERY_NS 10000000

/* What a user or a service manager sends to end or poke a program. */
static const int forwarded[] = { SIGINT,  SIGQUIT, SIGTERM, SIGHUP,
				 SIGUSR1, SIGUSR2, SIGCONT, SIGWINCH };

static void watched_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGCHLD);
	for (size_t i = 0; i < sizeof(forwarded) / sizeof(forwarded[0]); i++)
		sigaddset(set, forwarded[i]);
}

/*
 * Follows the child until it ends. What the terminal sends it sends to the
 * whole group (si_code is the kernel's), so only the rest is passed on.
 */
static int follow(pid_t child, const sigset_t *set, struct gb_record *record)
{
	const struct timespec pause = { 0, LOOK_EVERY_NS };
	siginfo_t info;
	int status;

	for (;;) {
		int number = sigtimedwait(set, &info, &pause);

		gb_record_update(record);
		if (number > 0 && number != SIGCHLD && info.si_code <= 0)
			kill(child, number);
		if (waitpid(child, &status, WNOHANG) == child)
			return status;
	}
}

static bool ends_in(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length >= tail && !strcmp(text + length - tail, end);
}

static void write_table(const struct gb_sample *sample, FILE *out)
{
	struct gb_table table;

	if (!sample->count) {
		fputs("greenboost: the program used no CUDA, or ended too soon to be seen\n",
		      out);
		return;
	}
	fputs("greenboost: at its fullest, and what moved in all\n", out);
	gb_table_init(&table, sample);
	gb_draw_table(&table, out, gb_draw_has_colour(out));
	gb_table_finish(&table);
}

static void write_summary(const struct gb_sample *sample, const char *file)
{
	FILE *out = file ? fopen(file, "we") : stderr;

	if (!out) {
		gb_warn("--summary=%s: %m", file);
		return;
	}
	if (file && ends_in(file, ".json"))
		gb_export_json(sample, NULL, out);
	else if (file && ends_in(file, ".tsv"))
		gb_export_tsv(sample, out);
	else
		write_table(sample, out);
	if (file && fclose(out))
		gb_warn("--summary=%s: %m", file);
}

/* Ends as the child did, so that whoever waits for us sees the same. */
static int end_as(int status)
{
	sigset_t all;

	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	/* The child left its core already. */
	prctl(PR_SET_DUMPABLE, 0);
	signal(WTERMSIG(status), SIG_DFL);
	sigfillset(&all);
	fflush(NULL);
	raise(WTERMSIG(status));
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	return 128 + WTERMSIG(status);
}

static void sum_up(const struct gb_record *record, const char *file)
{
	struct gb_sample sample;

	gb_record_sum_up(record, &sample);
	write_summary(&sample, file);
	gb_sample_finish(&sample);
}

int gb_supervise(const struct gb_arguments *arguments, int (*become)(char **command))
{
	static struct gb_recorder recorder;
	struct gb_record record;
	sigset_t set, before;
	int status;
	pid_t child;

	if (arguments->record_file &&
	    gb_recorder_init(&recorder, arguments->record_file))
		return GB_EXIT_USAGE;
	watched_signals(&set);
	sigprocmask(SIG_BLOCK, &set, &before);
	child = fork();
	if (child < 0) {
		gb_error("cannot start a process: %m");
		return GB_EXIT_LAUNCHER;
	}
	if (!child) {
		sigprocmask(SIG_SETMASK, &before, NULL);
		_exit(become(arguments->command));
	}
	gb_record_init(&record, &arguments->options, child);
	if (arguments->record_file)
		record.recorder = &recorder;
	status = follow(child, &set, &record);
	recorder.closing = true;
	gb_record_update(&record);
	if (arguments->summary)
		sum_up(&record, arguments->summary_file);
	gb_record_finish(&record);
	if (arguments->record_file)
		gb_recorder_finish(&recorder);
	return end_as(status);
}
