// SPDX-License-Identifier: GPL-2.0-only
/* Making copies, and bringing home what kernels changed in them. */
#include "state.h"

#include <errno.h>

#include "../engine/stats.h"
#include "../engine/use.h"
#include "../log.h"

static const struct gb_driver_ops *driver(void)
{
	return gb_engine.driver;
}

static uint64_t arena_page(const struct gb_allocation *allocation)
{
	return (allocation->address - allocation->device->base) >> GB_PAGE_SHIFT;
}

struct gb_reconcile gb_slot_job(const struct gb_staging *staging,
				const struct gb_slot *slot,
				enum gb_reconcile_what what)
{
	const struct gb_allocation *allocation = slot->allocation;
	const struct gb_guest *guest = allocation->staged.guest;

	return (struct gb_reconcile){
		.what = what,
		.copy = slot->address,
		.home = guest ? guest->place->address : allocation->address,
		.hashes = staging->hash_memory->address +
			  arena_page(allocation) * sizeof(uint64_t),
		.pages = (uint32_t)(gb_staged_bytes(allocation) >> GB_PAGE_SHIFT),
	};
}

void gb_slot_drop(struct gb_slot *slot)
{
	if (slot->allocation)
		slot->allocation->staged.slot = NULL;
	slot->allocation = NULL;
}

static void note_words(struct gb_verdict_entry *entry,
		       const struct gb_stage_launch *launch)
{
	entry->function = launch->function;
	for (uint32_t i = 0; i < launch->count; i++) {
		if (launch->words[i].owner != entry->allocation)
			continue;
		if (entry->count < GB_VERDICT_WORDS)
			entry->words[entry->count] = launch->words[i].offset;
		entry->count++;
	}
}

/*
 * Enters a job that @lane has just been given, as its latest use of the slot
 * and as the latest of the jobs, of which one at a time works on a copy: two
 * would undo each other's pages.
 */
static int settled_by(struct gb_staging *staging, struct gb_slot *slot,
		      struct gb_lane *lane)
{
	struct gb_slot_user *user = gb_slot_user(slot, lane);
	int error = gb_lane_mark(lane, &slot->settled);

	if (error)
		return error;
	if (!user)
		return gb_lane_wait(&staging->lanes, staging->lanes.copy,
				    slot->settled);
	*user = (struct gb_slot_user){ .last = slot->settled };
	return 0;
}

static void commit(struct gb_staging *staging, struct gb_verdict_entry *entry,
		   const struct gb_reconcile *job, const struct gb_slot *slot,
		   const struct gb_stage_launch *launch)
{
	entry->what = job->what;
	entry->allocation = slot->allocation;
	entry->point = slot->settled;
	if (launch)
		note_words(entry, launch);
	if (slot->allocation->staged.guest)
		slot->allocation->staged.guest->unjudged++;
	gb_verdict_commit(&staging->verdicts);
}

int gb_slot_carry(struct gb_staging *staging, struct gb_slot *slot,
		  struct gb_lane *lane, const struct gb_stage_launch *launch)
{
	struct gb_reconcile carry = gb_slot_job(staging, slot, GB_RECONCILE_CARRY);
	struct gb_verdict_entry *entry = gb_verdict_begin(&staging->verdicts);
	int error = gb_lane_wait(&staging->lanes, lane, slot->settled);

	if (error)
		return error;
	if (entry)
		carry.verdict = entry->cell;
	error = driver()->reconcile(lane->stream, &carry);
	if (error)
		atomic_store(&staging->broken, true);
	if (!error)
		error = settled_by(staging, slot, lane);
	if (error)
		return error;
	slot->allocation->staged.carried = slot->settled;
	slot->checks++;
	if (entry)
		commit(staging, entry, &carry, slot, launch);
	else if (slot->allocation->staged.guest)
		slot->allocation->staged.guest->changed =
			true; /* for all one knows */
	return 0;
}

static int wait_for_users(struct gb_staging *staging, struct gb_slot *slot,
			  struct gb_lane *lane)
{
	int error = gb_lane_wait(&staging->lanes, lane, slot->filled);

	if (!error)
		error = gb_lane_wait(&staging->lanes, lane, slot->settled);
	for (int i = 0; !error && i < GB_SLOT_USERS; i++)
		error = gb_lane_wait(&staging->lanes, lane, slot->users[i].last);
	return error;
}

int gb_slot_settle(struct gb_staging *staging, struct gb_slot *slot,
		   struct gb_lane *lane)
{
	int error;

	if (!gb_slot_is_unchecked(slot))
		return gb_lane_wait(&staging->lanes, lane, slot->settled);
	error = wait_for_users(staging, slot, lane);
	if (!error)
		error = gb_slot_carry(staging, slot, lane, NULL);
	for (int i = 0; !error && i < GB_SLOT_USERS; i++)
		slot->users[i].unchecked = false;
	return error;
}

