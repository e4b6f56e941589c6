/* SPDX-License-Identifier: GPL-2.0-only */
/* A device's staging, for the files behind staging.h. */
#ifndef GB_STAGING_STATE_H
#define GB_STAGING_STATE_H

#include "capture.h"
#include "choice.h"
#include "guest.h"
#include "pair.h"
#include "ring.h"
#include "stall.h"
#include "staging.h"
#include "timer.h"
#include "verdict.h"

struct gb_staging {
	pthread_mutex_t lock; /* guards everything here, unless it says otherwise */
	/* A slot's pins, launching, writing or captured_writing have become less. */
	pthread_cond_t changed;
	struct gb_device *device;
	_Atomic bool ready;  /* set with the gate closed */
	_Atomic bool wanted; /* it is to start once memory overflows */
	/* Launches until starting is tried again, and how many the next time. */
	_Atomic uint32_t pause;
	uint32_t pauses; /* gb_engine.lock */
	/* Jobs fail: what is changed cannot be found. Read without the lock. */
	_Atomic bool broken;
	struct gb_allocation *ring_memory, *hash_memory; /* engine lock */
	uint64_t copy_stream;
	struct gb_lanes lanes;
	struct gb_ring ring;
	struct gb_ring window; /* of guests; 0 bytes until there are any */
	uint64_t hash_pages; /* of the arena, from its begin, that have a place */
	struct gb_pairs pairs;
	struct gb_verdicts verdicts;
	struct gb_timers timers;
	struct gb_stalls stalls;
	struct gb_choices choices;
	uint32_t fills; /* so far: some of them are timed */
	uint32_t epoch; /* of hashes: those of an earlier one may be outdated */
	uint32_t writing; /* as gb_staged.writing, of work that may write anything */
	struct gb_point held; /* the same as gb_staged.held */
	struct gb_capture capture;
	bool captured;	/* graphs know the ring: its memory is kept for good */
	bool launching; /* a graph is on its way to the driver */
	uint32_t captured_writing; /* and so many writes of what graphs copy */
	struct gb_point graph;	   /* the last that was launched */
	uint64_t serial; /* of the latest launch that named memory in RAM */
	struct gb_prefetch {
		uint64_t last, last_id; /* whose copy had its first use last */
		uint32_t rest; /* launches for which there is nothing to bring */
	} prefetch;
};

/* The context of our own streams has ended, unforeseen (gb_staging_leave). */
static inline bool gb_staging_is_lost(const struct gb_staging *staging)
{
	return staging->lanes.copy && staging->lanes.copy->closed;
}

/* The settings; constant after gb_staging_init. */
extern struct gb_staging_settings {
	uint64_t bytes; /* or GB_SIZE_AUTO; 0: off */
	bool verify;
} gb_staging_settings;

/* The device's, or NULL where there is none or it is not ready. */
struct gb_staging *gb_staging_of(const struct gb_device *device);
/* The same by number, with its lock taken. */
struct gb_staging *gb_staging_lock(int ordinal);

/* Bytes of the allocation that are copied: whole pages. */
static inline uint64_t gb_staged_bytes(const struct gb_allocation *allocation)
{
	return (allocation->size + GB_PAGE - 1) & ~(GB_PAGE - 1);
}

/* ---- copies (slot.c), the lock held ---- */

/*
 * A copy of @allocation for @lane, whose later work waits for it, with its hashes
 * known: the one that is there, or a new one. 0 or -errno, and then there is
 * nothing to be undone: -EBUSY (the ring is taken by this launch), -ENOMEM, ...
 */
int gb_slot_get(struct gb_staging *staging, struct gb_allocation *allocation,
		struct gb_lane *lane, struct gb_slot **slot);
/*
 * Makes a copy, for no stream yet; with @ahead it overwrites none that still
 * waits for its first use. The same errors.
 */
int gb_slot_fill(struct gb_staging *staging, struct gb_allocation *allocation,
		 bool ahead);
