// SPDX-License-Identifier: GPL-2.0-only
#include "engine.h"

#include <assert.h>
#include <errno.h>

#include "allocation.h"
#include "arena.h"
#include "device.h"
#include "invariants.h"
#include "placement.h"
#include "spill.h"
#include "../staging/staging.h"

int gb_engine_pin(uint64_t address)
{
	struct gb_allocation *allocation;
	int error = 0;

	gb_lock();
	allocation = gb_arena_owner(address);
	if (!allocation) {
		error = -EINVAL;
	} else if (allocation->pinned) {
		/* Another process holds handles to what lies in RAM. */
		error = allocation->in_ram ? -ENOMEM : 0;
	} else {
		if (gb_allocation_is_pending(allocation)) {
			gb_allocation_show(allocation, GB_KIND_WORKING);
			error = gb_placement_back(allocation, NULL);
		}
		if (!error)
			error = gb_spill_return(allocation);
		/* First, so that it does not make room for itself. */
		allocation->pinned = true;
		if (!error)
			error = gb_placement_bring_in(allocation, false);
		allocation->pinned = !error;
		if (!error)
			gb_staging_forget(allocation);
		assert(gb_allocation_is_valid(allocation));
	}
	gb_unlock();
	return error;
}