/* A copy is never older than its home: whatever else writes that drops it. */
int gb_slot_rescue(struct gb_staging *staging, struct gb_slot *slot)
{
	const struct gb_allocation *allocation = slot->allocation;
	int device = staging->device->ordinal, error = driver()->drain(device);
	uint64_t from = slot->address, left = gb_staged_bytes(allocation);
	struct gb_guest *guest = allocation->staged.guest;

	if (!error && guest) {
		error = driver()->copy(device, guest->place->address, from, left);
		guest->changed = true;
		left = 0;
	}
	for (uint32_t i = 0; !error && left; i++) {
		const struct gb_extent *extent = &allocation->extents[i];
		uint64_t bytes = extent->bytes < left ? extent->bytes : left;

		error = driver()->copy(device, extent->address, from, bytes);
		from += bytes;
		left -= bytes;
	}
	for (int i = 0; !error && i < GB_SLOT_USERS; i++)
		slot->users[i].unchecked = false;
	return error;
}

void gb_slot_recover(struct gb_staging *staging, struct gb_slot *slot)
{
	int error = driver()->drain(staging->device->ordinal);

	gb_log_once(GB_LOG_WARN, "staging cannot order its work: %s",
		    error ? gb_error_text(error) : "waited for the GPU instead");
	slot->users[0].unchecked = true;
}

/* Makes the copy stream wait until the slot's place is free for a new one. */
static int vacate(struct gb_staging *staging, struct gb_slot *slot)
{
	struct gb_lane *copy = staging->lanes.copy;
	int error;

	if (slot->allocation && gb_slot_is_unchecked(slot))
		error = gb_slot_settle(staging, slot, copy);
	else
		error = wait_for_users(staging, slot, copy);
	if (!error)
		gb_slot_drop(slot);
	return error;
}

static bool waits_for_its_first_use(const struct gb_slot *slot)
{
	return slot->allocation && !slot->used;
}

static int evict(struct gb_staging *staging, struct gb_slot *slot, bool ahead)
{
	int error;

	if (slot->pins || (ahead && waits_for_its_first_use(slot)))
		return -EBUSY;
	error = vacate(staging, slot);
	if (!error)
		gb_ring_let_go(slot);
	return error;
}

/*
 * Of the copies brought ahead the oldest is used next, and the latest last.
 * Were it the oldest that makes way for a copy that nobody expected, its use
 * would come as unexpectedly, and so on through all of them.
 */
static int take_back(struct gb_staging *staging, struct gb_slot *first)
{
	struct gb_slot *latest;
	int error;

	do {
		latest = gb_container_of(staging->ring.slots.prev,
					 struct gb_slot, node);
		error = vacate(staging, latest);
		if (error)
			return error;
		gb_ring_take_back(&staging->ring);
	} while (latest != first);
	return 0;
}

static int make_place(struct gb_staging *staging, uint64_t bytes, bool ahead)
{
	struct gb_slot *victim, *latest;
	int error = 0;

	while (!error && (victim = gb_ring_victim(&staging->ring, bytes))) {
		latest = NULL;
		if (!ahead && (victim->pins || waits_for_its_first_use(victim)))
			latest = gb_ring_latest(&staging->ring, bytes);
		error = latest ? take_back(staging, latest)
			       : evict(staging, victim, ahead);
	}
	return error;
}

bool gb_staging_may_copy(const struct gb_staging *staging,
			 const struct gb_allocation *allocation)
{
	return !atomic_load(&staging->broken) &&
	       allocation->device == staging->device &&
	       (!allocation->away ||
		gb_guest_fits(staging->device, allocation->bytes)) &&
	       !allocation->pinned && atomic_load(&allocation->in_ram) &&
	       !atomic_load(&allocation->staged.escaped) &&
	       2 * allocation->bytes <= staging->ring.bytes &&
	       arena_page(allocation) + (allocation->bytes >> GB_PAGE_SHIFT) <=
		       staging->hash_pages;
}

/* Of the fills of a megabyte and more one in so many is timed, once one has been. */
#define TIMED_FILLS 64
#define TIMED_BYTES (UINT64_C(1) << 20)

static struct gb_timer *time_fill(struct gb_staging *staging, uint64_t bytes)
{
	if (bytes < TIMED_BYTES ||
	    (staging->choices.link_rate && staging->fills++ % TIMED_FILLS))
		return NULL;
	return gb_timer_begin(&staging->timers, staging->lanes.copy,
			      GB_TIMED_FILL, bytes);
}

static int fill(struct gb_staging *staging, struct gb_slot *slot, bool ahead)
{
	struct gb_allocation *allocation = slot->allocation;
	struct gb_stats_device *stats = staging->device->stats;
	struct gb_timer *timer;
	int error;

	if (allocation->away) {
		slot->open = true;
		return gb_guest_serve(staging, slot, !ahead);
	}
	timer = time_fill(staging, atomic_load(&allocation->in_ram));
	error = gb_home_copy(allocation, staging->copy_stream, slot->address);
	gb_timer_end(timer, staging->lanes.copy);
	/* Also behind a half-made one: its place is in use until then. */
	if (gb_lane_mark(staging->lanes.copy, &slot->filled) && !error)
		error = -EIO;
	allocation->staged.reading = slot->filled;
	gb_stats_add(&stats->staged, gb_staged_bytes(allocation));
	GB_USE_COUNT(allocation, copies);
	return error;
}

