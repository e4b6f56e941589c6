/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Verdicts: what the jobs that look for changes have found, once they have run,
 * and what that says of the pairs whose launch was looked at. The lock of the
 * owner guards everything here.
 */
#ifndef GB_VERDICT_H
#define GB_VERDICT_H

#include "lane.h"

/* Words of one launch into one allocation that are told apart. */
#define GB_VERDICT_WORDS 8

struct gb_verdict_entry {
	struct gb_verdict *cell; /* where the job reports */
	struct gb_point point;	 /* behind the job */
	enum gb_reconcile_what what;
	struct gb_allocation *allocation; /* NULL: it is gone, or elsewhere */
	uint64_t function;
	uint32_t words[GB_VERDICT_WORDS];
	uint32_t count; /* more than GB_VERDICT_WORDS: only that many are kept */
};

/* A queue; jobs of different streams may pass in another order than they stand. */
struct gb_verdicts {
	struct gb_verdict *cells; /* pinned; NULL: no verdicts */
	struct gb_verdict_entry *entries;
	uint32_t first, count;
};

int gb_verdicts_init(struct gb_verdicts *verdicts);
void gb_verdicts_finish(struct gb_verdicts *verdicts);
/* The cells' context has ended and taken them along. */
void gb_verdicts_lose(struct gb_verdicts *verdicts);

/* A place for one more, its cell zeroed, or NULL when all are waiting. */
struct gb_verdict_entry *gb_verdict_begin(struct gb_verdicts *verdicts);
/* The job is behind @entry->point. */
void gb_verdict_commit(struct gb_verdicts *verdicts);
/* What is still to come says nothing of @allocation, only of functions. */
void gb_verdicts_forget(struct gb_verdicts *verdicts,
			const struct gb_allocation *allocation);

/* The oldest, whose job may not have run, or NULL. */
const struct gb_verdict_entry *gb_verdict_first(const struct gb_verdicts *verdicts);
/*
 * The oldest if its job has run, or NULL. Asks the driver at most once. It is
 * the caller's until gb_verdict_done.
 */
const struct gb_verdict_entry *gb_verdict_next(struct gb_verdicts *verdicts);
void gb_verdict_done(struct gb_verdicts *verdicts);

#endif
