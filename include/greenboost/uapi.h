/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The contract between greenboost.ko and programs: /dev/greenboost.
 *
 * A program opens the device, says HELLO, and then asks for buffers. A buffer
 * is pinned, cleared memory in granules of 2 MiB, and comes as a dma-buf file
 * descriptor: it can be mapped, registered for DMA, passed to another process
 * and imported by a driver. It lives until the last descriptor, mapping and
 * import of it is gone; closing the device does not touch it.
 *
 * Rules of all calls
 *  - Each answers 0, or -1 with errno; docs/kernel.md has the table of them.
 *  - The size of the argument is a part of the ioctl number: a structure of
 *    another size is another call, and an unknown call is ENOTTY.
 *  - A reserved field that is not zero, a flag that is not known: EINVAL.
 *  - [in] is read, [out] is written when the call succeeds and ignored before.
 *  - All sizes are bytes. All calls may be made from any thread.
 *  - Every call but HELLO needs a HELLO on this open file before: EPROTO.
 *    poll() needs none.
 */
#ifndef GREENBOOST_UAPI_H
#define GREENBOOST_UAPI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define GREENBOOST_DEVICE "/dev/greenboost"

/* The contract described here, and the oldest that its module still serves. */
#define GREENBOOST_VERSION     1
#define GREENBOOST_VERSION_MIN 1

/* What sizes are a multiple of. */
#define GREENBOOST_GRANULE_BYTES (2u << 20)

/* A limit that is none. */
#define GREENBOOST_NO_LIMIT (~(__u64)0)

/*
 * How short the machine is of memory, as the watchdog sees it. At CRITICAL no
 * buffer is given out (ENOSPC); at ELEVATED the holders of buffers are asked to
 * give back what they can do without.
 */
enum greenboost_level {
	GREENBOOST_LEVEL_NORMAL = 0,
	GREENBOOST_LEVEL_ELEVATED = 1,
	GREENBOOST_LEVEL_CRITICAL = 2,
};

/*
 * HELLO: the caller tells the versions of this contract that it speaks, and
 * hears the module's. EPROTONOSUPPORT when no version is common to both (the
 * module's versions are written then too); EINVAL when version is below
 * version_min, or version_min is 0. Both sides then use the lower of the two
 * versions. May be repeated.
 */
struct greenboost_hello {
	__u32 version;	   /* [in, out] newest version spoken */
	__u32 version_min; /* [in, out] oldest version spoken */
	__u64 reserved[3];
};

/* INFO: what the pool is, and how it stands at this moment. */
struct greenboost_info {
	__u64 granule_bytes; /* [out] GREENBOOST_GRANULE_BYTES */
	__u64 page_bytes;    /* [out] a page of the fallback */
	__u64 limit_bytes;   /* [out] the machine's limit of the pool */
	__u64 used_bytes;    /* [out] in buffers, of all users */
	__u64 reserve_bytes; /* [out] cleared and waiting */
	__u64 available_bytes; /* [out] most that this caller's limits allow now */
	__u64 level_changes; /* [out] since the module was loaded */
	__u32 level;	     /* [out] enum greenboost_level */
	__u32 alloc_flags;   /* [out] flags that ALLOC knows */
	__u64 reserved[4];
};

/* Takes pages of 4 KiB where no contiguous granule is left. */
#define GREENBOOST_ALLOC_SMALL_PAGES (1u << 0)
/* Takes memory of the node named or none; else the node is a preference. */
#define GREENBOOST_ALLOC_BIND	     (1u << 1)
#define GREENBOOST_ALLOC_FLAGS                                                 \
	(GREENBOOST_ALLOC_SMALL_PAGES | GREENBOOST_ALLOC_BIND)

/* The node near the CPU that the caller runs on. */
#define GREENBOOST_NODE_ANY (-1)

/*
 * ALLOC: makes a buffer and a dma-buf descriptor of it, close-on-exec, for
 * reading and writing. The memory reads as zero. It counts for this open file,
 * for the user who calls, for the caller's cgroup and, without CAP_IPC_LOCK,
 * against RLIMIT_MEMLOCK until it is freed, whoever holds it then.
 *
 *	EINVAL	size is zero or no whole number of granules; node out of range;
 *		BIND without a node; unknown flag, reserved not zero
 *	ENXIO	the node has no memory
 *	EFBIG	larger than the machine's memory
 *	ENOSPC	the machine's limit is reached, or the level is critical or
 *		would be with so much less memory
 *	EDQUOT	the limit of this open file or of the user is reached
 *	EPERM	RLIMIT_MEMLOCK is reached, and the caller has no CAP_IPC_LOCK
 *	ENOMEM	no contiguous memory (without SMALL_PAGES), none at all, or the
 *		caller's cgroup is at its limit
 *	EINTR	a fatal signal came meanwhile
 *	EMFILE, ENFILE	no descriptor is left
 *	EFAULT	bad argument pointer; nothing stays allocated
 */
struct greenboost_alloc {
	__u64 size;	   /* [in] a whole number of granules */
	__u32 flags;	   /* [in] GREENBOOST_ALLOC_... */
	__s32 node;	   /* [in] NUMA node, or GREENBOOST_NODE_ANY */
	__u64 small_bytes; /* [out] how much of it is pages of 4 KiB */
	__s32 fd;	   /* [out] the dma-buf */
	__u32 reserved32;
	__u64 reserved[3];
};

