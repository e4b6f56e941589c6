/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading one statistics page, whatever may be wrong with the file: it may be
 * half written, cut short, somebody else's, a trap, or of a process long gone.
 */
#ifndef GB_PAGE_H
#define GB_PAGE_H

#include <stdbool.h>
#include <sys/types.h>

#include "greenboost/stats.h"

/* A value that the page does not tell; a budget not settled yet (auto) is that. */
#define GB_UNKNOWN UINT64_MAX

/* The process that a page of file name @name belongs to, or 0 for another file. */
pid_t gb_page_pid(const char *name);

/*
 * Opens the page @name in the folder @folder. Returns a descriptor, or -errno:
 * -EPERM when it is another user's, -EINVAL when it is no plain file.
 */
int gb_page_open(int folder, const char *name);

/*
 * Copies the page at @fd, which should be that of process @pid, and makes it
 * safe to use: texts end, the count of devices is in range. Returns 0, a
 * failed read's -errno, or
 *   -EAGAIN		not complete yet
 *   -EPROTO		not a page, or another process's
 *   -EPROTONOSUPPORT	a page of another version
 */
int gb_page_read(int fd, pid_t pid, struct gb_stats *page);

/* Whether the process that @page tells of still runs. */
bool gb_page_is_live(const struct gb_stats *page);

/* Whether some process @pid exists. */
bool gb_process_exists(pid_t pid);

/* Removes @name from @folder if it is still the file at @fd. */
void gb_page_remove(int folder, const char *name, int fd);

#endif
