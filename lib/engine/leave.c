// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contexts that end. What the engine has in one, beside the program's memory,
 * are streams, tickets, registrations and pinned buffers; the driver frees all
 * of them with the context, so they must be given back before that.
 */
#include "engine.h"

#include "../staging/staging.h"
#include "allocation.h"
#include "gate.h"
#include "lock.h"
#include "placement.h"
#include "spill.h"
#include "upload.h"

/*
 * Freed memory waits for tickets that may be of the context. Those that have
 * passed are taken at their word; for the rest the device will have been idle
 * some day.
 */
static void leave_tickets(struct gb_device *device, bool gone)
{
	if (!device->ready)
		return;
	if (!gone)
		gb_allocation_reclaim(device, 0);
	gb_list_for_each (node, &device->leaving) {
		struct gb_allocation *each =
			gb_container_of(node, struct gb_allocation, node);

		if (!gone && each->leave_after)
			gb_engine.driver->ticket_drop(each->leave_after);
		each->leave_after = 0;
	}
}

/* Launches of other contexts may be on their way, with copies of their own. */
static void stop_staging(struct gb_device *device)
{
	bool closed;

	if (!gb_staging_is_on(device))
		return;
	closed = !gb_gate_close();
	gb_spill_rescue(device);
	gb_staging_stop(device);
	if (closed)
		gb_gate_open();
}

static void leave(struct gb_device *device, uint64_t context,
		  unsigned int holds, bool gone)
{
	gb_staging_leave(context, gone, holds & GB_HOLDS_BUFFERS);
	for (int i = 0; i < gb_engine.device_count; i++)
		leave_tickets(&gb_engine.device[i], gone);
	/* What has no memory any more need not be brought home. */
	if (gone)
		gb_allocation_destroy_context(device, context);
	for (int i = 0; i < gb_engine.device_count; i++)
		if (holds & GB_HOLDS_BUFFERS ||
		    (holds & GB_HOLDS_STAGING && device->ordinal == i))
			stop_staging(&gb_engine.device[i]);
	if (holds & GB_HOLDS_BUFFERS)
		gone ? gb_extent_lose() : gb_extent_finish();
}

void gb_engine_leave_context(int ordinal, uint64_t context, unsigned int holds)
{
	if (ordinal < 0 || ordinal >= gb_engine.device_count)
		return;
	gb_lock();
	leave(&gb_engine.device[ordinal], context, holds, false);
	gb_unlock();
	gb_upload_finish();
}

void gb_engine_lose_context(int ordinal, uint64_t context, unsigned int holds)
{
	if (ordinal < 0 || ordinal >= gb_engine.device_count)
		return;
	gb_lock();
	leave(&gb_engine.device[ordinal], context, holds, true);
	gb_unlock();
	gb_upload_lose(holds & GB_HOLDS_BUFFERS);
}

void gb_engine_republish(int ordinal)
{
	struct gb_device *device;

	if (ordinal < 0 || ordinal >= gb_engine.device_count)
		return;
	device = &gb_engine.device[ordinal];
	gb_lock();
	if (device->ready && device->ram_used)
		gb_placement_republish(device);
	gb_unlock();
}
