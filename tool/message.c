/* SPDX-License-Identifier: GPL-2.0-only */
#include "tool.h"

#include <stdarg.h>
#include <stdlib.h>

/*
 * One write a line, so that it stays whole beside the command's own output.
 * Bytes that would steer a terminal are shown as '?': they come from arguments,
 * the environment and file names.
 */
static void say(const char *kind, const char *format, va_list arguments)
{
	char *text, *line;

	if (vasprintf(&text, format, arguments) < 0)
		abort();
	for (char *p = text; *p; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	}
	line = gb_print("greenboost: %s%s\n", kind, text);
	fputs(line, stderr);
	free(line);
	free(text);
}

void gb_error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say("", format, arguments);
	va_end(arguments);
}

void gb_warn(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say("warning: ", format, arguments);
	va_end(arguments);
}

char *gb_print(const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		abort();
	va_end(arguments);
	return text;
}

void *gb_grow(void *memory, size_t count, size_t size)
{
	memory = reallocarray(memory, count, size);
	if (!memory)
		abort();
	return memory;
}
