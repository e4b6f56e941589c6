// SPDX-License-Identifier: GPL-2.0-only
#include "placement.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "../log.h"
#include "allocation.h"
#include "balance.h"
#include "budget.h"
#include "clock.h"
#include "gate.h"
#include "heat.h"
#include "invariants.h"
#include "lock.h"
#include "moving.h"
#include "spill.h"
#include "stats.h"
#include "worth.h"
#include "../staging/staging.h"

/* Extents that one idle moment moves: some 10 ms each way. */
#define REBALANCE_EXTENTS 4
/*
 * Of the program's time at most one part in so many goes into rebalancing: what
 * it costs is certain, and what it brings is a guess. It is none where copies
 * are waited for that would not be with another order (balance.h).
 */
#define REBALANCE_SHARE	  100
#define BALANCE_SHARE	  10

static struct gb_extent *last_in_vram(struct gb_allocation *allocation)
{
	for (uint32_t i = allocation->extent_count; i-- > 0;)
		if (!allocation->extents[i].tier->on_host)
			return &allocation->extents[i];
	return NULL;
}

static struct gb_extent *first_in_ram(struct gb_allocation *allocation)
{
	for (uint32_t i = 0; i < allocation->extent_count; i++)
		if (allocation->extents[i].tier->on_host)
			return &allocation->extents[i];
	return NULL;
}

/*
 * The allocation that VRAM misses least and that may go for @hot, the oldest of
 * equals: programs sweep over their weights in the order in which they made them,
 * so what is equally warm is best kept as a fixed part, and the part that launches
 * reach first is best read while later launches are still being issued.
 */
static struct gb_allocation *
coldest_for(struct gb_device *device, const struct gb_allocation *hot,
	    bool (*may_go_for)(const struct gb_allocation *cold,
			       const struct gb_allocation *hot))
{
	struct gb_allocation *best = NULL;

	gb_list_for_each (node, &device->allocations) {
		struct gb_allocation *each =
			gb_container_of(node, struct gb_allocation, node);

		if (!may_go_for(each, hot) || !last_in_vram(each))
			continue;
		if (!best || gb_worth(each) < gb_worth(best))
			best = each;
	}
	return best;
}

static bool may_leave(const struct gb_allocation *cold,
		      const struct gb_allocation *hot)
{
	(void)hot;
	return gb_worth_may_leave(cold);
}

static bool can_leave(const struct gb_allocation *cold,
		      const struct gb_allocation *hot)
{
	(void)hot;
	return gb_worth_can_leave(cold);
}

/* The same for new memory, which may be @bound to VRAM. */
static struct gb_allocation *coldest(struct gb_device *device, bool bound)
{
	return coldest_for(device, NULL, bound ? can_leave : may_leave);
}

/* With staging it is not the oldest but one where little else is in RAM. */
static struct gb_allocation *even_victim(struct gb_allocation *oldest)
{
	if (!oldest || oldest->kind != GB_KIND_UPLOADED)
		return oldest;
	return gb_balance_victim(oldest->device, oldest);
}

/* After the allocation's extents have changed. */
static void count_in_ram(struct gb_allocation *allocation)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < allocation->extent_count; i++)
		if (allocation->extents[i].tier->on_host)
			bytes += allocation->extents[i].bytes;
	atomic_store_explicit(&allocation->in_ram, bytes, memory_order_relaxed);
}

static int move(struct gb_allocation *allocation, struct gb_extent *extent,
		const struct gb_tier *tier)
{
	int error = gb_extent_move(extent, allocation->device, tier);

	count_in_ram(allocation);
	return error;
}

static int move_out(struct gb_allocation *allocation)
{
	struct gb_extent *extent = last_in_vram(allocation);
	int error = gb_spill_make_room(extent->bytes, GB_STORE_EVICT);

	if (error)
		return error;
	for (const struct gb_tier *const *tier = gb_tiers_host; *tier; tier++) {
		error = move(allocation, extent, *tier);
		/* With its contents lost there is nothing left to try with. */
		if (!error || error == -EIO)
			return error;
		gb_log_once(tier[1] ? GB_LOG_INFO : GB_LOG_WARN,
			    "cannot move memory to tier %s: %s", (*tier)->name,
			    gb_error_text(error));
	}
	return error;
}

