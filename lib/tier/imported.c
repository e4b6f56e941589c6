// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of another process: VRAM or RAM there, and here a handle that the
 * driver made of a descriptor. Whoever makes the extent puts the handle in. The
 * CPU is given no access, also where the memory is RAM, since only the process
 * that owns it knows; and it never moves.
 */
#include "tier.h"

static const struct gb_driver_ops *driver(void)
{
	return gb_engine.driver;
}

static int imported_acquire(struct gb_extent *extent, const struct gb_device *device)
{
	return 0;
}

static int imported_grant(struct gb_extent *extent, const struct gb_device *device)
{
	return driver()->memory_access(extent->address, extent->bytes,
				       device->access, false);
}

static int imported_map(struct gb_extent *extent, const struct gb_device *device)
{
	int error = driver()->memory_map(extent->address, extent->bytes,
					 extent->handle);

	if (error)
		return error;
	error = imported_grant(extent, device);
	if (error)
		driver()->memory_unmap(extent->address, extent->bytes);
	return error;
}

static int imported_unmap(struct gb_extent *extent)
{
	return driver()->memory_unmap(extent->address, extent->bytes);
}

static void imported_release(struct gb_extent *extent)
{
	driver()->memory_release(extent->handle);
	extent->handle = 0;
}

const struct gb_tier gb_tier_imported = {
	.name = "imported",
	.shown = GB_MAP_IMPORTED,
	.bordered = true,
	.foreign = true,
	.acquire = imported_acquire,
	.map = imported_map,
	.unmap = imported_unmap,
	.release = imported_release,
	.grant = imported_grant,
};
