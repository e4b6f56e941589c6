// SPDX-License-Identifier: GPL-2.0-only
/*
 * VRAM: a driver handle on the device, mapped. 64 MiB cost 19 us to make, 36 us
 * to grant and 53 us to release on an H200 (V4).
 */
#include "tier.h"

static const struct gb_driver_ops *driver(void)
{
	return gb_engine.driver;
}

static int vram_acquire(struct gb_extent *extent, const struct gb_device *device)
{
	return driver()->memory_create(device->ordinal, device->ordinal,
				       extent->bytes, &extent->handle);
}

static int vram_grant(struct gb_extent *extent, const struct gb_device *device)
{
	return driver()->memory_access(extent->address, extent->bytes,
				       device->access, false);
}

static int vram_map(struct gb_extent *extent, const struct gb_device *device)
{
	int error = driver()->memory_map(extent->address, extent->bytes,
					 extent->handle);

	if (error)
		return error;
	error = vram_grant(extent, device);
	if (error)
		driver()->memory_unmap(extent->address, extent->bytes);
	return error;
}

static int vram_unmap(struct gb_extent *extent)
{
	return driver()->memory_unmap(extent->address, extent->bytes);
}

static void vram_release(struct gb_extent *extent)
{
	driver()->memory_release(extent->handle);
	extent->handle = 0;
}

const struct gb_tier gb_tier_vram = {
	.name = "vram",
	.shown = GB_MAP_VRAM,
	.exportable = true,
	.acquire = vram_acquire,
	.map = vram_map,
	.unmap = vram_unmap,
	.release = vram_release,
	.grant = vram_grant,
};
