/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the `greenboost` command share: exit codes, messages and
 * the entry points of the subcommands. The tool is one thread and ends soon, so
 * it may allocate, and it ends itself when memory is gone.
 */
#ifndef GB_TOOL_H
#define GB_TOOL_H

#include <stdbool.h>
#include <stdio.h>

/* As env(1), nice(1) and timeout(1) have them, since `run` stands for a command. */
enum gb_exit {
	GB_EXIT_OK = 0,
	GB_EXIT_FAILURE = 1,
	GB_EXIT_USAGE = 2,
	GB_EXIT_LAUNCHER = 125, /* `run` itself failed */
	GB_EXIT_NOT_EXECUTABLE = 126,
	GB_EXIT_NOT_FOUND = 127,
};

/* One line on standard error, "greenboost: " before it; the newline is added. */
void gb_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void gb_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* asprintf() whose result is never NULL. The caller frees it. */
char *gb_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* realloc() of @count objects of @size bytes whose result is never NULL. */
void *gb_grow(void *memory, size_t count, size_t size);

struct gb_flag;

struct gb_command {
	const char *name;
	const char *synopsis; /* what follows the name */
	const char *help;     /* one line */
	/* @argv[0] is the name; returns the exit code. */
	int (*main)(int argc, char **argv);
	const struct gb_flag *flags; /* may be NULL */
	bool settings;		     /* has every setting for an option, too */
	const char *words; /* what may follow: "bash|zsh|fish", or NULL */
};

int gb_run_main(int argc, char **argv);
int gb_status_main(int argc, char **argv);
int gb_top_main(int argc, char **argv);
int gb_report_main(int argc, char **argv);
int gb_predict_main(int argc, char **argv);
int gb_completion_main(int argc, char **argv);
int gb_help_main(int argc, char **argv);
int gb_env_main(int argc, char **argv);

/* How to call greenboost at all. */
void gb_usage_print(FILE *out);

/* How to call @command, with its options. */
void gb_command_print(const struct gb_command *command, FILE *out);

/* The table of subcommands; a name of NULL ends it. */
extern const struct gb_command gb_commands[];

/* Its row, or NULL. */
const struct gb_command *gb_command_find(const char *name);

#endif