int gb_slot_fill(struct gb_staging *staging, struct gb_allocation *allocation,
		 bool ahead)
{
	struct gb_slot *slot;
	int error;

	/* A write that the driver has not been given yet could not be waited for. */
	if (allocation->staged.writing || staging->writing)
		return -EBUSY;
	if (!gb_point_has_passed(allocation->staged.held) ||
	    !gb_point_has_passed(staging->held))
		return -EBUSY;
	error = gb_home_wait_for_writers(staging, allocation);
	if (!error && allocation->away)
		error = gb_guest_invite(staging, allocation, ahead);
	if (!error)
		error = make_place(staging, allocation->bytes, ahead);
	if (error)
		return error;
	slot = gb_ring_take(&staging->ring, allocation->bytes);
	if (!slot)
		return -ENOMEM;
	slot->allocation = allocation;
	slot->learned = allocation->staged.hashed == staging->epoch;
	allocation->staged.slot = slot;
	atomic_store(&allocation->staged.involved, true);
	error = fill(staging, slot, ahead);
	if (error && allocation->away)
		gb_guest_failed(staging, allocation);
	else if (error)
		gb_slot_drop(slot);
	return error;
}

/*
 * The hashes of a home are learned once and then hold until it is written, so
 * that, in the steady state, no kernel stands in the copy stream: one would
 * wait there until the program's kernels leave it a processor. That is why it
 * is done on the stream that uses the copy first.
 */
static int learn(struct gb_staging *staging, struct gb_slot *slot,
		 struct gb_lane *lane)
{
	struct gb_reconcile learn = gb_slot_job(staging, slot, GB_RECONCILE_LEARN);
	struct gb_timer *timer =
		gb_timer_begin(&staging->timers, lane, GB_TIMED_LEARN,
			       gb_staged_bytes(slot->allocation));
	int error = driver()->reconcile(lane->stream, &learn);

	gb_timer_end(timer, lane);
	if (!error)
		error = settled_by(staging, slot, lane);
	if (error)
		return error;
	slot->learned = true;
	slot->allocation->staged.hashed = staging->epoch;
	return 0;
}

/* GREENBOOST_VERIFY: is the copy that is used again what its home is? */
static int verify(struct gb_staging *staging, struct gb_slot *slot,
		  struct gb_lane *lane)
{
	struct gb_reconcile compare =
		gb_slot_job(staging, slot, GB_RECONCILE_VERIFY);
	struct gb_verdict_entry *entry;
	int error = wait_for_users(staging, slot, lane);

	/* What is newer than its home may differ, and is made equal first. */
	if (!error)
		error = gb_slot_settle(staging, slot, lane);
	if (error)
		return error;
	entry = gb_verdict_begin(&staging->verdicts);
	if (!entry || slot->pins) /* a launch on its way may change it meanwhile */
		return 0;
	compare.verdict = entry->cell;
	error = driver()->reconcile(lane->stream, &compare);
	if (!error)
		error = settled_by(staging, slot, lane);
	if (error)
		return error;
	commit(staging, entry, &compare, slot, NULL);
	gb_stats_add(&staging->device->stats->verified,
		     gb_staged_bytes(slot->allocation));
	return 0;
}

static int join(struct gb_staging *staging, struct gb_slot *slot,
		struct gb_lane *lane)
{
	struct gb_timer *timer = gb_stall_begin(staging, lane, slot->filled);
	int error = gb_lane_wait(&staging->lanes, lane, slot->filled);

	gb_timer_end(timer, lane);
	if (!error)
		error = gb_lane_wait(&staging->lanes, lane, slot->settled);
	if (!error && !slot->learned)
		error = learn(staging, slot, lane);
	return error;
}

static void note_hit(struct gb_stats_device *stats, const struct gb_slot *slot)
{
	gb_stats_add(slot->used ? &stats->stage_hits : &stats->prefetch_hits, 1);
	if (slot->used)
		GB_USE_COUNT(slot->allocation, hits);
	else
		GB_USE_COUNT(slot->allocation, ahead);
}

int gb_slot_get(struct gb_staging *staging, struct gb_allocation *allocation,
		struct gb_lane *lane, struct gb_slot **result)
{
	struct gb_stats_device *stats = staging->device->stats;
	struct gb_slot *slot = allocation->staged.slot;
	bool hit = slot != NULL;
	int error = 0;

	if (hit)
		note_hit(stats, slot);
	else
		error = gb_slot_fill(staging, allocation, false);
	if (error)
		return error;
	slot = allocation->staged.slot;
	if (slot->open)
		error = gb_guest_serve(staging, slot, true);
	if (error) {
		gb_guest_failed(staging, allocation);
		return error;
	}
	error = join(staging, slot, lane);
	if (!error && hit && gb_staging_settings.verify)
		error = verify(staging, slot, lane);
	if (error)
		return error;
	if (!hit)
		gb_stats_add(&stats->stage_misses, 1);
	if (!slot->used)
		gb_prefetch_note(staging, allocation);
	slot->used = true;
	*result = slot;
	return 0;
}
