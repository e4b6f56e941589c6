// SPDX-License-Identifier: GPL-2.0-only
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spill.h"

/* A name may lead to what blocks when it is opened. */
#define FLAGS (O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool is_same_state(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && same_time(a->st_mtim, b->st_mtim);
}

/*
 * By the mapping itself, which is right even if the name is not any more; that
 * takes a privilege, so else by name.
 */
static int open_mapped(const struct gb_mapping *mapping)
{
	char link[64];
	int fd;

	snprintf(link, sizeof(link), "/proc/self/map_files/%llx-%llx",
		 (unsigned long long)mapping->begin,
		 (unsigned long long)mapping->end);
	fd = open(link, FLAGS);
	if (fd < 0 && mapping->path[0] == '/')
		fd = open(mapping->path, FLAGS);
	return fd < 0 ? -errno : fd;
}

/* The same file once more, with offsets and flags of its own. */
static int open_direct(int fd)
{
	char link[32];
	int direct;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	direct = open(link, FLAGS);
	if (direct < 0 || gb_spill_go_direct(direct))
		return direct;
	close(direct);
	return -1;
}

static struct gb_source *find(struct gb_list *sources, const struct stat *now)
{
	gb_list_for_each (item, sources) {
		struct gb_source *source =
			gb_container_of(item, struct gb_source, node);

		if (source->then.st_dev == now->st_dev &&
		    source->then.st_ino == now->st_ino &&
		    is_same_state(&source->then, now))
			return source;
	}
	return NULL;
}

static struct gb_source *make(struct gb_list *sources, int fd,
			      const struct stat *now, const char *path)
{
	struct gb_source *source = calloc(1, sizeof(*source));

	if (!source)
		return NULL;
	source->path = strdup(path);
	if (!source->path) {
		free(source);
		return NULL;
	}
	source->then = *now;
	source->cached = source->fd = fd;
	fd = open_direct(fd);
	if (fd >= 0) {
		source->fd = fd;
		source->direct = true;
	}
	gb_list_insert(sources, &source->node);
	return source;
}

int gb_source_get(struct gb_list *sources, const struct gb_mapping *mapping,
		  struct gb_source **got)
{
	int fd = open_mapped(mapping), error = -ENOENT;
	struct gb_source *source = NULL;
	struct stat now;

	if (fd < 0)
		return fd;
	if (!fstat(fd, &now) && S_ISREG(now.st_mode)) {
		source = find(sources, &now);
		if (source)
			close(fd);
		else
			source = make(sources, fd, &now, mapping->path);
		error = -ENOMEM;
	}
	if (!source) {
		close(fd);
		return error;
	}
	source->users++;
	*got = source;
	return 0;
}

void gb_source_close(struct gb_source *source)
{
	if (source->cached >= 0)
		close(source->cached);
	if (source->direct)
		close(source->fd);
	source->cached = source->fd = -1;
	source->direct = false;
}

void gb_source_put(struct gb_source *source)
{
	if (--source->users)
		return;
	gb_list_remove(&source->node);
	gb_source_close(source);
	free(source->path);
	free(source);
}

bool gb_source_has_changed(const struct gb_source *source)
{
	struct stat now;

	return fstat(source->cached, &now) || !is_same_state(&source->then, &now);
}
