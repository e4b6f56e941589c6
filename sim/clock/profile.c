/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finding and reading the files of profiles.
 */
#include "profile.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile_text.h"

#define FOLDER_VARIABLE "GREENBOOST_SIM_PROFILE_DIR"
#define FILE_MAX	(64 * 1024)
#define PATH_SIZE	4096

/* What is being loaded, and where to complain. */
struct loader {
	struct sim_profile *profile;
	const char *path;
	char *error;
	size_t error_size;
};

#define complain(loader, code, ...)                                            \
	sim_profile_complain((loader)->error, (loader)->error_size,            \
			     (loader)->path, 0, code, __VA_ARGS__)

int sim_profile_complain(char *error, size_t size, const char *name,
			 unsigned int line, int code, const char *format, ...)
{
	va_list arguments;
	int used;

	if (!error || !size)
		return code;
	if (line)
		used = snprintf(error, size, "%s:%u: ", name, line);
	else
		used = snprintf(error, size, "%s: ", name);
	if (used < 0 || (size_t)used >= size)
		return code;
	va_start(arguments, format);
	vsnprintf(error + used, size - (size_t)used, format, arguments);
	va_end(arguments);
	return code;
}

/* Reads all of @file into @text, which holds FILE_MAX + 1 bytes. */
static int slurp(struct loader *loader, FILE *file, char *text)
{
	size_t length;

	errno = 0;
	length = fread(text, 1, FILE_MAX + 1, file);
	if (ferror(file))
		return complain(loader, errno ? -errno : -EIO, "cannot be read: %s",
				strerror(errno ? errno : EIO));
	if (length > FILE_MAX)
		return complain(loader, -EINVAL,
				"is larger than 64 KiB; this is not a profile");
	if (memchr(text, '\0', length))
		return complain(loader, -EINVAL,
				"holds a zero byte; this is not a profile");
	text[length] = '\0';
	return 0;
}

static int load_file(struct loader *loader, FILE *file)
{
	char *text = malloc(FILE_MAX + 1);
	int error;

	if (!text)
		return complain(loader, -ENOMEM, "out of memory");
	error = slurp(loader, file, text);
	if (!error)
		error = sim_profile_parse(loader->profile, loader->path, text,
					  loader->error, loader->error_size);
	free(text);
	return error;
}

/* -ENOENT, without a complaint, where there is no such file. */
static int load_path(struct loader *loader, const char *path)
{
	FILE *file = fopen(path, "re");
	const char *asked = loader->path;
	int error;

	if (!file && errno == ENOENT)
		return -ENOENT;
	loader->path = path;
	if (file)
		error = load_file(loader, file);
	else
		error = complain(loader, -errno, "cannot be opened: %s",
				 strerror(errno));
	loader->path = asked;
	if (file)
		fclose(file);
	return error;
}

static int load_from_folders(struct loader *loader, const char *name)
{
	const char *folders[] = { getenv(FOLDER_VARIABLE), SIM_PROFILE_INSTALLED_DIR,
				  SIM_PROFILE_SOURCE_DIR };
	char path[PATH_SIZE];
	size_t i;
	int error;

	for (i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		if (!folders[i] || !*folders[i])
			continue;
		if (snprintf(path, sizeof(path), "%s/%s" SIM_PROFILE_ENDING,
			     folders[i], name) >= (int)sizeof(path))
			continue;
		error = load_path(loader, path);
		if (error != -ENOENT)
			return error;
	}
	return complain(loader, -ENOENT,
			"no such profile in $" FOLDER_VARIABLE
			" or " SIM_PROFILE_INSTALLED_DIR
			"; give a name from there or a path with a slash");
}

int sim_profile_load(struct sim_profile *profile, const char *name, char *error,
		     size_t size)
{
	struct loader loader = {
		.profile = profile, .path = name, .error = error, .error_size = size
	};
	int result;

	memset(profile, 0, sizeof(*profile));
	if (!*name)
		return complain(&loader, -ENOENT,
				"the profile's name is empty; give one such as h200");
	if (!strchr(name, '/'))
		return load_from_folders(&loader, name);
	result = load_path(&loader, name);
	if (result == -ENOENT)
		return complain(&loader, result, "no such file; check the path");
	return result;
}
