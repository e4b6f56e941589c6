/* SPDX-License-Identifier: GPL-2.0-only */
#include "arguments.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "profile.h"
#include "tool.h"

const char *gb_absolute_path(const char *text)
{
	char *here;

	if (!*text || *text == '/')
		return text;
	here = getcwd(NULL, 0);
	if (!here)
		return text;
	text = gb_print("%s/%s", here, text);
	free(here);
	return text;
}

static int set_audit(void *request, const char *text)
{
	struct gb_arguments *arguments = request;

	if (text && strcmp(text, "on") && strcmp(text, "off")) {
		gb_error("--audit=%s: write on or off", text);
		return -EINVAL;
	}
	arguments->audit = !text || !strcmp(text, "on");
	return 0;
}

int gb_check_profile(const char *text)
{
	struct sim_profile profile;
	char why[512];

	if (!*text) {
		gb_error("--sim=: name a profile, or write --sim alone");
		return -EINVAL;
	}
	if (!sim_profile_load(&profile, text, why, sizeof(why)))
		return 0;
	gb_error("--sim: %s", why);
	return -EINVAL;
}

static int set_sim(void *request, const char *text)
{
	struct gb_arguments *arguments = request;

	if (text && gb_check_profile(text))
		return -EINVAL;
	arguments->sim = true;
	arguments->sim_profile = text;
	/* A name without a slash is the simulator's to find. */
	if (text && strchr(text, '/'))
		arguments->sim_profile = gb_absolute_path(text);
	return 0;
}

static int set_summary(void *request, const char *text)
{
	struct gb_arguments *arguments = request;

	if (text && !*text) {
		gb_error("--summary=: name a file, or write --summary alone");
		return -EINVAL;
	}
	arguments->summary = true;
	arguments->summary_file = text;
	return 0;
}

static int set_help(void *request, const char *text)
{
	struct gb_arguments *arguments = request;

	arguments->help = true;
	return 0;
}

static int set_record(void *request, const char *text)
{
	struct gb_arguments *arguments = request;

	if (!*text) {
		gb_error("--record: name the file to write");
		return -EINVAL;
	}
	arguments->record_file = text;
	return 0;
}

const struct gb_flag gb_launcher_flags[] = {
	{ "summary", GB_FLAG_OPTIONAL, "FILE", GB_OFFER_FILES,
	  "when the program ends, say what lived where and what moved; as JSON or tab-separated text where FILE ends in .json or .tsv",
	  set_summary },
	{ "record", GB_FLAG_VALUE, "FILE", GB_OFFER_FILES,
	  "write down what lives where and what moves while the program runs, for greenboost report",
	  set_record },
	{ "audit", GB_FLAG_OPTIONAL, "on|off", GB_OFFER_NOTHING,
	  "also catch programs that hide their look-ups (RTLD_DEEPBIND), through LD_AUDIT",
	  set_audit },
	{ "sim", GB_FLAG_OPTIONAL, "PROFILE", GB_OFFER_FILES,
	  "use the simulated GPU, with the hardware profile of that name or path",
	  set_sim },
	{ "help", GB_FLAG_ALONE, "", GB_OFFER_NOTHING, "show this", set_help },
	{ NULL },
};

static const struct gb_option *find_option(const char *name, size_t length)
{
	for (size_t i = 0; i < gb_option_count; i++) {
		if (strlen(gb_option_table[i].name) == length &&
		    !memcmp(gb_option_table[i].name, name, length))
			return &gb_option_table[i];
	}
	return NULL;
}

/* What is wrong with @text as a value of @option, and what would be right. */
static void complain(const struct gb_option *option, const char *origin,
		     const char *text, int error)
{
	switch (option->type) {
	case GB_OPTION_SIZE:
		gb_error(error == -ERANGE
				 ? "%s=%s: too large or too small a size; write for example 6g"
				 : "%s=%s: not a size; write 6g, 800m, 64k, plain bytes or auto",
			 origin, text);
		break;
	case GB_OPTION_BOOL:
		gb_error("%s=%s: write on or off", origin, text);
		break;
	case GB_OPTION_COUNT:
		gb_error("%s=%s: write a number from %llu to %llu, or auto",
			 origin, text, (unsigned long long)option->minimum,
			 (unsigned long long)option->maximum);
		break;
	case GB_OPTION_CHOICE:
		gb_error("%s=%s: write one of %s", origin, text, option->choices);
		break;
	case GB_OPTION_TEXT:
		gb_error("%s=%s: cannot be used", origin, text);
		break;
	}
}

/* A driver's name without a slash is for the loader to find. */
static bool is_path(const struct gb_option *option, const char *text)
{
	return option->type == GB_OPTION_TEXT &&
	       (option->offset != offsetof(struct gb_options, driver) ||
		strchr(text, '/'));
}

