// SPDX-License-Identifier: GPL-2.0-only
#include "verdict.h"

#include <errno.h>
#include <stdlib.h>

/* Jobs that may be under way: more launches ahead than programs run. */
#define ENTRIES 1024u

int gb_verdicts_init(struct gb_verdicts *verdicts)
{
	void *cells;
	int error;

	*verdicts = (struct gb_verdicts){ 0 };
	error = gb_engine.driver->host_alloc(ENTRIES * sizeof(*verdicts->cells),
					     &cells);
	if (error)
		return error;
	verdicts->entries = calloc(ENTRIES, sizeof(*verdicts->entries));
	if (!verdicts->entries) {
		gb_engine.driver->host_free(cells);
		return -ENOMEM;
	}
	verdicts->cells = cells;
	return 0;
}

void gb_verdicts_finish(struct gb_verdicts *verdicts)
{
	if (verdicts->cells)
		gb_engine.driver->host_free(verdicts->cells);
	free(verdicts->entries);
	*verdicts = (struct gb_verdicts){ 0 };
}

void gb_verdicts_lose(struct gb_verdicts *verdicts)
{
	verdicts->cells = NULL;
	verdicts->count = 0;
}

struct gb_verdict_entry *gb_verdict_begin(struct gb_verdicts *verdicts)
{
	uint32_t at = (verdicts->first + verdicts->count) % ENTRIES;

	if (!verdicts->cells || verdicts->count == ENTRIES)
		return NULL;
	verdicts->entries[at] = (struct gb_verdict_entry){
		.cell = &verdicts->cells[at],
	};
	*verdicts->entries[at].cell = (struct gb_verdict){ 0 };
	return &verdicts->entries[at];
}

void gb_verdict_commit(struct gb_verdicts *verdicts)
{
	verdicts->count++;
}

void gb_verdicts_forget(struct gb_verdicts *verdicts,
			const struct gb_allocation *allocation)
{
	for (uint32_t i = 0; i < verdicts->count; i++) {
		struct gb_verdict_entry *entry =
			&verdicts->entries[(verdicts->first + i) % ENTRIES];

		if (entry->allocation == allocation)
			entry->allocation = NULL;
	}
}

const struct gb_verdict_entry *gb_verdict_first(const struct gb_verdicts *verdicts)
{
	return verdicts->count ? &verdicts->entries[verdicts->first] : NULL;
}

const struct gb_verdict_entry *gb_verdict_next(struct gb_verdicts *verdicts)
{
	const struct gb_verdict_entry *entry = gb_verdict_first(verdicts);

	if (!entry)
		return NULL;
	return gb_point_has_passed(entry->point) ? entry : NULL;
}

void gb_verdict_done(struct gb_verdicts *verdicts)
{
	verdicts->first = (verdicts->first + 1) % ENTRIES;
	verdicts->count--;
}
