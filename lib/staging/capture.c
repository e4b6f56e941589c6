// SPDX-License-Identifier: GPL-2.0-only
#include "capture.h"

#include <errno.h>
#include <stdlib.h>

#include "../engine/stats.h"
#include "../log.h"
#include "state.h"

/* With more streams a lane might be looked at for being quiet, which a capture forbids. */
#define STREAMS_MAX 32

/* What a capture has used of the memory in RAM. */
struct home {
	struct gb_list node;
	struct gb_allocation *allocation; /* NULL: freed since */
	uint64_t id;
	struct gb_slot *slot;	 /* its copy at this point of the capture */
	struct gb_point settled; /* the last fill or job that works on the home */
	bool direct; /* used without a copy: from then on there is none */
};

_Atomic bool gb_capture_forbidden;

static const struct gb_driver_ops *driver(void)
{
	return gb_engine.driver;
}

static struct home *home_of(struct gb_list *node)
{
	return gb_container_of(node, struct home, node);
}

int gb_capture_init(struct gb_staging *staging)
{
	struct gb_capture *capture = &staging->capture;
	int error;

	gb_list_init(&capture->homes);
	error = driver()->stream_create(staging->device->ordinal, &capture->stream);
	if (error)
		capture->stream = 0;
	return error;
}

static void clear(struct gb_capture *capture)
{
	gb_list_for_each_safe(node, &capture->homes)
	{
		gb_list_remove(node);
		free(home_of(node));
	}
	gb_ring_finish(&capture->ring);
	gb_lanes_finish(&capture->lanes);
	capture->closed = false;
	capture->unseen = (struct gb_point){ NULL, 0 };
	capture->id = 0;
}

void gb_capture_finish(struct gb_staging *staging)
{
	struct gb_capture *capture = &staging->capture;

	if (!capture->stream)
		return;
	clear(capture);
	if (!gb_staging_is_lost(staging))
		driver()->stream_destroy(capture->stream);
	capture->stream = 0;
}

static struct gb_lane *lane_of(struct gb_capture *capture, uint64_t stream,
			       const struct gb_stream_state *state)
{
	if (capture->lanes.count > STREAMS_MAX)
		return NULL;
	return gb_lane_get(&capture->lanes, stream, state->context);
}

/*
 * Our stream becomes part of the capture at once, and is that until it ends: so
 * can be told that the record is taken.
 */
static int join(struct gb_capture *capture, uint64_t stream,
		const struct gb_stream_state *state)
{
	struct gb_lane *lane = lane_of(capture, stream, state);
	struct gb_point fork;
	int error = lane ? gb_lane_mark(lane, &fork) : -ENOMEM;

	if (!error)
		error = gb_lane_wait(&capture->lanes, capture->lanes.copy, fork);
	return error;
}

/*
 * The record of the capture that @stream is in. -EBUSY while another goes on,
 * which has our stream.
 */
static int open_capture(struct gb_staging *staging, uint64_t stream,
			const struct gb_stream_state *state)
{
	struct gb_capture *capture = &staging->capture;
	struct gb_stream_state ours;
	int error;

	if (capture->id == state->capture)
		return 0;
	if (state->context != staging->lanes.copy->context ||
	    atomic_load(&gb_capture_forbidden))
		return -EOPNOTSUPP;
	error = driver()->stream_state(capture->stream, &ours);
	if (!error && ours.capture)
		error = -EBUSY;
	if (error)
		return error;
	clear(capture);
	error = gb_lanes_init(&capture->lanes, capture->stream);
	if (error)
		return error;
	gb_ring_init(&capture->ring, staging->ring.address, staging->ring.bytes);
	capture->id = state->capture;
	capture->closed = join(capture, stream, state) != 0;
	return 0;
}

static struct home *find(struct gb_capture *capture,
			 const struct gb_allocation *allocation)
{
	gb_list_for_each (node, &capture->homes) {
		struct home *home = home_of(node);

		if (home->allocation == allocation && home->id == allocation->id)
			return home;
	}
	return NULL;
}

static struct home *find_or_add(struct gb_capture *capture,
				struct gb_allocation *allocation)
{
	struct home *home = find(capture, allocation);

	if (home)
		return home;
	home = calloc(1, sizeof(*home));
	if (!home)
		return NULL;
	home->allocation = allocation;
	home->id = allocation->id;
	gb_list_insert(&capture->homes, &home->node);
	return home;
}

/*
 * From here on all is read and written at home: what comes is not seen, or
 * cannot be noted. It finds all up to date, since it is the program's to order it
 * behind the launches that it goes with, and each brought home what it changed.
 */
static void give_up(struct gb_capture *capture)
{
	capture->closed = true;
	gb_list_for_each (node, &capture->homes)
		home_of(node)->slot = NULL;
}

