// SPDX-License-Identifier: GPL-2.0-only
/*
 * RAM that the driver makes: a host handle, mapped like VRAM. It can be
 * exported to other processes, and works where registering memory inside the
 * arena does not; making it runs at 4 to 5 GB/s however many threads ask (V5,
 * N1), since the driver clears pages one by one. So it is the second choice.
 */
#include "tier.h"

static const struct gb_driver_ops *driver(void)
{
	return gb_engine.driver;
}

static int host_acquire(struct gb_extent *extent, const struct gb_device *device)
{
	return driver()->memory_create(GB_ON_HOST, device->ordinal,
				       extent->bytes, &extent->handle);
}

static int host_grant(struct gb_extent *extent, const struct gb_device *device)
{
	return driver()->memory_access(extent->address, extent->bytes,
				       device->access, true);
}

static int host_map(struct gb_extent *extent, const struct gb_device *device)
{
	int error = driver()->memory_map(extent->address, extent->bytes,
					 extent->handle);

	if (error)
		return error;
	error = host_grant(extent, device);
	if (error)
		driver()->memory_unmap(extent->address, extent->bytes);
	return error;
}

static int host_unmap(struct gb_extent *extent)
{
	return driver()->memory_unmap(extent->address, extent->bytes);
}

static void host_release(struct gb_extent *extent)
{
	driver()->memory_release(extent->handle);
	extent->handle = 0;
}

const struct gb_tier gb_tier_ram_driver = {
	.name = "ram (driver)",
	.shown = GB_MAP_RAM,
	.on_host = true,
	.exportable = true,
	.bordered = true,
	.acquire = host_acquire,
	.map = host_map,
	.unmap = host_unmap,
	.release = host_release,
	.grant = host_grant,
};
