/* SPDX-License-Identifier: GPL-2.0-only */
#include "clock.h"

#include <assert.h>
#include <stdlib.h>

#include "timeline.h"

struct sim_clock *sim_clock_create(const struct sim_profile *profile,
				   unsigned int devices)
{
	struct sim_clock *clock;
	unsigned int i;

	assert(devices);
	clock = calloc(1, sizeof(*clock) + devices * sizeof(clock->device[0]));
	if (!clock)
		return NULL;
	clock->profile = *profile;
	clock->devices = devices;
	for (i = 0; i < devices; i++)
		clock->device[i].link_share = 1.0;
	return clock;
}

void sim_clock_destroy(struct sim_clock *clock)
{
	free(clock);
}

const struct sim_profile *sim_clock_profile(const struct sim_clock *clock)
{
	return &clock->profile;
}

uint64_t sim_clock_now(const struct sim_clock *clock)
{
	return clock->now;
}

void sim_clock_advance(struct sim_clock *clock, uint64_t ns)
{
	clock->now += ns;
}

void sim_clock_wait(struct sim_clock *clock, uint64_t time)
{
	if (clock->now < time)
		clock->now = time;
}

void sim_clock_call(struct sim_clock *clock, enum sim_call call, uint64_t bytes)
{
	sim_clock_advance(clock, sim_call_cost(&clock->profile, call, bytes));
}

void sim_stream_wait(struct sim_stream *stream, uint64_t time)
{
	if (stream->tail < time)
		stream->tail = time;
}

void sim_clock_slow_link(struct sim_clock *clock, unsigned int device, double share)
{
	assert(device < clock->devices);
	assert(share > 0.0 && share <= 1.0);
	clock->device[device].link_share = share;
}

struct sim_usage sim_clock_usage(const struct sim_clock *clock, unsigned int device)
{
	assert(device < clock->devices);
	return clock->device[device].usage;
}
