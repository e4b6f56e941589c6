/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A part of a request, under way in one worker of a queue, which calls this:
 *
 *	gb_part_begin        what is asked of the system now is in @at, @file_at
 *	                     and @left
 *	gb_part_landed       with its answer; again, while that is true
 *	gb_part_end
 *
 * and then has the request's result for its part in @error. A read that the
 * system cannot do in place, as direct reads begin and end at multiples of
 * GB_DIRECT_ALIGN, goes through a buffer.
 */
#ifndef GB_PART_H
#define GB_PART_H

#include "queue.h"

struct gb_part {
	struct gb_io *io; /* NULL: none */
	uint64_t from;	  /* bytes into the request */
	uint64_t bytes;
	char *buffer; /* NULL until one is needed; kept for the next part */
	bool buffered;
	char *at;	  /* where it goes on in memory */
	uint64_t file_at; /* and in the file */
	uint64_t left;	  /* bytes to ask for */
	uint64_t spare;	  /* of them, at the end, need not come */
	uint64_t skip;	  /* at the buffer's beginning, are not the request's */
	unsigned int tries;
	int error;
};

void gb_part_begin(struct gb_part *part);
/* @result as of pread, with -errno. Returns whether to ask (again) for @left. */
bool gb_part_landed(struct gb_part *part, int64_t result);
void gb_part_end(struct gb_part *part);

/* Asks the system, at once and with this thread. */
int64_t gb_part_transfer(const struct gb_part *part);

void gb_part_finish(struct gb_part *part);

#endif
