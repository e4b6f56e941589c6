/* SPDX-License-Identifier: GPL-2.0-only */
/* greenboost env: for those who start their programs by other means. */
#include "arguments.h"
#include "check.h"
#include "launch.h"
#include "tool.h"

int gb_env_main(int argc, char **argv)
{
	struct gb_arguments arguments;
	struct gb_launch launch;
	int ret;

	if (gb_arguments_parse(&arguments, argv))
		return GB_EXIT_USAGE;
	if (arguments.help) {
		gb_command_print(gb_command_find("env"), stdout);
		return GB_EXIT_OK;
	}
	if (*arguments.command) {
		gb_error("env takes no command; write: greenboost run -- %s",
			 *arguments.command);
		return GB_EXIT_USAGE;
	}
	if (arguments.summary) {
		gb_error("--summary needs `greenboost run`, which waits for the program's end");
		return GB_EXIT_USAGE;
	}
	if (arguments.record_file) {
		gb_error("--record needs `greenboost run`, which looks on while the program runs");
		return GB_EXIT_USAGE;
	}
	if (gb_check_options(&arguments))
		return GB_EXIT_USAGE;
	ret = gb_launch_init(&launch, &arguments);
	if (!ret)
		gb_launch_print(&launch, stdout);
	gb_launch_finish(&launch);
	return ret ? GB_EXIT_FAILURE : GB_EXIT_OK;
}
