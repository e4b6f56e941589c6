/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The options of `run` and `env`: every row of common/options.def, and those of
 * the launcher itself, which the library never sees.
 */
#ifndef GB_ARGUMENTS_H
#define GB_ARGUMENTS_H

#include <stdbool.h>
#include <stdio.h>

#include "flags.h"
#include "options.h"

#define GB_OPTION(...) +1
enum {
	GB_OPTION_ROWS = 0
#include "options.def"
};
#undef GB_OPTION

struct gb_arguments {
	struct gb_options options; /* the environment's, then the command line's */
	const char *given[GB_OPTION_ROWS]; /* text on the command line, or NULL */
	bool audit;
	bool sim;
	const char *sim_profile; /* or NULL */
	bool summary;
	const char *summary_file; /* or NULL: standard error */
	const char *record_file;  /* or NULL: none */
	bool help;
	char **command; /* the first argument that is no option */
};

/*
 * Reads @argv, whose first element is the subcommand's name, and the
 * environment behind it. Returns 0, or -EINVAL when one line about what is
 * wrong has been written. Text points into @argv and the environment.
 */
int gb_arguments_parse(struct gb_arguments *arguments, char **argv);

/* Where the value of the row named @name came from, as a person would write it. */
const char *gb_arguments_origin(const struct gb_arguments *arguments,
				const char *name);

/*
 * @text as a path that holds wherever a program stands when it reads it; lives
 * as long as the tool, or is @text itself.
 */
const char *gb_absolute_path(const char *text);

/* The launcher's own options; a setting of the table is one besides. */
extern const struct gb_flag gb_launcher_flags[];
/* Those without the first two, --summary and --record, which only `run` can do. */
#define gb_env_flags (&gb_launcher_flags[2])

/*
 * Can the simulated GPU be one of @text, a profile's name or path? 0, or
 * -EINVAL with one line that says why not.
 */
int gb_check_profile(const char *text);

/* The help on every setting of the table. */
void gb_settings_print(FILE *out);

#endif
