/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Staging: kernels read copies, in VRAM, of memory that lives in RAM.
 *
 * A launch names memory by its parameters. What of it lies in RAM is copied
 * into a ring of VRAM by a copy engine, ahead of the launch where the program
 * lets us see it early enough, and the launch gets the copy's address.
 * Afterwards a job on the same stream looks for pages that the kernel has
 * changed and carries them home, so that a copy never hides a write.
 *
 * Words: the *home* is where an allocation lives, its *copy* stands in a *slot*
 * of the ring (ring.h), a *lane* is a stream with its work numbered (lane.h).
 *
 * Nothing here makes the calling thread wait for the GPU, unless it says so.
 * Whatever fails, a launch can read the home over the link instead.
 *
 * Locks: each device's staging has one, taken after gb_engine.lock where both
 * are needed. It is held while the copy stream is given work: the order of the
 * ring is the order of that stream.
 */
#ifndef GB_STAGING_H
#define GB_STAGING_H

#include "../engine/types.h"

/* Once, before anything else here: the settings (common/options.def). */
void gb_staging_init(uint64_t bytes, bool verify);
/* In the child of a fork. */
void gb_staging_fork_child(void);

/* Sets device->vram_aside, once the budget is known. gb_engine.lock held. */
void gb_staging_plan(struct gb_device *device);

/*
 * Makes ring and copy stream on the first use, once memory lies in RAM. May
 * move memory and wait for the device then; not from inside the gate.
 */
void gb_staging_prepare(int device);

/* ---- launches ---- */

/* A word of a launch's parameters that lies in an arena. */
struct gb_stage_word {
	uint64_t address; /* as the program gave it */
	uint64_t to;	  /* out: as the kernel is to get it */
	uint32_t offset;  /* in the parameter block: names it among launches */
	/* private */
	struct gb_allocation *owner;
	struct gb_slot *slot; /* pinned, with the first word of a staged one */
	bool first;	      /* of its allocation in this launch; then also: */
	bool check;	      /* one of the allocation's words is not trusted */
	bool writing;	      /* counted in gb_staged.writing */
	bool timed;	      /* what the kernel takes is of interest */
	struct gb_timer *timer;
};

struct gb_stage_launch {
	int device;	   /* of the current context */
	uint64_t stream;   /* as the engine names it */
	uint64_t function; /* a number of the function's own while it is loaded */
	uint64_t grid;	   /* its blocks, in all */
	struct gb_stage_word *words;
	uint32_t count;
	/* private */
	struct gb_lane *lane;
	bool others;   /* memory of other devices is named */
	bool captured; /* it becomes a part of a graph */
	/*
	 * Out: nothing has begun, since it names memory that is away and that
	 * it cannot have a copy of; that has to come home first.
	 */
	bool stranded;
};

/*
 * Before a launch, inside the gate: decides for each allocation that the words
 * name, issues copies and waits, and says where each word is to point. True if
 * gb_staging_end must follow, in any case; false: nothing is staged, launch as
 * it is.
 */
bool gb_staging_begin(struct gb_stage_launch *launch);
/* After it, still inside. @launched: the driver has taken it. */
void gb_staging_end(struct gb_stage_launch *launch, bool launched);

/* Functions may be unloaded, and their numbers come back as others'. */
void gb_staging_forget_functions(void);

/* ---- everything else that reaches memory, inside the gate ----
 *
 * What is captured is not work yet: for a stream in capture these see to the
 * graph alone, and the launch of the graph is work that may reach any memory.
 */

/*
 * Before work of @stream's that reads the allocation at @address, or writes it
 * too: what it finds at home is up to date, and with @write there is no copy
 * any more. Addresses that are not ours are fine. True if gb_staging_written
 * must follow, which it does for writes alone.
 */
bool gb_staging_access(uint64_t address, uint64_t stream, bool write);
/* The write has been given to @stream, or has failed: copies may be made again. */
void gb_staging_written(uint64_t address, uint64_t stream);

/*
 * The same before and after work that may reach any memory there is, of any
 * device. It is taken to write whatever has a copy. With @graph it may have
 * copies of its own in the ring, and takes turns with others of its kind: one
 * thread at a time gets here, once. Returns what the second wants.
 */
uint32_t gb_staging_access_all(uint64_t stream, bool graph);
void gb_staging_written_all(uint64_t stream, uint32_t devices, bool graph);

/*
 * @address has been seen on its way into memory: kernels may find it there,
 * where nobody looks, so what it names has no copy from @stream's next work on.
 */
void gb_staging_escape(uint64_t address, uint64_t stream);

/*
 * The program waits for @device, from outside the gate: takes in what jobs have
 * found, and brings ahead what it is likely to touch next.
 */
void gb_staging_idle(int device);

/* ---- for the engine, gb_engine.lock held ---- */

/*
 * Bytes of the ring that overflow brings, or has brought; 0: none. @copied:
 * what has gone through it so far, in bytes.
 */
uint64_t gb_staging_ring(const struct gb_device *device, uint64_t *copied);
/*
 * How long launches have stood still for copies, of so long as @seen says,
 * since staging began: nanoseconds by the GPU's clock, an estimate.
 */
uint64_t gb_staging_stalls(const struct gb_device *device, uint64_t *seen);
/* Memory has been given back: is there room for a ring that had none? */
void gb_staging_reconsider(struct gb_device *device);
/* The gate is closed and all devices are idle: makes every home up to date. */
void gb_staging_settle(void);
/* No copy of it from now on; what it names is about to change hands. */
void gb_staging_forget(struct gb_allocation *allocation);
/* After gb_staging_forget: does the copy stream still work on its home? */
bool gb_staging_is_done_with(struct gb_allocation *allocation);
/* Waits until it does not. */
void gb_staging_wait_out(struct gb_allocation *allocation);
/*
 * For memory that may leave for the NVMe disk, or is there (guest.h). Could
 * launches use @allocation from there? Has it a copy, or is it being read?
 * With the gate closed and the devices idle: what kernels have left of it if
 * that differs from what the disk has, gb_nvme_bytes of it, or NULL.
 */
bool gb_staging_may_host(const struct gb_allocation *allocation);
bool gb_staging_knows(const struct gb_allocation *allocation);
const void *gb_staging_changed(const struct gb_allocation *allocation);
/* At any time: is that known to differ? */
bool gb_staging_has_changed(const struct gb_allocation *allocation);
/*
 * Takes the ring apart; homes are up to date. The context still lives, or has
 * been left for gone. Nobody is inside the gate.
 */
void gb_staging_stop(struct gb_device *device);
/* Is there anything to stop? */
bool gb_staging_is_on(const struct gb_device *device);
/*
 * @context is about to end: its streams have done their work, and the tickets
 * that staging has of it are given back; where it carries the staging of a
 * device gb_staging_stop must follow. With @gone it has ended already,
 * unforeseen: what was in it is only forgotten, with @buffers the pinned memory
 * too.
 */
void gb_staging_leave(uint64_t context, bool gone, bool buffers);

/* ---- streams that wait, and that end ---- */

/*
 * @stream has been given a wait for something that is no work of a GPU's: from
 * here until that has passed its launches are not staged, and nothing waits for
 * them that did not alone.
 */
void gb_staging_hold(uint64_t stream);

/* The capture of @stream is about to end. */
void gb_staging_capture_ends(uint64_t stream);
/*
 * From now on graphs may become parts of others, which nobody could keep from
 * using the ring at once: nothing is staged in captures any more.
 */
void gb_staging_forbid_captures(void);

void gb_staging_stream_gone(uint64_t stream);

#endif
