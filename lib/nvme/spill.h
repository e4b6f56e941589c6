/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file that memory overflows into. It has no name from the start, so that
 * nothing of it is left however the process ends, and processes that share a
 * directory know nothing of each other.
 *
 * Space is reserved before it is handed out: what a neighbour takes from the
 * disk later cannot be what we were counting on. It is reserved in large steps,
 * and what is free beyond one step goes back to the file system.
 *
 * The caller's lock guards a spill; its operations may sleep.
 */
#ifndef GB_SPILL_H
#define GB_SPILL_H

#include <stdbool.h>
#include <stdint.h>

#include "runs.h"

/* The unit of space, and of checksums (store.h). */
#define GB_SPILL_UNIT (UINT64_C(64) << 10)
/* What is reserved at once, and what may lie idle. */
#define GB_SPILL_STEP (UINT64_C(256) << 20)

struct gb_spill {
	int fd;
	bool direct;   /* past the page cache (O_DIRECT) */
	bool reserves; /* the file system can reserve space (fallocate) */
	uint64_t capacity;
	uint64_t used;	      /* handed out */
	uint64_t end;	      /* nothing lies behind */
	struct gb_runs ready; /* free and reserved */
	struct gb_runs holes; /* free, and given back to the file system */
};

/*
 * Makes the file in @directory; it may come to hold @capacity bytes. Says in
 * the log when the directory is not what one would wish for. Returns what
 * open(2) had against it.
 */
int gb_spill_init(struct gb_spill *spill, const char *directory, uint64_t capacity);
void gb_spill_finish(struct gb_spill *spill);

/*
 * Hands out @bytes, a multiple of GB_SPILL_UNIT, at *@offset. -ENOSPC when
 * capacity, disk, quota or RLIMIT_FSIZE do not allow it; then nothing has changed.
 */
int gb_spill_take(struct gb_spill *spill, uint64_t bytes, uint64_t *offset);
/* Takes them back. Nothing may be reading or writing there. */
void gb_spill_give(struct gb_spill *spill, uint64_t offset, uint64_t bytes);

/*
 * Makes @fd read and write past the page cache if the file system can, with
 * offsets, sizes and memory in units of GB_DIRECT_ALIGN; the file must have
 * that many bytes. Returns whether.
 */
#define GB_DIRECT_ALIGN UINT64_C(4096)
bool gb_spill_go_direct(int fd);

#endif
