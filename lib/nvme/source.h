/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file that memory was filled from, a model most of the time, held open: what
 * was uploaded from it need not be written anywhere to be found again. Deleting
 * the file, or putting another in its place, changes nothing then. The caller's
 * lock guards a list of sources.
 *
 * Which file it is was found out by name, and that it is the right one by its
 * bytes, all of which are compared before they are relied on (store.h). So
 * neither names nor inode numbers have to be trusted, which some file systems
 * report differently in different places (btrfs, overlayfs).
 */
#ifndef GB_SOURCE_H
#define GB_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "../engine/list.h"
#include "mapping.h"

struct gb_source {
	struct gb_list node;
	unsigned int users;
	char *path;
	int cached; /* a descriptor that reads by the page cache */
	int fd;	    /* one past it where @direct, else the same */
	bool direct;
	struct stat then; /* when it was opened */
};

/*
 * The source for what @mapping has found, from @sources or new; to be put. Says
 * -errno where the file cannot be opened, and -ENOENT where it is not a file.
 */
int gb_source_get(struct gb_list *sources, const struct gb_mapping *mapping,
		  struct gb_source **source);
void gb_source_put(struct gb_source *source);

/* Closes its descriptors: for the child of a fork. */
void gb_source_close(struct gb_source *source);

/* Whether size or time of the last change are others than at first. */
bool gb_source_has_changed(const struct gb_source *source);

#endif
