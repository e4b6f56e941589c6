/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The engine's nouns.
 *
 * - granule: 2 MiB of address space, the driver's own mapping unit (V1).
 * - arena: the address range of one device, reserved once. "Is this pointer
 *   ours?" is one subtraction and one compare; "whose?" one look-up.
 * - allocation: what the program got from one call, a run of granules in an
 *   arena, with one guard granule behind it that is never mapped.
 * - extent: memory of one tier behind a run of granules of one allocation, at
 *   most GB_EXTENT_MAX bytes; the unit that is placed and moved.
 * - tier: where an extent lives (tier.h).
 * - away: on the NVMe disk, and so mapped nowhere.
 * - pending: allocated, paid for from the budgets, and not backed yet.
 * - touch: a launch, copy or memset that names an allocation.
 *
 * Locks. gb_engine.lock guards everything here unless a member says otherwise.
 * It is never held while a call of the program's own is inside the driver.
 */
#ifndef GB_TYPES_H
#define GB_TYPES_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "greenboost/stats.h"
#include "driver.h"
#include "list.h"
#include "../staging/staged.h"

#define GB_GRANULE_SHIFT 21
#define GB_GRANULE	 (UINT64_C(1) << GB_GRANULE_SHIFT)
/* One move of this much holds the program up for a few ms; see move.c. */
#define GB_EXTENT_MAX	 (UINT64_C(64) << 20)
#define GB_DEVICES	 GB_STATS_DEVICES

static inline uint64_t gb_min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

struct gb_parts;
struct gb_tier;
struct gb_pool_ops;

/* How an allocation has shown itself to be used; decides where it belongs. */
enum gb_kind {
	GB_KIND_UNKNOWN,  /* not touched by anything that says */
	GB_KIND_UPLOADED, /* filled from the host: weights, tables */
	GB_KIND_WORKING, /* named by launches or memsets: activations, caches */
};

struct gb_extent {
	uint64_t address;
	uint64_t bytes;
	const struct gb_tier *tier; /* provenance: free and move go by it */
	uint64_t handle;	    /* the tier's own; 0 when it has none */
};

/* Names an allocation among all processes. */
struct gb_origin {
	uint64_t process[2]; /* a secret of the process that made it */
	uint64_t id;	     /* gb_allocation.id there */
};

struct gb_allocation {
	struct gb_list node; /* in gb_device.allocations, by age */
	struct gb_device *device;
	uint64_t address;
	uint64_t size;		   /* bytes the program asked for */
	uint64_t bytes;		   /* in granules; the guard is not counted */
	uint64_t id;		   /* never used again in this process */
	uint64_t context;	   /* the program's context, as a number */
	uint64_t pool;		   /* of a stream-ordered allocation, or 0 */
	struct gb_extent *extents; /* by address; NULL while pending */
	uint32_t extent_count;
	bool pinned;	       /* stays where it is: exported, RDMA, textures */
	_Atomic bool captured; /* graphs copy from its extents: it is not moved */
	_Atomic bool held; /* graphs copy across its extents: stays in VRAM */
	bool sync_memops;  /* CU_POINTER_ATTRIBUTE_SYNC_MEMOPS */
	bool exported;	   /* pinned where it has handles: gb_engine_export */
	bool away; /* on the NVMe disk, whole; changes with the gate closed */
	_Atomic bool graphed; /* graphs name it: it is at home, and stays there */
	bool wanted; /* at home, for now: it does not leave (spill.c) */
	uint32_t passed_over; /* the search in which it could not leave (spill.c) */
	struct gb_parts *parts; /* of it that are on a disk, or NULL (tier/nvme.h) */
	bool freed;		/* given back, waiting in gb_device.leaving */
	gb_ticket leave_after; /* with freed: what to wait for; 0: for all work */
	uint64_t retired;      /* with freed: gb_engine.retired then */
	struct gb_origin origin; /* of memory of another process */
	uint32_t opens;		 /* times that is open; 0: memory of our own */
	struct gb_staged staged; /* under a lock of its own; see there */

