// SPDX-License-Identifier: GPL-2.0-only
/* What is told about memory: to the program, and to whoever makes copies. */
#include "engine.h"

#include <errno.h>

#include "../tier/tier.h"
#include "arena.h"
#include "budget.h"
#include "device.h"

uint64_t gb_engine_span(uint64_t address, uint64_t bytes)
{
	const struct gb_allocation *allocation = gb_arena_owner(address);
	uint64_t end = address;

	if (!allocation)
		return bytes;
	for (uint32_t i = 0; i < allocation->extent_count; i++) {
		const struct gb_extent *extent = &allocation->extents[i];

		if (extent->address + extent->bytes <= address)
			continue;
		if (extent->tier->bordered && end > address)
			break; /* a border before this extent */
		end = extent->address + extent->bytes;
		if (extent->tier->bordered)
			break; /* and one behind it */
		if (end - address >= bytes)
			return bytes;
	}
	if (end <= address || end - address > bytes)
		return bytes;
	return end - address;
}

uint64_t gb_engine_total(uint64_t physical)
{
	uint64_t vram = gb_engine.vram_wanted < physical ? gb_engine.vram_wanted
							 : physical;

	return vram + gb_engine.ram_budget + gb_engine.nvme_budget;
}

void gb_engine_memory(int ordinal, uint64_t *free, uint64_t *total)
{
	struct gb_device *device = gb_engine_device(ordinal);
	uint64_t low = 0, high, middle;

	*free = *total = 0;
	if (!device)
		return;
	gb_lock();
	*total = gb_engine_total(device->vram_total);
	for (high = *total; low < high;) {
		middle = low + (high - low + 1) / 2;
		if (gb_budget_holds(device, middle))
			low = middle;
		else
			high = middle - 1;
	}
	*free = low;
	gb_unlock();
}

int gb_engine_view(uint64_t address, struct gb_view *view)
{
	const struct gb_allocation *allocation;
	int error = -EINVAL;

	gb_lock();
	allocation = gb_arena_owner(address);
	if (allocation && address < allocation->address + allocation->bytes) {
		*view = (struct gb_view){
			.device = allocation->device->ordinal,
			.address = allocation->address,
			.size = allocation->size,
			.bytes = allocation->bytes,
			.id = allocation->id,
			.context = allocation->context,
			.pool = allocation->pool,
			.pinned = allocation->pinned,
			.sync_memops = allocation->sync_memops,
		};
		error = 0;
	}
	gb_unlock();
	return error;
}

int gb_engine_set_sync_memops(uint64_t address, bool on)
{
	struct gb_allocation *allocation;

	gb_lock();
	allocation = gb_arena_owner(address);
	if (allocation)
		allocation->sync_memops = on;
	gb_unlock();
	return allocation ? 0 : -EINVAL;
}