/* Could moving memory out, or taking back what has been freed, make room? */
static bool may_make_room(struct gb_device *device, bool bound)
{
	return !gb_list_is_empty(&device->leaving) ||
	       (coldest(device, bound) &&
		(gb_budget_ram_room() || gb_spill_could_leave()));
}

int gb_placement_make_room(struct gb_device *device, uint64_t bytes, bool bound)
{
	struct gb_moving moving;
	int error;

	if (gb_budget_room(device) >= bytes)
		return 0;
	if (!may_make_room(device, bound))
		return -ENOMEM;
	error = gb_moving_begin(&moving, device);
	if (error)
		return error;
	while (!error && gb_budget_room(device) < bytes) {
		struct gb_allocation *victim = even_victim(coldest(device, bound));
		uint64_t before = device->ram_used;

		if (victim && !gb_worth_may_leave(victim))
			gb_log_once(GB_LOG_WARN,
				    "GPU %d: what is in use all the time goes to RAM for what can be nowhere but in VRAM",
				    device->ordinal);
		error = victim ? move_out(victim) : -ENOMEM;
		if (!error && victim->kind == GB_KIND_UPLOADED)
			gb_balance_account(device,
					   (int64_t)(device->ram_used - before));
	}
	gb_moving_end(&moving);
	return error;
}

/*
 * What a launch has come before without naming it is likely to be its
 * neighbours' output: programs upload what they allocate at once, but allocate
 * several results before they launch. Of what is uploaded only what may be
 * shared is worth room, and no room of its like.
 */
static bool is_worth_room(struct gb_device *device,
			  const struct gb_allocation *allocation)
{
	const struct gb_allocation *victim = coldest(device, false);

	return allocation->kind != GB_KIND_UPLOADED ||
	       (victim && gb_worth_class(victim) < gb_worth_class(allocation));
}

/*
 * RAM is full: what can be used from the NVMe disk leaves it, as far as
 * @allocation will need the room. Where it cannot, backing will tell.
 */
static void make_room_in_ram(struct gb_allocation *allocation)
{
	struct gb_device *device = allocation->device;
	uint64_t room = gb_budget_room(device) & ~(GB_GRANULE - 1);
	struct gb_moving moving;

	if (room >= allocation->bytes || allocation->pinned ||
	    gb_budget_ram_room() >= allocation->bytes - room ||
	    !gb_spill_could_leave() || gb_moving_begin(&moving, device))
		return;
	gb_spill_make_room(allocation->bytes - room, GB_STORE_EVICT);
	gb_moving_end(&moving);
}

/* The next extent of a pending allocation, where the policy wants it. */
static int back_extent(struct gb_allocation *allocation, struct gb_extent *extent,
		       uint64_t left, const struct gb_fill *fill)
{
	struct gb_device *device = allocation->device;
	uint64_t room = gb_budget_room(device) & ~(GB_GRANULE - 1);
	uint64_t ram = gb_budget_ram_room() & ~(GB_GRANULE - 1);
	int error = -ENOMEM;

	if (room) {
		extent->bytes = gb_min(gb_min(left, GB_EXTENT_MAX), room);
		error = gb_extent_create(extent, device, &gb_tier_vram, NULL);
		if (error != -ENOMEM)
			return error;
		gb_log_once(GB_LOG_WARN,
			    "the card is fuller than its budget: using RAM");
	}
	if (allocation->pinned || !ram)
		return error;
	extent->bytes = gb_min(gb_min(left, GB_EXTENT_MAX), ram);
	return gb_extent_create_on_host(extent, device, fill);
}

void gb_placement_drop(struct gb_allocation *allocation)
{
	for (uint32_t i = 0; i < allocation->extent_count; i++)
		gb_extent_destroy(&allocation->extents[i], allocation->device);
	free(allocation->extents);
	allocation->extents = NULL;
	allocation->extent_count = 0;
}