/*
 * LIMITS: the limits that bind this caller, and how much of each is used.
 * Limits are in whole granules, or GREENBOOST_NO_LIMIT.
 */
struct greenboost_limits {
	__u64 file_limit;    /* [out] of this open file */
	__u64 file_used;     /* [out] */
	__u64 user_limit;    /* [out] of the user who calls */
	__u64 user_used;     /* [out] */
	__u64 machine_limit; /* [out] of all users together */
	__u64 machine_used;  /* [out] */
	__u64 memlock_limit; /* [out] RLIMIT_MEMLOCK; none with CAP_IPC_LOCK */
	__u64 memlock_used;  /* [out] the user's, by whatever takes of it */
	__u64 reserved[4];
};

/*
 * SET_LIMIT: changes the limit of this open file, for all who hold it. Anyone
 * may lower it, also below what is used; to raise it needs CAP_SYS_RESOURCE,
 * so that a descriptor handed to a container keeps the limit it came with.
 * A limit is rounded down to whole granules.
 *
 *	EPERM	raised without CAP_SYS_RESOURCE
 */
struct greenboost_set_limit {
	__u64 file_limit; /* [in] or GREENBOOST_NO_LIMIT */
	__u64 reserved[3];
};

/* Most eventfds that one open file can subscribe. */
#define GREENBOOST_SUBSCRIBE_MAX 16

/*
 * SUBSCRIBE: adds 1 to the eventfd at every change of the level, until
 * UNSUBSCRIBE with the same eventfd (by any descriptor of it) or until the last
 * descriptor of this open file is closed. The level is told as it was when the
 * subscription began, so that no change is missed between.
 *
 *	EBADF	no open descriptor
 *	EINVAL	not an eventfd; reserved not zero
 *	EEXIST	SUBSCRIBE: is already
 *	EMFILE	SUBSCRIBE: GREENBOOST_SUBSCRIBE_MAX reached
 *	ENOENT	UNSUBSCRIBE: is not subscribed on this open file
 */
struct greenboost_subscribe {
	__s32 eventfd;	     /* [in] */
	__u32 level;	     /* [out] enum greenboost_level */
	__u64 level_changes; /* [out] since the module was loaded */
	__u64 reserved[2];
};

/*
 * PRESSURE: the level and what it was found from, as of the watchdog's last
 * look. The changes of the level up to now count as seen: poll() reports
 * POLLIN on an open file from a change on until this call. Nothing has been
 * missed that poll() has not told: level_changes counts each.
 */
struct greenboost_pressure {
	__u32 level;		 /* [out] enum greenboost_level */
	__u32 causes;		 /* [out] GREENBOOST_CAUSE_... */
	__u64 level_changes;	 /* [out] since the module was loaded */
	__u64 total_bytes;	 /* [out] memory of the machine */
	__u64 available_bytes;	 /* [out] MemAvailable */
	__u64 swap_total_bytes;	 /* [out] */
	__u64 swap_free_bytes;	 /* [out] */
	__u64 store_total_bytes; /* [out] file system of the store, 0: none */
	__u64 store_free_bytes;	 /* [out] */
	__u32 memory_stall;	 /* [out] 0.01 %, of 10 s, some task waited */
	__u32 store_stall;	 /* [out] 0.01 %, of 10 s, I/O of the store */
	__u64 reserved[4];
};

/* What speaks for a level above NORMAL. */
#define GREENBOOST_CAUSE_MEMORY	      (1u << 0) /* MemAvailable is low */
#define GREENBOOST_CAUSE_MEMORY_STALL (1u << 1) /* tasks wait for memory */
#define GREENBOOST_CAUSE_SWAP	      (1u << 2) /* swap is nearly full */
#define GREENBOOST_CAUSE_POOL	      (1u << 3) /* the pool is nearly full */
#define GREENBOOST_CAUSE_STORE	      (1u << 4) /* the store is nearly full */
#define GREENBOOST_CAUSE_STORE_STALL  (1u << 5) /* the store's I/O is slow */

#define GREENBOOST_IOC_TYPE 0xFA

#define GREENBOOST_IOC_HELLO                                                   \
	_IOWR(GREENBOOST_IOC_TYPE, 0, struct greenboost_hello)
#define GREENBOOST_IOC_INFO                                                    \
	_IOWR(GREENBOOST_IOC_TYPE, 1, struct greenboost_info)
#define GREENBOOST_IOC_ALLOC                                                   \
	_IOWR(GREENBOOST_IOC_TYPE, 2, struct greenboost_alloc)
#define GREENBOOST_IOC_LIMITS                                                  \
	_IOWR(GREENBOOST_IOC_TYPE, 3, struct greenboost_limits)
#define GREENBOOST_IOC_SET_LIMIT                                               \
	_IOW(GREENBOOST_IOC_TYPE, 4, struct greenboost_set_limit)
#define GREENBOOST_IOC_SUBSCRIBE                                               \
	_IOWR(GREENBOOST_IOC_TYPE, 5, struct greenboost_subscribe)
#define GREENBOOST_IOC_UNSUBSCRIBE                                             \
	_IOWR(GREENBOOST_IOC_TYPE, 6, struct greenboost_subscribe)
#define GREENBOOST_IOC_PRESSURE                                                \
	_IOWR(GREENBOOST_IOC_TYPE, 7, struct greenboost_pressure)

#endif /* GREENBOOST_UAPI_H */
