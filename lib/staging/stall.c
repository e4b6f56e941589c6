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

static void count(struct gb_staging *staging, const struct gb_timer *timer,
		  uint64_t ns)
{
	struct gb_stats_device *stats = staging->device->stats;
	struct gb_stalls *stalls = &staging->stalls;

	if (timer->what == GB_TIMED_STRETCH) {
		stalls->seen += ns;
	} else if (ns >= GB_STALL_LEAST) {
		stalls->held += timer->key * ns;
		gb_stats_add(&stats->stalls, timer->key);
		gb_stats_add(&stats->stall_ns, timer->key * ns);
	}
}

static void learn(struct gb_staging *staging,
		  struct gb_timer *(*next)(struct gb_timers *timers, uint64_t *ns))
{
	struct gb_timer *timer;
	uint64_t ns;

	while ((timer = next(&staging->stalls.timers, &ns))) {
		count(staging, timer, ns);
		gb_timer_drop(timer);
	}
}

void gb_stall_learn(struct gb_staging *staging)
{
	learn(staging, gb_timer_known);
}

/* Nothing else says how far the copy stream has come, so the driver is asked. */
void gb_stall_stretch(struct gb_staging *staging)
{
	struct gb_stalls *stalls = &staging->stalls;
	struct gb_lane *copy = staging->lanes.copy;

	if (copy->last == stalls->fills)
		return;
	learn(staging, gb_timer_next);
	/* Its context may have ended, and the timer be another's. */
	if (stalls->stretch && stalls->stretch->what == GB_TIMED_STRETCH &&
	    !stalls->stretch->ended)
		gb_timer_end(stalls->stretch, copy);
	stalls->stretch =
		gb_timer_begin(&stalls->timers, copy, GB_TIMED_STRETCH, 0);
	stalls->fills = copy->last;
}