int gb_placement_back(struct gb_allocation *allocation, const struct gb_fill *fill)
{
	struct gb_device *device = allocation->device;
	uint64_t done = 0;

	assert(gb_locked);
	assert(gb_allocation_is_pending(allocation));
	if (is_worth_room(device, allocation))
		gb_placement_make_room(device, allocation->bytes, false);
	make_room_in_ram(allocation);
	while (done < allocation->bytes) {
		struct gb_extent *extent = gb_extent_append(allocation);
		int error = -ENOMEM;

		if (extent) {
			extent->address = allocation->address + done;
			error = back_extent(allocation, extent,
					    allocation->bytes - done, fill);
		}
		if (error) {
			gb_placement_drop(allocation);
			return error;
		}
		allocation->extent_count++;
		done += extent->bytes;
	}
	count_in_ram(allocation);
	if (allocation->kind == GB_KIND_UPLOADED)
		gb_balance_account(device, (int64_t)allocation->in_ram);
	assert(gb_allocation_is_valid(allocation));
	/* Last: from now on launches pass that may use it. */
	gb_budget_account_pending(device, -(int64_t)allocation->bytes);
	return 0;
}

int gb_placement_bring_in(struct gb_allocation *allocation, bool exportable)
{
	struct gb_device *device = allocation->device;
	struct gb_extent *extent;
	struct gb_moving moving;
	int error = 0;

	for (uint32_t i = 0; !error && i < allocation->extent_count; i++) {
		extent = &allocation->extents[i];
		if (!extent->tier->on_host ||
		    (exportable && extent->tier->exportable))
			continue;
		error = gb_placement_make_room(device, extent->bytes, !exportable);
		if (error && !exportable)
			return error;
		const struct gb_tier *to =
			error ? &gb_tier_ram_driver : &gb_tier_vram;

		error = gb_moving_begin(&moving, device);
		if (error)
			return error;
		error = move(allocation, extent, to);
		if (error == -ENOMEM && exportable && to == &gb_tier_vram)
			error = move(allocation, extent, &gb_tier_ram_driver);
		gb_moving_end(&moving);
	}
	return error;
}

/* Bytes of VRAM that may go for @hot. */
static uint64_t exchangeable(struct gb_device *device,
			     const struct gb_allocation *hot)
{
	uint64_t bytes = 0;

	gb_list_for_each (node, &device->allocations) {
		const struct gb_allocation *each =
			gb_container_of(node, struct gb_allocation, node);

		if (gb_worth_exchange(each, hot))
			bytes += each->bytes - each->in_ram;
	}
	return bytes;
}

/* May @hot take VRAM now: is there room, or enough that may go for it? */
static bool deserves(struct gb_device *device, const struct gb_allocation *hot,
		     const struct gb_extent *extent)
{
	uint64_t room = gb_budget_room(device);

	return room >= extent->bytes ||
	       (gb_worth_is_hot(hot) && gb_budget_ram_room() >= extent->bytes - room &&
		exchangeable(device, hot) >= extent->bytes - room);
}

/* The hottest allocation of those in RAM that may take VRAM now, or NULL. */
static struct gb_allocation *hottest(struct gb_device *device)
{
	struct gb_allocation *best = NULL;

	gb_list_for_each (node, &device->allocations) {
		struct gb_allocation *each =
			gb_container_of(node, struct gb_allocation, node);
		const struct gb_extent *extent = first_in_ram(each);

		/* Pinned in RAM: other processes hold handles to it. */
		if (each->freed || each->pinned || !extent ||
		    atomic_load(&each->captured))
			continue;
		if ((!best || gb_heat_now(each) > gb_heat_now(best)) &&
		    deserves(device, each, extent))
			best = each;
	}
	return best;
}

/* What moves out may send memory on to the disk, but not @hot. */
static int bring_in_one(struct gb_allocation *hot, struct gb_extent *extent)
{
	struct gb_device *device = hot->device;
	int error = 0;

	hot->wanted = true;
	while (!error && gb_budget_room(device) < extent->bytes) {
		struct gb_allocation *cold =
			coldest_for(device, hot, gb_worth_exchange);
		struct gb_allocation *victim = even_victim(cold);

		if (victim && !gb_worth_exchange(victim, hot))
			victim = cold;
		error = victim ? move_out(victim) : -ENOMEM;
	}
	hot->wanted = false;
	return error ? error : move(hot, extent, &gb_tier_vram);
}

