// SPDX-License-Identifier: GPL-2.0-only
/* Devices that use the memory of others. */
#include "engine.h"

#include <errno.h>

#include "../tier/tier.h"
#include "device.h"

static int grant_all(struct gb_device *device)
{
	gb_list_for_each (node, &device->allocations) {
		struct gb_allocation *each =
			gb_container_of(node, struct gb_allocation, node);

		for (uint32_t i = 0; i < each->extent_count; i++) {
			struct gb_extent *extent = &each->extents[i];
			int error = 0;

			if (extent->tier->grant)
				error = extent->tier->grant(extent, device);
			if (error)
				return error;
		}
	}
	return 0;
}

int gb_engine_share(int owner, int user, bool on)
{
	struct gb_device *device = gb_engine_device(owner);
	uint32_t before;
	int error = 0;

	if (!device || user < 0 || user >= gb_engine.device_count)
		return -EINVAL;
	gb_lock();
	before = device->access;
	if (on)
		device->access |= 1u << user;
	else if (user != owner)
		device->access &= ~(1u << user);
	/* Access that has been granted is only ever widened in place. */
	if (on && device->access != before)
		error = grant_all(device);
	if (error)
		device->access = before;
	gb_unlock();
	return error;
}
