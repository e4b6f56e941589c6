// SPDX-License-Identifier: GPL-2.0-only
#include "allocation.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "budget.h"
#include "invariants.h"
#include "lock.h"
#include "map.h"
#include "placement.h"
#include "spill.h"
#include "stats.h"
#include "use.h"
#include "../staging/staging.h"

/* A late launch may be writing what comes behind the lock's own members. */
static void record_clear(struct gb_allocation *record)
{
	memset(record, 0, offsetof(struct gb_allocation, kind));
	atomic_store(&record->kind, GB_KIND_UNKNOWN);
	atomic_store(&record->heat, 0);
	atomic_store(&record->touched, 0);
	atomic_store(&record->in_ram, 0);
	atomic_store(&record->use, NULL);
}

static struct gb_allocation *record_get(void)
{
	struct gb_allocation *record;

	if (gb_list_is_empty(&gb_engine.spare))
		return calloc(1, sizeof(*record));
	record = gb_container_of(gb_engine.spare.next, struct gb_allocation, node);
	gb_list_remove(&record->node);
	record_clear(record);
	return record;
}

/* Never to malloc: a launch may still be writing its heat (types.h). */
static void record_put(struct gb_allocation *record)
{
	gb_list_insert(&gb_engine.spare, &record->node);
}

int gb_allocation_create(struct gb_device *device, uint64_t size,
			 struct gb_allocation **allocation)
{
	struct gb_allocation *record = record_get();
	int error;

	assert(gb_locked);
	assert(size);
	if (!record)
		return -ENOMEM;
	record->device = device;
	record->size = size;
	record->bytes = (size + GB_GRANULE - 1) & ~(GB_GRANULE - 1);
	record->id = ++gb_engine.next_id;
	gb_list_init(&record->node);
	error = gb_arena_take(device, record->bytes, &record->address);
	if (error) {
		record_put(record);
		return error;
	}
	gb_list_insert(&device->allocations, &record->node);
	gb_arena_set_owner(device, record->address, record->bytes, record);
	gb_map_set(device, record->address, record->bytes, GB_MAP_PENDING);
	gb_map_begin(record);
	gb_use_begin(record);
	gb_budget_account_pending(device, (int64_t)record->bytes);
	gb_stats_add(&device->stats->allocations, 1);
	gb_stats_add(&device->stats->allocated, 1);
	assert(gb_allocation_is_valid(record));
	*allocation = record;
	return 0;
}

void gb_allocation_retire(struct gb_allocation *allocation, gb_ticket ticket)
{
	struct gb_device *device = allocation->device;

	assert(gb_locked);
	assert(!allocation->freed);
	assert(gb_allocation_is_valid(allocation));
	gb_arena_set_owner(device, allocation->address, allocation->bytes, NULL);
	gb_staging_forget(allocation);
	if (gb_allocation_is_pending(allocation))
		gb_budget_account_pending(device, -(int64_t)allocation->bytes);
	gb_list_remove(&allocation->node);
	gb_list_insert(&device->leaving, &allocation->node);
	allocation->freed = true;
	allocation->leave_after = ticket;
	allocation->retired = ++gb_engine.retired;
	gb_stats_add(&device->stats->allocations, (uint64_t)-1);
	gb_stats_add(&device->stats->freed, 1);
}

void gb_allocation_destroy(struct gb_allocation *allocation)
{
	struct gb_device *device = allocation->device;

	if (!allocation->freed)
		gb_allocation_retire(allocation, 0);
	if (allocation->leave_after)
		gb_engine.driver->ticket_drop(allocation->leave_after);
	gb_staging_wait_out(allocation);
	gb_placement_drop(allocation);
	gb_spill_drop(allocation);
	gb_use_end(allocation);
	gb_map_clear(allocation);
	assert(gb_allocation_is_pending(allocation));
	gb_arena_give(device, allocation->address, allocation->bytes);
	gb_list_remove(&allocation->node);
	record_put(allocation);
	gb_staging_reconsider(device);
}

void gb_allocation_destroy_all(struct gb_list *list, uint64_t context)
{
	gb_list_for_each_safe(node, list)
	{
		struct gb_allocation *each =
			gb_container_of(node, struct gb_allocation, node);

		if (!context || each->context == context)
			gb_allocation_destroy(each);
	}
}

void gb_allocation_destroy_context(struct gb_device *device, uint64_t context)
{
	if (!device->ready)
		return;
	gb_allocation_destroy_all(&device->allocations, context);
	gb_allocation_destroy_all(&device->leaving, context);
}

static bool is_out_of_use(struct gb_allocation *allocation, uint64_t idle)
{
	if (allocation->retired <= idle)
		return true;
	return allocation->leave_after &&
	       gb_engine.driver->ticket_passed(allocation->leave_after) == 1 &&
	       gb_staging_is_done_with(allocation);
}

void gb_allocation_reclaim(struct gb_device *device, uint64_t idle)
{
	gb_list_for_each_safe(node, &device->leaving)
	{
		struct gb_allocation *each =
			gb_container_of(node, struct gb_allocation, node);

		if (is_out_of_use(each, idle))
			gb_allocation_destroy(each);
	}
}

struct gb_allocation *gb_allocation_at(uint64_t address)
{
	struct gb_allocation *allocation = gb_arena_owner(address);

	return allocation && allocation->address == address ? allocation : NULL;
}
