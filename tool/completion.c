/* SPDX-License-Identifier: GPL-2.0-only */
/* greenboost completion: scripts for shells, out of the tables of options. */
#include "completion.h"

#include <string.h>

#include "arguments.h"

void gb_completion_each(const struct gb_command *command,
			void (*put)(const struct gb_command *command,
				    const struct gb_flag *flag))
{
	for (size_t row = 0; command->settings && row < GB_OPTION_ROWS; row++) {
		const struct gb_option *option = &gb_option_table[row];
		bool is_bool = option->type == GB_OPTION_BOOL;
		struct gb_flag flag = {
			.name = option->name,
			.form = GB_FLAG_VALUE,
			.value = is_bool ? "on|off" : gb_option_value_name(option),
			.offer = option->type != GB_OPTION_TEXT ? GB_OFFER_NOTHING
				 : strstr(option->name, "-dir") ? GB_OFFER_FOLDERS
								: GB_OFFER_FILES,
			.help = option->help,
		};

		put(command, &flag);
	}
	for (const struct gb_flag *flag = command->flags; flag && flag->name; flag++)
		put(command, flag);
}

void gb_completion_put_choices(const char *choices)
{
	putchar(' ');
	for (; *choices; choices++)
		putchar(*choices == '|' ? ' ' : *choices);
}

static bool is_help(const struct gb_command *command)
{
	return !strcmp(command->name, "help");
}

bool gb_completion_has_words(const struct gb_command *command)
{
	return command->words || is_help(command);
}

void gb_completion_put_words(const struct gb_command *command)
{
	if (command->words)
		gb_completion_put_choices(command->words);
	for (const struct gb_command *each = gb_commands;
	     is_help(command) && each->name; each++)
		printf(" %s", each->name);
}

void gb_completion_put_quoted(const char *text, const char *special)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", stdout);
		else if (strchr(special, *text))
			printf("\\%c", *text);
		else
			putchar(*text);
	}
}

int gb_completion_main(int argc, char **argv)
{
	static const struct {
		const char *shell;
		void (*put)(void);
	} shells[] = { { "bash", gb_completion_bash },
		       { "zsh", gb_completion_zsh },
		       { "fish", gb_completion_fish } };

	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		gb_command_print(gb_command_find("completion"), stdout);
		return GB_EXIT_OK;
	}
	for (size_t i = 0; argc == 2 && i < sizeof(shells) / sizeof(shells[0]);
	     i++) {
		if (!strcmp(shells[i].shell, argv[1])) {
			shells[i].put();
			return GB_EXIT_OK;
		}
	}
	gb_error("completion takes the name of a shell: bash, zsh or fish");
	return GB_EXIT_USAGE;
}
