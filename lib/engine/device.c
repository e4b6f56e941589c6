// SPDX-License-Identifier: GPL-2.0-only
#include "device.h"

#include "../log.h"
#include "allocation.h"
#include "stats.h"

void gb_device_refuse(struct gb_device *device, uint64_t size)
{
	gb_stats_add(&device->stats->refused, 1);
	gb_log_info(
		"GPU %d: no room for %llu MiB: VRAM %llu of %llu MiB, RAM %llu of %llu MiB used",
		device->ordinal, (unsigned long long)(size >> 20),
		(unsigned long long)((device->vram_used + device->vram_direct) >> 20),
		(unsigned long long)(device->vram_budget >> 20),
		(unsigned long long)(gb_engine.ram_used >> 20),
		(unsigned long long)(gb_engine.ram_budget >> 20));
}

void gb_device_reclaim(struct gb_device *device, bool wait)
{
	uint64_t idle = 0;

	if (gb_list_is_empty(&device->leaving))
		return;
	if (wait && !gb_engine.driver->drain(device->ordinal))
		idle = gb_engine.retired;
	gb_allocation_reclaim(device, idle);
}
