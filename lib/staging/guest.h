/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guests: allocations that are away on the NVMe disk (tier/nvme.h) and in use.
 * A guest stands in the *window*, a range of pinned RAM that is used like the
 * ring of VRAM (ring.h): the disk reads into it, piece by piece, and each piece
 * is copied on to VRAM when it has arrived. The window is larger than the ring,
 * so reads run ahead of the copies, as these do of the kernels.
 *
 * As long as it has a copy in VRAM a guest is what else a home is: where jobs
 * carry what kernels have changed. Such a guest knows better than the disk, and
 * is not let go before the engine has brought its allocation home for good.
 *
 * The lock of the device's gb_staging guards everything here.
 */
#ifndef GB_GUEST_H
#define GB_GUEST_H

#include "ring.h"

struct gb_nvme_read;
struct gb_staging;

struct gb_guest {
	struct gb_slot *place;	    /* in the window */
	struct gb_nvme_read *reads; /* the pieces, in the order of the parts */
	uint32_t count;
	uint32_t unjudged; /* jobs whose verdict has not been taken in */
	bool changed;	   /* by kernels: the disk has it as it was */
};

/*
 * Bytes of the window that @device's staging gets, of what RAM has left when
 * the device is made ready; 0 where nothing can be away.
 */
uint64_t gb_guests_plan(const struct gb_device *device, uint64_t ring);

/* Has the window room enough for @bytes, and as much again to read ahead? */
bool gb_guest_fits(const struct gb_device *device, uint64_t bytes);

/*
 * Sees to it that @allocation, which is away, is read into the window. With
 * @ahead nobody leaves it for that who is still of use, and nothing waits.
 * 0 or -errno: -EBUSY where the window is taken.
 */
int gb_guest_invite(struct gb_staging *staging,
		    struct gb_allocation *allocation, bool ahead);

/*
 * Copies what has been read, and was not copied yet, to @slot, a place in VRAM;
 * with @wait all of it, as it arrives. slot->open says whether some is missing.
 * 0 or -errno: what cannot be read cannot be used.
 */
int gb_guest_serve(struct gb_staging *staging, struct gb_slot *slot, bool wait);
/* The same for all slots that miss something, without waiting. */
void gb_guests_serve(struct gb_staging *staging);

/*
 * Its copy could not be made: that goes, and so does the guest, to be read anew
 * if anybody asks again, unless kernels have changed it.
 */
void gb_guest_failed(struct gb_staging *staging, struct gb_allocation *allocation);

/*
 * The guest goes, and what it holds is lost; its copy goes too. Waits for the
 * disk, if it is still being read. Fine where there is none.
 */
void gb_guest_dismiss(struct gb_staging *staging, struct gb_allocation *allocation);

/* All go, and the window with them. Waits for the device. */
void gb_guests_finish(struct gb_staging *staging);

#endif
