// SPDX-License-Identifier: GPL-2.0-only
/*
 * RAM of the process itself: anonymous memory, registered (registered.h).
 * Touching its huge pages with several threads and registering them come to 13
 * to 21 GB/s on an H200's host, three to four times the rate at which the
 * driver makes host memory (N1); cgroups count it as the process's own.
 */
#include "registered.h"

#include <sys/mman.h>

static int ram_acquire(struct gb_extent *extent, const struct gb_device *device)
{
	extent->handle = 0;
	return 0;
}

static int ram_map(struct gb_extent *extent, const struct gb_device *device)
{
	int error = gb_registered_map(extent, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	if (!error)
		madvise((void *)extent->address, extent->bytes, MADV_HUGEPAGE);
	return error;
}

const struct gb_tier gb_tier_ram = {
	.name = "ram",
	.shown = GB_MAP_RAM,
	.on_host = true,
	.bordered = true,
	.lazy = true,
	.acquire = ram_acquire,
	.map = ram_map,
	.publish = gb_registered_publish,
	.unpublish = gb_registered_unpublish,
	.unmap = gb_registered_unmap,
};
