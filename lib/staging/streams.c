// SPDX-License-Identifier: GPL-2.0-only
/* Streams that wait for the program, and that end: on every device's staging. */
#include "state.h"

void gb_staging_hold(uint64_t stream)
{
	for (int i = 0; i < gb_engine.device_count; i++) {
		struct gb_staging *staging = gb_staging_lock(i);
		struct gb_lane *lane;

		if (!staging)
			continue;
		if (!gb_staging_lane(staging, stream, &lane))
			gb_lane_mark(lane, &lane->held);
		pthread_mutex_unlock(&staging->lock);
	}
}

void gb_staging_stream_gone(uint64_t stream)
{
	for (int i = 0; i < gb_engine.device_count; i++) {
		struct gb_staging *staging = gb_staging_lock(i);

		if (!staging)
			continue;
		gb_lane_close(&staging->lanes, stream);
		pthread_mutex_unlock(&staging->lock);
	}
}

static void leave(struct gb_staging *staging, uint64_t context, bool gone)
{
	gb_lanes_leave(&staging->lanes, context, gone);
	gb_lanes_leave(&staging->capture.lanes, context, gone);
	gb_timers_leave(&staging->timers, context, gone);
	gb_timers_leave(&staging->stalls.timers, context, gone);
}

void gb_staging_leave(uint64_t context, bool gone, bool buffers)
{
	for (int i = 0; i < gb_engine.device_count; i++) {
		struct gb_staging *staging = gb_staging_lock(i);

		if (!staging)
			continue;
		leave(staging, context, gone);
		if (gone && buffers)
			gb_verdicts_lose(&staging->verdicts);
		pthread_mutex_unlock(&staging->lock);
	}
}
