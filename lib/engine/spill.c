// SPDX-License-Identifier: GPL-2.0-only
#include "spill.h"

#include <assert.h>
#include <errno.h>

#include "../log.h"
#include "../staging/staging.h"
#include "../tier/nvme.h"
#include "allocation.h"
#include "arena.h"
#include "balance.h"
#include "budget.h"
#include "clock.h"
#include "extent.h"
#include "gate.h"
#include "heat.h"
#include "lock.h"
#include "map.h"
#include "moving.h"
#include "placement.h"
#include "stats.h"
#include "workers.h"

/* Less than this is put into the spill file as cheaply as looked for in files. */
#define REMEMBER_MIN (UINT64_C(64) << 10)

/* Of the program's time one part in so many goes into bringing back. */
#define REFILL_SHARE 20
/* And none for so long after it has failed. */
#define REFILL_PAUSE (UINT64_C(10) * 1000000000)

/* Everything is wanted at home: nobody makes room for another. */
static bool nobody_leaves;
/* Counts searches for somebody to leave: who cannot is asked once in each. */
static uint32_t search;

uint64_t gb_spill_room(void)
{
	uint64_t away = atomic_load(&gb_engine.away);

	return gb_engine.nvme_budget > away ? gb_engine.nvme_budget - away : 0;
}

static bool may_leave(const struct gb_allocation *allocation)
{
	return allocation->kind == GB_KIND_UPLOADED && allocation->extent_count &&
	       !allocation->pinned && !allocation->freed &&
	       !allocation->opens && !atomic_load(&allocation->captured) &&
	       !atomic_load(&allocation->graphed) && !allocation->wanted &&
	       allocation->passed_over != search &&
	       atomic_load(&allocation->in_ram) == allocation->bytes &&
	       allocation->bytes <= gb_spill_room() &&
	       !atomic_load(&allocation->staged.escaped) &&
	       gb_staging_may_host(allocation);
}

static struct gb_allocation *choose(void)
{
	struct gb_allocation *chosen = NULL;

	if (!gb_spill_room() || nobody_leaves)
		return NULL;
	for (int i = 0; !chosen && i < gb_engine.device_count; i++)
		if (gb_engine.device[i].ready)
			chosen = gb_balance_leaver(&gb_engine.device[i], may_leave);
	return chosen;
}

bool gb_spill_could_leave(void)
{
	search++;
	return choose() != NULL;
}

/* @allocation is away now, or (false) is not any more. */
static void account(struct gb_allocation *allocation, bool away)
{
	struct gb_device *device = allocation->device;
	uint64_t bytes = away ? allocation->bytes : -allocation->bytes;

	allocation->away = away;
	device->away += bytes;
	atomic_fetch_add(&gb_engine.away, bytes);
	gb_stats_set(&device->stats->nvme_used, device->away);
	gb_stats_set(&gb_engine.stats->nvme_used, atomic_load(&gb_engine.away));
	gb_budget_watch();
}

static void tell_first(void)
{
	gb_log_once(GB_LOG_INFO,
		    "RAM is full as well: memory goes to the NVMe disk now");
}

/*
 * Makes space in the spill file for @leaver: what others have there that are at
 * home again will have to be written once more, should they leave.
 */
static bool make_space(const struct gb_allocation *leaver)
{
	uint64_t bytes = 0;

	for (int i = 0; i < gb_engine.device_count; i++)
		gb_list_for_each (node, &gb_engine.device[i].allocations) {
			struct gb_allocation *each =
				gb_container_of(node, struct gb_allocation, node);

			if (each != leaver && !each->away && bytes < leaver->bytes)
				bytes += gb_nvme_give_space(each);
		}
	return bytes > 0;
}

/* Nothing uses it, and its copy, if there is one, is what it is. */
static int leave(struct gb_allocation *allocation, bool write, enum gb_store_why why)
{
	int error;

	do
		error = gb_nvme_keep(allocation, write, why);
	while (error == -ENOSPC && make_space(allocation));
	if (error)
		return error;
	tell_first();
	gb_staging_forget(allocation);
	allocation->staged.hashed = 0;
	gb_placement_drop(allocation);
	atomic_store(&allocation->in_ram, allocation->bytes);
	account(allocation, true);
	gb_map_set(allocation->device, allocation->address, allocation->bytes,
		   GB_MAP_NVME);
	gb_stats_add(&allocation->device->stats->spilled, allocation->bytes);
	gb_nvme_tell(gb_engine.stats);
	return 0;
}

int gb_spill_make_room(uint64_t bytes, enum gb_store_why why)
{
	bool write = true;

	assert(gb_locked);
	assert(atomic_load(&gb_attention) & GB_ATTENTION_CLOSED);
	search++;
	while (gb_budget_ram_room() < bytes) {
		struct gb_allocation *victim = choose();
		int error = victim ? leave(victim, write, why) : -ENOMEM;

		if (!error)
			continue;
		if (!victim || error == -EIO || error == -ENOMEM)
			return -ENOMEM;
		/* Without space there is still what is in files anyway. */
		write = false;
		victim->passed_over = search;
	}
	return 0;
}

static int build(struct gb_allocation *allocation)
{
	uint64_t done = 0;
	int error = 0;

	while (!error && done < allocation->bytes) {
		struct gb_extent *extent = gb_extent_append(allocation);
		uint64_t left = allocation->bytes - done;

		if (!extent)
			return -ENOMEM;
		extent->address = allocation->address + done;
		extent->bytes = left < GB_EXTENT_MAX ? left : GB_EXTENT_MAX;
		error = gb_extent_create_on_host(extent, allocation->device, NULL);
		if (error)
			return error;
		allocation->extent_count++;
		done += extent->bytes;
	}
	return error;
}

