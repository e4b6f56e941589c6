// SPDX-License-Identifier: GPL-2.0-only
#include "extent.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "../log.h"
#include "budget.h"
#include "gate.h"
#include "lock.h"
#include "map.h"
#include "stats.h"
#include "workers.h"

/*
 * Pinned memory that holds an extent's contents while its address changes
 * hands. Made at the first move. Guarded by gb_engine.lock.
 */
static void *bounce;

static int extent_map(struct gb_extent *extent, const struct gb_device *device)
{
	return extent->tier->map(extent, device);
}

static int extent_publish(struct gb_extent *extent, const struct gb_device *device)
{
	if (!extent->tier->publish)
		return 0;
	return extent->tier->publish(extent, device);
}

static void extent_release(struct gb_extent *extent)
{
	if (extent->tier->release)
		extent->tier->release(extent);
}

/* Makes pages and contents of fresh, mapped host memory. */
static void fill_host(struct gb_extent *extent, const struct gb_fill *fill)
{
	uint64_t begin = extent->address, end = begin + extent->bytes;

	if (fill) {
		uint64_t fill_end = fill->address + fill->bytes;
		uint64_t from = fill->address > begin ? fill->address : begin;
		uint64_t to = fill_end < end ? fill_end : end;

		if (from < to)
			gb_workers_copy((void *)from,
					fill->from + (from - fill->address),
					to - from);
		if (from <= begin && to >= end)
			return;
	}
	if (!extent->tier->lazy)
		return;
	/* Touching a page that the copy has filled must not change it. */
	if (fill && fill->address < end && fill->address + fill->bytes > begin)
		return;
	gb_workers_touch((void *)begin, extent->bytes);
}

int gb_extent_create(struct gb_extent *extent, struct gb_device *device,
		     const struct gb_tier *tier, const struct gb_fill *fill)
{
	int error;

	assert(gb_locked);
	assert(extent->bytes && extent->bytes <= GB_EXTENT_MAX);
	assert(!((extent->address | extent->bytes) & (GB_GRANULE - 1)));
	extent->tier = tier;
	error = tier->acquire(extent, device);
	if (error)
		return error;
	error = extent_map(extent, device);
	if (error)
		goto err_release;
	if (tier->on_host)
		fill_host(extent, fill);
	error = extent_publish(extent, device);
	if (error)
		goto err_unmap;
	gb_budget_account(device, tier, (int64_t)extent->bytes);
	gb_map_set(device, extent->address, extent->bytes, tier->shown);
	return 0;

err_unmap:
	tier->unmap(extent);
err_release:
	extent_release(extent);
	return error;
}

int gb_extent_create_on_host(struct gb_extent *extent, struct gb_device *device,
			     const struct gb_fill *fill)
{
	int error = -EOPNOTSUPP;

	for (const struct gb_tier *const *tier = gb_tiers_host; *tier; tier++) {
		error = gb_extent_create(extent, device, *tier, fill);
		if (!error)
			break;
		gb_log_once(GB_LOG_INFO, "no memory of tier %s: %s",
			    (*tier)->name, gb_error_text(error));
	}
	return error;
}

void gb_extent_destroy(struct gb_extent *extent, struct gb_device *device)
{
	extent->tier->unmap(extent);
	extent_release(extent);
	gb_budget_account(device, extent->tier, -(int64_t)extent->bytes);
	gb_map_set(device, extent->address, extent->bytes, GB_MAP_PENDING);
}

static int save(const struct gb_extent *extent, const struct gb_device *device)
{
	if (!bounce) {
		int error = gb_engine.driver->host_alloc(GB_EXTENT_MAX, &bounce);

		if (error)
			return error;
	}
	if (!extent->tier->on_host)
		return gb_engine.driver->copy(device->ordinal, (uint64_t)bounce,
					      extent->address, extent->bytes);
	gb_workers_copy(bounce, (void *)extent->address, extent->bytes);
	return 0;
}

/* Fills a mapped extent with what was saved, and lets the GPU use it. */
static int restore(struct gb_extent *extent, const struct gb_device *device)
{
	if (extent->tier->on_host)
		gb_workers_copy((void *)extent->address, bounce, extent->bytes);
	else
		return gb_engine.driver->copy(device->ordinal, extent->address,
					      (uint64_t)bounce, extent->bytes);
	return extent_publish(extent, device);
}

