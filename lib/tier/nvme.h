/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The third tier: an NVMe disk. Memory that lives there has no extents, as none
 * can be mapped: an allocation leaves RAM whole, and is *away* then
 * (gb_allocation.away). What of an allocation is on the disk, away or not, is
 * its *parts*: stretches of the model file that it was uploaded from, which are
 * there anyway, and what had to be put into the spill file.
 *
 * Who leaves, and when somebody has to come back, is engine/spill.h; how
 * kernels read what is away, staging/guest.h.
 *
 * gb_engine.lock held for everything here, unless it says otherwise.
 */
#ifndef GB_NVME_H
#define GB_NVME_H

#include "../engine/types.h"
#include "../nvme/store.h"

/* Read in one go, and copied to VRAM as one when it has arrived. */
#define GB_NVME_PIECE (UINT64_C(4) << 20)

/*
 * Opens the store in @directory for @bytes of memory, of which @writes bytes
 * may be written (UINT64_MAX: any). Says in the log what is against it, and 0
 * or -errno. Before the engine knows any device.
 */
int gb_nvme_open(const char *directory, uint64_t bytes, uint64_t writes);
/* All allocations are gone. Fine where nothing has been opened. */
void gb_nvme_close(void);
/* In the child of a fork. */
void gb_nvme_fork_child(void);
/* Any thread, no lock: constant while the engine lives. */
bool gb_nvme_is_open(void);

/* What is on the disk of one allocation. */
struct gb_parts;

/*
 * @bytes from @offset on have been uploaded from @source, still mapped: if that
 * is memory of a file, they are on a disk already.
 */
void gb_nvme_remember(struct gb_allocation *allocation, uint64_t offset,
		      const void *source, uint64_t bytes);

/*
 * Sees to it that the whole allocation, which lies in RAM, is on the disk as it
 * is now; writes what is not. With @write false it fails instead (-EDQUOT).
 * Waits for the disk. 0 or -errno: -ENOSPC, -EDQUOT, -EIO, ...
 */
int gb_nvme_keep(struct gb_allocation *allocation, bool write,
		 enum gb_store_why why);
/*
 * Gives back what space of the spill file an allocation has that is at home;
 * the bytes.
 */
uint64_t gb_nvme_give_space(struct gb_allocation *allocation);
/* Nothing of it is on the disk any more. No read may be under way. */
void gb_nvme_forget(struct gb_allocation *allocation);

/* One piece of an allocation that is away, on its way to memory. */
struct gb_nvme_read {
	struct gb_job job;
	uint64_t from, bytes; /* of the allocation */
	bool waited;	      /* for it, and this came of it: */
	int error;
};

/*
 * Begins to read all of @allocation, whose parts stay as they are until all is
 * over, to @memory, which has room for gb_nvme_bytes of it. *@reads are the
 * caller's to wait for, one by one, and to free. Any lock: nothing of the
 * engine's changes. 0 or -errno.
 */
int gb_nvme_begin(const struct gb_allocation *allocation, char *memory,
		  enum gb_store_why why, struct gb_nvme_read **reads,
		  uint32_t *count);
/* Waits for one; its result. Any thread, the caller's lock. */
int gb_nvme_wait(struct gb_nvme_read *read);
static inline bool gb_nvme_is_over(struct gb_nvme_read *read)
{
	return read->waited || gb_store_is_over(&read->job);
}
/* Waits for all of them and frees them; the first error. */
int gb_nvme_finish(struct gb_nvme_read *reads, uint32_t count);

/* All of @allocation to @memory at once, as above. */
int gb_nvme_fetch(const struct gb_allocation *allocation, char *memory,
		  enum gb_store_why why);

/* Bytes that are read: what the program asked for, in whole pages. */
static inline uint64_t gb_nvme_bytes(const struct gb_allocation *allocation)
{
	return (allocation->size + GB_PAGE - 1) & ~(GB_PAGE - 1);
}

/* Brings the published page up to date. Any thread, no lock. */
void gb_nvme_tell(struct gb_stats *stats);

#endif
