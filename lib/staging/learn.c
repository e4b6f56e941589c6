// SPDX-License-Identifier: GPL-2.0-only
/* What the jobs have found, and what follows from it. */
#include "state.h"

#include "../engine/arena.h"
#include "../engine/stats.h"
#include "../log.h"

/*
 * Which of the words it was cannot be told, so it is said of all of them: they
 * go the same way anyhow.
 */
static void learn_of_words(struct gb_staging *staging,
			   const struct gb_verdict_entry *entry)
{
	for (uint32_t i = 0; i < entry->count && i < GB_VERDICT_WORDS; i++) {
		struct gb_pair *pair = gb_pair_get(
			&staging->pairs, entry->function, entry->words[i]);

		if (entry->cell->pages)
			pair->writes = true;
		else if (pair->clean < GB_PAIR_TRUST)
			pair->clean++;
	}
}

static void learn_of_carry(struct gb_staging *staging,
			   const struct gb_verdict_entry *entry)
{
	learn_of_words(staging, entry);
	if (!entry->cell->pages)
		return;
	gb_stats_add(&staging->device->stats->reconciled,
		     (uint64_t)entry->cell->pages << GB_PAGE_SHIFT);
	/* What is written belongs in VRAM, at the next chance (placement.c). */
	if (entry->allocation)
		atomic_store(&entry->allocation->kind, GB_KIND_WORKING);
}

/* Of one that is away: is what the disk has still right? */
static void learn_of_guest(const struct gb_verdict_entry *entry)
{
	struct gb_guest *guest =
		entry->allocation ? entry->allocation->staged.guest : NULL;

	if (!guest)
		return;
	guest->unjudged--;
	if (entry->what == GB_RECONCILE_CARRY && entry->cell->pages)
		guest->changed = true;
}

static void complain(const struct gb_verdict_entry *entry)
{
	if (!entry->cell->pages || !entry->allocation)
		return;
	gb_log_error(
		"verify: the copy of allocation %llu (%llu bytes) differs from its home in %u pages of 64 KiB, first at %#llx: something wrote it unseen",
		(unsigned long long)entry->allocation->id,
		(unsigned long long)entry->allocation->size, entry->cell->pages,
		(unsigned long long)(entry->allocation->address +
				     (uint64_t)(entry->cell->first - 1) * GB_PAGE));
}

static void learn_rate(uint64_t *rate, uint64_t bytes, uint64_t ns)
{
	uint64_t measured = ns ? (uint64_t)((double)bytes * 1e9 / (double)ns) : 0;

	if (*rate < measured)
		*rate = measured;
}

/* In that time a kernel can have read so much over the link, were it alone. */
static void learn_of_reading(const struct gb_staging *staging,
			     const struct gb_timer *timer, uint64_t ns)
{
	struct gb_allocation *allocation = gb_arena_owner(timer->address);
	double most = (double)staging->choices.link_rate * (double)ns / 1e9;

	if (allocation && allocation->id == timer->id &&
	    most >= (double)timer->bytes / 2)
		atomic_store(&allocation->staged.read_whole, true);
}

static void learn_of_time(struct gb_staging *staging,
			  const struct gb_timer *timer, uint64_t ns)
{
	struct gb_choices *choices = &staging->choices;

	switch (timer->what) {
	case GB_TIMED_FILL:
		learn_rate(&choices->link_rate, timer->bytes, ns);
		gb_stats_set(&staging->device->stats->link_rate, choices->link_rate);
		break;
	case GB_TIMED_LEARN:
		learn_rate(&choices->vram_rate, timer->bytes, ns);
		break;
	case GB_TIMED_DIRECT:
		learn_of_reading(staging, timer, ns);
		/* fall through */
	case GB_TIMED_STAGED:
		gb_choice_learn(choices, timer->key,
				timer->what == GB_TIMED_DIRECT, timer->bytes, ns);
		break;
	case GB_TIMED_STALL: /* these are among the stalls' own */
	case GB_TIMED_STRETCH:
	case GB_TIMED_NOTHING:
		break;
	}
}

void gb_staging_learn(struct gb_staging *staging)
{
	const struct gb_verdict_entry *entry;
	struct gb_timer *timer;
	uint64_t ns;

	while ((timer = gb_timer_next(&staging->timers, &ns))) {
		learn_of_time(staging, timer, ns);
		gb_timer_drop(timer);
	}
	while ((entry = gb_verdict_next(&staging->verdicts))) {
		if (entry->what == GB_RECONCILE_VERIFY)
			complain(entry);
		else
			learn_of_carry(staging, entry);
		learn_of_guest(entry);
		gb_verdict_done(&staging->verdicts);
	}
	gb_stall_learn(staging);
}
