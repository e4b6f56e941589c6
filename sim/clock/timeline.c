/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The placing of one operation. Its work is a fluid: at each moment it runs at
 * the highest speed that its floor and the free share of each resource allow,
 * and between two changes of a ledger that speed is constant.
 */
#include "timeline.h"

#include <assert.h>
#include <math.h>

/* Less than this of a resource is nothing; else crumbs would take for ever. */
#define CRUMB 1e-6

/* Nothing ends later than this, 73 years on. */
#define FOREVER (UINT64_MAX / 8)

double sim_ns(double bytes, double gb_per_s)
{
	return bytes / gb_per_s;
}

static void add_part(struct sim_demand *demand, struct sim_ledger *ledger,
		     bool held, double amount)
{
	struct sim_part *part = &demand->part[demand->count];

	if (!(amount > 0.0))
		return;
	assert(demand->count < SIM_DEMAND_PARTS);
	*part = (struct sim_part){ ledger, held, amount };
	demand->count++;
}

void sim_demand_flow(struct sim_demand *demand, struct sim_ledger *ledger,
		     double busy_ns)
{
	add_part(demand, ledger, false, busy_ns);
	if (demand->floor_ns < busy_ns)
		demand->floor_ns = busy_ns;
}

void sim_demand_hold(struct sim_demand *demand, struct sim_ledger *ledger,
		     double share)
{
	add_part(demand, ledger, true, share < 1.0 ? share : 1.0);
}

static uint64_t latest_horizon(const struct sim_demand *demand)
{
	uint64_t latest = 0;
	unsigned int i;

	for (i = 0; i < demand->count; i++)
		if (demand->part[i].ledger->horizon > latest)
			latest = demand->part[i].ledger->horizon;
	return latest;
}

/* The speed that @part allows at @time, in shares of the work a ns. */
static double part_speed(const struct sim_part *part, uint64_t time, uint64_t *until)
{
	double left = 1.0 - sim_ledger_used(part->ledger, time, until);

	if (part->held)
		return left >= part->amount - CRUMB ? INFINITY : 0.0;
	return left >= CRUMB ? left / part->amount : 0.0;
}

/* The speed at @time, and until when it stays that. */
static double speed_at(const struct sim_demand *demand, uint64_t time, uint64_t *until)
{
	double speed = 1.0 / demand->floor_ns;
	unsigned int i;

	*until = UINT64_MAX;
	for (i = 0; i < demand->count; i++) {
		uint64_t change;
		double limit = part_speed(&demand->part[i], time, &change);

		if (limit < speed)
			speed = limit;
		if (change < *until)
			*until = change;
	}
	return speed;
}

/* Books the @work (a share of all) that is done between @start and @end. */
static void take(struct sim_demand *demand, uint64_t start, uint64_t end, double work)
{
	unsigned int i;

	for (i = 0; i < demand->count; i++) {
		const struct sim_part *part = &demand->part[i];
		double flow = part->amount * work / (double)(end - start);

		sim_ledger_take(part->ledger, start, end,
				part->held ? part->amount : flow);
	}
	demand->progress_ns += end - start;
}

/* The first whole ns by which @work is done; at least one ns. */
static uint64_t finish(uint64_t time, double work, double speed)
{
	double ns = ceil(work / speed);

	if (ns >= (double)(FOREVER - time))
		return FOREVER;
	return time + (ns < 1.0 ? 1 : (uint64_t)ns);
}

static struct sim_span place(struct sim_demand *demand, uint64_t time)
{
	struct sim_span span = { UINT64_MAX, 0 };
	double work = 1.0;

	for (;;) {
		uint64_t until, end;
		double speed = speed_at(demand, time, &until);

		if (speed > 0.0) {
			if (span.start == UINT64_MAX)
				span.start = time;
			end = finish(time, work, speed);
			if (end <= until) {
				take(demand, time, end, work);
				span.end = end;
				return span;
			}
			take(demand, time, until, speed * (double)(until - time));
			work -= speed * (double)(until - time);
			if (work < 0.0)
				work = 0.0;
		}
		time = until;
	}
}

struct sim_span sim_demand_place(struct sim_demand *demand, struct sim_stream *stream)
{
	struct sim_span span = { stream->tail, stream->tail };
	uint64_t horizon = latest_horizon(demand);

	if (demand->floor_ns > 0.0 && stream->tail < FOREVER)
		span = place(demand,
			     stream->tail > horizon ? stream->tail : horizon);
	stream->tail = span.end;
	return span;
}
