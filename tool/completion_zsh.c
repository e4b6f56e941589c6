/* SPDX-License-Identifier: GPL-2.0-only */
/* Tables that the command line is read by, as zsh's _arguments has them. */
#include <string.h>

#include "completion.h"

static void put_value(const struct gb_flag *flag)
{
	fputs(flag->form == GB_FLAG_OPTIONAL ? "::" : ":", stdout);
	if (gb_flag_has_words(flag->value)) {
		fputs("value:(", stdout);
		gb_completion_put_choices(flag->value);
		putchar(')');
		return;
	}
	gb_completion_put_quoted(flag->value, ":\\");
	putchar(':');
	if (flag->offer != GB_OFFER_NOTHING)
		fputs(flag->offer == GB_OFFER_FOLDERS ? "_files -/" : "_files",
		      stdout);
}

static void put_flag(const struct gb_command *command, const struct gb_flag *flag)
{
	/* How the value follows: not at all, behind a '=' only, or either way. */
	static const char *const follows[] = { "", "=-", "=" };

	printf("\t\t\t'--%s%s[", flag->name, follows[flag->form]);
	gb_completion_put_quoted(flag->help, "[]\\:");
	putchar(']');
	if (flag->form != GB_FLAG_ALONE)
		put_value(flag);
	puts("' \\");
}

/* What follows the options; the last line of _arguments. */
static void put_words(const struct gb_command *command)
{
	fputs("\t\t\t", stdout);
	if (!strcmp(command->name, "run")) {
		puts("'(-)1:command:_command_names -e' '*::arguments:_normal'");
	} else if (!strcmp(command->name, "report")) {
		puts("'1:recording:_files'");
	} else if (gb_completion_has_words(command)) {
		fputs("'1:word:(", stdout);
		gb_completion_put_words(command);
		puts(")'");
	} else {
		puts("&& return");
	}
}

void gb_completion_zsh(void)
{
	puts("#compdef greenboost\n"
	     "# zsh completion for greenboost; made by: greenboost completion zsh\n"
	     "_greenboost() {\n"
	     "\tlocal -a commands\n"
	     "\tcommands=(");
	for (const struct gb_command *each = gb_commands; each->name; each++) {
		printf("\t\t'%s:", each->name);
		gb_completion_put_quoted(each->help, ":\\");
		puts("'");
	}
	puts("\t)\n"
	     "\tif ((CURRENT == 2)); then\n"
	     "\t\t_describe command commands\n"
	     "\t\treturn\n"
	     "\tfi\n"
	     "\tshift words\n"
	     "\t((CURRENT--))\n"
	     "\tcase $words[1] in");
	for (const struct gb_command *each = gb_commands; each->name; each++) {
		printf("\t(%s)\n\t\t_arguments \\\n", each->name);
		gb_completion_each(each, put_flag);
		put_words(each);
		puts("\t\t;;");
	}
	puts("\tesac\n"
	     "}\n"
	     "# Loaded by its name, or by hand.\n"
	     "if [[ $funcstack[1] == _greenboost ]]; then\n"
	     "\t_greenboost \"$@\"\n"
	     "else\n"
	     "\tcompdef _greenboost greenboost\n"
	     "fi");
}
