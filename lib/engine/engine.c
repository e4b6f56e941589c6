// SPDX-License-Identifier: GPL-2.0-only
#include "engine.h"

#include <errno.h>
#include <stdlib.h>

#include "../../common/options.h"
#include "../log.h"
#include "../staging/staging.h"
#include "../tier/nvme.h"
#include "../tier/pool.h"
#include "allocation.h"
#include "arena.h"
#include "budget.h"
#include "device.h"
#include "gate.h"
#include "map.h"
#include "placement.h"
#include "pressure.h"
#include "spill.h"
#include "stats.h"
#include "upload.h"
#include "use.h"
#include "workers.h"

struct gb_engine gb_engine = { .lock = PTHREAD_MUTEX_INITIALIZER };

void gb_engine_init(const struct gb_engine_setup *setup)
{
	gb_engine.driver = setup->driver;
	gb_engine.device_count = setup->device_count < GB_DEVICES
					 ? setup->device_count
					 : GB_DEVICES;
	gb_engine.ram_budget = setup->ram;
	gb_engine.nvme_budget = setup->nvme;
	gb_engine.ram_left = setup->ram_left;
	gb_engine.pool = setup->pool;
	gb_engine.ram_pool_most = UINT64_MAX;
	gb_engine.stats = setup->stats;
	gb_engine.vram_wanted = setup->vram;
	gb_engine.vram_reserve = setup->reserve;
	gb_list_init(&gb_engine.spare);
	gb_staging_init(setup->staging, setup->verify);
	for (int i = 0; i < gb_engine.device_count; i++) {
		struct gb_device *device = &gb_engine.device[i];

		*device = (struct gb_device){
			.ordinal = i,
			.access = 1u << i,
			.stats = &setup->stats->device[i],
			.map = gb_map_of(setup->stats, i),
			.uses = gb_uses_of(setup->stats, i),
		};
		gb_list_init(&device->allocations);
		gb_list_init(&device->leaving);
		gb_list_init(&device->spaces);
	}
	gb_stats_set(&setup->stats->ram_budget, setup->ram);
	gb_stats_set(&setup->stats->nvme_budget, setup->nvme);
	gb_nvme_tell(setup->stats);
	gb_tiers_use_module(setup->pool);
	gb_workers_init(setup->threads);
}

static void device_finish(struct gb_device *device)
{
	if (!device->ready)
		return;
	gb_staging_stop(device);
	gb_allocation_destroy_all(&device->allocations, 0);
	gb_allocation_destroy_all(&device->leaving, 0);
	gb_arena_finish(device);
	device->ready = false;
	device->ram_aside = 0;
	device->vram_direct = 0;
}

static void forget_records(void)
{
	gb_list_for_each_safe(node, &gb_engine.spare)
	{
		gb_list_remove(node);
		free(gb_container_of(node, struct gb_allocation, node));
	}
}

void gb_engine_finish(void)
{
	gb_lock();
	for (int i = 0; i < gb_engine.device_count; i++)
		device_finish(&gb_engine.device[i]);
	forget_records();
	gb_extent_finish();
	gb_upload_finish();
	gb_attention_set(~0u, false);
	gb_engine.ram_direct = 0;
	gb_engine.nvme_budget = 0;
	gb_engine.ram_yielded = 0;
	gb_engine.pressure = GREENBOOST_LEVEL_NORMAL;
	gb_engine.pressure_after = 0;
	gb_engine.device_count = 0;
	gb_unlock();
	gb_workers_finish();
}

void gb_engine_fork_child(void)
{
	/*
	 * The driver is dead in this process, and its memory is the parent's.
	 * With no devices every address is somebody else's. The page, too, is
	 * the parent's.
	 */
	gb_engine.device_count = 0;
	gb_engine.pool = NULL;
	gb_engine.stats = NULL;
	gb_engine.away = 0;
	gb_lock_fork_child();
	gb_gate_fork_child();
	gb_upload_fork_child();
	gb_staging_fork_child();
	gb_workers_fork_child();
}

static int device_make_ready(struct gb_device *device)
{
	uint64_t free, total;
	int error;

	error = gb_engine.driver->memory_info(device->ordinal, &free, &total);
	if (error)
		return error;
	error = gb_arena_init(device);
	if (error)
		return error;
	gb_budget_set_vram(device, gb_engine.vram_wanted,
			   gb_engine.vram_reserve, free, total);
	gb_staging_plan(device);
	gb_log_info("GPU %d: %llu MiB of VRAM, budget %llu MiB, RAM budget %llu MiB",
		    device->ordinal, (unsigned long long)(total >> 20),
		    (unsigned long long)(device->vram_budget >> 20),
		    (unsigned long long)(gb_engine.ram_budget >> 20));
	device->ready = true;
	return 0;
}

struct gb_device *gb_engine_device(int ordinal)
{
	struct gb_device *device;
	int error = 0;

	if (ordinal < 0 || ordinal >= gb_engine.device_count)
		return NULL;
	device = &gb_engine.device[ordinal];
	gb_lock();
	if (!device->ready)
		error = device_make_ready(device);
	gb_unlock();
	if (error)
		gb_log_once(GB_LOG_WARN, "GPU %d is left alone: %s", ordinal,
			    gb_error_text(error));
	return error ? NULL : device;
}

void gb_engine_idle(int ordinal)
{
	struct gb_device *device;

	if (!(atomic_load(&gb_attention) & GB_ATTENTION_WATCH) || ordinal < 0 ||
	    ordinal >= gb_engine.device_count)
		return;
	device = &gb_engine.device[ordinal];
	gb_staging_idle(ordinal);
	gb_pressure_look();
	/* Somebody else at work is reason enough to leave it for later. */
	if (!gb_lock_try())
		return;
	if (device->ready) {
		gb_allocation_reclaim(device, 0);
		/* What has room in VRAM is welcome there at any time. */
		if (!gb_pressure_is_critical() || gb_budget_room(device) >= GB_GRANULE)
			gb_placement_rebalance(device);
		if (!gb_pressure_is_critical())
			gb_spill_refill(device);
		gb_nvme_tell(gb_engine.stats);
		gb_map_refresh(device);
	}
	gb_unlock();
}