/* Memory that is at its address, and what was saved in it. */
static int put_back(struct gb_extent *extent, const struct gb_device *device)
{
	int error = extent_map(extent, device);

	if (!error) {
		error = restore(extent, device);
		if (error && extent->tier->on_host)
			extent->tier->unmap(extent);
	}
	return error;
}

/* The same with new memory of the other host tiers, for memory of one of them. */
static int put_elsewhere(struct gb_extent *extent, const struct gb_device *device)
{
	const struct gb_tier *before = extent->tier;
	int error = -ENOMEM;

	for (const struct gb_tier *const *tier = gb_tiers_host; *tier; tier++) {
		if (*tier == before)
			continue;
		extent->tier = *tier;
		error = extent->tier->acquire(extent, device);
		if (error)
			continue;
		error = put_back(extent, device);
		if (!error)
			return 0;
		extent_release(extent);
	}
	extent->tier = before;
	return error;
}

static void account_change(struct gb_device *device, const struct gb_extent *extent,
			   const struct gb_tier *before)
{
	gb_budget_account(device, before, -(int64_t)extent->bytes);
	gb_budget_account(device, extent->tier, (int64_t)extent->bytes);
	gb_map_set(device, extent->address, extent->bytes, extent->tier->shown);
}

/*
 * Puts the extent back in its place: the old memory, where that has been kept,
 * or other memory of the host, where it has gone with its mapping and there is
 * no more of its tier.
 */
static int go_back(struct gb_extent *old, struct gb_device *device)
{
	const struct gb_tier *tier = old->tier;
	int error = put_back(old, device);

	if (error && tier->on_host) {
		extent_release(old);
		error = put_elsewhere(old, device);
		if (!error)
			account_change(device, old, tier);
	}
	if (!error)
		return 0;
	gb_log_error("%llu bytes at %#llx are lost: moving them failed, and so did going back (%s)",
		     (unsigned long long)old->bytes,
		     (unsigned long long)old->address, gb_error_text(error));
	return -EIO;
}

int gb_extent_move(struct gb_extent *extent, struct gb_device *device,
		   const struct gb_tier *tier)
{
	struct gb_extent old = *extent, new = *extent;
	int error, lost;

	assert(gb_locked);
	assert(atomic_load(&gb_attention) & GB_ATTENTION_CLOSED);
	assert(tier != extent->tier && !extent->tier->foreign);
	new.tier = tier;
	error = tier->acquire(&new, device);
	if (error)
		return error;
	error = save(&old, device);
	if (error)
		goto err_release;
	error = old.tier->unmap(&old);
	if (error)
		goto err_release; /* it is still there, and stays */
	error = extent_map(&new, device);
	if (error)
		goto err_back;
	error = restore(&new, device);
	if (error)
		goto err_unmap;
	extent_release(&old);
	gb_budget_account(device, old.tier, -(int64_t)old.bytes);
	gb_budget_account(device, tier, (int64_t) new.bytes);
	gb_stats_add(tier->on_host ? &device->stats->moved_out
				   : &device->stats->moved_in,
		     new.bytes);
	gb_stats_add(&device->stats->moves, 1);
	gb_map_set(device, new.address, new.bytes, tier->shown);
	*extent = new;
	atomic_fetch_add(&device->moved, 1);
	return 0;

err_unmap:
	tier->unmap(&new);
err_back:
	lost = go_back(&old, device);
	if (lost)
		error = lost;
	else
		*extent = old;
err_release:
	new.tier = tier;
	extent_release(&new);
	return error;
}

struct gb_extent *gb_extent_append(struct gb_allocation *allocation)
{
	struct gb_extent *extents =
		realloc(allocation->extents,
			(allocation->extent_count + 1) * sizeof(*extents));

	if (!extents)
		return NULL;
	allocation->extents = extents;
	return &extents[allocation->extent_count];
}

void gb_extent_finish(void)
{
	if (bounce)
		gb_engine.driver->host_free(bounce);
	bounce = NULL;
}

void gb_extent_lose(void)
{
	bounce = NULL;
}