/* May it be copied at all? Two of its size must fit, or nothing would overlap. */
bool gb_staging_may_copy(const struct gb_staging *staging,
			 const struct gb_allocation *allocation);
/*
 * Looks for changes behind what @lane has been given, and carries them home: what
 * @lane has changed is then checked. What is found is put to the account of
 * @launch (verdict.h), if there is one.
 */
int gb_slot_carry(struct gb_staging *staging, struct gb_slot *slot,
		  struct gb_lane *lane, const struct gb_stage_launch *launch);
/* Its home is up to date behind @lane's next work; 0 or -errno. */
int gb_slot_settle(struct gb_staging *staging, struct gb_slot *slot,
		   struct gb_lane *lane);
/*
 * A use of the slot could not be marked: waits for the device, and leaves the
 * copy unchecked.
 */
void gb_slot_recover(struct gb_staging *staging, struct gb_slot *slot);
/* Carries the whole copy home by copy engine, waiting for the device. 0 or -errno. */
int gb_slot_rescue(struct gb_staging *staging, struct gb_slot *slot);
/* There is no copy any more; its place is used again once its users have passed. */
void gb_slot_drop(struct gb_slot *slot);

/* The job that @what names, on the slot's copy; no verdict is asked for. */
struct gb_reconcile gb_slot_job(const struct gb_staging *staging,
				const struct gb_slot *slot,
				enum gb_reconcile_what what);

/* ---- homes (home.c), the lock held ---- */

/* In @stream: the home to @to, or all of a copy at @from to the home. 0 or -errno. */
int gb_home_copy(const struct gb_allocation *allocation, uint64_t stream,
		 uint64_t to);
int gb_home_restore(const struct gb_allocation *allocation, uint64_t stream,
		    uint64_t from);

/*
 * Is a graph that copies it on its way to the driver? Writes of it wait until
 * then, since they could not be ordered with that: by @staging->changed, which
 * lets go of the lock, and so before anything else is looked at.
 */
bool gb_home_is_in_use(const struct gb_staging *staging,
		       const struct gb_allocation *allocation);
/*
 * Before @lane reads the home past the copy, or writes it too, which then is not in
 * use. No slot is pinned. Keeps the lock: what the caller has seen still holds.
 */
int gb_home_access(struct gb_staging *staging, struct gb_allocation *allocation,
		   struct gb_lane *lane, bool write);
/* A write of the home is on its way to the driver, or not any more. */
void gb_home_writing(struct gb_staging *staging,
		     struct gb_allocation *allocation, bool begins);
/* The home has been written behind @point. */
void gb_home_written(struct gb_staging *staging,
		     struct gb_allocation *allocation, struct gb_point point);
/* The copy stream's next work runs after all that has written the home. */
int gb_home_wait_for_writers(struct gb_staging *staging,
			     struct gb_allocation *allocation);
/* Every home is as its copy, once what @lane has been given has run. */
int gb_ring_settle(struct gb_staging *staging, struct gb_lane *lane);
/* Brings the home up to date and drops the copy, waiting for the GPU. */
void gb_home_settle(struct gb_staging *staging, struct gb_allocation *allocation);

/*
 * The lane of @stream as the calling thread means it. -EBUSY: the stream is
 * being captured; else, with *@lane NULL, it cannot be told.
 */
int gb_staging_lane(struct gb_staging *staging, uint64_t stream,
		    struct gb_lane **lane);

/* Takes in what jobs have found. */
void gb_staging_learn(struct gb_staging *staging);

/* ---- what comes next (prefetch.c), the lock held ---- */

/* The first use of @allocation's copy. */
void gb_prefetch_note(struct gb_staging *staging, struct gb_allocation *allocation);
/* Brings ahead what is likely to be touched next, as far as it disturbs nobody. */
void gb_prefetch(struct gb_staging *staging);

#endif
