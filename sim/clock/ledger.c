/* SPDX-License-Identifier: GPL-2.0-only */
#include "ledger.h"

#include <math.h>
#include <string.h>

/* Shares closer than this are one: what summing and dividing doubles leaves. */
#define SAME_SHARE 1e-9

static double before(const struct sim_ledger *ledger, unsigned int index)
{
	return index ? ledger->step[index - 1].used : 0.0;
}

/* The index of the first step after @time. */
static unsigned int first_after(const struct sim_ledger *ledger, uint64_t time)
{
	unsigned int low = 0, high = ledger->count;

	while (low < high) {
		unsigned int middle = low + (high - low) / 2;

		if (ledger->step[middle].time <= time)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

double sim_ledger_used(const struct sim_ledger *ledger, uint64_t time, uint64_t *until)
{
	unsigned int next = first_after(ledger, time);

	*until = next < ledger->count ? ledger->step[next].time : UINT64_MAX;
	return before(ledger, next);
}

/*
 * Makes room by forgetting the older half. The step at the new horizon keeps
 * its share, so that everything from there on reads as before.
 */
static void forget(struct sim_ledger *ledger)
{
	unsigned int gone = ledger->count / 2;

	ledger->count -= gone;
	memmove(ledger->step, ledger->step + gone,
		ledger->count * sizeof(ledger->step[0]));
	ledger->horizon = ledger->step[0].time;
}

/* Puts a step at @time where there is none yet; returns its index. */
static unsigned int split(struct sim_ledger *ledger, uint64_t time)
{
	unsigned int next = first_after(ledger, time);

	if (next && ledger->step[next - 1].time == time)
		return next - 1;
	memmove(ledger->step + next + 1, ledger->step + next,
		(ledger->count - next) * sizeof(ledger->step[0]));
	ledger->step[next].time = time;
	ledger->step[next].used = before(ledger, next);
	ledger->count++;
	return next;
}

static double clean(double share)
{
	if (share < SAME_SHARE)
		return 0.0;
	return share > 1.0 - SAME_SHARE ? 1.0 : share;
}

/* Drops the step at @index if nothing changes there. */
static void merge(struct sim_ledger *ledger, unsigned int index)
{
	double change = ledger->step[index].used - before(ledger, index);

	if (fabs(change) >= SAME_SHARE)
		return;
	ledger->count--;
	memmove(ledger->step + index, ledger->step + index + 1,
		(ledger->count - index) * sizeof(ledger->step[0]));
}

void sim_ledger_take(struct sim_ledger *ledger, uint64_t start, uint64_t end,
		     double share)
{
	unsigned int first, last, i;

	if (ledger->count + 2 > LEDGER_STEPS)
		forget(ledger);
	if (start < ledger->horizon)
		start = ledger->horizon;
	if (end <= start)
		return;
	first = split(ledger, start);
	last = split(ledger, end);
	for (i = first; i < last; i++)
		ledger->step[i].used = clean(ledger->step[i].used + share);
	merge(ledger, last);
	merge(ledger, first);
}

bool sim_ledger_is_valid(const struct sim_ledger *ledger)
{
	unsigned int i;

	for (i = 0; i < ledger->count; i++) {
		const struct sim_step *step = &ledger->step[i];

		if (!(step->used >= 0.0 && step->used <= 1.0))
			return false;
		if (i && step->time <= step[-1].time)
			return false;
		if (i && fabs(step->used - step[-1].used) < SAME_SHARE)
			return false;
	}
	return true;
}
