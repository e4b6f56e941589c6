/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lanes: a stream's work as numbered points, so that "after the last use" is a
 * number and waiting twice for the same is no call at all.
 *
 * A point is recorded in a ticket of the lane's; the tickets are used in turn.
 * Whoever waits for a point whose ticket has been used again waits for the later
 * point, which is more than he asked for and never wrong: what is waited for has
 * always been given to the driver already, so waits cannot form a circle.
 *
 * A ticket costs a call of the driver, and most points are never asked for. So one
 * may also be *promised*: it is recorded with the next point of the lane, or when
 * somebody asks for it.
 *
 * Lanes are never freed before gb_lanes_finish, since points name them. That of
 * a stream that has ended is used for another once all of its points have
 * passed, and no launch is on its way that will mark one. gb_staging.lock of the owner guards everything here.
 */
#ifndef GB_LANE_H
#define GB_LANE_H

#include "../engine/list.h"
#include "../engine/types.h"

/* Points in flight that can be told apart. */
#define GB_LANE_TICKETS 64

struct gb_lane {
	struct gb_list node;
	uint64_t stream;   /* as the engine names it */
	uint64_t context;  /* of the stream; of the tickets too */
	uint64_t thread;   /* with the per-thread stream: whose; else 0 */
	bool closed;	   /* the stream has ended */
	uint32_t launches; /* between begin and end; they keep the lane */
	/*
	 * Behind a wait for what the engine cannot see: a value in memory, another
	 * process. Until that has passed nothing of the engine's waits for this
	 * lane: the wait may be for work that the program has yet to give.
	 */
	struct gb_point held;
	uint64_t last;	   /* number of the latest point; the first is 1 */
	uint64_t promised; /* beyond the last: this point is still to be recorded */
	uint64_t passed; /* up to this they are known to have passed */
	/*
	 * Up to which point of the copy lane this stream waits, and up to which
	 * of this lane the copy stream does.
	 */
	uint64_t copy_seen, seen_by_copy;
	gb_ticket tickets[GB_LANE_TICKETS]; /* 0: not made yet */
};

/* The first is the copy stream's, made by gb_lanes_init and never closed. */
struct gb_lanes {
	struct gb_list all;
	struct gb_lane *copy;
	uint32_t count;
};

/* @copy_stream stays the caller's, and must outlive the lanes. */
int gb_lanes_init(struct gb_lanes *lanes, uint64_t copy_stream);
/* All points are void. Waits for nothing; the streams may be gone. */
void gb_lanes_finish(struct gb_lanes *lanes);

/* The lane of the calling thread's @stream in @context. NULL: out of memory. */
struct gb_lane *gb_lane_get(struct gb_lanes *lanes, uint64_t stream,
			    uint64_t context);
/* @stream is about to end. */
void gb_lane_close(struct gb_lanes *lanes, uint64_t stream);
/*
 * @context is about to end, with all its streams but the copy stream: their
 * work has been done, and their tickets end here. With @gone it has ended
 * already, and all that was of it is only forgotten; the copy stream's lane is
 * closed then, if it was in there.
 */
void gb_lanes_leave(struct gb_lanes *lanes, uint64_t context, bool gone);

/* A point behind all that the stream has been given. 0 or -errno. */
int gb_lane_mark(struct gb_lane *lane, struct gb_point *point);
/*
 * The same, but recorded later where that can be done (above). Then waiting for
 * it may give -EBUSY: it cannot be recorded now, or not by this thread.
 */
int gb_lane_promise(struct gb_lane *lane, struct gb_point *point);

/* Would gb_lane_wait put a wait into @lane's stream? Asks nobody. */
bool gb_lane_has_to_wait(struct gb_lanes *lanes, struct gb_lane *lane,
			 struct gb_point point);
/* What @lane's stream is given from now on runs after @point. 0 or -errno. */
int gb_lane_wait(struct gb_lanes *lanes, struct gb_lane *lane,
		 struct gb_point point);

/* Is what it does held up by something that the engine cannot see? */
bool gb_lane_is_held(struct gb_lane *lane);

/* Without asking the driver. */
static inline bool gb_point_is_known_to_have_passed(struct gb_point point)
{
	return !point.lane || point.number <= point.lane->passed;
}
/* A promised one has not before it has been recorded. */
bool gb_point_has_passed(struct gb_point point);
/* Holds the calling thread until it has. */
int gb_point_await(struct gb_point point);

#endif
