/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host memory and the disk, for streams that stand for a worker or an I/O queue.
 */
#include "clock.h"

#include "timeline.h"

struct sim_span sim_clock_host_copy(struct sim_clock *clock,
				    struct sim_stream *stream, int into,
				    uint64_t bytes, unsigned int threads)
{
	const struct sim_profile *profile = &clock->profile;
	const struct sim_curve *curve = into ? &profile->memcpy_write_gb_per_s
					     : &profile->memcpy_read_gb_per_s;
	double rate = sim_curve_rate(curve, threads ? threads : 1);
	struct sim_demand demand = { 0 };

	sim_demand_flow(&demand, &clock->host[SIM_RAM_BUS],
			2.0 * sim_ns((double)bytes, profile->ram_gb_per_s));
	if (demand.floor_ns < sim_ns((double)bytes, rate))
		demand.floor_ns = sim_ns((double)bytes, rate);
	return sim_demand_place(&demand, stream);
}

/*
 * A request's latency is its own, so that several in flight hide it; the bytes
 * of all of them share the disk.
 */
static struct sim_span disk(struct sim_clock *clock, struct sim_stream *stream,
			    uint64_t bytes, double gb_per_s)
{
	const struct sim_profile *profile = &clock->profile;
	struct sim_demand demand = { 0 };

	sim_demand_flow(&demand, &clock->host[SIM_DISK],
			sim_ns((double)bytes, gb_per_s));
	sim_demand_flow(&demand, &clock->host[SIM_RAM_BUS],
			sim_ns((double)bytes, profile->ram_gb_per_s));
	demand.floor_ns += profile->disk_setup_us * 1e3;
	return sim_demand_place(&demand, stream);
}

struct sim_span sim_clock_disk_read(struct sim_clock *clock,
				    struct sim_stream *stream, uint64_t bytes)
{
	return disk(clock, stream, bytes, clock->profile.disk_read_gb_per_s);
}

struct sim_span sim_clock_disk_write(struct sim_clock *clock,
				     struct sim_stream *stream, uint64_t bytes)
{
	return disk(clock, stream, bytes, clock->profile.disk_write_gb_per_s);
}
