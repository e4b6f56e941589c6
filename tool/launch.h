/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The environment that puts a program under GreenBoost: what `run` sets before
 * it becomes the program, and what `env` prints.
 */
#ifndef GB_LAUNCH_H
#define GB_LAUNCH_H

#include <stddef.h>

#include "arguments.h"

struct gb_launch {
	struct gb_variable {
		const char *name;
		char *value; /* allocated */
	} variable[GB_OPTION_ROWS + 5];
	size_t count;
};

/*
 * Works out the variables that @arguments ask for. Returns 0, or -errno when
 * one line about what is missing has been written. gb_launch_finish() in both
 * cases.
 */
int gb_launch_init(struct gb_launch *launch, const struct gb_arguments *arguments);
void gb_launch_finish(struct gb_launch *launch);

/* The value that @launch gives @name, or NULL when it leaves it alone. */
const char *gb_launch_value(const struct gb_launch *launch, const char *name);

/* Sets the variables in this process. */
void gb_launch_apply(const struct gb_launch *launch);

/* Writes them as commands of a POSIX shell, every value quoted. */
void gb_launch_print(const struct gb_launch *launch, FILE *out);

/*
 * The list @old (may be NULL) of paths, parted by any byte of @separators, with
 * @path in front; an entry of the same file name, from this GreenBoost or
 * another, is left out. Allocated.
 */
char *gb_path_list_prepend(const char *old, const char *path,
			   const char *separators);

#endif
