/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Build-time: copies a manual page from standard input to standard output and
 * puts the table of settings where a line says @OPTIONS@ or @VARIABLES@, and
 * that of a device's values where it says @FIELDS@, so that the manual cannot
 * say anything else than the tables.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "options.h"

/* What scdoc would take for markup. */
static void put_escaped(const char *text)
{
	for (; *text; text++) {
		if (strchr("_*\\<#", *text))
			putchar('\\');
		putchar(*text);
	}
}

static void put_help(const struct gb_option *option)
{
	printf("\t%c", toupper(option->help[0]));
	put_escaped(option->help + 1);
	if (*option->fallback) {
		fputs(". Default: ", stdout);
		put_escaped(option->fallback);
	}
	fputs(".\n\n", stdout);
}

static void put_options(void)
{
	for (size_t i = 0; i < gb_option_count; i++) {
		const struct gb_option *option = &gb_option_table[i];

		printf("*--%s* ", option->name);
		put_escaped(gb_option_value_name(option));
		putchar('\n');
		put_help(option);
	}
}

static void put_variables(void)
{
	for (size_t i = 0; i < gb_option_count; i++) {
		const struct gb_option *option = &gb_option_table[i];

		putchar('*');
		put_escaped(option->variable);
		fputs("*=", stdout);
		put_escaped(gb_option_value_name(option));
		putchar('\n');
		put_help(option);
	}
}

#define GB_FIELD(member, kind, unit, link, label, help)                        \
	{ #member, #kind, help },

static const struct {
	const char *name, *kind, *help;
} fields[] = {
#include "fields.def"
};

static void put_fields(void)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		putchar('*');
		put_escaped(fields[i].name);
		printf("*\n\t%c", toupper(fields[i].help[0]));
		put_escaped(fields[i].help + 1);
		fputs(strcmp(fields[i].kind, "COUNTER") ? ".\n\n" : "; grows.\n\n",
		      stdout);
	}
}

int main(void)
{
	char line[1024];

	while (fgets(line, sizeof(line), stdin)) {
		if (!strcmp(line, "@OPTIONS@\n"))
			put_options();
		else if (!strcmp(line, "@VARIABLES@\n"))
			put_variables();
		else if (!strcmp(line, "@FIELDS@\n"))
			put_fields();
		else
			fputs(line, stdout);
	}
	return ferror(stdin) || fflush(stdout) ? 1 : 0;
}
