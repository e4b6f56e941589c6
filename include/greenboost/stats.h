/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The statistics page: what a process under the library publishes about itself,
 * and what the tool reads. One file a process, named PID.stats, in the runtime
 * directory; the writer maps it shared, and so may any reader of the same user.
 *
 * Lock-free in both directions: every member is written with one relaxed atomic
 * store and read with one relaxed atomic load, so a single value is never torn,
 * while two values may belong to neighbouring moments. A reader must survive a
 * writer that dies at any point: it checks magic, version and size, and that
 * the process @pid still runs and began at @start_ticks (a number that is used
 * again by another process has another start time). The file of a dead process
 * may be removed by whoever finds it.
 *
 * Counters only grow; gauges are marked. Sizes are bytes, times nanoseconds.
 *
 * Behind the struct, from @map_offset on, each device has a map of its arena:
 * GB_MAP_GRANULES bytes, one a granule of 2 MiB from the arena's start on, of
 * which @map_used have been in use. A byte is written where memory is placed,
 * moved or freed, and heat a few times a second while memory overflows: nothing
 * on the way of a launch touches the map. @map_offset is 0 where there is none.
 */
#ifndef GREENBOOST_STATS_H
#define GREENBOOST_STATS_H

#include <stdint.h>

#define GB_STATS_MAGIC	 UINT64_C(0x0053544154534247) /* "GBSTATS" */
#define GB_STATS_VERSION 2
#define GB_STATS_DEVICES 16
#define GB_STATS_NAME	 64

#define GB_MAP_GRANULE                                                         \
	(UINT64_C(1) << 21) /* bytes of memory that a byte stands for */
#define GB_MAP_GRANULES (UINT64_C(1) << 19) /* a device: 1 TiB of arena */

/* The low bits of a byte of the map: where the granule lives. */
enum gb_map_tier {
	GB_MAP_FREE,	/* nobody's, or the guard behind an allocation */
	GB_MAP_PENDING, /* allocated, not backed yet */
	GB_MAP_VRAM,
	GB_MAP_RAM,
	GB_MAP_POOL, /* RAM of the kernel module's pool */
	GB_MAP_NVME,
	GB_MAP_IMPORTED, /* memory of another process */
	GB_MAP_TIERS,
};

#define GB_MAP_TIER	  7u
#define GB_MAP_START	  8u /* an allocation begins here */
/*
 * The high four bits, where GB_MAP_START is set: heat of the whole allocation.
 * 0 is cold, or not known; else about 2^(heat - 7) touches in the library's
 * window of launches, the highest meaning that or more.
 */
#define GB_MAP_HEAT_SHIFT 4

/*
 * Behind the maps, from @uses_offset on, each device has GB_USES of these: what
 * became of an allocation that launches used in RAM, as long as it lives. Its
 * size and its tiers are in the map. Allocations beyond so many have none, and
 * @uses_offset is 0 where nobody has.
 */
#define GB_USES 4096

struct gb_stats_use {
	uint32_t granule; /* of the map, where it begins, and one; 0: nobody's */
	uint32_t copies;  /* made of it in the ring, each of all its bytes */
	uint32_t hits;	  /* launches that found one of an earlier use */
	uint32_t ahead;	  /* launches that found one brought ahead */
	uint32_t direct;  /* launches that were given it where it lies */
	uint32_t reserved[3];
};

struct gb_stats_device {
	char name[GB_STATS_NAME]; /* of the GPU; constant after init */
	uint64_t vram_total;	  /* the card's own */
	uint64_t vram_budget;
	uint64_t vram_used; /* gauge: arena memory in VRAM */
	uint64_t vram_direct; /* gauge: what went past the arena: small, pools, arrays, VMM */
	uint64_t ram_used;    /* gauge: arena memory of this GPU in RAM */
	uint64_t pending;     /* gauge: allocated, not backed yet */
	uint64_t allocations; /* gauge: live in the arena */
	uint64_t allocated;   /* counter of allocations made */
	uint64_t freed;
	uint64_t refused; /* out-of-memory errors given to the program */
	uint64_t uploaded_vram; /* bytes copied from the host into VRAM by the library */
	uint64_t uploaded_ram; /* the same into RAM */
	uint64_t moved_out;    /* bytes moved VRAM to RAM */
	uint64_t moved_in;     /* bytes moved RAM to VRAM */
	uint64_t moves;	       /* extents moved */
	uint64_t move_ns;      /* time that moves held the program up */
	uint64_t launches;     /* seen while memory overflows */
	uint64_t direct_read; /* estimate: bytes of RAM allocations that launches named */
	uint64_t map_used; /* granules of the map that have been in use; grows */
	/*
	 * Bytes a second that the copy engine was measured to bring over the
	 * link from RAM; 0: not measured.
	 */
	uint64_t link_rate;
	uint64_t ring;		/* gauge: VRAM that staged copies stand in */
	uint64_t staged;	/* bytes copied from RAM into it */
	uint64_t stage_misses;	/* launches' operands that had to be copied */
	uint64_t stage_hits;	/* that were there from an earlier use */
	uint64_t prefetch_hits; /* that had been brought ahead */
	uint64_t reconciled; /* bytes that launches changed and that went home */
	uint64_t verified;   /* bytes of copies compared with their homes */
	uint64_t ram_pool; /* gauge: what of ram_used the kernel module holds */
	uint64_t captured; /* bytes of copies that captured graphs make when launched */
	uint64_t nvme_used; /* gauge: arena memory of this GPU on the NVMe disk */
	uint64_t spilled;   /* bytes that left RAM for it */
	uint64_t returned; /* bytes that came back to stay in RAM */
	/*
	 * Launches that stood in their stream until a staged copy had arrived,
	 * and how long: estimates from one wait in 17, without graphs.
	 */
	uint64_t stalls;
	uint64_t stall_ns;
};

struct gb_stats {
	uint64_t magic; /* written last, with release */
	uint32_t version;
	uint32_t size; /* of this struct */
	uint32_t pid;
	uint32_t device_count;
	uint64_t start_ticks;	     /* field 22 of /proc/PID/stat */
	char command[GB_STATS_NAME]; /* /proc/PID/comm at start */
	uint64_t ram_budget;
	uint64_t ram_used;   /* gauge: arena memory in RAM, all GPUs */
	uint64_t ram_direct; /* gauge: pinned by the program itself */
	uint64_t map_offset; /* from the file's start; 0: no map */
	uint64_t ram_pool; /* gauge: what of ram_used the kernel module holds */
	uint64_t nvme_budget;
	uint64_t nvme_used; /* gauge: arena memory on the NVMe disk, all GPUs */
	uint64_t nvme_file; /* gauge: what of it the spill file holds */
	uint64_t nvme_read; /* bytes read back, from there or from model files */
	uint64_t nvme_written;	   /* bytes written to the spill file */
	uint64_t nvme_writes_left; /* gauge; UINT64_MAX: no limit */
	uint64_t nvme_rate; /* gauge: bytes a second of reading so far, while any; 0: none */
	uint64_t nvme_failures; /* reads and writes that failed */
	uint64_t uses_offset;	/* from the file's start; 0: no uses */
	uint64_t nvme_wait_ns; /* time that launches held the program up for reads */
	uint64_t reserved[4];
	struct gb_stats_device device[GB_STATS_DEVICES];
};

#endif
