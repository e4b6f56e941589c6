/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Extents: making them, taking them back, moving them between tiers.
 * gb_engine.lock held for everything here.
 */
#ifndef GB_EXTENT_H
#define GB_EXTENT_H

#include "../tier/tier.h"

/* Host memory that fresh extents are to be filled from, where they overlap it. */
struct gb_fill {
	const char *from;
	uint64_t address; /* where its first byte belongs */
	uint64_t bytes;
};

/*
 * Room for one more extent behind those of @allocation, which counts them
 * itself. NULL: out of memory.
 */
struct gb_extent *gb_extent_append(struct gb_allocation *allocation);

/*
 * Gives @extent, whose address and size are set, memory of @tier that the GPU
 * may use at once. @fill may be NULL, and fills host tiers only. Accounts for
 * it. Returns 0 or -errno, and on failure there is no memory.
 */
int gb_extent_create(struct gb_extent *extent, struct gb_device *device,
		     const struct gb_tier *tier, const struct gb_fill *fill);
/* The same in the first host tier that works. */
int gb_extent_create_on_host(struct gb_extent *extent, struct gb_device *device,
			     const struct gb_fill *fill);
/* Nothing may use it any more. */
void gb_extent_destroy(struct gb_extent *extent, struct gb_device *device);

/*
 * Moves the extent's contents to @tier, at the same address. The gate is closed
 * and the device idle. On failure the extent is as it was, unless the way back
 * failed too (-EIO, logged: the contents are lost).
 */
int gb_extent_move(struct gb_extent *extent, struct gb_device *device,
		   const struct gb_tier *tier);

/* Gives the buffer for moves back, if there is one. */
void gb_extent_finish(void);
/* Its context has ended and taken it along. */
void gb_extent_lose(void);

#endif
