// SPDX-License-Identifier: GPL-2.0-only
/*
 * Work that may reach any memory there is, by ways that nobody sees: graphs, and
 * what else has no parameters to look at. It finds every home up to date, and what
 * is copied from then on waits for it. Graphs have copies of their own in the ring,
 * so they take turns, with one another and with what writes the memory they copy.
 */
#include "state.h"

#include <errno.h>

static const struct gb_driver_ops *driver(void)
{
	return gb_engine.driver;
}

static struct gb_slot *slot_of(struct gb_list *node)
{
	return gb_container_of(node, struct gb_slot, node);
}

/* ---- whose turn it is ---- */

/* What a graph cannot be ordered with before another thread's call has returned. */
static bool may_begin(const struct gb_staging *staging)
{
	return !staging->launching && !staging->captured_writing &&
	       !staging->writing;
}

static bool claim(int ordinal)
{
	struct gb_staging *staging = gb_staging_lock(ordinal);
	bool may;

	if (!staging)
		return true;
	may = may_begin(staging);
	staging->launching |= may;
	pthread_mutex_unlock(&staging->lock);
	return may;
}

static void give_back(int ordinal)
{
	struct gb_staging *staging = gb_staging_lock(ordinal);

	if (!staging)
		return;
	staging->launching = false;
	pthread_cond_broadcast(&staging->changed);
	pthread_mutex_unlock(&staging->lock);
}

static void wait_for_turn(int ordinal)
{
	struct gb_staging *staging = gb_staging_lock(ordinal);

	while (!may_begin(staging))
		pthread_cond_wait(&staging->changed, &staging->lock);
	pthread_mutex_unlock(&staging->lock);
}

/*
 * A graph has the turn on all devices at once, and while it waits for one it has
 * none: the thread it waits for may itself be waiting for its turn on another.
 */
static void claim_all(void)
{
	int i = 0;

	while (i < gb_engine.device_count) {
		int busy = i;

		if (claim(i)) {
			i++;
			continue;
		}
		while (i > 0)
			give_back(--i);
		wait_for_turn(busy);
	}
}

static bool is_any_pinned(const struct gb_staging *staging)
{
	gb_list_for_each (node, &staging->ring.slots)
		if (slot_of(node)->pins)
			return true;
	return false;
}

/*
 * Until no other thread is about to use a copy or to launch a graph. Who has a
 * copy pinned waits for nobody.
 */
static void wait_for_threads(struct gb_staging *staging, bool graph)
{
	while (is_any_pinned(staging) || (staging->launching && !graph))
		pthread_cond_wait(&staging->changed, &staging->lock);
}

/* ---- before and after ---- */

/* Also what works on homes whose copy is gone, or in another's place by now. */
static int access_all(struct gb_staging *staging, struct gb_lane *lane)
{
	struct gb_lane *copy = staging->lanes.copy;
	struct gb_point last;
	int error = gb_ring_settle(staging, lane);

	staging->epoch++;
	/* There is no copy left that what is brought ahead could stand behind. */
	staging->prefetch = (struct gb_prefetch){ 0 };
	gb_list_for_each (node, &staging->ring.slots)
		if (!error)
			error = gb_lane_wait(&staging->lanes, lane,
					     slot_of(node)->settled);
	/* Behind what the copy stream waits for, too. */
	if (!error)
		error = gb_lane_mark(copy, &last);
	if (!error)
		error = gb_lane_wait(&staging->lanes, lane, last);
	if (error)
		return error;
	gb_list_for_each (node, &staging->ring.slots)
		gb_slot_drop(slot_of(node));
	return 0;
}

static void settle_each(struct gb_staging *staging)
{
	gb_list_for_each (node, &staging->ring.slots)
		if (slot_of(node)->allocation)
			gb_home_settle(staging, slot_of(node)->allocation);
}

static void access_device(struct gb_staging *staging, uint64_t stream, bool graph)
{
	struct gb_lane *lane;

	wait_for_threads(staging, graph);
	if (gb_staging_lane(staging, stream, &lane) == -EBUSY) {
		gb_capture_access_all(staging, stream);
		return;
	}
	if (!lane || access_all(staging, lane) ||
	    (graph && gb_lane_wait(&staging->lanes, lane, staging->graph))) {
		settle_each(staging);
		driver()->drain(staging->device->ordinal);
	}
	staging->writing++;
}

/* Which homes that were cannot be told, so all copies to come wait for it. */
static void written_device(struct gb_staging *staging, uint64_t stream, bool graph)
{
	struct gb_point point;
	struct gb_lane *lane;
	int error;

	if (graph)
		staging->launching = false;
	pthread_cond_broadcast(&staging->changed);
	error = gb_staging_lane(staging, stream, &lane);
	if (error == -EBUSY) {
		gb_capture_written_all(staging, stream);
		return;
	}
	staging->writing--;
	if (!error)
		error = gb_lane_mark(lane, &point);
	if (!error && graph)
		staging->graph = point;
	if (!error && gb_lane_is_held(lane))
		staging->held = point;
	else if (!error)
		error = gb_lane_wait(&staging->lanes, staging->lanes.copy, point);
	if (error)
		driver()->drain(staging->device->ordinal);
}

uint32_t gb_staging_access_all(uint64_t stream, bool graph)
{
	uint32_t devices = 0;

	if (graph)
		claim_all();
	for (int i = 0; i < gb_engine.device_count; i++) {
		struct gb_staging *staging = gb_staging_lock(i);

		if (!staging)
			continue;
		access_device(staging, stream, graph);
		devices |= 1u << i;
		pthread_mutex_unlock(&staging->lock);
	}
	return devices;
}

void gb_staging_written_all(uint64_t stream, uint32_t devices, bool graph)
{
	for (int i = 0; i < gb_engine.device_count; i++) {
		struct gb_staging *staging =
			devices & (1u << i) ? gb_staging_lock(i) : NULL;

		if (!staging)
			continue;
		written_device(staging, stream, graph);
		pthread_mutex_unlock(&staging->lock);
	}
}