	/*
	 * Written by launches without a lock: a lost update costs precision of
	 * a guess. Structs are recycled, never returned to malloc, so a late
	 * writer hits an allocation, if the wrong one.
	 */
	_Atomic enum gb_kind kind;
	_Atomic uint32_t heat;	  /* touches, fixed point; see heat.c */
	_Atomic uint32_t touched; /* launch clock of the last touch */
	_Atomic uint64_t in_ram;  /* bytes not in VRAM; read without the lock */
	_Atomic(struct gb_stats_use *) use; /* on the page, or NULL (use.h) */
};

/* What is remembered between looks at a device's balance (balance.h). */
struct gb_balance {
	uint64_t order;	  /* a name of the order of use, as last seen */
	uint64_t copied;  /* bytes staged until the last look */
	uint64_t looked;  /* when that was: CLOCK_MONOTONIC, ns */
	uint64_t moved;	  /* gb_device.moved as of then */
	bool settled;	  /* in that order nothing helped */
	uint64_t in, out; /* ids of those that are changing places, or 0 */
	uint64_t credit;  /* bytes that may still change places */
	/* gb_staging_stalls at the last look, and how much of late; ns. */
	uint64_t seen_then, held_then, seen, held;
};

struct gb_device {
	int ordinal;
	bool ready;
	uint64_t base;		/* the arena; constant once it has bytes */
	_Atomic uint64_t bytes; /* 0: no arena; written last, read without the lock */
	struct gb_list spaces;	    /* free runs of the arena, by address */
	struct gb_list allocations; /* live ones, oldest first */
	struct gb_list leaving;	    /* freed ones whose memory may be in use */
	_Atomic(struct gb_allocation *) *owners; /* by granule; as base */
	uint32_t access;     /* devices that may use this arena, as bits */
	uint64_t vram_total; /* of the card */
	uint64_t vram_budget;
	uint64_t vram_aside;	      /* for staging, once memory overflows */
	uint64_t vram_used;	      /* arena memory in VRAM */
	_Atomic uint64_t vram_direct; /* VRAM that went past the arena */
	uint64_t ram_used;	      /* arena memory of this device in RAM */
	uint64_t ram_pool;	      /* what of it the module's pool holds */
	uint64_t away;		      /* arena memory on the NVMe disk */
	uint64_t ram_aside; /* for guests (staging/guest.h), while there may be any */
	uint64_t pending;
	uint64_t rebalance_after; /* CLOCK_MONOTONIC, ns */
	uint64_t refill_after;	  /* the same, for what comes back from NVMe */
	struct gb_balance balance;
	_Atomic uint64_t moved; /* extents so far; constant inside the gate */
	struct gb_stats_device *stats; /* the published page's entry, never NULL */
	uint8_t *map;		    /* its map of the arena, or NULL (map.h) */
	struct gb_stats_use *uses;  /* behind the maps, or NULL (use.h) */
	uint32_t next_use;	    /* where the next free one is looked for */
	_Atomic uint64_t map_after; /* CLOCK_MONOTONIC, ns: heat is due then */
};

struct gb_engine {
	pthread_mutex_t lock;
	const struct gb_driver_ops *driver; /* constant once ready */
	struct gb_device device[GB_DEVICES];
	int device_count;
	uint64_t vram_wanted, vram_reserve; /* gb_engine_setup's vram and reserve */
	uint64_t ram_budget;
	uint64_t ram_used;		/* of all devices */
	const struct gb_pool_ops *pool; /* constant once ready; NULL: no module */
	uint64_t ram_pool;		/* what of ram_used is there */
	uint64_t ram_pool_most;		/* what may be, while memory is short */
	uint64_t ram_yielded; /* of the budget, to others while memory is short */
	_Atomic int pressure; /* enum greenboost_level; written under the lock */
	_Atomic uint64_t pressure_after; /* CLOCK_MONOTONIC, ns: the next look */
	_Atomic uint64_t ram_direct;	 /* pinned by the program itself */
	/* Constant once ready; may be NULL. UINT64_MAX: it cannot be told. */
	uint64_t (*ram_left)(void);
	uint64_t nvme_budget;  /* 0: no NVMe disk is used */
	_Atomic uint64_t away; /* of all devices */
	uint64_t next_id;
	uint64_t retired;	/* allocations freed so far: a clock */
	struct gb_list spare;	/* allocation structs to use again */
	struct gb_stats *stats; /* NULL in the child of a fork */
};

/* The one engine of the process (engine.c). */
extern struct gb_engine gb_engine;

#endif