static int set_option(struct gb_arguments *arguments,
		      const struct gb_option *option, const char *text)
{
	size_t row = option - gb_option_table;
	char *origin;
	int ret;

	if (is_path(option, text))
		text = gb_absolute_path(text);
	arguments->given[row] = text;
	ret = gb_option_set(&arguments->options, option, text);
	if (!ret)
		return 0;
	origin = gb_print("--%s", option->name);
	complain(option, origin, text, ret);
	free(origin);
	return -EINVAL;
}

/*
 * One option at *@argv, "--name=value", "--name value" or "--name"; moves past
 * its last word.
 */
static int parse_option(struct gb_arguments *arguments, const char *command,
			char ***argv)
{
	const char *name = **argv + 2, *value;
	size_t length = strcspn(name, "=");
	int ret = gb_flag_parse(gb_launcher_flags, command, arguments, argv);
	const struct gb_option *option;

	if (ret != -ENOENT)
		return ret;
	option = find_option(name, length);
	if (!option) {
		gb_error("there is no option --%.*s; a program's own options follow it, ours are in: greenboost help run",
			 (int)length, name);
		return -EINVAL;
	}
	value = name[length] ? name + length + 1 : *++*argv;
	if (!value) {
		gb_error("--%s needs a value; see: greenboost help run",
			 option->name);
		return -EINVAL;
	}
	(*argv)++;
	return set_option(arguments, option, value);
}

static int parse_words(struct gb_arguments *arguments, char **argv)
{
	const char *command = *argv++;

	while (*argv && **argv == '-') {
		if (!strcmp(*argv, "--")) {
			argv++;
			break;
		}
		if ((*argv)[1] != '-' && strcmp(*argv, "-h")) {
			gb_error("there is no option %s; see: greenboost help run",
				 *argv);
			return -EINVAL;
		}
		if (parse_option(arguments, command, &argv))
			return -EINVAL;
	}
	arguments->command = argv;
	return 0;
}

/* Rows whose variable could not be used, until the command line is known. */
struct unusable {
	const char *text[GB_OPTION_ROWS];
	int error[GB_OPTION_ROWS];
};

static void note_unusable(const struct gb_option *option, const char *text,
			  int error, void *data)
{
	struct unusable *unusable = data;
	size_t row = option - gb_option_table;

	unusable->text[row] = text;
	unusable->error[row] = error;
}

static int check_unusable(const struct gb_arguments *arguments,
			  const struct unusable *unusable)
{
	for (size_t row = 0; row < GB_OPTION_ROWS; row++) {
		if (!unusable->text[row] || arguments->given[row])
			continue;
		complain(&gb_option_table[row], gb_option_table[row].variable,
			 unusable->text[row], unusable->error[row]);
		return -EINVAL;
	}
	return 0;
}

static bool is_known_variable(const char *entry)
{
	size_t length = strcspn(entry, "=");

	for (size_t row = 0; row < GB_OPTION_ROWS; row++) {
		const char *name = gb_option_table[row].variable;

		if (strlen(name) == length && !memcmp(name, entry, length))
			return true;
	}
	return !strncmp(entry, "GREENBOOST_SIM_", 15);
}

/* A misspelt setting would otherwise be silence. */
static void warn_unknown_variables(void)
{
	for (char **entry = environ; *entry; entry++) {
		if (!strncmp(*entry, "GREENBOOST_", 11) && !is_known_variable(*entry))
			gb_warn("there is no setting %.*s; greenboost(7) lists them",
				(int)strcspn(*entry, "="), *entry);
	}
}

int gb_arguments_parse(struct gb_arguments *arguments, char **argv)
{
	struct unusable unusable = { 0 };

	memset(arguments, 0, sizeof(*arguments));
	gb_options_from_environment(&arguments->options, note_unusable, &unusable);
	if (parse_words(arguments, argv))
		return -EINVAL;
	if (arguments->help)
		return 0;
	warn_unknown_variables();
	return check_unusable(arguments, &unusable);
}

const char *gb_arguments_origin(const struct gb_arguments *arguments,
				const char *name)
{
	static char origin[64];
	const struct gb_option *option = find_option(name, strlen(name));

	if (!arguments->given[option - gb_option_table])
		return option->variable;
	snprintf(origin, sizeof(origin), "--%s", option->name);
	return origin;
}

void gb_settings_print(FILE *out)
{
	for (size_t row = 0; row < GB_OPTION_ROWS; row++) {
		const struct gb_option *option = &gb_option_table[row];
		char *help = *option->fallback
				     ? gb_print("%s (default: %s)",
						option->help, option->fallback)
				     : gb_print("%s", option->help);
		struct gb_flag flag = { .name = option->name,
					.form = GB_FLAG_VALUE,
					.value = gb_option_value_name(option),
					.help = help };

		gb_flag_print(&flag, out);
		free(help);
	}
}
