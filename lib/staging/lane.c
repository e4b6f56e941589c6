// SPDX-License-Identifier: GPL-2.0-only
#include "lane.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Handles of the default streams (driver.h): one for all of a context, and each
 * thread's own.
 */
#define LEGACY	   1
#define PER_THREAD 2
/*
 * From so many on a quiet lane is taken from its stream, which gets another
 * when it comes back: threads that used their default stream end unseen.
 */
#define MANY	   64

static const struct gb_driver_ops *driver(void)
{
	return gb_engine.driver;
}

/* Numbers threads, since their system ids are used again. */
static uint64_t this_thread(void)
{
	static __thread uint64_t mine __attribute__((tls_model("initial-exec")));
	static _Atomic uint64_t count;

	if (!mine)
		mine = atomic_fetch_add(&count, 1) + 1;
	return mine;
}

static struct gb_lane *lane_of(struct gb_list *node)
{
	return gb_container_of(node, struct gb_lane, node);
}

static struct gb_lane *lane_create(struct gb_lanes *lanes)
{
	struct gb_lane *lane = calloc(1, sizeof(*lane));

	if (!lane)
		return NULL;
	gb_list_insert(&lanes->all, &lane->node);
	lanes->count++;
	return lane;
}

static void drop_tickets(struct gb_lane *lane)
{
	for (int i = 0; i < GB_LANE_TICKETS; i++) {
		if (lane->tickets[i])
			driver()->ticket_drop(lane->tickets[i]);
		lane->tickets[i] = 0;
	}
}

int gb_lanes_init(struct gb_lanes *lanes, uint64_t copy_stream)
{
	struct gb_stream_state state;
	int error = driver()->stream_state(copy_stream, &state);

	if (error)
		return error;
	*lanes = (struct gb_lanes){ .copy = NULL };
	gb_list_init(&lanes->all);
	lanes->copy = lane_create(lanes);
	if (!lanes->copy)
		return -ENOMEM;
	lanes->copy->stream = copy_stream;
	lanes->copy->context = state.context;
	return 0;
}

void gb_lanes_finish(struct gb_lanes *lanes)
{
	if (!lanes->copy)
		return;
	gb_list_for_each_safe(node, &lanes->all)
	{
		drop_tickets(lane_of(node));
		gb_list_remove(node);
		free(lane_of(node));
	}
	lanes->copy = NULL;
}

/* All that was ever marked in it has passed, and nothing is about to be. */
static bool is_quiet(struct gb_lane *lane)
{
	return !lane->launches && lane->promised <= lane->last &&
	       gb_point_has_passed((struct gb_point){ lane, lane->last });
}

static struct gb_lane *lane_reuse(struct gb_lanes *lanes, uint64_t context)
{
	gb_list_for_each (node, &lanes->all) {
		struct gb_lane *lane = lane_of(node);

		if (lane == lanes->copy ||
		    (!lane->closed && lanes->count < MANY) || !is_quiet(lane))
			continue;
		if (lane->context != context)
			drop_tickets(lane);
		lane->closed = false;
		lane->copy_seen = 0;
		lane->held = (struct gb_point){ NULL, 0 };
		return lane;
	}
	return NULL;
}

struct gb_lane *gb_lane_get(struct gb_lanes *lanes, uint64_t stream, uint64_t context)
{
	uint64_t thread = stream == PER_THREAD ? this_thread() : 0;
	struct gb_lane *lane;

	gb_list_for_each (node, &lanes->all) {
		lane = lane_of(node);
		if (lane->stream == stream && lane->context == context &&
		    lane->thread == thread && !lane->closed)
			return lane;
	}
	lane = lane_reuse(lanes, context);
	if (!lane)
		lane = lane_create(lanes);
	if (!lane)
		return NULL;
	lane->stream = stream;
	lane->context = context;
	lane->thread = thread;
	return lane;
}

void gb_lane_close(struct gb_lanes *lanes, uint64_t stream)
{
	gb_list_for_each (node, &lanes->all)
		if (lane_of(node) != lanes->copy && lane_of(node)->stream == stream)
			lane_of(node)->closed = true;
}

/* Its work has been done, and nobody gives it more. */
static void lane_end(struct gb_lane *lane)
{
	if (lane->last < lane->promised)
		lane->last = lane->promised;
	lane->passed = lane->last;
	lane->closed = true;
}

