/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Handles that the program passes, and those that it should not pass any more.
 *
 * What a context owns ends with it, and CUDA leaves undefined what a call does
 * with a handle of that afterwards: the driver follows a pointer into memory
 * that it has freed, which goes unnoticed until it does not. Here the process
 * ends, with a message. Handles of memory, pools and graphs are not a
 * context's; stale ones are refused.
 */
#include <stdlib.h>

#include "sim.h"

static const char *const names[SIM_TYPES] = {
	[SIM_CONTEXT] = "a context",
	[SIM_STREAM] = "a stream",
	[SIM_EVENT] = "an event",
	[SIM_MODULE] = "a module",
	[SIM_FUNCTION] = "a function",
	[SIM_ARRAY] = "an array",
	[SIM_MIPMAP] = "a mipmapped array",
	[SIM_TEXTURE] = "a texture or surface",
};

void sim_stale(const void *handle, enum sim_type type)
{
	if (!names[type] || sim.config.stale_is_error)
		return;
	sim_log("%s was given %p, %s that has been destroyed, by itself or with its context: a real driver may do anything now (GREENBOOST_SIM_STALE=error lets it fail)",
		sim_self.call ? sim_self.call : "a call", handle, names[type]);
	abort();
}

bool sim_is(const void *handle, enum sim_type type)
{
	if (sim_is_dead(handle, type))
		sim_stale(handle, type);
	return sim_is_live(handle, type);
}
