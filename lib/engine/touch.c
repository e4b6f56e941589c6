// SPDX-License-Identifier: GPL-2.0-only
/* What the program touches, and the way through the gate. */
#include "engine.h"

#include "allocation.h"
#include "arena.h"
#include "device.h"
#include "gate.h"
#include "heat.h"
#include "map.h"
#include "placement.h"
#include "spill.h"
#include "stats.h"
#include "upload.h"
#include "use.h"

/* What a touch teaches about the allocation; lock held. */
static void learn(struct gb_allocation *allocation, enum gb_touch touch)
{
	if (touch == GB_TOUCH_UPLOAD)
		gb_allocation_show(allocation, GB_KIND_UPLOADED);
	if (touch == GB_TOUCH_WORK)
		gb_allocation_show(allocation, GB_KIND_WORKING);
}

static int touch_filling(uint64_t address, enum gb_touch touch,
			 const struct gb_fill *fill, struct gb_filled *filled)
{
	struct gb_allocation *allocation = gb_arena_owner(address);
	int error = 0;

	if (!allocation)
		return 0;
	if (!(atomic_load(&gb_attention) & GB_ATTENTION_PENDING) &&
	    allocation->kind != GB_KIND_UNKNOWN)
		return 0; /* nothing to learn, nothing to back */
	gb_lock();
	allocation = gb_arena_owner(address);
	if (allocation) {
		learn(allocation, touch);
		if (gb_allocation_is_pending(allocation)) {
			error = gb_placement_back(allocation, fill);
			filled->host = !error && fill;
			filled->moved = allocation->device->moved;
		}
	}
	gb_unlock();
	return error;
}

int gb_engine_touch_filling(uint64_t address, const struct gb_fill *fill,
			    struct gb_filled *filled)
{
	return touch_filling(address, GB_TOUCH_UPLOAD, fill, filled);
}

int gb_engine_touch(uint64_t address, enum gb_touch touch)
{
	struct gb_filled filled;

	return touch_filling(address, touch, NULL, &filled);
}

void gb_engine_name(uint64_t address)
{
	struct gb_allocation *allocation = gb_arena_owner(address);

	if (!allocation)
		return;
	gb_heat_touch(allocation);
	/* A guess that may be lost to a race, and is then made again. */
	gb_allocation_show(allocation, GB_KIND_WORKING);
}

void gb_engine_read_directly(uint64_t address)
{
	const struct gb_allocation *allocation = gb_arena_owner(address);

	uint64_t bytes = allocation ? atomic_load_explicit(&allocation->in_ram,
							   memory_order_relaxed)
				    : 0;

	if (!bytes)
		return;
	/* Not allocation->device: that may be on its way to another owner. */
	gb_stats_add(&gb_arena_device(address)->stats->direct_read, bytes);
	GB_USE_COUNT(allocation, direct);
}

static void show_heat(struct gb_device *device)
{
	if (!gb_map_is_due(device) || !gb_lock_try())
		return;
	if (device->ready)
		gb_map_refresh(device);
	gb_unlock();
}

void gb_engine_note_launch(int ordinal)
{
	gb_heat_tick();
	if (ordinal < 0 || ordinal >= gb_engine.device_count)
		return;
	gb_stats_add(&gb_engine.device[ordinal].stats->launches, 1);
	show_heat(&gb_engine.device[ordinal]);
}

static int back_pending(struct gb_device *device)
{
	if (!device->pending)
		return 0;
	gb_list_for_each (node, &device->allocations) {
		struct gb_allocation *each =
			gb_container_of(node, struct gb_allocation, node);
		int error;

		if (!gb_allocation_is_pending(each))
			continue;
		error = gb_placement_back(each, NULL);
		if (error) {
			gb_device_refuse(device, each->size);
			return error;
		}
	}
	return 0;
}

int gb_engine_settle(void)
{
	int error = 0;

	gb_lock();
	for (int i = 0; !error && i < gb_engine.device_count; i++)
		error = back_pending(&gb_engine.device[i]);
	gb_unlock();
	return error;
}

int gb_engine_enter(void)
{
	while (gb_gate_enter() & GB_ATTENTION_STOP) {
		int error;

		gb_gate_leave();
		error = gb_engine_settle();
		if (error)
			return error;
	}
	return 0;
}

void gb_engine_enter_touched(void)
{
	while (gb_gate_enter() & GB_ATTENTION_CLOSED) {
		gb_gate_leave();
		/* Movers hold the lock from first to last. */
		gb_lock();
		gb_unlock();
	}
}

static void want(const uint64_t *addresses, uint32_t count, bool wanted)
{
	for (uint32_t i = 0; i < count; i++) {
		struct gb_allocation *allocation = gb_arena_owner(addresses[i]);

		if (allocation)
			allocation->wanted = wanted;
	}
}

int gb_engine_bring_home(const uint64_t *addresses, uint32_t count)
{
	int error = 0;

	gb_lock();
	/* None of them makes room for another. */
	want(addresses, count, true);
	for (uint32_t i = 0; !error && i < count; i++) {
		struct gb_allocation *allocation = gb_arena_owner(addresses[i]);

		if (allocation)
			error = gb_spill_return(allocation);
	}
	if (!error)
		gb_spill_return_changed();
	want(addresses, count, false);
	gb_unlock();
	return error;
}

static bool any_is_away(const uint64_t *addresses, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct gb_allocation *allocation =
			gb_arena_owner(addresses[i]);

		if (allocation && allocation->away)
			return true;
	}
	return false;
}

int gb_engine_enter_at_home(const uint64_t *addresses, uint32_t count)
{
	for (;;) {
		int error;

		gb_engine_enter_touched();
		/* Nobody leaves while we are inside. */
		if (!gb_spill_any() || !any_is_away(addresses, count))
			return 0;
		gb_gate_leave();
		error = gb_engine_bring_home(addresses, count);
		if (error)
			return error;
	}
}

int gb_engine_enter_all_home(void)
{
	for (;;) {
		int error = gb_engine_enter();

		if (error || !gb_spill_any())
			return error;
		gb_gate_leave();
		gb_lock();
		error = gb_spill_return_all();
		gb_unlock();
		if (error)
			return error;
	}
}

/* Some graph may name any memory. */
static _Atomic bool unseen_graphs;

void gb_engine_note_graph(const uint64_t *addresses, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct gb_allocation *allocation = gb_arena_owner(addresses[i]);

		if (allocation)
			atomic_store(&allocation->graphed, true);
	}
}

static bool is_cut_within(const struct gb_allocation *allocation,
			  uint64_t address, uint64_t bytes)
{
	for (uint32_t i = 1; i < allocation->extent_count; i++) {
		uint64_t border = allocation->extents[i].address;

		if (border > address && border - address < bytes)
			return true;
	}
	return false;
}

void gb_engine_hold(uint64_t address, uint64_t bytes)
{
	struct gb_allocation *allocation;

	gb_lock();
	allocation = gb_arena_owner(address);
	if (allocation && is_cut_within(allocation, address, bytes))
		atomic_store(&allocation->held, true);
	gb_unlock();
}

void gb_engine_note_unseen_graph(void)
{
	atomic_store(&unseen_graphs, true);
}

int gb_engine_enter_graph(void)
{
	return atomic_load(&unseen_graphs) ? gb_engine_enter_all_home()
					   : gb_engine_enter();
}
