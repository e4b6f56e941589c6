/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the statistics pages lie. Both writers and readers come here, as the
 * same user; other users are not trusted, and /tmp is full of them.
 */
#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Appends @text at @length of @path; returns the new length, or 0 when full. */
static size_t append(char *path, size_t size, size_t length, const char *text)
{
	size_t more = strlen(text);

	if (length >= size || more >= size - length)
		return 0;
	memcpy(path + length, text, more + 1);
	return length + more;
}

static int join(char *path, size_t size, const char *first, const char *second)
{
	size_t length = append(path, size, 0, first);

	if (!length || (*second && !append(path, size, length, second)))
		return -ENAMETOOLONG;
	return 0;
}

static int shared_candidate(char *path, size_t size)
{
	char digits[16], *first = digits + sizeof(digits) - 1;
	unsigned int uid = geteuid();

	*first = '\0';
	do
		*--first = '0' + uid % 10;
	while (uid /= 10);
	return join(path, size, "/tmp/greenboost-", first);
}

int gb_runtime_dir_candidate(const struct gb_options *options,
			     unsigned int index, char *path, size_t size)
{
	const char *own = options->runtime_dir;
	const char *session = secure_getenv("XDG_RUNTIME_DIR");

	if (own && *own) {
		if (index > 0)
			return -ENOENT;
		/* The writer and the reader may stand in different places. */
		return *own == '/' ? join(path, size, own, "") : -EINVAL;
	}
	/* The XDG specification has a relative path ignored. */
	if (session && *session == '/') {
		if (index == 0)
			return join(path, size, session, "/greenboost");
		index--;
	}
	return index ? -ENOENT : shared_candidate(path, size);
}

int gb_runtime_dir_open(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0) {
		/* Linux says ENOTDIR of a symbolic link when both flags are set. */
		if (errno == ENOTDIR && !lstat(path, &st) && S_ISLNK(st.st_mode))
			return -ELOOP;
		return -errno;
	}
	if (!fstat(fd, &st) && st.st_uid == geteuid() &&
	    !(st.st_mode & (S_IWGRP | S_IWOTH)))
		return fd;
	close(fd);
	return -EPERM;
}

static int provide(const char *path)
{
	int fd;

	if (mkdir(path, 0700) && errno != EEXIST)
		return -errno;
	fd = gb_runtime_dir_open(path);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

int gb_runtime_dir(const struct gb_options *options, char *path, size_t size)
{
	int ret, result = -ENOENT;

	for (unsigned int i = 0;; i++) {
		ret = gb_runtime_dir_candidate(options, i, path, size);
		if (ret == -ENOENT)
			return result;
		result = ret ? ret : provide(path);
		if (!result)
			return 0;
	}
}
