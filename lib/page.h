/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file of the statistics page (include/greenboost/stats.h): made, published
 * and removed here, written by the engine.
 */
#ifndef GB_PAGE_H
#define GB_PAGE_H

#include <limits.h>
#include <sys/types.h>

#include "../common/options.h"
#include "greenboost/stats.h"

struct gb_page {
	struct gb_stats *stats; /* never NULL after create */
	char path[PATH_MAX];	/* empty: nobody else can see the page */
	pid_t owner;
};

/*
 * Makes the page of this process and fills in who it is. Where the runtime
 * directory cannot be used the page is private memory: the library works, and
 * says so in its log.
 */
void gb_page_create(struct gb_page *page, const struct gb_options *options,
		    int devices);
/* Removes the file. The memory stays: late writers may still hold it. */
void gb_page_remove(struct gb_page *page);
/* In the child of a fork: the file is the parent's. */
void gb_page_forget(struct gb_page *page);

#endif
