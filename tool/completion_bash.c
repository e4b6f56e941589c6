/* SPDX-License-Identifier: GPL-2.0-only */
/* Tables that the command line is read by, as bash has them, and a script. */
#include "completion.h"

static const char script[] =
	"_greenboost_in() {\n"
	"\t[[ \" $2 \" == *\" $1 \"* ]]\n"
	"}\n"
	"\n"
	"# The first word behind `run` that is not an option of ours, in $offset.\n"
	"_greenboost_find_program() {\n"
	"\toffset=2\n"
	"\twhile ((offset < COMP_CWORD)); do\n"
	"\t\tlocal word=${COMP_WORDS[offset]}\n"
	"\t\tif [[ $word == -- ]]; then\n"
	"\t\t\t((offset++))\n"
	"\t\t\treturn\n"
	"\t\tfi\n"
	"\t\t[[ $word == -* ]] || return\n"
	"\t\t((offset++))\n"
	"\t\t# bash parts --name=value at the '='.\n"
	"\t\tif [[ ${COMP_WORDS[offset]} == '=' ]]; then\n"
	"\t\t\t((offset += 2))\n"
	"\t\telif _greenboost_in \"run:$word\" \"$_greenboost_waiting\"; then\n"
	"\t\t\t((offset++))\n"
	"\t\tfi\n"
	"\tdone\n"
	"}\n"
	"\n"
	"_greenboost_program() {\n"
	"\tif declare -F _command_offset >/dev/null; then\n"
	"\t\t_command_offset \"$1\"\n"
	"\telif (($1 == COMP_CWORD)); then\n"
	"\t\tCOMPREPLY=($(compgen -c -- \"$2\"))\n"
	"\telse\n"
	"\t\tCOMPREPLY=($(compgen -f -- \"$2\"))\n"
	"\tfi\n"
	"}\n"
	"\n"
	"_greenboost() {\n"
	"\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
	"\tlocal command=${COMP_WORDS[1]} offset=-1\n"
	"\n"
	"\tCOMPREPLY=()\n"
	"\tif ((COMP_CWORD == 1)); then\n"
	"\t\tCOMPREPLY=($(compgen -W \"--help --version $_greenboost_commands\" -- \"$word\"))\n"
	"\t\treturn\n"
	"\tfi\n"
	"\t[[ $command == run ]] && _greenboost_find_program\n"
	"\tif ((offset >= 0 && offset < COMP_CWORD)); then\n"
	"\t\t_greenboost_program $offset \"$word\"\n"
	"\telif [[ $word == '=' ]]; then\n"
	"\t\t_greenboost_value \"$command:$before\" ''\n"
	"\telif [[ $before == '=' ]]; then\n"
	"\t\t_greenboost_value \"$command:${COMP_WORDS[COMP_CWORD-2]}\" \"$word\"\n"
	"\telif _greenboost_in \"$command:$before\" \"$_greenboost_waiting\"; then\n"
	"\t\t_greenboost_value \"$command:$before\" \"$word\"\n"
	"\telif [[ $word == -* && $before != -- ]]; then\n"
	"\t\tCOMPREPLY=($(compgen -W \"$(_greenboost_options \"$command\")\" -- \"$word\"))\n"
	"\t\t[[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null\n"
	"\telif [[ $command == run ]]; then\n"
	"\t\t_greenboost_program $COMP_CWORD \"$word\"\n"
	"\telif [[ $command == report ]]; then\n"
	"\t\tCOMPREPLY=($(compgen -f -- \"$word\"))\n"
	"\t\tcompopt -o filenames 2>/dev/null\n"
	"\telse\n"
	"\t\tCOMPREPLY=($(compgen -W \"$(_greenboost_words \"$command\")\" -- \"$word\"))\n"
	"\tfi\n"
	"\treturn 0\n"
	"}\n"
	"complete -F _greenboost greenboost\n";

static void put_name(const struct gb_command *command, const struct gb_flag *flag)
{
	printf(" --%s%s", flag->name, flag->form == GB_FLAG_VALUE ? "=" : "");
	if (flag->form == GB_FLAG_OPTIONAL)
		printf(" --%s=", flag->name);
}

/* An option whose value is a word of its own, unless a '=' comes before. */
static void put_waiting(const struct gb_command *command, const struct gb_flag *flag)
{
	if (flag->form == GB_FLAG_VALUE)
		printf(" %s:--%s", command->name, flag->name);
}

static void put_value(const struct gb_command *command, const struct gb_flag *flag)
{
	bool has_words = gb_flag_has_words(flag->value);

	if (flag->form == GB_FLAG_ALONE ||
	    (!has_words && flag->offer == GB_OFFER_NOTHING))
		return;
	printf("\t%s:--%s) COMPREPLY=($(compgen ", command->name, flag->name);
	if (has_words) {
		fputs("-W '", stdout);
		gb_completion_put_choices(flag->value);
		puts("' -- \"$2\"));;");
	} else {
		printf("-%c -- \"$2\")); compopt -o filenames 2>/dev/null;;\n",
		       flag->offer == GB_OFFER_FILES ? 'f' : 'd');
	}
}

static void put_options(const struct gb_command *command)
{
	if (!command->flags)
		return;
	printf("\t%s) echo '", command->name);
	gb_completion_each(command, put_name);
	puts("';;");
}

static void put_words(const struct gb_command *command)
{
	if (!gb_completion_has_words(command))
		return;
	printf("\t%s) echo '", command->name);
	gb_completion_put_words(command);
	puts("';;");
}

/* A function of the command's name: what @put writes is the cases. */
static void put_function(const char *name,
			 void (*put)(const struct gb_command *command))
{
	printf("_greenboost_%s() {\n\tcase $1 in\n", name);
	for (const struct gb_command *each = gb_commands; each->name; each++)
		put(each);
	puts("\tesac\n}");
}

static void put_values(const struct gb_command *command)
{
	gb_completion_each(command, put_value);
}

void gb_completion_bash(void)
{
	puts("# bash completion for greenboost; made by: greenboost completion bash");
	fputs("_greenboost_commands='", stdout);
	for (const struct gb_command *each = gb_commands; each->name; each++)
		printf(" %s", each->name);
	fputs("'\n_greenboost_waiting='", stdout);
	for (const struct gb_command *each = gb_commands; each->name; each++)
		gb_completion_each(each, put_waiting);
	puts("'");
	put_function("options", put_options);
	put_function("words", put_words);
	put_function("value", put_values);
	fputs(script, stdout);
}
