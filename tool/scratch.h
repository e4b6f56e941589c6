/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A folder for a while, which goes however those end who use it. A small
 * process waits for that and then removes it, so neither a signal nor SIGKILL
 * leaves it behind.
 */
#ifndef GB_SCRATCH_H
#define GB_SCRATCH_H

#include <limits.h>
#include <sys/types.h>

struct gb_scratch {
	char path[PATH_MAX];
	/* private */
	int held; /* the last to close this lets the folder go */
	pid_t remover;
};

/*
 * Makes one in $TMPDIR or /tmp, whose name begins with @name. Returns 0 or
 * -errno; then there is nothing to finish. It holds files only, no folders.
 */
int gb_scratch_init(struct gb_scratch *scratch, const char *name);
/* In a child that is about to execute a program: that keeps the folder, too. */
void gb_scratch_keep(const struct gb_scratch *scratch);
/* Waits until those who kept it have ended and it is gone. */
void gb_scratch_finish(struct gb_scratch *scratch);

#endif
