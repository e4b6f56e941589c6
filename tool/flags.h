/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The options of a subcommand as a table, from which they are read, helped
 * with, and completed by shells.
 */
#ifndef GB_FLAGS_H
#define GB_FLAGS_H

#include <stdio.h>

enum gb_flag_form {
	GB_FLAG_ALONE,	  /* --json */
	GB_FLAG_OPTIONAL, /* --watch or --watch=2 */
	GB_FLAG_VALUE,	  /* --every 2 or --every=2 */
};

/* What a shell offers for the value. */
enum gb_flag_offer {
	GB_OFFER_NOTHING,
	GB_OFFER_FILES,
	GB_OFFER_FOLDERS,
};

struct gb_flag {
	const char *name; /* without the dashes; NULL ends a table */
	enum gb_flag_form form;
	const char *value; /* its name in the help, or its words: "on|off" */
	enum gb_flag_offer offer;
	const char *help;
	/*
	 * @text is NULL where no value was given. Returns 0, or -EINVAL when
	 * one line about what is wrong has been written.
	 */
	int (*set)(void *request, const char *text);
};

/*
 * Reads the option at *@argv, which begins with '-', and moves behind it.
 * @command's name is for messages. Returns 0 or -EINVAL, as above; -ENOENT when
 * @flags has no such option, and nothing has been written or moved then.
 */
int gb_flag_parse(const struct gb_flag *flags, const char *command,
		  void *request, char ***argv);

/*
 * Reads the options of @argv, whose first element is the subcommand's name, and
 * gathers the other words at its front. Returns how many they are, or -EINVAL.
 */
int gb_flags_parse(const struct gb_flag *flags, void *request, char **argv);

void gb_flag_print(const struct gb_flag *flag, FILE *out);
void gb_flags_print(const struct gb_flag *flags, FILE *out);

/* Prints @help from column @indent on, broken between words before column 80. */
void gb_wrapped_print(const char *help, int indent, FILE *out);

/* Does @value list words to choose from, rather than name a kind? */
static inline int gb_flag_has_words(const char *value)
{
	return value && *value >= 'a' && *value <= 'z';
}

#endif
