/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copies: what each pair of places asks of the machine.
 */
#include "clock.h"

#include <assert.h>

#include "timeline.h"

/* A copy seen by the device whose engine moves it. */
struct job {
	struct sim_clock *clock;
	struct sim_device *device;
	double bytes;
	struct sim_demand demand;
};

static void use_ram(struct job *job, double times)
{
	double ns = sim_ns(job->bytes, job->clock->profile.ram_gb_per_s);

	sim_demand_flow(&job->demand, &job->clock->host[SIM_RAM_BUS], times * ns);
}

/*
 * Reading and writing cost the memory alike: half of a copy each. Only copies
 * that stay in device memory come here. What crosses the link is a few percent
 * of what device memory does, and its controllers serve that whatever a kernel
 * is doing; on a ledger it would have to queue behind the kernel.
 */
static void use_vram(struct job *job, struct sim_device *device, double times)
{
	double ns = sim_ns(job->bytes, job->clock->profile.vram_copy_gb_per_s);

	sim_demand_flow(&job->demand, &device->resource[SIM_VRAM_BUS], times * ns);
	device->usage.vram_ns += (uint64_t)(times * ns);
}

/* The engine and the link of @device in one direction. */
static void use_link(struct job *job, struct sim_device *device, bool up)
{
	const struct sim_profile *profile = &job->clock->profile;
	double share = device->link_share;
	double rate = up ? profile->link_up_gb_per_s : profile->link_down_gb_per_s;
	double ns = sim_ns(job->bytes, rate * share);
	double both = sim_ns(job->bytes, profile->link_duplex_gb_per_s * share);
	struct sim_ledger *resource = device->resource;

	sim_demand_hold(&job->demand,
			&resource[up ? SIM_COPY_UP : SIM_COPY_DOWN], 1.0);
	sim_demand_flow(&job->demand,
			&resource[up ? SIM_LINK_UP : SIM_LINK_DOWN], ns);
	sim_demand_flow(&job->demand, &resource[SIM_LINK_BOTH], both);
	*(up ? &device->usage.link_up_bytes : &device->usage.link_down_bytes) +=
		(uint64_t)job->bytes;
	*(up ? &device->usage.link_up_ns : &device->usage.link_down_ns) +=
		(uint64_t)ns;
}

/* No faster than @gb_per_s, whatever the resources would allow. */
static void limit(struct job *job, double gb_per_s)
{
	double ns = sim_ns(job->bytes, gb_per_s);

	if (job->demand.floor_ns < ns)
		job->demand.floor_ns = ns;
}

static void copy_up(struct job *job, enum sim_place from)
{
	use_link(job, job->device, true);
	if (from == SIM_PINNED) {
		use_ram(job, 1.0);
		return;
	}
	use_ram(job, 3.0); /* read, written to the driver's buffer, read */
	limit(job,
	      job->clock->profile.pageable_up_gb_per_s * job->device->link_share);
}

static void copy_down(struct job *job, enum sim_place to)
{
	use_link(job, job->device, false);
	if (to == SIM_PINNED) {
		use_ram(job, 1.0);
		return;
	}
	use_ram(job, 3.0);
	limit(job, job->clock->profile.pageable_down_gb_per_s *
			   job->device->link_share);
}

/* The driver does these on the CPU: no engine, no link. */
static void copy_in_host(struct job *job, enum sim_place from, enum sim_place to)
{
	const struct sim_profile *profile = &job->clock->profile;
	bool pinned = from == SIM_PINNED && to == SIM_PINNED;

	use_ram(job, 2.0);
	limit(job, pinned ? profile->pinned_host_gb_per_s
			  : profile->pageable_host_gb_per_s);
}

/* Without a way between the cards, down one link and up the other. */
static void copy_to_peer(struct job *job, struct sim_device *to)
{
	double rate = job->clock->profile.peer_gb_per_s;
	struct sim_device *from = job->device;

	if (rate > 0.0) {
		double ns = sim_ns(job->bytes, rate);

		sim_demand_flow(&job->demand, &from->resource[SIM_PEER_LINK], ns);
		sim_demand_flow(&job->demand, &to->resource[SIM_PEER_LINK], ns);
		return;
	}
	use_link(job, from, false);
	use_link(job, to, true);
	use_ram(job, 2.0);
}

static bool is_device(enum sim_place place)
{
	return place == SIM_VRAM || place == SIM_PEER;
}

static struct sim_device *place_device(struct sim_clock *clock,
				       const struct sim_stream *stream,
				       const struct sim_copy *copy,
				       enum sim_place place)
{
	unsigned int index = place == SIM_PEER ? copy->peer : stream->device;

	assert(index < clock->devices);
	return &clock->device[index];
}

static void copy_between_devices(struct job *job, struct sim_device *to)
{
	if (job->device == to)
		use_vram(job, to, 2.0);
	else
		copy_to_peer(job, to);
}

static void describe(struct job *job, const struct sim_stream *stream,
		     const struct sim_copy *copy)
{
	struct sim_device *from =
		place_device(job->clock, stream, copy, copy->from);
	struct sim_device *to = place_device(job->clock, stream, copy, copy->to);

	job->device = is_device(copy->from) ? from : to;
	if (is_device(copy->from) && is_device(copy->to))
		copy_between_devices(job, to);
	else if (is_device(copy->to))
		copy_up(job, copy->from);
	else if (is_device(copy->from))
		copy_down(job, copy->to);
	else
		copy_in_host(job, copy->from, copy->to);
}

struct sim_span sim_clock_copy(struct sim_clock *clock, struct sim_stream *stream,
			       const struct sim_copy *copy)
{
	struct job job = { .clock = clock, .bytes = (double)copy->bytes };

	if (!copy->bytes)
		return (struct sim_span){ stream->tail, stream->tail };
	describe(&job, stream, copy);
	job.demand.floor_ns += clock->profile.copy_setup_us * 1e3;
	return sim_demand_place(&job.demand, stream);
}
