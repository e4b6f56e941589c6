/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of subcommands, and the help that comes from it. */
#include <string.h>

#include "arguments.h"
#include "doctor.h"
#include "predict.h"
#include "report.h"
#include "status.h"
#include "tool.h"
#include "top.h"

const struct gb_command gb_commands[] = {
	{ "run", "[options] [--] command [arguments]",
	  "run a program whose GPU memory may overflow into system RAM",
	  gb_run_main, gb_launcher_flags, true },
	{ "status", "[options]",
	  "show your processes under GreenBoost; this is what no command means",
	  gb_status_main, gb_status_flags },
	{ "top", "[options]", "watch them: what lives where, and what moves",
	  gb_top_main, gb_top_flags },
	{ "report", "[options] file",
	  "make a page for the browser of what `run --record` has written",
	  gb_report_main, gb_report_flags },
	{ "doctor", "[options]",
	  "measure this machine, and say what a model will reach on it",
	  gb_doctor_main, gb_doctor_flags },
	{ "predict", "--model file|size [options]",
	  "tell how fast a model would run on a machine, by simulating both",
	  gb_predict_main, gb_predict_flags },
	{ "env", "[options]",
	  "print what to export to run programs without `greenboost run`",
	  gb_env_main, gb_env_flags, true },
	{ "completion", "bash|zsh|fish",
	  "print what completes these commands in a shell", gb_completion_main,
	  NULL, false, "bash|zsh|fish" },
	{ "help", "[command]", "show this, or how to use a command", gb_help_main },
	{ NULL },
};

const struct gb_command *gb_command_find(const char *name)
{
	const struct gb_command *command = gb_commands;

	while (command->name && strcmp(command->name, name))
		command++;
	return command->name ? command : NULL;
}

static void print_on_settings(const struct gb_flag *flags, FILE *out)
{
	fprintf(out,
		"\nEach option above --%s has a variable, as --vram has GREENBOOST_VRAM.\n"
		"Sizes are 6g, 800m, 64k (powers of 1024) or plain bytes.\n",
		flags->name);
}

void gb_command_print(const struct gb_command *command, FILE *out)
{
	fprintf(out, "Usage: greenboost %s %s\n%c%s.\n", command->name,
		command->synopsis, command->help[0] & ~0x20, command->help + 1);
	if (command->flags) {
		fputs("\nOptions:\n", out);
		if (command->settings)
			gb_settings_print(out);
		gb_flags_print(command->flags, out);
		if (command->settings)
			print_on_settings(command->flags, out);
	}
}

void gb_usage_print(FILE *out)
{
	fputs("Usage: greenboost [command]\n"
	      "       greenboost --help | --version\n"
	      "\n"
	      "GreenBoost makes a GPU's memory larger: what does not fit into VRAM lives in\n"
	      "system RAM.\n"
	      "\n"
	      "Commands:\n",
	      out);
	for (const struct gb_command *command = gb_commands; command->name;
	     command++)
		fprintf(out, "  %-10s %s\n", command->name, command->help);
	fputs("\n"
	      "  greenboost run --vram 6g -- python3 chat.py\n"
	      "\n"
	      "`greenboost help COMMAND` lists a command's options; greenboost(1) says more.\n",
	      out);
}

int gb_help_main(int argc, char **argv)
{
	const struct gb_command *command;

	if (argc > 2) {
		gb_error("help takes one command; see: greenboost --help");
		return GB_EXIT_USAGE;
	}
	if (argc < 2) {
		gb_usage_print(stdout);
		return GB_EXIT_OK;
	}
	command = gb_command_find(argv[1]);
	if (!command) {
		gb_error("there is no command '%s'; see: greenboost --help",
			 argv[1]);
		return GB_EXIT_USAGE;
	}
	gb_command_print(command, stdout);
	return GB_EXIT_OK;
}
