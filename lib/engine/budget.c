// SPDX-License-Identifier: GPL-2.0-only
#include "budget.h"

#include <assert.h>

#include "../../common/options.h"
#include "gate.h"
#include "invariants.h"
#include "lock.h"
#include "pressure.h"
#include "spill.h"
#include "stats.h"

#define MIB (UINT64_C(1) << 20)

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static uint64_t direct(const struct gb_device *device)
{
	return atomic_load_explicit(&device->vram_direct, memory_order_relaxed);
}

static uint64_t auto_reserve(uint64_t total)
{
	uint64_t reserve = total / 32;

	if (reserve < 256 * MIB)
		return 256 * MIB;
	return reserve > 1024 * MIB ? 1024 * MIB : reserve;
}

void gb_budget_set_vram(struct gb_device *device, uint64_t wanted,
			uint64_t reserve, uint64_t free, uint64_t total)
{
	uint64_t most;

	if (reserve == GB_SIZE_AUTO)
		reserve = auto_reserve(total);
	most = less(free, reserve);
	device->vram_total = total;
	device->vram_budget = wanted < most ? wanted : most;
	gb_stats_set(&device->stats->vram_total, total);
	gb_stats_set(&device->stats->vram_budget, device->vram_budget);
}

uint64_t gb_budget_room(const struct gb_device *device)
{
	return less(device->vram_budget, device->vram_used + direct(device));
}

uint64_t gb_budget_ram_room(void)
{
	uint64_t taken =
		gb_engine.ram_used + gb_engine.ram_yielded +
		atomic_load_explicit(&gb_engine.ram_direct, memory_order_relaxed);

	for (int i = 0; i < gb_engine.device_count; i++)
		taken += gb_engine.device[i].ram_aside;
	return less(gb_engine.ram_budget, taken);
}

/* Arena memory that VRAM can hold beside @past bytes that went past the arena. */
static uint64_t capacity(const struct gb_device *device, uint64_t past)
{
	return less(device->vram_budget, past) & ~(GB_GRANULE - 1);
}

/* What of a device's memory must go to RAM, beside what lies there already. */
static uint64_t overflow(const struct gb_device *device, uint64_t arena, uint64_t past)
{
	uint64_t all = device->vram_used + device->pending + arena;
	uint64_t taken = direct(device) + past;

	/* Once anything overflows, staging takes its part of VRAM too. */
	if (all > capacity(device, taken))
		taken += device->vram_aside;
	return less(all, capacity(device, taken));
}

uint64_t gb_budget_promised(void)
{
	uint64_t bytes = 0;

	for (int i = 0; i < gb_engine.device_count; i++)
		if (gb_engine.device[i].ready)
			bytes += overflow(&gb_engine.device[i], 0, 0);
	return bytes;
}

/*
 * What overflow may take, with all that is pending: RAM, and as much more as
 * may leave RAM for it.
 */
static uint64_t room(void)
{
	uint64_t promised, most = gb_budget_ram_room() & ~(GB_GRANULE - 1);

	if (gb_pressure_is_critical()) {
		promised = gb_budget_promised();
		most = promised < most ? promised : most;
	}
	return most + (gb_spill_room() & ~(GB_GRANULE - 1));
}

static bool holds(const struct gb_device *device, uint64_t arena, uint64_t past)
{
	uint64_t need = overflow(device, arena, past);

	for (int i = 0; i < gb_engine.device_count; i++) {
		const struct gb_device *each = &gb_engine.device[i];

		if (each->ready && each != device)
			need += overflow(each, 0, 0);
	}
	return need <= room();
}

bool gb_budget_holds(const struct gb_device *device, uint64_t bytes)
{
	return holds(device, bytes, 0);
}

bool gb_budget_holds_direct(const struct gb_device *device, uint64_t bytes)
{
	return holds(device, 0, bytes);
}

/*
 * From three quarters of the budget on, launches note what they touch, so that
 * something is known when memory has to move.
 */
void gb_budget_watch(void)
{
	/* What graphs name has to be known before anything leaves RAM. */
	bool watch = gb_engine.ram_used > 0 || gb_engine.nvme_budget > 0;

	for (int i = 0; i < gb_engine.device_count; i++) {
		const struct gb_device *device = &gb_engine.device[i];

		if (device->ready && gb_budget_room(device) < device->vram_budget / 4)
			watch = true;
	}
	gb_attention_set(GB_ATTENTION_WATCH, watch);
}

static void account_pool(struct gb_device *device, int64_t bytes)
{
	assert(bytes >= 0 || device->ram_pool >= (uint64_t)-bytes);
	device->ram_pool += (uint64_t)bytes;
	gb_engine.ram_pool += (uint64_t)bytes;
	gb_stats_set(&device->stats->ram_pool, device->ram_pool);
	gb_stats_set(&gb_engine.stats->ram_pool, gb_engine.ram_pool);
}

void gb_budget_account(struct gb_device *device, const struct gb_tier *tier,
		       int64_t bytes)
{
	assert(gb_locked);
	if (tier->foreign)
		return;
	if (tier->on_host) {
		assert(bytes >= 0 || device->ram_used >= (uint64_t)-bytes);
		device->ram_used += (uint64_t)bytes;
		gb_engine.ram_used += (uint64_t)bytes;
		gb_stats_set(&device->stats->ram_used, device->ram_used);
		gb_stats_set(&gb_engine.stats->ram_used, gb_engine.ram_used);
		if (tier->pooled)
			account_pool(device, bytes);
	} else {
		assert(bytes >= 0 || device->vram_used >= (uint64_t)-bytes);
		device->vram_used += (uint64_t)bytes;
		gb_stats_set(&device->stats->vram_used, device->vram_used);
	}
	assert(gb_budgets_are_kept());
	gb_budget_watch();
}

void gb_budget_account_pending(struct gb_device *device, int64_t bytes)
{
	bool any = false;

	assert(gb_locked);
	assert(bytes >= 0 || device->pending >= (uint64_t)-bytes);
	device->pending += (uint64_t)bytes;
	gb_stats_set(&device->stats->pending, device->pending);
	for (int i = 0; i < gb_engine.device_count; i++)
		any |= gb_engine.device[i].pending > 0;
	gb_attention_set(GB_ATTENTION_PENDING, any);
}
