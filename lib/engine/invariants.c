// SPDX-License-Identifier: GPL-2.0-only
#include "invariants.h"

#include "../tier/tier.h"
#include "allocation.h"

static bool extents_cover(const struct gb_allocation *allocation)
{
	uint64_t next = allocation->address;

	for (uint32_t i = 0; i < allocation->extent_count; i++) {
		const struct gb_extent *extent = &allocation->extents[i];

		if (extent->address != next || !extent->bytes ||
		    !extent->tier || extent->bytes > GB_EXTENT_MAX ||
		    extent->bytes & (GB_GRANULE - 1))
			return false;
		next += extent->bytes;
	}
	return next == allocation->address + allocation->bytes;
}

static bool is_whole(const struct gb_allocation *allocation)
{
	if (gb_allocation_is_pending(allocation) || allocation->away)
		return allocation->extent_count == 0;
	return extents_cover(allocation);
}

/* Not while it is being pinned: then it is on its way there. */
static bool is_where_pinned(const struct gb_allocation *allocation)
{
	for (uint32_t i = 0; i < allocation->extent_count; i++)
		if (allocation->extents[i].tier->on_host &&
		    !allocation->extents[i].tier->exportable)
			return !allocation->pinned;
	return true;
}

bool gb_allocation_is_valid(const struct gb_allocation *allocation)
{
	return is_whole(allocation) && is_where_pinned(allocation);
}

struct sums {
	uint64_t vram, ram, away, pending;
};

static void add_extents(struct sums *sums, const struct gb_allocation *allocation)
{
	for (uint32_t i = 0; i < allocation->extent_count; i++) {
		const struct gb_extent *extent = &allocation->extents[i];

		if (extent->tier->foreign)
			continue;
		if (extent->tier->on_host)
			sums->ram += extent->bytes;
		else
			sums->vram += extent->bytes;
	}
}

static bool add_list(struct sums *sums, const struct gb_list *list)
{
	for (const struct gb_list *node = list->next; node != list;
	     node = node->next) {
		const struct gb_allocation *each =
			gb_container_of(node, struct gb_allocation, node);

		if (!is_whole(each))
			return false;
		add_extents(sums, each);
		if (each->away)
			sums->away += each->bytes;
		if (gb_allocation_is_pending(each) && !each->freed)
			sums->pending += each->bytes;
	}
	return true;
}

bool gb_device_is_valid(const struct gb_device *device)
{
	struct sums sums = { 0 };

	return add_list(&sums, &device->allocations) &&
	       add_list(&sums, &device->leaving) &&
	       sums.vram == device->vram_used && sums.ram == device->ram_used &&
	       sums.away == device->away && sums.pending == device->pending;
}

bool gb_budgets_are_kept(void)
{
	uint64_t ram = 0;

	for (int i = 0; i < gb_engine.device_count; i++) {
		const struct gb_device *device = &gb_engine.device[i];

		if (device->vram_used > device->vram_budget)
			return false;
		ram += device->ram_used;
	}
	return ram == gb_engine.ram_used && ram <= gb_engine.ram_budget;
}
