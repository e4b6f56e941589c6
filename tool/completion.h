/* SPDX-License-Identifier: GPL-2.0-only */
/* What a shell needs to complete the command line, one file a shell. */
#ifndef GB_COMPLETION_H
#define GB_COMPLETION_H

#include "flags.h"
#include "tool.h"

void gb_completion_bash(void);
void gb_completion_zsh(void);
void gb_completion_fish(void);

/* Calls @put for every option of @command: settings first, then its own. */
void gb_completion_each(const struct gb_command *command,
			void (*put)(const struct gb_command *command,
				    const struct gb_flag *flag));

/* The words that may follow @command, each behind a blank; those known here. */
void gb_completion_put_words(const struct gb_command *command);
bool gb_completion_has_words(const struct gb_command *command);

/* The words of an option's value, "on|off", each behind a blank. */
void gb_completion_put_choices(const char *choices);

/* @text with a backslash before each byte of @special and ' as '\''. */
void gb_completion_put_quoted(const char *text, const char *special);

#endif
