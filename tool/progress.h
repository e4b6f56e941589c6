/* SPDX-License-Identifier: GPL-2.0-only */
/* How far something is that takes its time, in one line of a terminal. */
#ifndef GB_PROGRESS_H
#define GB_PROGRESS_H

struct gb_progress {
	const char *what;
	unsigned int done, all; /* steps */
};

/* Shows it, where stderr is a terminal. */
void gb_progress_show(const struct gb_progress *progress);
/* One step more. */
void gb_progress_step(struct gb_progress *progress);
/* Takes the line away; there may be none. */
void gb_progress_finish(const struct gb_progress *progress);

#endif
