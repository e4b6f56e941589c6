// SPDX-License-Identifier: GPL-2.0-only
/*
 * What comes next: programs go over their memory in the same order again and
 * again. Each allocation remembers which one followed it; once that has been
 * the same twice, it is brought ahead, and what followed that, until the ring
 * holds nothing that has been used already. So the link has work while the
 * program thinks, also across the points where it waits for results.
 *
 * The order is that of copies' first uses, of what could have been brought
 * ahead. An input that every launch reads, and a result that each hands to the
 * next, would come between all others, and after them anything comes next.
 */
#include "state.h"

#include "../engine/arena.h"
#include "../engine/gate.h"
#include "../engine/spill.h"

/* Times in a row that the same allocation must have followed. */
#define SURE	  2
#define SURE_MAX  4
/* Steps along the chain that a launch takes at most. */
#define AHEAD_MAX 64
/*
 * Launches that leave the chain alone where there was nothing to bring along
 * it, unless one uses a copy meanwhile. Where a program is better off without
 * copies each of its launches would go all the way, as long as the call itself.
 */
#define REST	  64
/* So many launches after it was written, memory is a result on its way. */
#define LATELY	  4

static struct gb_allocation *live(uint64_t address, uint64_t id)
{
	struct gb_allocation *allocation = address ? gb_arena_owner(address) : NULL;

	return allocation && allocation->id == id && !allocation->freed ? allocation
									: NULL;
}

static void remember(struct gb_staged *before, const struct gb_allocation *now)
{
	if (before->next_id == now->id) {
		if (before->sure < SURE_MAX)
			before->sure++;
		return;
	}
	/* A single exception does not make a habit. */
	if (before->sure > SURE) {
		before->sure = SURE;
		return;
	}
	before->next = now->address;
	before->next_id = now->id;
	before->sure = 1;
}

static bool was_written_lately(const struct gb_staging *staging,
			       const struct gb_allocation *allocation)
{
	uint64_t written = allocation->staged.written_at;

	return written && staging->serial - written <= LATELY;
}

void gb_prefetch_note(struct gb_staging *staging, struct gb_allocation *allocation)
{
	struct gb_prefetch *prefetch = &staging->prefetch;
	struct gb_allocation *last;

	if (prefetch->last_id == allocation->id ||
	    was_written_lately(staging, allocation))
		return;
	last = live(prefetch->last, prefetch->last_id);
	if (last)
		remember(&last->staged, allocation);
	prefetch->last = allocation->address;
	prefetch->last_id = allocation->id;
	prefetch->rest = 0;
}

static struct gb_allocation *successor(const struct gb_allocation *allocation)
{
	if (allocation->staged.sure < SURE)
		return NULL;
	return live(allocation->staged.next, allocation->staged.next_id);
}

/*
 * Along the chain from what was touched last: over what is there already, and
 * then as far as there is room. The chain may run into a circle. Returns false
 * where all of it is there, or not wanted.
 */
static bool bring_ahead(struct gb_staging *staging)
{
	struct gb_allocation *at =
		live(staging->prefetch.last, staging->prefetch.last_id);
	bool any = false, full = false;

	for (int i = 0; i < AHEAD_MAX && at; i++) {
		at = successor(at);
		/* Over what has come into VRAM since, and what is there already. */
		if (!at || at->staged.slot || !atomic_load(&at->in_ram) ||
		    at->staged.passed_by)
			continue;
		if (!gb_staging_may_copy(staging, at))
			break;
		any = true;
		full = full || gb_slot_fill(staging, at, true);
		/* The disk reads on: its window is larger than the ring. */
		if (full && (!gb_spill_any() ||
			     (at->away && gb_guest_invite(staging, at, true))))
			break;
	}
	return any;
}

void gb_prefetch(struct gb_staging *staging)
{
	if (gb_spill_any())
		gb_guests_serve(staging);
	if (staging->prefetch.rest)
		staging->prefetch.rest--;
	else if (!bring_ahead(staging))
		staging->prefetch.rest = REST;
}

void gb_staging_idle(int ordinal)
{
	struct gb_staging *staging;

	if (ordinal < 0 || ordinal >= gb_engine.device_count)
		return;
	staging = gb_staging_of(&gb_engine.device[ordinal]);
	if (!staging)
		return;
	/* A mover at work is reason enough to leave it for later. */
	if (!(gb_gate_enter() & GB_ATTENTION_CLOSED)) {
		pthread_mutex_lock(&staging->lock);
		gb_staging_learn(staging);
		gb_stall_stretch(staging);
		gb_prefetch(staging);
		pthread_mutex_unlock(&staging->lock);
	}
	gb_gate_leave();
}