void gb_lanes_leave(struct gb_lanes *lanes, uint64_t context, bool gone)
{
	if (!lanes->copy)
		return;
	gb_list_for_each (node, &lanes->all) {
		struct gb_lane *lane = lane_of(node);

		if (lane->context != context || (lane == lanes->copy && !gone))
			continue;
		if (gone)
			memset(lane->tickets, 0, sizeof(lane->tickets));
		else
			drop_tickets(lane);
		lane_end(lane);
	}
}

int gb_lane_mark(struct gb_lane *lane, struct gb_point *point)
{
	gb_ticket *ticket = &lane->tickets[(lane->last + 1) % GB_LANE_TICKETS];
	int error = 0;

	if (!*ticket)
		error = driver()->ticket_create(lane->stream, false, ticket);
	if (!error)
		error = driver()->ticket_record(*ticket, lane->stream);
	if (error)
		return error;
	*point = (struct gb_point){ lane, ++lane->last };
	return 0;
}

/*
 * Only the legacy stream can be given a ticket at any time: it is never
 * captured, is the same for all threads, and ends no sooner than its context.
 */
int gb_lane_promise(struct gb_lane *lane, struct gb_point *point)
{
	if (lane->stream != LEGACY || gb_lane_is_held(lane))
		return gb_lane_mark(lane, point);
	lane->promised = lane->last + 1;
	*point = (struct gb_point){ lane, lane->promised };
	return 0;
}

/*
 * Records it if it has only been promised. Not behind what the program has begun to
 * wait for since, nor by a thread for which that handle is another context's stream.
 */
static int keep(struct gb_point point)
{
	struct gb_lane *lane = point.lane;
	struct gb_stream_state state;
	int error;

	if (point.number <= lane->last)
		return 0;
	if (gb_lane_is_held(lane))
		return -EBUSY;
	error = driver()->stream_state(lane->stream, &state);
	if (error || state.context != lane->context)
		return error ? error : -EBUSY;
	return gb_lane_mark(lane, &point);
}

/* The ticket that stands for the point, or for a later one. */
static gb_ticket ticket_of(struct gb_point point)
{
	return point.lane->tickets[point.number % GB_LANE_TICKETS];
}

/* The number that @lane waits for already, where that is kept; see gb_lane. */
static uint64_t *seen(struct gb_lanes *lanes, struct gb_lane *lane,
		      const struct gb_lane *other)
{
	if (other == lanes->copy)
		return &lane->copy_seen;
	return lane == lanes->copy ? &((struct gb_lane *)other)->seen_by_copy : NULL;
}

bool gb_lane_has_to_wait(struct gb_lanes *lanes, struct gb_lane *lane,
			 struct gb_point point)
{
	const uint64_t *already;

	if (point.lane == lane || gb_point_is_known_to_have_passed(point))
		return false;
	already = seen(lanes, lane, point.lane);
	return !already || *already < point.number;
}

int gb_lane_wait(struct gb_lanes *lanes, struct gb_lane *lane, struct gb_point point)
{
	uint64_t *already;
	int error;

	assert(lane);
	if (!gb_lane_has_to_wait(lanes, lane, point))
		return 0;
	error = keep(point);
	if (error)
		return error;
	already = seen(lanes, lane, point.lane);
	error = driver()->stream_wait(lane->stream, ticket_of(point));
	if (!error && already)
		*already = point.number;
	return error;
}

/* What is known once the point's ticket, maybe used again since, has passed. */
static void note_passed(struct gb_point point)
{
	if (point.lane->passed < point.number)
		point.lane->passed = point.number;
}

bool gb_point_has_passed(struct gb_point point)
{
	if (gb_point_is_known_to_have_passed(point))
		return true;
	if (point.number > point.lane->last ||
	    driver()->ticket_passed(ticket_of(point)) != 1)
		return false;
	note_passed(point);
	return true;
}

bool gb_lane_is_held(struct gb_lane *lane)
{
	return lane->held.lane && !gb_point_has_passed(lane->held);
}

int gb_point_await(struct gb_point point)
{
	int error;

	if (gb_point_is_known_to_have_passed(point))
		return 0;
	error = keep(point);
	if (!error)
		error = driver()->ticket_wait(ticket_of(point));
	if (!error)
		note_passed(point);
	return error;
}
