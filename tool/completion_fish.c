/* SPDX-License-Identifier: GPL-2.0-only */
/* Tables that the command line is read by, as lines of fish's complete. */
#include <string.h>

#include "completion.h"

static void put_description(const char *help)
{
	fputs(" -d '", stdout);
	for (; *help; help++)
		printf(*help == '\'' || *help == '\\' ? "\\%c" : "%c", *help);
	puts("'");
}

static void put_flag(const struct gb_command *command, const struct gb_flag *flag)
{
	printf("complete -c greenboost -n '__greenboost_in %s' -l %s",
	       command->name, flag->name);
	if (flag->form == GB_FLAG_VALUE)
		fputs(flag->offer == GB_OFFER_NOTHING ? " -x" : " -rF", stdout);
	if (flag->form != GB_FLAG_ALONE && gb_flag_has_words(flag->value)) {
		fputs(" -a '", stdout);
		gb_completion_put_choices(flag->value);
		putchar('\'');
	}
	put_description(flag->help);
}

static void put_words(const struct gb_command *command)
{
	const char *name = command->name;

	if (!strcmp(name, "run")) {
		puts("complete -c greenboost -n '__greenboost_in run' -x -a '(__fish_complete_subcommand --fcs-skip=2)'");
	} else if (!strcmp(name, "report")) {
		puts("complete -c greenboost -n '__greenboost_in report' -F");
	} else if (gb_completion_has_words(command)) {
		printf("complete -c greenboost -n '__greenboost_in %s' -a '", name);
		gb_completion_put_words(command);
		puts("'");
	}
}

void gb_completion_fish(void)
{
	puts("# fish completion for greenboost; made by: greenboost completion fish\n"
	     "function __greenboost_first\n"
	     "\ttest (count (commandline -opc)) -eq 1\n"
	     "end\n"
	     "function __greenboost_in\n"
	     "\tset -l words (commandline -opc)\n"
	     "\ttest (count $words) -ge 2; and test \"$words[2]\" = $argv[1]\n"
	     "end\n"
	     "complete -c greenboost -f\n"
	     "complete -c greenboost -n __greenboost_first -l help -d 'show how to use it'\n"
	     "complete -c greenboost -n __greenboost_first -l version -d 'show its version'");
	for (const struct gb_command *each = gb_commands; each->name; each++) {
		printf("complete -c greenboost -n __greenboost_first -a %s",
		       each->name);
		put_description(each->help);
	}
	for (const struct gb_command *each = gb_commands; each->name; each++) {
		gb_completion_each(each, put_flag);
		put_words(each);
	}
}