/* Fresh RAM gets what kernels have left in the guest, or what the disk has. */
static int fill(struct gb_allocation *allocation)
{
	char *home = (char *)allocation->address;
	const void *changed = gb_staging_changed(allocation);

	if (!changed)
		return gb_nvme_fetch(allocation, home, GB_STORE_LAUNCH);
	gb_workers_copy(home, changed, gb_nvme_bytes(allocation));
	return 0;
}

static int come_back(struct gb_allocation *allocation)
{
	int error = build(allocation);

	if (!error)
		error = fill(allocation);
	if (error) {
		gb_placement_drop(allocation);
		gb_map_set(allocation->device, allocation->address,
			   allocation->bytes, GB_MAP_NVME);
		return error;
	}
	gb_staging_forget(allocation);
	allocation->staged.hashed = 0;
	account(allocation, false);
	gb_stats_add(&allocation->device->stats->returned, allocation->bytes);
	return 0;
}

/* The devices need be idle only where they have something to do with it. */
static int make_ready(struct gb_moving *moving, struct gb_allocation *allocation)
{
	bool room = gb_budget_ram_room() >= allocation->bytes;
	int error = 0;

	if (!room || gb_staging_knows(allocation))
		error = gb_moving_drain(moving);
	if (!error && !room)
		error = gb_spill_make_room(allocation->bytes, GB_STORE_EVICT);
	return error;
}

static int bring_back(struct gb_allocation *allocation)
{
	struct gb_moving moving;
	int error;

	error = gb_moving_hold(&moving, allocation->device);
	if (error)
		return error;
	error = make_ready(&moving, allocation);
	if (!error)
		error = come_back(allocation);
	gb_moving_end(&moving);
	gb_nvme_tell(gb_engine.stats);
	return error;
}

int gb_spill_return(struct gb_allocation *allocation)
{
	int error;

	assert(gb_locked);
	if (!allocation->away)
		return 0;
	error = bring_back(allocation);
	if (error)
		gb_log_warn("allocation %llu (%llu MiB) cannot come back from the NVMe disk: %s",
			    (unsigned long long)allocation->id,
			    (unsigned long long)(allocation->bytes >> 20),
			    gb_error_text(error));
	return error;
}

static struct gb_allocation *find(struct gb_device *device,
				  bool (*is_it)(struct gb_allocation *))
{
	gb_list_for_each (node, &device->allocations) {
		struct gb_allocation *each =
			gb_container_of(node, struct gb_allocation, node);

		if (each->away && is_it(each))
			return each;
	}
	return NULL;
}

static bool any(struct gb_allocation *allocation)
{
	return true;
}

static bool has_changed(struct gb_allocation *allocation)
{
	return gb_staging_has_changed(allocation);
}

static bool may_have_changed(struct gb_allocation *allocation)
{
	return gb_staging_changed(allocation) != NULL;
}

static int return_each(struct gb_device *device,
		       bool (*is_it)(struct gb_allocation *))
{
	struct gb_allocation *away;
	int error = 0;

	while (!error && (away = find(device, is_it)))
		error = gb_spill_return(away);
	return error;
}

int gb_spill_return_all(void)
{
	int error = 0;

	nobody_leaves = true;
	for (int i = 0; !error && i < gb_engine.device_count; i++)
		if (gb_engine.device[i].ready)
			error = return_each(&gb_engine.device[i], any);
	nobody_leaves = false;
	return error;
}

void gb_spill_return_changed(void)
{
	for (int i = 0; i < gb_engine.device_count; i++) {
		struct gb_allocation *changed;

		if (!gb_engine.device[i].away)
			continue;
		while ((changed = find(&gb_engine.device[i], has_changed)))
			if (bring_back(changed))
				break;
	}
}

void gb_spill_rescue(struct gb_device *device)
{
	int error;

	if (!device->away)
		return;
	gb_staging_settle();
	error = return_each(device, may_have_changed);
	if (error)
		gb_log_error("GPU %d: what kernels changed is lost: %s",
			     device->ordinal, gb_error_text(error));
}

static struct gb_allocation *hottest(struct gb_device *device)
{
	struct gb_allocation *best = NULL;

	gb_list_for_each (node, &device->allocations) {
		struct gb_allocation *each =
			gb_container_of(node, struct gb_allocation, node);

		if (each->away && (!best || gb_heat_now(each) > gb_heat_now(best)))
			best = each;
	}
	return best;
}

void gb_spill_refill(struct gb_device *device)
{
	uint64_t began = device->away ? gb_now_ns() : 0;
	struct gb_allocation *away;

	if (!device->away || began < device->refill_after)
		return;
	away = hottest(device);
	if (!away || gb_budget_ram_room() < away->bytes)
		return;
	if (gb_spill_return(away))
		device->refill_after = began + REFILL_PAUSE;
	else
		device->refill_after =
			began + (REFILL_SHARE + 1) * (gb_now_ns() - began);
}

void gb_spill_drop(struct gb_allocation *allocation)
{
	if (allocation->away)
		account(allocation, false);
	gb_nvme_forget(allocation);
}

void gb_spill_remember(uint64_t to, const void *from, uint64_t bytes)
{
	struct gb_allocation *allocation;

	if (!gb_nvme_is_open() || bytes < REMEMBER_MIN)
		return;
	gb_lock();
	allocation = gb_arena_owner(to);
	if (allocation && !allocation->away && !allocation->opens)
		gb_nvme_remember(allocation, to - allocation->address, from, bytes);
	gb_unlock();
}
