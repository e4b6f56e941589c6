// SPDX-License-Identifier: GPL-2.0-only
#include "pressure.h"

#include "../log.h"
#include "../tier/pool.h"
#include "budget.h"
#include "clock.h"
#include "device.h"
#include "extent.h"
#include "lock.h"
#include "moving.h"
#include "spill.h"
#include "upload.h"

/*
 * Of RAM that the machine has left, where no module says how it does: below so
 * much the kernel is about to kill somebody; from four times that on all is well.
 */
#define LEFT_MIN (UINT64_C(128) << 20)
#define LEFT_MAX (UINT64_C(1) << 30)

/* A fifth of the time between two looks of the watchdog's. */
#define LOOK_NS UINT64_C(100000000)

static const char *const names[] = {
	[GREENBOOST_LEVEL_NORMAL] = "normal",
	[GREENBOOST_LEVEL_ELEVATED] = "elevated",
	[GREENBOOST_LEVEL_CRITICAL] = "critical",
};

static int level(void)
{
	return atomic_load_explicit(&gb_engine.pressure, memory_order_relaxed);
}

bool gb_pressure_is_critical(void)
{
	return level() == GREENBOOST_LEVEL_CRITICAL;
}

static bool is_due(void)
{
	uint64_t now = gb_now_ns();

	if (now < atomic_load_explicit(&gb_engine.pressure_after,
				       memory_order_relaxed))
		return false;
	atomic_store_explicit(&gb_engine.pressure_after, now + LOOK_NS,
			      memory_order_relaxed);
	return true;
}

/* Freed memory whose work is done, and the buffer for moves. */
static void give_back(void)
{
	for (int i = 0; i < gb_engine.device_count; i++)
		if (gb_engine.device[i].ready)
			gb_device_reclaim(&gb_engine.device[i], false);
	gb_extent_finish();
}

static uint64_t left_at_least(void)
{
	uint64_t bytes = gb_engine.ram_budget / 32;

	if (bytes < LEFT_MIN)
		return LEFT_MIN;
	return bytes < LEFT_MAX ? bytes : LEFT_MAX;
}

static int level_by(uint64_t left)
{
	if (left < left_at_least())
		return GREENBOOST_LEVEL_CRITICAL;
	return left < 4 * left_at_least() ? GREENBOOST_LEVEL_ELEVATED
					  : GREENBOOST_LEVEL_NORMAL;
}

/*
 * Lock held: the program's memory makes room for others, as long as the machine
 * is short of it, and keeps to what is left of its budget until that is over.
 */
static void make_room_for_others(uint64_t left)
{
	uint64_t used, most = 2 * left_at_least();
	struct gb_device *device = &gb_engine.device[0];
	struct gb_moving moving;

	if (left >= most || !device->ready || !gb_spill_could_leave() ||
	    gb_moving_begin(&moving, device))
		return;
	used = gb_engine.ram_used; /* without what had only been freed */
	gb_spill_make_room(gb_budget_ram_room() + most - left, GB_STORE_PRESSURE);
	gb_moving_end(&moving);
	gb_engine.ram_yielded += used - gb_engine.ram_used;
	if (used != gb_engine.ram_used)
		gb_log_warn(
			"the machine is short of memory: %llu MiB have gone to the NVMe disk",
			(unsigned long long)((used - gb_engine.ram_used) >> 20));
}

/* Lock held. True where the level has risen to critical. */
static bool take_notice(int now)
{
	int before = level();

	if (now == before)
		return false;
	gb_log_info("memory pressure: %s", names[now]);
	atomic_store_explicit(&gb_engine.pressure, now, memory_order_relaxed);
	if (now == GREENBOOST_LEVEL_NORMAL)
		gb_engine.ram_pool_most = UINT64_MAX;
	else if (before == GREENBOOST_LEVEL_NORMAL)
		gb_engine.ram_pool_most =
			gb_engine.ram_pool + gb_budget_promised();
	if (now != GREENBOOST_LEVEL_CRITICAL)
		return false;
	give_back();
	gb_log_once(GB_LOG_WARN,
		    "the machine is short of memory: nothing more goes to RAM until that is over");
	return true;
}

void gb_pressure_look(void)
{
	uint64_t left = UINT64_MAX;
	bool critical;

	/* Without a module there is something to be done where there is a disk. */
	if ((!gb_engine.pool && !gb_engine.nvme_budget) || !is_due())
		return;
	if (gb_engine.nvme_budget && gb_engine.ram_left)
		left = gb_engine.ram_left();
	/* Nobody can tell: it is as it was. */
	if (!gb_engine.pool && left == UINT64_MAX)
		return;
	if (!gb_lock_try())
		return;
	critical = take_notice(gb_engine.pool ? (int)gb_engine.pool->level()
					      : level_by(left));
	if (gb_pressure_is_critical() && gb_engine.nvme_budget)
		make_room_for_others(left == UINT64_MAX ? 0 : left);
	else if (level() == GREENBOOST_LEVEL_NORMAL)
		gb_engine.ram_yielded = 0;
	gb_unlock();
	/* An upload may be under way, which waits for no lock of the engine's. */
	if (critical)
		gb_upload_finish();
}
