/* SPDX-License-Identifier: GPL-2.0-only */
/* greenboost: run programs with more GPU memory, and see what became of it. */
#include <string.h>

#include "tool.h"

static int no_such_command(const char *name)
{
	gb_error("there is no command '%s'; to run a program write: greenboost run -- %s",
		 name, name);
	return GB_EXIT_USAGE;
}

static int global_option(const char *option)
{
	if (!strcmp(option, "--help") || !strcmp(option, "-h")) {
		gb_usage_print(stdout);
		return GB_EXIT_OK;
	}
	if (!strcmp(option, "--version")) {
		puts("greenboost " GB_VERSION);
		return GB_EXIT_OK;
	}
	gb_error("there is no option %s here; options follow the command, see: greenboost --help",
		 option);
	return GB_EXIT_USAGE;
}

/* Output that could not be written is a failure (a full disk, a closed pipe). */
static int finish_output(int code)
{
	if (fflush(stdout) || ferror(stdout)) {
		gb_error("standard output: %m");
		return code ? code : GB_EXIT_FAILURE;
	}
	return code;
}

int main(int argc, char **argv)
{
	char name[] = "status", *status[] = { name, NULL };
	const struct gb_command *command;

	if (argc < 2)
		return finish_output(gb_status_main(1, status));
	if (argv[1][0] == '-')
		return finish_output(global_option(argv[1]));
	command = gb_command_find(argv[1]);
	if (!command)
		return no_such_command(argv[1]);
	return finish_output(command->main(argc - 1, argv + 1));
}
