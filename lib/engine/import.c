// SPDX-License-Identifier: GPL-2.0-only
#include "share.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "allocation.h"
#include "budget.h"
#include "engine.h"
#include "extent.h"
#include "invariants.h"
#include "lock.h"
#include "placement.h"

static struct gb_allocation *find_open(struct gb_device *device,
				       const struct gb_origin *origin)
{
	gb_list_for_each (node, &device->allocations) {
		struct gb_allocation *each =
			gb_container_of(node, struct gb_allocation, node);

		if (each->opens && !memcmp(&each->origin, origin, sizeof(*origin)))
			return each;
	}
	return NULL;
}

/* Lock held. */
static int reopen(struct gb_device *device, const struct gb_origin *origin,
		  uint64_t *address)
{
	struct gb_allocation *allocation = find_open(device, origin);

	if (!allocation)
		return -ENOENT;
	allocation->opens++;
	*address = allocation->address;
	return 0;
}

int gb_engine_reopen(int ordinal, const struct gb_origin *origin, uint64_t *address)
{
	struct gb_device *device = gb_engine_device(ordinal);
	int error;

	if (!device)
		return -ENOENT;
	gb_lock();
	error = reopen(device, origin, address);
	gb_unlock();
	return error;
}

static bool make_up(uint64_t size, const struct gb_import *imports, uint32_t count)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (!imports[i].bytes || imports[i].bytes > GB_EXTENT_MAX ||
		    imports[i].bytes & (GB_GRANULE - 1))
			return false;
		sum += imports[i].bytes;
	}
	return size && sum >= size && sum - size < GB_GRANULE;
}

static void release(const struct gb_import *imports, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		gb_engine.driver->memory_release(imports[i].handle);
}

/* Maps the extents into an allocation that has room for their records. */
static int map(struct gb_allocation *allocation,
	       const struct gb_import *imports, uint32_t count)
{
	uint64_t address = allocation->address;

	for (uint32_t i = 0; i < count; i++) {
		struct gb_extent *extent = &allocation->extents[i];
		int error;

		extent->address = address;
		extent->bytes = imports[i].bytes;
		extent->handle = imports[i].handle;
		error = gb_extent_create(extent, allocation->device,
					 &gb_tier_imported, NULL);
		if (error) {
			/* This one's handle has been released with it. */
			release(imports + i + 1, count - i - 1);
			return error;
		}
		allocation->extent_count++;
		if (imports[i].on_host)
			allocation->in_ram += extent->bytes;
		address += extent->bytes;
	}
	return 0;
}

/* Lock held; owns the handles. */
static int import(struct gb_device *device, uint64_t size,
		  const struct gb_import *imports, uint32_t count,
		  struct gb_allocation **made)
{
	struct gb_allocation *allocation;
	int error = gb_allocation_create(device, size, &allocation);

	if (error) {
		release(imports, count);
		return error;
	}
	allocation->extents = calloc(count, sizeof(*allocation->extents));
	if (allocation->extents) {
		error = map(allocation, imports, count);
	} else {
		release(imports, count);
		error = -ENOMEM;
	}
	if (error) {
		gb_placement_drop(allocation);
		gb_allocation_destroy(allocation);
		return error;
	}
	/* It has been pending until here, so that no launch met half of it. */
	gb_budget_account_pending(device, -(int64_t)allocation->bytes);
	assert(gb_device_is_valid(device));
	*made = allocation;
	return 0;
}

int gb_engine_import(int ordinal, uint64_t context, const struct gb_origin *origin,
		     uint64_t size, const struct gb_import *imports,
		     uint32_t count, uint64_t *address)
{
	struct gb_device *device = gb_engine_device(ordinal);
	struct gb_allocation *allocation;
	int error = device ? 0 : -EOPNOTSUPP;

	if (!error && !make_up(size, imports, count))
		error = -EINVAL;
	if (error) {
		release(imports, count);
		return error;
	}
	gb_lock();
	if (!reopen(device, origin, address)) {
		release(imports, count);
	} else {
		error = import(device, size, imports, count, &allocation);
		if (!error) {
			allocation->context = context;
			allocation->kind = GB_KIND_WORKING;
			allocation->pinned = true;
			allocation->origin = *origin;
			allocation->opens = 1;
			*address = allocation->address;
		}
	}
	gb_unlock();
	return error;
}
