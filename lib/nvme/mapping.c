// SPDX-License-Identifier: GPL-2.0-only
#include "mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* One line of /proc/self/maps. */
struct area {
	uint64_t begin, end;
	uint64_t offset; /* of begin */
	uint64_t inode;
	bool shared, writable;
	char path[PATH_MAX];
};

/*
 * One look-up without the text of all others, from Linux 6.11: PROCMAP_QUERY of
 * linux/fs.h, as older headers do not have it.
 */
struct query {
	uint64_t size;
	uint64_t flags;
	uint64_t address;
	uint64_t begin, end;
	uint64_t area_flags;
	uint64_t page_size;
	uint64_t offset;
	uint64_t inode;
	uint32_t major, minor;
	uint32_t name_bytes;
	uint32_t id_bytes;
	uint64_t name;
	uint64_t id;
};

#define QUERY	       _IOWR('f', 17, struct query)
#define QUERY_WRITABLE 0x02
#define QUERY_SHARED   0x08

static int ask(int fd, uint64_t address, struct area *area)
{
	struct query query = {
		.size = sizeof(query),
		.address = address,
		.name = (uintptr_t)area->path,
		.name_bytes = sizeof(area->path),
	};

	area->path[0] = 0;
	if (ioctl(fd, QUERY, &query))
		return -errno;
	area->begin = query.begin;
	area->end = query.end;
	area->offset = query.offset;
	area->inode = query.inode;
	area->shared = query.area_flags & QUERY_SHARED;
	area->writable = query.area_flags & QUERY_WRITABLE;
	if (!query.name_bytes)
		area->path[0] = 0;
	return 0;
}

/* Undoes how the kernel writes a line feed in a path. */
static void copy_path(char *to, const char *from)
{
	char *end = to + PATH_MAX - 1;

	while (*from && *from != '\n' && to < end) {
		bool escaped = !strncmp(from, "\\012", 4);

		*to++ = escaped ? '\n' : *from;
		from += escaped ? 4 : 1;
	}
	*to = 0;
}

static bool parse(const char *line, struct area *area)
{
	unsigned long long begin, end, offset, inode;
	char rights[5];
	int path = 0;

	if (sscanf(line, "%llx-%llx %4s %llx %*x:%*x %llu %n", &begin, &end,
		   rights, &offset, &inode, &path) < 5)
		return false;
	area->begin = begin;
	area->end = end;
	area->offset = offset;
	area->inode = inode;
	area->writable = rights[1] == 'w';
	area->shared = rights[3] == 's';
	copy_path(area->path, line + path);
	return true;
}

static int search(uint64_t address, struct area *area)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char *line = NULL;
	size_t room = 0;
	int error = -ENOENT;

	if (!maps)
		return -errno;
	while (error && getline(&line, &room, maps) > 0)
		if (parse(line, area) && area->begin <= address &&
		    address < area->end)
			error = 0;
	free(line);
	fclose(maps);
	return error;
}

/* The area around @address. */
static int look_up(int fd, uint64_t address, struct area *area)
{
	int error = ask(fd, address, area);

	if (error == -ENOTTY || error == -EINVAL)
		error = search(address, area);
	if (!error && !area->inode)
		error = -ENOENT;
	if (!error && area->shared && area->writable)
		error = -EPERM;
	return error;
}

/*
 * Changes of rights or advice cut a mapping into several areas; they still
 * follow each other in the file.
 */
static int walk(int fd, uint64_t from, uint64_t to, struct area *area)
{
	uint64_t inode = area->inode,
		 next = area->offset + (area->end - area->begin);
	int error;

	for (from = area->end; from < to; from = area->end) {
		error = look_up(fd, from, area);
		if (error)
			return error;
		if (area->inode != inode || area->offset != next)
			return -ENOENT;
		next += area->end - area->begin;
	}
	return 0;
}

int gb_mapping_find(const void *address, uint64_t bytes, struct gb_mapping *mapping)
{
	uint64_t from = (uintptr_t)address;
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	struct area area;
	int error;

	if (fd < 0)
		return -errno;
	error = look_up(fd, from, &area);
	if (!error) {
		mapping->begin = area.begin;
		mapping->end = area.end;
		mapping->offset = area.offset + (from - area.begin);
		memcpy(mapping->path, area.path, sizeof(mapping->path));
		error = walk(fd, from, from + bytes, &area);
	}
	close(fd);
	return error;
}
