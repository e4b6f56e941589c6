/* SPDX-License-Identifier: GPL-2.0-only */
#include "flags.h"

#include <errno.h>
#include <string.h>

#include "tool.h"

static const struct gb_flag *find(const struct gb_flag *flags, const char *name,
				  size_t length)
{
	for (; flags->name; flags++) {
		if (strlen(flags->name) == length &&
		    !memcmp(flags->name, name, length))
			return flags;
	}
	return NULL;
}

int gb_flag_parse(const struct gb_flag *flags, const char *command,
		  void *request, char ***argv)
{
	const char *word = **argv, *name, *text;
	const struct gb_flag *flag;
	size_t length;

	if (!strcmp(word, "-h"))
		name = "help";
	else if (!strncmp(word, "--", 2))
		name = word + 2;
	else
		return -ENOENT;
	length = strcspn(name, "=");
	text = name[length] ? name + length + 1 : NULL;
	flag = find(flags, name, length);
	if (!flag)
		return -ENOENT;
	if (text && flag->form == GB_FLAG_ALONE) {
		gb_error("--%s takes no value; see: greenboost help %s",
			 flag->name, command);
		return -EINVAL;
	}
	if (!text && flag->form == GB_FLAG_VALUE) {
		text = (*argv)[1];
		if (!text) {
			gb_error("--%s needs a value; see: greenboost help %s",
				 flag->name, command);
			return -EINVAL;
		}
		(*argv)++;
	}
	(*argv)++;
	return flag->set(request, text);
}

int gb_flags_parse(const struct gb_flag *flags, void *request, char **argv)
{
	const char *command = *argv;
	char **word = argv + 1;
	int words = 0, ret;

	while (*word) {
		if (!strcmp(*word, "--")) {
			while (*++word)
				argv[words++] = *word;
			break;
		}
		if (**word != '-') {
			argv[words++] = *word++;
			continue;
		}
		ret = gb_flag_parse(flags, command, request, &word);
		if (ret == -ENOENT)
			gb_error("%s does not know %s; see: greenboost help %s",
				 command, *word, command);
		if (ret)
			return -EINVAL;
	}
	argv[words] = NULL;
	return words;
}

void gb_wrapped_print(const char *help, int indent, FILE *out)
{
	int column = indent;

	while (*help) {
		int length = (int)strcspn(help, " ");

		if (column > indent && column + 1 + length > 79) {
			fprintf(out, "\n%*s", indent, "");
			column = indent;
		} else if (column > indent) {
			fputc(' ', out);
			column++;
		}
		fprintf(out, "%.*s", length, help);
		column += length;
		help += length;
		while (*help == ' ')
			help++;
	}
	fputc('\n', out);
}

void gb_flag_print(const struct gb_flag *flag, FILE *out)
{
	static const char *const before[] = { "", "[=", " " };
	static const char *const behind[] = { "", "]", "" };

	fprintf(out, "  --%s%s%s%s\n        ", flag->name, before[flag->form],
		flag->form == GB_FLAG_ALONE ? "" : flag->value, behind[flag->form]);
	gb_wrapped_print(flag->help, 8, out);
}

void gb_flags_print(const struct gb_flag *flags, FILE *out)
{
	for (; flags->name; flags++)
		gb_flag_print(flags, out);
}
