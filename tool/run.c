/* SPDX-License-Identifier: GPL-2.0-only */
/* greenboost run: become the program, with the library in front of the driver. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "check.h"
#include "launch.h"
#include "supervise.h"
#include "tool.h"

/*
 * Becomes the program; returns an exit code when it cannot. The program was
 * found before, so "no such file" is the interpreter that it names.
 */
static int become(char **command)
{
	execvp(*command, command);
	if (errno == ENOENT)
		gb_error("cannot execute '%s': the interpreter that it names is missing",
			 *command);
	else
		gb_error("cannot execute '%s': %m", *command);
	return GB_EXIT_NOT_EXECUTABLE;
}

static int start(const struct gb_arguments *arguments)
{
	struct gb_launch launch;
	const char *driver;
	int ret = gb_launch_init(&launch, arguments);

	if (ret) {
		gb_launch_finish(&launch);
		return GB_EXIT_LAUNCHER;
	}
	ret = gb_check_command(*arguments->command);
	if (ret) {
		gb_launch_finish(&launch);
		return ret;
	}
	driver = gb_launch_value(&launch, "GREENBOOST_DRIVER");
	if (!driver && *arguments->options.driver)
		driver = arguments->options.driver;
	gb_check_driver(driver, driver != NULL);
	gb_launch_apply(&launch);
	gb_launch_finish(&launch);
	if (arguments->summary || arguments->record_file)
		return gb_supervise(arguments, become);
	return become(arguments->command);
}

int gb_run_main(int argc, char **argv)
{
	struct gb_arguments arguments;

	if (gb_arguments_parse(&arguments, argv))
		return GB_EXIT_USAGE;
	if (arguments.help) {
		gb_command_print(gb_command_find("run"), stdout);
		return GB_EXIT_OK;
	}
	if (!*arguments.command) {
		gb_error("run needs a program: greenboost run [options] -- command [arguments]");
		return GB_EXIT_USAGE;
	}
	if (gb_check_options(&arguments))
		return GB_EXIT_USAGE;
	return start(&arguments);
}
