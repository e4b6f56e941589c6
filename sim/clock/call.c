/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What driver calls cost the thread that makes them.
 */
#include "clock.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>

#include "timeline.h"

#define MIB (1024.0 * 1024.0)

enum cost_kind {
	COST_FIXED, /* the figure is us */
	COST_CURVE, /* a curve of us over MiB */
	COST_RATE,  /* gb_per_s, beside what any call costs */
};

#define FIGURE(member) offsetof(struct sim_profile, member)

static const struct {
	enum cost_kind kind;
	size_t figure;
} costs[SIM_CALL_COUNT] = {
	[SIM_CALL_QUERY] = { COST_FIXED, FIGURE(call_host_us) },
	[SIM_CALL_ENQUEUE] = { COST_FIXED, FIGURE(launch_host_us) },
	[SIM_CALL_DEVICE_CREATE] = { COST_CURVE, FIGURE(device_create_us) },
	[SIM_CALL_DEVICE_MAP] = { COST_CURVE, FIGURE(device_map_us) },
	[SIM_CALL_DEVICE_ACCESS] = { COST_CURVE, FIGURE(device_access_us) },
	[SIM_CALL_DEVICE_UNMAP] = { COST_CURVE, FIGURE(device_unmap_us) },
	[SIM_CALL_DEVICE_RELEASE] = { COST_CURVE, FIGURE(device_release_us) },
	[SIM_CALL_HOST_CREATE] = { COST_CURVE, FIGURE(host_create_us) },
	[SIM_CALL_HOST_MAP] = { COST_CURVE, FIGURE(host_map_us) },
	[SIM_CALL_HOST_ACCESS] = { COST_CURVE, FIGURE(host_access_us) },
	[SIM_CALL_HOST_UNMAP] = { COST_CURVE, FIGURE(host_unmap_us) },
	[SIM_CALL_HOST_RELEASE] = { COST_CURVE, FIGURE(host_release_us) },
	[SIM_CALL_REGISTER_4K] = { COST_RATE, FIGURE(register_4k_gb_per_s) },
	[SIM_CALL_REGISTER_THP] = { COST_RATE, FIGURE(register_thp_gb_per_s) },
	[SIM_CALL_REGISTER_HUGETLB] = { COST_RATE,
					FIGURE(register_hugetlb_gb_per_s) },
	[SIM_CALL_HOST_ALLOC] = { COST_RATE, FIGURE(host_alloc_gb_per_s) },
};

static double cost_ns(const struct sim_profile *profile, enum sim_call call,
		      double bytes)
{
	const void *figure = (const char *)profile + costs[call].figure;
	const double *number = figure;
	const struct sim_curve *curve = figure;

	switch (costs[call].kind) {
	case COST_FIXED:
		return *number * 1e3;
	case COST_CURVE:
		return sim_curve_cost(curve, bytes / MIB) * 1e3;
	case COST_RATE:
		return profile->call_host_us * 1e3 + sim_ns(bytes, *number);
	}
	return 0.0;
}

uint64_t sim_call_cost(const struct sim_profile *profile, enum sim_call call,
		       uint64_t bytes)
{
	assert(call < SIM_CALL_COUNT);
	return (uint64_t)ceil(cost_ns(profile, call, (double)bytes));
}
