// SPDX-License-Identifier: GPL-2.0-only
/* Room for memory that goes past the arena. */
#include "engine.h"

#include <errno.h>

#include "../log.h"
#include "budget.h"
#include "device.h"
#include "moving.h"
#include "placement.h"
#include "pressure.h"
#include "spill.h"
#include "stats.h"

/* Lock held. */
static int make_room(struct gb_device *device, uint64_t bytes)
{
	gb_device_reclaim(device, false);
	if (!gb_budget_holds_direct(device, bytes))
		gb_device_reclaim(device, true);
	/* Room that pending memory was promised is nobody else's. */
	if (!gb_budget_holds_direct(device, bytes))
		return -ENOMEM;
	return gb_placement_make_room(device, bytes, true);
}

int gb_engine_make_room(int ordinal, uint64_t bytes)
{
	struct gb_device *device = gb_engine_device(ordinal);
	int error;

	if (!device)
		return 0;
	gb_lock();
	error = make_room(device, bytes);
	if (error == -ENOMEM)
		gb_stats_add(&device->stats->refused, 1);
	gb_unlock();
	return error;
}

/* Lock held. */
static bool make_room_in_ram(uint64_t bytes)
{
	struct gb_device *device = &gb_engine.device[0];
	struct gb_moving moving;

	if (gb_budget_ram_room() >= bytes)
		return true;
	if (!device->ready || !gb_spill_could_leave() ||
	    gb_moving_begin(&moving, device))
		return false;
	gb_spill_make_room(bytes, GB_STORE_EVICT);
	gb_moving_end(&moving);
	return gb_budget_ram_room() >= bytes;
}

bool gb_engine_has_ram(uint64_t bytes)
{
	bool has;

	gb_pressure_look();
	gb_lock();
	has = !gb_pressure_is_critical() && make_room_in_ram(bytes);
	gb_unlock();
	return has;
}

bool gb_engine_has_room(int ordinal, uint64_t bytes)
{
	struct gb_device *device = gb_engine_device(ordinal);
	bool has;

	if (!device)
		return true;
	gb_lock();
	has = gb_budget_room(device) >= bytes &&
	      gb_budget_holds_direct(device, bytes);
	gb_unlock();
	return has;
}

int gb_engine_give_way(int ordinal, uint64_t bytes)
{
	struct gb_device *device = gb_engine_device(ordinal);
	uint64_t before, moved;

	if (!device)
		return -EOPNOTSUPP;
	gb_lock();
	before = device->vram_used;
	gb_device_reclaim(device, true);
	gb_placement_make_room(device, gb_budget_room(device) + bytes, true);
	moved = before - device->vram_used;
	gb_unlock();
	gb_log_once(GB_LOG_WARN,
		    "GPU %d: the driver ran out of VRAM; %llu MiB given up",
		    ordinal, (unsigned long long)(moved >> 20));
	return moved ? 0 : -ENOMEM;
}

void gb_engine_count_direct(int ordinal, int64_t bytes)
{
	struct gb_device *device;

	if (ordinal < 0 || ordinal >= gb_engine.device_count)
		return;
	device = &gb_engine.device[ordinal];
	gb_stats_set(&device->stats->vram_direct,
		     atomic_fetch_add(&device->vram_direct, (uint64_t)bytes) +
			     (uint64_t)bytes);
}

void gb_engine_count_ram(int64_t bytes)
{
	uint64_t now = atomic_fetch_add(&gb_engine.ram_direct, (uint64_t)bytes) +
		       (uint64_t)bytes;

	if (gb_engine.stats)
		gb_stats_set(&gb_engine.stats->ram_direct, now);
}
