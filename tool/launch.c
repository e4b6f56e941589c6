/* SPDX-License-Identifier: GPL-2.0-only */
#include "launch.h"

#include <errno.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "install.h"
#include "tool.h"

/* The loader parts LD_PRELOAD at both, the lists of folders at colons only. */
#define PRELOAD_SEPARATORS ": "
#define FOLDER_SEPARATORS  ":"

static bool has_same_name(const char *entry, size_t length, const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	const char *slash = memrchr(entry, '/', length);
	size_t skip = slash ? (size_t)(slash + 1 - entry) : 0;

	return length - skip == strlen(name) &&
	       !memcmp(entry + skip, name, length - skip);
}

char *gb_path_list_prepend(const char *old, const char *path, const char *separators)
{
	char *list = gb_print("%s", path);

	while (old && *old) {
		size_t length = strcspn(old, separators);

		if (length && !has_same_name(old, length, path)) {
			char *longer = gb_print("%s:%.*s", list, (int)length, old);

			free(list);
			list = longer;
		}
		old += length + !!old[length];
	}
	return list;
}

static void set(struct gb_launch *launch, const char *name, char *value)
{
	launch->variable[launch->count++] = (struct gb_variable){ name, value };
}

/* The loader has no way to quote, so such a path would be torn apart. */
static int check_path(const char *path)
{
	if (!strpbrk(path, PRELOAD_SEPARATORS))
		return 0;
	gb_error("the loader cannot preload a path with a space or a colon: %s; install GreenBoost elsewhere",
		 path);
	return -EINVAL;
}

static int prepend_part(struct gb_launch *launch, const char *name, enum gb_part part)
{
	char *path = gb_install_find(part);
	int ret;

	if (!path)
		return -ENOENT;
	ret = check_path(path);
	if (!ret)
		set(launch, name,
		    gb_path_list_prepend(getenv(name), path, PRELOAD_SEPARATORS));
	free(path);
	return ret;
}

/*
 * A program asks for libcuda.so.1 by name, so the simulator's folder goes in
 * front of the loader's; the library is told the path, since its own look-up
 * must not depend on that list.
 */
static int set_sim(struct gb_launch *launch, const char *profile)
{
	char *path = gb_install_find(GB_PART_SIM);
	char *folder;

	if (!path)
		return -ENOENT;
	if (strchr(path, ':')) {
		free(path);
		gb_error("the loader cannot use a folder with a colon; install GreenBoost elsewhere");
		return -EINVAL;
	}
	set(launch, "GREENBOOST_DRIVER", gb_print("%s", path));
	folder = dirname(path);
	set(launch, "LD_LIBRARY_PATH",
	    gb_path_list_prepend(getenv("LD_LIBRARY_PATH"), folder,
				 FOLDER_SEPARATORS));
	if (profile)
		set(launch, "GREENBOOST_SIM_PROFILE", gb_print("%s", profile));
	free(path);
	return 0;
}

int gb_launch_init(struct gb_launch *launch, const struct gb_arguments *arguments)
{
	int ret;

	launch->count = 0;
	ret = prepend_part(launch, "LD_PRELOAD", GB_PART_LIBRARY);
	if (!ret && arguments->audit)
		ret = prepend_part(launch, "LD_AUDIT", GB_PART_AUDIT);
	if (!ret && arguments->sim)
		ret = set_sim(launch, arguments->sim_profile);
	if (ret)
		return ret;
	for (size_t row = 0; row < GB_OPTION_ROWS; row++) {
		if (arguments->given[row])
			set(launch, gb_option_table[row].variable,
			    gb_print("%s", arguments->given[row]));
	}
	return 0;
}

void gb_launch_finish(struct gb_launch *launch)
{
	while (launch->count)
		free(launch->variable[--launch->count].value);
}

const char *gb_launch_value(const struct gb_launch *launch, const char *name)
{
	for (size_t i = launch->count; i-- > 0;) {
		if (!strcmp(launch->variable[i].name, name))
			return launch->variable[i].value;
	}
	return NULL;
}

void gb_launch_apply(const struct gb_launch *launch)
{
	for (size_t i = 0; i < launch->count; i++) {
		if (setenv(launch->variable[i].name, launch->variable[i].value, 1))
			abort();
	}
}

/* Between single quotes a shell takes everything as it is but a single quote. */
static void print_quoted(const char *text, FILE *out)
{
	fputc('\'', out);
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", out);
		else
			fputc(*text, out);
	}
	fputc('\'', out);
}

void gb_launch_print(const struct gb_launch *launch, FILE *out)
{
	for (size_t i = 0; i < launch->count; i++) {
		fprintf(out, "export %s=", launch->variable[i].name);
		print_quoted(launch->variable[i].value, out);
		fputc('\n', out);
	}
}
