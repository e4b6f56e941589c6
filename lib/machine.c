// SPDX-License-Identifier: GPL-2.0-only
#include "machine.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

unsigned int gb_machine_cores(void)
{
	cpu_set_t set;

	long online;

	if (!sched_getaffinity(0, sizeof(set), &set))
		return (unsigned int)CPU_COUNT(&set);
	/* More processors than a cpu_set_t has bits. */
	online = sysconf(_SC_NPROCESSORS_ONLN);
	return online > 0 ? (unsigned int)online : 1;
}

/* Reads the beginning of a file in @folder, as text. */
static bool slurp(const char *folder, const char *file, char *text, size_t size)
{
	char path[PATH_MAX];
	ssize_t got;
	int fd;

	if (snprintf(path, sizeof(path), "%s/%s", folder, file) >= (int)sizeof(path))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	got = read(fd, text, size - 1);
	close(fd);
	if (got < 0)
		return false;
	text[got] = '\0';
	return true;
}

/* The number behind @key at the beginning of a line. */
static bool find_number(const char *text, const char *key, uint64_t *value)
{
	size_t length = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, key, length)) {
			*value = strtoull(line + length, NULL, 10);
			return true;
		}
	}
	return false;
}

static bool read_number(const char *folder, const char *file, uint64_t *value)
{
	char text[64], *end;

	if (!slurp(folder, file, text, sizeof(text)))
		return false;
	*value = strtoull(text, &end, 10);
	return end != text; /* "max" is no limit */
}

/* Page cache of a cgroup that is not in use: it gives way to us. */
static uint64_t reclaimable(const char *folder)
{
	char text[4096];
	uint64_t bytes = 0;

	if (slurp(folder, "memory.stat", text, sizeof(text)))
		find_number(text, "inactive_file ", &bytes);
	return bytes;
}

static uint64_t room_in(const char *folder, const char *limit_file,
			const char *usage_file)
{
	uint64_t limit, usage, spare;

	if (!read_number(folder, limit_file, &limit) ||
	    !read_number(folder, usage_file, &usage))
		return UINT64_MAX;
	spare = reclaimable(folder);
	usage = usage > spare ? usage - spare : 0;
	return limit > usage ? limit - usage : 0;
}

/* Where a version of cgroups is mounted, and its files. */
struct cgroups {
	const char *mount, *limit, *usage;
};

static const struct cgroups version_2 = { "/sys/fs/cgroup", "memory.max",
					  "memory.current" };
static const struct cgroups version_1 = { "/sys/fs/cgroup/memory",
					  "memory.limit_in_bytes",
					  "memory.usage_in_bytes" };

/*
 * The tightest room from the cgroup @path up to the root: a limit of a parent
 * binds its children. Shortens @path.
 */
static uint64_t tightest(const char *root, const struct cgroups *cgroups, char *path)
{
	uint64_t least = UINT64_MAX;

	for (;;) {
		char folder[PATH_MAX], *slash;
		uint64_t room;

		if (snprintf(folder, sizeof(folder), "%s%s%s", root,
			     cgroups->mount, path) >= (int)sizeof(folder))
			return least;
		room = room_in(folder, cgroups->limit, cgroups->usage);
		if (room < least)
			least = room;
		slash = strrchr(path, '/');
		if (!slash)
			return least;
		*slash = '\0';
	}
}

/* A line of /proc/self/cgroup: number, controllers and path, by colons. */
static uint64_t room_by(const char *root, char *line)
{
	char *path = strchr(line, '/');

	if (path && !strncmp(line, "0::", 3))
		return tightest(root, &version_2, path);
	if (path && strstr(line, ":memory:"))
		return tightest(root, &version_1, path);
	return UINT64_MAX;
}

static uint64_t cgroup_room(const char *root)
{
	char text[4096], *line, *next;
	uint64_t least = UINT64_MAX;

	if (!slurp(root, "proc/self/cgroup", text, sizeof(text)))
		return least;
	for (line = text; *line; line = next) {
		uint64_t room;

		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		room = room_by(root, line);
		if (room < least)
			least = room;
	}
	return least;
}

uint64_t gb_machine_ram_below(const char *root, uint64_t unknown)
{
	char text[4096];
	uint64_t available = unknown, cgroup = cgroup_room(root);

	if (slurp(root, "proc/meminfo", text, sizeof(text)) &&
	    find_number(text, "MemAvailable:", &available))
		available <<= 10;
	return cgroup < available ? cgroup : available;
}

uint64_t gb_machine_ram_available(void)
{
	return gb_machine_ram_below("", 0);
}

uint64_t gb_machine_ram_left(void)
{
	return gb_machine_ram_below("", UINT64_MAX);
}

uint64_t gb_machine_disk_free(const char *directory)
{
	struct statvfs disk;

	if (statvfs(directory, &disk))
		return 0;
	return (uint64_t)disk.f_bavail * disk.f_frsize;
}
