/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which tier memory lives in, and what leaves when VRAM is short. The policy is
 * here and nowhere else. gb_engine.lock held, the caller not inside the gate.
 */
#ifndef GB_PLACEMENT_H
#define GB_PLACEMENT_H

#include "extent.h"

/*
 * Backs a pending allocation: what is uploaded takes what VRAM is left, and
 * RAM for the rest; all else gets VRAM, and colder memory leaves for it.
 * Returns 0, or -errno with the allocation still pending.
 */
int gb_placement_back(struct gb_allocation *allocation, const struct gb_fill *fill);

/*
 * Moves cold memory out of @device's VRAM until @bytes have room within the
 * budget; at last, where what comes is @bound to VRAM and cannot be elsewhere,
 * memory that is in use all the time. Returns 0, or what stood in the way: -ENOMEM
 * (nothing more may leave, or RAM is full), -EBUSY (a capture forbids moving).
 */
int gb_placement_make_room(struct gb_device *device, uint64_t bytes, bool bound);

/*
 * Moves the allocation's extents from RAM into VRAM, or with @exportable into
 * any memory that has handles. Returns 0 or -errno, some extents moved.
 */
int gb_placement_bring_in(struct gb_allocation *allocation, bool exportable);

/*
 * Brings in what is hot but in RAM while there is room, or in exchange for
 * something far colder; a few extents at most.
 */
void gb_placement_rebalance(struct gb_device *device);

/* Registers all of @device's extents in RAM anew: see gb_engine_republish. */
void gb_placement_republish(struct gb_device *device);

/* Takes the memory of an allocation that nothing uses any more. */
void gb_placement_drop(struct gb_allocation *allocation);

#endif
