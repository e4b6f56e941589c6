/* SPDX-License-Identifier: GPL-2.0-only */
/* All processes of this user under the library, at one moment. */
#ifndef GB_SAMPLE_H
#define GB_SAMPLE_H

#include <stddef.h>

#include "greenboost/stats.h"
#include "map.h"
#include "options.h"

struct gb_sample {
	struct gb_stats *page; /* by process number; allocated */
	struct gb_map (*map)[GB_STATS_DEVICES]; /* a row a page, or NULL; allocated */
	size_t count;
	size_t unreadable; /* pages of live processes: another version, or damaged */
	size_t unfinished; /* pages of live processes that are not complete */
	size_t foreign;	   /* pages of other users */
};

/*
 * Reads every page of this user, and removes those of dead processes. Returns 0
 * or -errno when no directory that may hold pages could be read; one that is
 * missing holds none. gb_sample_finish() in both cases.
 */
int gb_sample_init(struct gb_sample *sample, const struct gb_options *options);
void gb_sample_finish(struct gb_sample *sample);

/* How many of the above there are, and a warning of each kind. */
size_t gb_sample_hidden(const struct gb_sample *sample);
void gb_sample_warn(const struct gb_sample *sample);

/* One line on why gb_sample_init() failed with @error; the exit code for it. */
int gb_sample_complain(int error, const struct gb_options *options);

/* Reads the maps of all pages of @sample. Those that are gone are empty. */
void gb_sample_read_maps(struct gb_sample *sample, const struct gb_options *options);

/*
 * Called with each page file of a folder, open at @fd, which stays the caller's;
 * @fd is -EPERM for a file of another user.
 */
typedef void (*gb_page_visitor)(int folder, const char *name, int fd, void *data);

/* Walks over the page files of every directory that may hold some. As above. */
int gb_page_visit(const struct gb_options *options, gb_page_visitor visit,
		  void *data);

#endif
