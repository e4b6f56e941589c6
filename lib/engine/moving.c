// SPDX-License-Identifier: GPL-2.0-only
#include "moving.h"

#include <assert.h>

#include "../staging/staging.h"
#include "allocation.h"
#include "clock.h"
#include "gate.h"
#include "invariants.h"
#include "lock.h"
#include "stats.h"

/* Peers and copies between devices use each other's memory: all must be idle. */
static int drain_all(void)
{
	int error = 0;

	for (int i = 0; !error && i < gb_engine.device_count; i++)
		error = gb_engine.driver->drain(i);
	return error;
}

int gb_moving_hold(struct gb_moving *moving, struct gb_device *device)
{
	assert(gb_locked);
	assert(gb_device_is_valid(device));
	moving->device = device;
	moving->began = gb_now_ns();
	return gb_gate_close();
}

int gb_moving_drain(struct gb_moving *moving)
{
	int error = drain_all();

	if (error)
		return error;
	gb_staging_settle();
	/* What has been freed makes room before anything has to move. */
	gb_allocation_reclaim(moving->device, gb_engine.retired);
	return 0;
}

int gb_moving_begin(struct gb_moving *moving, struct gb_device *device)
{
	int error = gb_moving_hold(moving, device);

	if (error)
		return error;
	error = gb_moving_drain(moving);
	if (error)
		gb_gate_open();
	return error;
}

void gb_moving_end(struct gb_moving *moving)
{
	assert(gb_device_is_valid(moving->device));
	gb_gate_open();
	gb_stats_add(&moving->device->stats->move_ns, gb_now_ns() - moving->began);
}
