// SPDX-License-Identifier: GPL-2.0-only
#include "share.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "allocation.h"
#include "arena.h"
#include "invariants.h"
#include "lock.h"
#include "placement.h"
#include "spill.h"
#include "../staging/staging.h"

/* What an importer is kept waiting before it hears that we are busy. */
#define PATIENCE_SECONDS 1

static int export_extent(const struct gb_extent *extent, int *fd)
{
	int error = gb_engine.driver->memory_export(extent->handle, fd);

	if (!error)
		fcntl(*fd, F_SETFD, FD_CLOEXEC);
	return error;
}

/* Does the driver give descriptors at all? Better to know it now. */
static int try_export(const struct gb_allocation *allocation)
{
	int fd, error = export_extent(&allocation->extents[0], &fd);

	if (!error)
		close(fd);
	return error;
}

static int make_exportable(struct gb_allocation *allocation)
{
	bool pinned = allocation->pinned;
	int error = 0;

	if (gb_allocation_is_pending(allocation))
		error = gb_placement_back(allocation, NULL);
	else
		error = gb_spill_return(allocation);
	/* First, so that it does not make room for itself. */
	allocation->pinned = true;
	if (!error)
		error = gb_placement_bring_in(allocation, true);
	if (!error)
		error = try_export(allocation);
	if (error)
		allocation->pinned = pinned;
	else
		allocation->exported = true;
	if (!error)
		gb_staging_forget(allocation);
	assert(gb_allocation_is_valid(allocation));
	return error;
}

static bool may_export(const struct gb_allocation *allocation, uint64_t address)
{
	return allocation && address < allocation->address + allocation->bytes &&
	       !allocation->opens && !allocation->pool;
}

int gb_engine_export(uint64_t address, uint64_t *id, uint64_t *size)
{
	struct gb_allocation *allocation;
	int error = 0;

	gb_lock();
	allocation = gb_arena_owner(address);
	if (!may_export(allocation, address))
		error = -EINVAL;
	else if (!allocation->exported)
		error = make_exportable(allocation);
	if (!error) {
		*id = allocation->id;
		*size = allocation->size;
	}
	gb_unlock();
	return error;
}

static struct gb_allocation *find_exported(uint64_t id)
{
	for (int i = 0; i < gb_engine.device_count; i++) {
		gb_list_for_each (node, &gb_engine.device[i].allocations) {
			struct gb_allocation *each =
				gb_container_of(node, struct gb_allocation, node);

			if (each->id == id)
				return each->exported ? each : NULL;
		}
	}
	return NULL;
}

static int export_extents(const struct gb_allocation *allocation, uint32_t first,
			  struct gb_export *exports, uint32_t room)
{
	uint32_t left = allocation->extent_count - first;
	int count = (int)(left < room ? left : room);

	for (int i = 0; i < count; i++) {
		const struct gb_extent *extent =
			&allocation->extents[first + (uint32_t)i];
		int error = export_extent(extent, &exports[i].fd);

		if (error) {
			while (i-- > 0)
				close(exports[i].fd);
			return error;
		}
		exports[i].bytes = extent->bytes;
		exports[i].on_host = extent->tier->on_host;
	}
	return count;
}

int gb_engine_export_extents(uint64_t id, uint32_t first, struct gb_export *exports,
			     uint32_t room, uint32_t *total)
{
	const struct gb_allocation *allocation;
	int result;

	/* Whoever moves memory holds it for as long as the GPU needs. */
	if (!gb_lock_within(PATIENCE_SECONDS))
		return -EAGAIN;
	allocation = find_exported(id);
	if (allocation && first < allocation->extent_count) {
		*total = allocation->extent_count;
		result = export_extents(allocation, first, exports, room);
	} else {
		result = -ENOENT;
	}
	gb_unlock();
	return result;
}
