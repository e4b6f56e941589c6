/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside the clock: the resources of a machine and the placing of operations on
 * them. Not for callers of clock.h.
 */
#ifndef SIM_TIMELINE_H
#define SIM_TIMELINE_H

#include <stddef.h>

#include "clock.h"
#include "ledger.h"

/* Of each device. */
enum sim_resource {
	SIM_COPY_UP, /* engines and SMs are held; the rest flows */
	SIM_COPY_DOWN,
	SIM_SM,
	SIM_LINK_UP,
	SIM_LINK_DOWN,
	SIM_LINK_BOTH, /* what the two directions share */
	SIM_VRAM_BUS,
	SIM_PEER_LINK,
	SIM_DEVICE_RESOURCES,
};

/* Of the machine. */
enum sim_host_resource { SIM_RAM_BUS, SIM_DISK, SIM_HOST_RESOURCES };

#define SIM_DEMAND_PARTS 12

/*
 * What an operation needs. It takes floor_ns when nothing is in its way; a
 * resource that flows is busy for its amount of ns in all, and a resource that
 * is held is taken to the share of its amount for as long as the operation
 * makes progress.
 */
struct sim_demand {
	double floor_ns;
	uint64_t progress_ns; /* set by placing: its span without the waits */
	unsigned int count;
	struct sim_part {
		struct sim_ledger *ledger;
		bool held;
		double amount;
	} part[SIM_DEMAND_PARTS];
};

struct sim_device {
	struct sim_ledger resource[SIM_DEVICE_RESOURCES];
	struct sim_usage usage;
	double link_share; /* sim_clock_slow_link() */
};

struct sim_clock {
	struct sim_profile profile;
	uint64_t now;
	unsigned int devices;
	struct sim_ledger host[SIM_HOST_RESOURCES];
	struct sim_device device[];
};

/* Adds to @demand. An amount of 0 adds nothing. */
void sim_demand_flow(struct sim_demand *demand, struct sim_ledger *ledger,
		     double busy_ns);
void sim_demand_hold(struct sim_demand *demand, struct sim_ledger *ledger,
		     double share);

/*
 * Finds the earliest time from the stream's tail on at which the operation can
 * run, takes what it needs from the ledgers and moves the tail to its end.
 */
struct sim_span sim_demand_place(struct sim_demand *demand,
				 struct sim_stream *stream);

/* ns that @bytes take at a rate of @gb_per_s, 10^9 bytes a second. */
double sim_ns(double bytes, double gb_per_s);

#endif
