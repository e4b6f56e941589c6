/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs of free bytes in a file, by offset; neighbours are one run. The caller
 * holds whatever lock guards them.
 */
#ifndef GB_RUNS_H
#define GB_RUNS_H

#include <stdbool.h>
#include <stdint.h>

#include "../engine/list.h"

struct gb_runs {
	struct gb_list list;
	uint64_t bytes; /* in all */
};

void gb_runs_init(struct gb_runs *runs);
void gb_runs_finish(struct gb_runs *runs);

/*
 * @bytes at @offset are free; no run may have any of them. -ENOMEM when that
 * cannot be written down: the caller has lost them.
 */
int gb_runs_add(struct gb_runs *runs, uint64_t offset, uint64_t bytes);

/* Takes @bytes from the first run that has them. */
bool gb_runs_take(struct gb_runs *runs, uint64_t bytes, uint64_t *offset);

/* Takes the first run, whole; false where there is none. */
bool gb_runs_pop(struct gb_runs *runs, uint64_t *offset, uint64_t *bytes);

#endif
