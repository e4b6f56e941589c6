// SPDX-License-Identifier: GPL-2.0-only
#include "worth.h"

#include "heat.h"

/* How much hotter memory in RAM must be than what leaves VRAM for it. */
#define EXCHANGE_FACTOR 8

/*
 * Frameworks put small tensors together into memory of such sizes (PyTorch: 2
 * and 20 MiB; what has 10 MiB or more has memory of its own, as the matrices of
 * 32 MiB in a Llama-8B do, and is staged like any other). So, whatever else is
 * in there, most launches work on some of it; and where that is in RAM they
 * stand still until the copy engine has done what it has been given: launches
 * that read a few bytes over the link took 1.7 to 2.6 ms beside copies of 128
 * MiB (an H200).
 */
#define SHARED_MAX (UINT64_C(20) << 20)

static bool is_shared(const struct gb_allocation *allocation)
{
	return allocation->bytes <= SHARED_MAX;
}

/*
 * Too large for a copy, and read by launches all the same, in their own time:
 * the last matrix of Llama-8B took 20 of 276 ms of a prefill (an H200).
 */
static bool is_read_whole(const struct gb_allocation *allocation)
{
	return allocation->kind == GB_KIND_UPLOADED &&
	       atomic_load(&allocation->staged.read_whole);
}

unsigned int gb_worth_class(const struct gb_allocation *allocation)
{
	if (allocation->kind == GB_KIND_WORKING)
		return 2;
	return is_shared(allocation) || is_read_whole(allocation);
}

uint64_t gb_worth(const struct gb_allocation *allocation)
{
	return (uint64_t)gb_worth_class(allocation) << 32 | gb_heat_now(allocation);
}

bool gb_worth_can_leave(const struct gb_allocation *allocation)
{
	return !allocation->pinned && !allocation->freed &&
	       !atomic_load(&allocation->captured) &&
	       !atomic_load(&allocation->held);
}

bool gb_worth_may_leave(const struct gb_allocation *allocation)
{
	return gb_worth_can_leave(allocation) &&
	       (allocation->kind != GB_KIND_WORKING ||
		gb_heat_now(allocation) < GB_WORTH_HOT);
}

bool gb_worth_is_hot(const struct gb_allocation *allocation)
{
	uint32_t heat = gb_heat_now(allocation);

	if (is_read_whole(allocation))
		return heat > 0;
	return gb_worth_class(allocation) && heat >= GB_WORTH_HOT;
}

/*
 * A program goes over what is read whole as often as over what has copies, and
 * these cross the link while it computes.
 */
static bool is_hotter(const struct gb_allocation *hot,
		      const struct gb_allocation *cold)
{
	if (is_read_whole(hot))
		return gb_heat_now(hot) > gb_heat_now(cold) / 2;
	return gb_heat_now(hot) / EXCHANGE_FACTOR > gb_heat_now(cold);
}

bool gb_worth_exchange(const struct gb_allocation *cold,
		       const struct gb_allocation *hot)
{
	return cold != hot && gb_worth_may_leave(cold) && gb_worth_is_hot(hot) &&
	       (hot->kind == GB_KIND_WORKING ||
		gb_worth_class(cold) < gb_worth_class(hot)) &&
	       is_hotter(hot, cold);
}
