// SPDX-License-Identifier: GPL-2.0-only
/*
 * RAM of the kernel module's pool: contiguous pages that are cleared already
 * and count for the whole machine, mapped and registered (registered.h).
 *
 * The buffer's descriptor is closed once it is mapped, since the mapping keeps
 * the buffer: a process has 1024 descriptors as a rule, and a terabyte 16384
 * extents. So the memory goes with its mapping, and an extent that a failed
 * move puts back gets a new buffer, or memory of another tier (extent.c).
 */
#include "registered.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pool.h"

/* The handle is the descriptor and one more, as none is 0. */
static int take_descriptor(struct gb_extent *extent)
{
	int fd = (int)extent->handle - 1;

	extent->handle = 0;
	return fd;
}

static int module_acquire(struct gb_extent *extent, const struct gb_device *device)
{
	int fd;

	extent->handle = 0;
	if (!gb_engine.pool)
		return -EOPNOTSUPP;
	if (gb_engine.ram_pool + extent->bytes > gb_engine.ram_pool_most)
		return -ENOMEM;
	fd = gb_engine.pool->alloc(extent->bytes);
	if (fd < 0)
		return fd;
	extent->handle = (uint64_t)fd + 1;
	return 0;
}

static int module_map(struct gb_extent *extent, const struct gb_device *device)
{
	int error = 0, fd;

	if (!extent->handle)
		error = module_acquire(extent, device);
	if (error)
		return error;
	fd = take_descriptor(extent);
	error = gb_registered_map(extent, MAP_SHARED, fd);
	close(fd);
	return error;
}

/* What was acquired and never mapped. */
static void module_release(struct gb_extent *extent)
{
	if (extent->handle)
		close(take_descriptor(extent));
}

const struct gb_tier gb_tier_ram_module = {
	.name = "ram (module)",
	.shown = GB_MAP_POOL,
	.on_host = true,
	.bordered = true,
	.pooled = true,
	.acquire = module_acquire,
	.map = module_map,
	.publish = gb_registered_publish,
	.unpublish = gb_registered_unpublish,
	.unmap = gb_registered_unmap,
	.release = module_release,
};