static int evict(struct gb_capture *capture, struct gb_slot *slot)
{
	struct home *home =
		slot->allocation ? find(capture, slot->allocation) : NULL;
	int error;

	if (slot->pins)
		return -EBUSY;
	error = gb_lane_wait(&capture->lanes, capture->lanes.copy, slot->settled);
	if (error)
		return error;
	if (home)
		home->slot = NULL;
	gb_ring_let_go(slot);
	return 0;
}

static int take_place(struct gb_capture *capture, uint64_t bytes,
		      struct gb_slot **slot)
{
	struct gb_slot *victim;
	int error = 0;

	while (!error && (victim = gb_ring_victim(&capture->ring, bytes)))
		error = evict(capture, victim);
	if (error)
		return error;
	*slot = gb_ring_take(&capture->ring, bytes);
	return *slot ? 0 : -ENOMEM;
}

/* The next work of @lane meets the copy as it was filled, with its hashes known. */
static int learn(struct gb_staging *staging, struct gb_slot *slot,
		 struct gb_lane *lane)
{
	struct gb_reconcile job = gb_slot_job(staging, slot, GB_RECONCILE_LEARN);
	int error = gb_lane_wait(&staging->capture.lanes, lane, slot->filled);

	if (!error)
		error = driver()->reconcile(lane->stream, &job);
	if (!error)
		error = gb_lane_mark(lane, &slot->settled);
	return error;
}

/*
 * From now on graphs, when they are launched, wait for what writes the memory,
 * as they do for the copy stream; and it for them.
 */
static int freeze(struct gb_staging *staging, struct gb_allocation *allocation)
{
	int error;

	if (atomic_load(&allocation->captured))
		return 0;
	if (allocation->staged.writing ||
	    !gb_point_is_known_to_have_passed(allocation->staged.held))
		return -EBUSY;
	error = gb_home_wait_for_writers(staging, allocation);
	if (error)
		return error;
	atomic_store(&allocation->captured, true);
	staging->captured = true;
	return 0;
}

static int fill(struct gb_staging *staging, struct home *home, struct gb_lane *lane)
{
	struct gb_capture *capture = &staging->capture;
	struct gb_allocation *allocation = home->allocation;
	struct gb_slot *slot;
	int error = freeze(staging, allocation);

	if (!error)
		error = take_place(capture, allocation->bytes, &slot);
	if (error)
		return error;
	slot->allocation = allocation;
	error = gb_home_copy(allocation, capture->stream, slot->address);
	if (!error)
		error = gb_lane_mark(capture->lanes.copy, &slot->filled);
	slot->settled = slot->filled;
	if (!error)
		error = learn(staging, slot, lane);
	home->settled = slot->settled;
	if (error)
		return error;
	home->slot = slot;
	gb_stats_add(&staging->device->stats->captured, gb_staged_bytes(allocation));
	return 0;
}

/*
 * Only what is known to be read: an exchange of parameters in the graph that is
 * made is seen by nobody, and what it writes should be no copy's home.
 */
static bool may_stage(struct gb_staging *staging, const struct home *home,
		      const struct gb_stage_launch *launch)
{
	const struct gb_allocation *owner = home->allocation;

	return !staging->capture.closed && !home->direct && !owner->staged.direct &&
	       (!owner->staged.check || owner->kind == GB_KIND_UPLOADED) &&
	       !gb_choice_is_direct(&staging->choices,
				    gb_choice_key(launch->function,
						  launch->grid, owner->bytes));
}

static int use_copy(struct gb_staging *staging, struct home *home,
		    struct gb_lane *lane)
{
	struct gb_capture *capture = &staging->capture;
	int error = home->slot ? 0 : fill(staging, home, lane);

	if (!error)
		error = gb_lane_wait(&capture->lanes, lane, home->slot->filled);
	if (!error)
		error = gb_lane_wait(&capture->lanes, lane, home->slot->settled);
	return error;
}

static void decide(struct gb_staging *staging, struct gb_stage_launch *launch,
		   struct gb_stage_word *word)
{
	struct gb_capture *capture = &staging->capture;
	struct home *home = find_or_add(capture, word->owner);
	int error = 0;

	if (!home) {
		give_up(capture);
		return;
	}
	if (home->slot || may_stage(staging, home, launch)) {
		error = use_copy(staging, home, launch->lane);
		if (!error) {
			word->slot = home->slot;
			word->slot->pins++;
			return;
		}
		if (error != -EBUSY)
			gb_log_once(GB_LOG_WARN,
				    "a graph reads memory over the link: %s",
				    gb_error_text(error));
	}
	home->slot = NULL;
	home->direct = true;
	gb_lane_wait(&capture->lanes, launch->lane, home->settled);
}

