/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `run --summary` and `run --record`: stay behind the program, keep its
 * statistics pages, which go when it ends, and tell.
 */
#ifndef GB_SUPERVISE_H
#define GB_SUPERVISE_H

#include "arguments.h"

/*
 * Runs @command in a child through @become, which returns an exit code only
 * when it failed. Signals sent to us go on to the child. When it has ended,
 * writes what @arguments ask for and returns its exit code, or dies of the
 * signal that it died of.
 */
int gb_supervise(const struct gb_arguments *arguments,
		 int (*become)(char **command));

#endif
