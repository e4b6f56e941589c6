/* SPDX-License-Identifier: GPL-2.0-only */
#include "progress.h"

#include <stdio.h>
#include <unistd.h>

/* The cursor stays at its beginning, so that a message stands over it. */
void gb_progress_show(const struct gb_progress *progress)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "%s: %u of %u\r", progress->what,
			progress->done, progress->all);
}

void gb_progress_step(struct gb_progress *progress)
{
	progress->done++;
	gb_progress_show(progress);
}

void gb_progress_finish(const struct gb_progress *progress)
{
	int longest = snprintf(NULL, 0, "%s: %u of %u", progress->what,
			       progress->all, progress->all);

	/* Spaces, which every terminal has. */
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "%*s\r", longest, "");
}
