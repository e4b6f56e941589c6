/* SPDX-License-Identifier: GPL-2.0-only */
#include "pool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "page.h"
#include "tool.h"

static const char *const names[GB_POOL_LEVELS] = {
	[GB_POOL_NORMAL] = "normal",
	[GB_POOL_ELEVATED] = "elevated",
	[GB_POOL_CRITICAL] = "critical",
};

/* The first line of a file, without its end; false where there is none. */
static bool read_line(const char *root, const char *name, char *line, int size)
{
	char *path = gb_print("%s%s/%s", root, GB_POOL_FOLDER, name);
	FILE *file = fopen(path, "re");
	bool read = file && fgets(line, size, file);

	free(path);
	if (file)
		fclose(file);
	if (read)
		line[strcspn(line, "\n")] = '\0';
	return read;
}

static uint64_t read_bytes(const char *root, const char *name)
{
	unsigned long long value;
	char line[32], *end;

	if (!read_line(root, name, line, sizeof(line)))
		return GB_UNKNOWN;
	errno = 0;
	value = strtoull(line, &end, 10);
	return errno || end == line || *end ? GB_UNKNOWN : value;
}

static enum gb_pool_level read_level(const char *root)
{
	enum gb_pool_level level = 0;
	char line[32];

	if (!read_line(root, "level", line, sizeof(line)))
		return GB_POOL_LEVELS;
	while (level < GB_POOL_LEVELS && strcmp(line, names[level]) != 0)
		level++;
	return level;
}

void gb_pool_read(struct gb_pool_state *pool, const char *root)
{
	char line[32];

	*pool = (struct gb_pool_state){ .there = read_line(root, "version",
							   line, sizeof(line)) };
	if (!pool->there)
		return;
	pool->used = read_bytes(root, "used_bytes");
	pool->limit = read_bytes(root, "limit_bytes");
	pool->reserve = read_bytes(root, "reserve_bytes");
	pool->level = read_level(root);
}

const char *gb_pool_level_name(enum gb_pool_level level)
{
	return level < GB_POOL_LEVELS ? names[level] : "?";
}
