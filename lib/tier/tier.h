/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tier: one kind of memory that an extent can live in, behind one table of
 * operations. Which tiers there are, and in which order they are tried, is
 * tier.c; each has a file of its own.
 *
 * The life of an extent's memory:
 *
 *   acquire   memory exists             release
 *   map       it is at its address      unmap
 *   (the engine fills it)
 *   publish   the GPU may use it
 *
 * An extent is taken back in two steps, unmap (which also unpublishes) and
 * release, so that a move can take the old memory from the address, put the new
 * there, and go back if that fails. Contents may not
 * outlive unmap; the mover saves them elsewhere first.
 *
 * Callers hold gb_engine.lock. Operations may sleep. They return 0 or -errno as
 * driver.h says, and on failure leave nothing behind: an extent whose unmap has
 * failed is still mapped and usable. release cannot fail: what goes wrong there
 * is logged and the memory is given up.
 */
#ifndef GB_TIER_H
#define GB_TIER_H

#include <stdbool.h>
#include "../engine/types.h"

struct gb_tier {
	const char *name;
	enum gb_map_tier shown; /* as, in the statistics page's map */
	/* Counts against the RAM budget; the CPU can write it once mapped. */
	bool on_host;
	/* Has handles that other processes can import. */
	bool exportable;
	/*
	 * The driver refuses one copy or memset that runs from an extent of
	 * this tier into its neighbour, whatever that is (measured: H2, N2).
	 */
	bool bordered;
	/* Fresh memory has pages only once they are touched. */
	bool lazy;
	/* The kernel module's pool holds it. */
	bool pooled;
	/* Another process pays for it: counts against no budget of ours. */
	bool foreign;

	int (*acquire)(struct gb_extent *extent, const struct gb_device *device);
	int (*map)(struct gb_extent *extent, const struct gb_device *device);
	/* May be NULL, both: mapped is usable. */
	int (*publish)(struct gb_extent *extent, const struct gb_device *device);
	int (*unpublish)(struct gb_extent *extent);
	int (*unmap)(struct gb_extent *extent);
	/* May be NULL: nothing is left after unmap. */
	void (*release)(struct gb_extent *extent);
	/*
	 * Lets the devices in @device->access use the extent, after that set
	 * has changed. May be NULL: all devices always may.
	 */
	int (*grant)(struct gb_extent *extent, const struct gb_device *device);
};

extern const struct gb_tier gb_tier_vram;
/* Memory of the kernel module's pool, mapped into the arena and registered. */
extern const struct gb_tier gb_tier_ram_module;
/* The same with anonymous memory of the process. */
extern const struct gb_tier gb_tier_ram;
/* Memory that the driver makes on the host. */
extern const struct gb_tier gb_tier_ram_driver;

/* Memory of another process, by a handle that came from there. */
extern const struct gb_tier gb_tier_imported;

/* The host tiers in the order in which they are tried; ends with NULL. */
extern const struct gb_tier *const *gb_tiers_host;
/* Whether the module's is one of them. Before anything else, or in tests. */
void gb_tiers_use_module(bool use);

#endif
