// SPDX-License-Identifier: GPL-2.0-only
#include "heat.h"

/* Launches after which a touch counts half: about one pass of a large model. */
#define HALF_LIFE 1024u
#define HEAT_MAX  (UINT32_MAX / 2)

static _Atomic uint32_t launch_clock;

void gb_heat_tick(void)
{
	atomic_fetch_add_explicit(&launch_clock, 1, memory_order_relaxed);
}

static uint32_t decayed(uint32_t heat, uint32_t age)
{
	uint32_t halvings = age / HALF_LIFE;

	if (halvings > 31)
		return 0;
	heat >>= halvings;
	/* The part of a half-life that is left, as a straight line. */
	return heat -
	       (uint32_t)((uint64_t)heat * (age % HALF_LIFE) / (2 * HALF_LIFE));
}

uint32_t gb_heat_age(const struct gb_allocation *allocation)
{
	uint32_t now = atomic_load_explicit(&launch_clock, memory_order_relaxed);

	return now -
	       atomic_load_explicit(&allocation->touched, memory_order_relaxed);
}

uint32_t gb_heat_now(const struct gb_allocation *allocation)
{
	return decayed(atomic_load_explicit(&allocation->heat, memory_order_relaxed),
		       gb_heat_age(allocation));
}

void gb_heat_touch(struct gb_allocation *allocation)
{
	uint32_t now = atomic_load_explicit(&launch_clock, memory_order_relaxed);
	uint32_t heat = gb_heat_now(allocation);

	if (heat < HEAT_MAX)
		heat += GB_HEAT_UNIT;
	atomic_store_explicit(&allocation->heat, heat, memory_order_relaxed);
	atomic_store_explicit(&allocation->touched, now, memory_order_relaxed);
}
