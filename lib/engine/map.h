/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keeping the published map of a device's arena (include/greenboost/stats.h):
 * a byte a granule, so placing or moving an extent writes 32 bytes at most.
 * gb_engine.lock held for everything here but gb_map_of and gb_map_is_due.
 */
#ifndef GB_ENGINE_MAP_H
#define GB_ENGINE_MAP_H

#include "types.h"

/* The map of device @ordinal behind the page @stats, or NULL. */
uint8_t *gb_map_of(struct gb_stats *stats, int ordinal);

/* The granules from @address on live in @tier now. */
void gb_map_set(struct gb_device *device, uint64_t address, uint64_t bytes,
		enum gb_map_tier tier);
/* @allocation is new; its granules have been set. */
void gb_map_begin(const struct gb_allocation *allocation);
/* It is gone. */
void gb_map_clear(const struct gb_allocation *allocation);

/*
 * Writes how hot the allocations are, four times a second at the most: when the
 * program waits, and on the way of a launch for programs that never do.
 */
void gb_map_refresh(struct gb_device *device);
/* Any thread, no lock. */
bool gb_map_is_due(const struct gb_device *device);

#endif