/* Until the next time, by what @share of the program's time this one may take. */
static void pause_after(struct gb_device *device, uint64_t began, unsigned int share)
{
	uint64_t now = gb_now_ns();

	device->rebalance_after = now + share * (now - began);
}

/*
 * Brings in what is hot. What share of the program's time that may have taken;
 * 0: none. More for what is uploaded: that comes in once, as nothing of its
 * like pushes it out, and until then every pass waits for it.
 */
static unsigned int warm_up(struct gb_device *device)
{
	unsigned int share = BALANCE_SHARE;
	struct gb_moving moving;
	bool begun = false;

	for (int i = 0; i < REBALANCE_EXTENTS; i++) {
		struct gb_allocation *hot = hottest(device);

		if (!hot)
			break;
		if (!begun && gb_moving_begin(&moving, device))
			return REBALANCE_SHARE;
		begun = true;
		if (hot->kind == GB_KIND_WORKING)
			share = REBALANCE_SHARE;
		if (bring_in_one(hot, first_in_ram(hot)))
			break;
	}
	if (!begun)
		return 0;
	gb_moving_end(&moving);
	return share;
}

/* One extent comes in, and as much goes; at last, what is left of the other. */
static int exchange_extent(const struct gb_exchange *exchange)
{
	struct gb_allocation *in = exchange->in, *out = exchange->out;
	struct gb_extent *extent = first_in_ram(in);
	int error = 0;

	if (!extent)
		return move_out(out);
	in->wanted = true; /* as above */
	while (!error && gb_budget_room(in->device) < extent->bytes)
		error = last_in_vram(out) ? move_out(out) : -ENOMEM;
	in->wanted = false;
	if (error)
		return error;
	gb_balance_account(in->device, -(int64_t)extent->bytes);
	return move(in, extent, &gb_tier_vram);
}

/*
 * Moves nothing unless memory in RAM stands unevenly in the order of use. What
 * share of the program's time that may have taken.
 */
static unsigned int spread(struct gb_device *device)
{
	unsigned int share =
		gb_balance_has_credit(device) ? BALANCE_SHARE : REBALANCE_SHARE;
	struct gb_exchange exchange;
	struct gb_moving moving;
	bool begun = false;

	for (int i = 0; i < REBALANCE_EXTENTS; i++) {
		if (!gb_balance_choose(device, &exchange))
			break;
		if (!begun && gb_moving_begin(&moving, device))
			break;
		begun = true;
		if (exchange_extent(&exchange)) {
			gb_balance_give_up(device);
			break;
		}
	}
	if (!begun)
		return REBALANCE_SHARE;
	gb_moving_end(&moving);
	return share;
}

static void rebalance(struct gb_device *device, uint64_t began)
{
	unsigned int share;

	/* The room belongs to what is pending first. */
	if (!device->ram_used || device->pending || began < device->rebalance_after)
		return;
	share = warm_up(device);
	if (!share && gb_balance_is_due(device, began))
		share = spread(device);
	if (share)
		pause_after(device, began, share);
}

void gb_placement_rebalance(struct gb_device *device)
{
	uint64_t now = gb_now_ns();

	gb_balance_look(device);
	rebalance(device, now);
	gb_balance_note(device, gb_now_ns());
}

static void republish(struct gb_extent *extent, struct gb_device *device)
{
	int error;

	if (!extent->tier->unpublish)
		return;
	extent->tier->unpublish(extent);
	error = extent->tier->publish(extent, device);
	if (error)
		gb_log_error("%llu bytes of RAM at %#llx cannot be registered again: %s",
			     (unsigned long long)extent->bytes,
			     (unsigned long long)extent->address,
			     gb_error_text(error));
}

void gb_placement_republish(struct gb_device *device)
{
	struct gb_moving moving;
	int error = gb_moving_begin(&moving, device);

	if (error) {
		gb_log_error("GPU %d: memory in RAM stays with a context that ends: %s",
			     device->ordinal, gb_error_text(error));
		return;
	}
	gb_list_for_each (node, &device->allocations) {
		struct gb_allocation *each =
			gb_container_of(node, struct gb_allocation, node);

		for (uint32_t i = 0; i < each->extent_count; i++)
			republish(&each->extents[i], device);
	}
	gb_moving_end(&moving);
}
