// SPDX-License-Identifier: GPL-2.0-only
#include "stall.h"

#include "../engine/stats.h"
#include "state.h"

static bool is_this_one(struct gb_stalls *stalls)
{
	stalls->waits++;
	return !stalls->begun || stalls->waits >= GB_STALL_EVERY;
}

struct gb_timer *gb_stall_begin(struct gb_staging *staging,
				struct gb_lane *lane, struct gb_point point)
{
	struct gb_stalls *stalls = &staging->stalls;
	struct gb_timer *timer;

	if (!gb_lane_has_to_wait(&staging->lanes, lane, point) ||
	    !is_this_one(stalls))
		return NULL;
	/* Where none is free the next wait tries again, and stands for one more. */
	timer = gb_timer_begin(&stalls->timers, lane, GB_TIMED_STALL, 0);
	if (!timer)
		return NULL;
	timer->key = stalls->waits;
	stalls->waits = 0;
	stalls->begun = true;
	return timer;
}

void gb_stall_learn(struct gb_staging *staging)
{
	struct gb_stats_device *stats = staging->device->stats;
	struct gb_timer *timer;
	uint64_t ns;

	while ((timer = gb_timer_known(&staging->stalls.timers, &ns))) {
		if (ns >= GB_STALL_LEAST) {
			gb_stats_add(&stats->stalls, timer->key);
			gb_stats_add(&stats->stall_ns, timer->key * ns);
		}
		gb_timer_drop(timer);
	}
}