static void redirect(struct gb_capture *capture, struct gb_stage_word *word)
{
	const struct home *home = word->owner ? find(capture, word->owner) : NULL;

	if (home && home->slot)
		word->to = home->slot->address +
			   (word->address - word->owner->address);
}

bool gb_capture_begin(struct gb_staging *staging, struct gb_stage_launch *launch,
		      const struct gb_stream_state *state)
{
	struct gb_capture *capture = &staging->capture;

	if (open_capture(staging, launch->stream, state))
		return false;
	launch->lane = lane_of(capture, launch->stream, state);
	if (!launch->lane) {
		give_up(capture);
		return false;
	}
	for (uint32_t i = 0; i < launch->count; i++)
		if (launch->words[i].first)
			decide(staging, launch, &launch->words[i]);
	for (uint32_t i = 0; i < launch->count; i++)
		redirect(capture, &launch->words[i]);
	return true;
}

/* The copy goes home whole where what has changed cannot be told. */
static int carry(struct gb_staging *staging, struct gb_slot *slot,
		 struct gb_lane *lane)
{
	struct gb_reconcile job = gb_slot_job(staging, slot, GB_RECONCILE_CARRY);
	int error = gb_lane_wait(&staging->capture.lanes, lane, slot->settled);

	if (!error)
		error = driver()->reconcile(lane->stream, &job);
	if (error)
		error = gb_home_restore(slot->allocation, lane->stream,
					slot->address);
	if (!error)
		error = gb_lane_mark(lane, &slot->settled);
	return error;
}

void gb_capture_end(struct gb_staging *staging, struct gb_stage_launch *launch,
		    bool launched)
{
	for (uint32_t i = 0; i < launch->count; i++) {
		struct gb_slot *slot = launch->words[i].slot;
		struct home *home;
		int error;

		if (!launch->words[i].first || !slot)
			continue;
		slot->pins--;
		if (!launched || !slot->allocation)
			continue;
		error = carry(staging, slot, launch->lane);
		if (error)
			gb_log_once(GB_LOG_ERROR,
				    "what a graph changes may be lost: %s",
				    gb_error_text(error));
		home = find(&staging->capture, slot->allocation);
		if (home)
			home->settled = slot->settled;
	}
}

/* The lane of a stream in a capture that has a record, or that gets one. */
static struct gb_lane *find_lane(struct gb_staging *staging, uint64_t stream)
{
	struct gb_stream_state state;

	if (driver()->stream_state(stream, &state) ||
	    open_capture(staging, stream, &state))
		return NULL;
	return lane_of(&staging->capture, stream, &state);
}

void gb_capture_access(struct gb_staging *staging, struct gb_allocation *owner,
		       uint64_t stream, bool write)
{
	struct gb_capture *capture = &staging->capture;
	struct gb_lane *lane = find_lane(staging, stream);
	struct home *home;

	home = lane ? find_or_add(capture, owner) : NULL;
	if (!home) {
		give_up(capture);
		return;
	}
	gb_lane_wait(&capture->lanes, lane, home->settled);
	if (!write)
		return;
	home->slot = NULL;
	home->direct = true;
}

void gb_capture_access_all(struct gb_staging *staging, uint64_t stream)
{
	struct gb_capture *capture = &staging->capture;
	struct gb_lane *lane = find_lane(staging, stream);

	gb_list_for_each (node, &capture->homes)
		if (lane)
			gb_lane_wait(&capture->lanes, lane, home_of(node)->settled);
	if (lane)
		gb_lane_wait(&capture->lanes, lane, capture->unseen);
	give_up(capture);
}

void gb_capture_written_all(struct gb_staging *staging, uint64_t stream)
{
	struct gb_lane *lane = find_lane(staging, stream);

	if (lane)
		gb_lane_mark(lane, &staging->capture.unseen);
}

void gb_capture_forget(struct gb_staging *staging,
		       const struct gb_allocation *allocation)
{
	struct gb_capture *capture = &staging->capture;
	struct home *home = capture->id ? find(capture, allocation) : NULL;

	if (!home)
		return;
	if (home->slot)
		home->slot->allocation = NULL;
	home->allocation = NULL;
	home->slot = NULL;
}

void gb_capture_join(struct gb_staging *staging, uint64_t stream)
{
	struct gb_capture *capture = &staging->capture;
	struct gb_stream_state state;
	struct gb_point last;
	struct gb_lane *lane;

	if (!capture->id || driver()->stream_state(stream, &state) ||
	    state.capture != capture->id)
		return;
	lane = gb_lane_get(&capture->lanes, stream, state.context);
	if (lane && !gb_lane_mark(capture->lanes.copy, &last))
		gb_lane_wait(&capture->lanes, lane, last);
}
