/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads and writes of files that run beside the program: cut into parts, many
 * of them under way at once, as a fast disk needs. By io_uring where that is
 * allowed, else by threads that call pread and pwrite; nobody need know which.
 *
 * A part that was short is continued, one that was interrupted tried again, and
 * one that failed fails its request. A disk that does not answer makes those
 * who wait wait, with a line in the log, as long as it takes: memory that a
 * disk may still write to cannot be given back.
 *
 * The queue's threads block all signals and never call into the program.
 */
#ifndef GB_QUEUE_H
#define GB_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "../engine/list.h"

struct gb_queue;

/* A request is cut into parts of so much: see docs/nvme.md for the choice. */
#define GB_QUEUE_PART (UINT64_C(512) << 10)

/*
 * A request. The caller owns the struct, fills in the first half, clears the
 * rest, and leaves all of it and the memory alone until the request has ended.
 */
struct gb_io {
	int fd;
	bool write;
	bool direct;   /* @fd is O_DIRECT: see gb_queue_submit */
	bool uncached; /* leaves nothing of it in the page cache */
	bool urgent;   /* before those in the queue that are not */
	uint64_t offset;
	void *memory; /* NULL, of a read: @each sees the bytes, nobody else */
	uint64_t bytes;
	/*
	 * May be NULL. Called for each part, @at bytes into the request: of a
	 * write before it goes, of a read when it has arrived, and @memory is
	 * where it is then. By several threads at once, for different parts.
	 * What it returns other than 0 is the request's result; the program's
	 * memory is then without that part.
	 */
	int (*each)(struct gb_io *io, uint64_t at, const void *memory,
		    uint64_t bytes);
	/*
	 * May be NULL. Called by a thread of the queue when the request has
	 * ended, as the last that the queue does with it: may free it. Nobody
	 * may wait for such a request.
	 */
	void (*done)(struct gb_io *io);

	/* The queue's; its lock guards them. */
	struct gb_list node; /* while parts have not been begun */
	uint64_t begun;	     /* bytes of which parts have been begun */
	unsigned int out;    /* parts under way */
	int error;
	uint64_t since; /* CLOCK_MONOTONIC, ns */
	_Atomic bool ended;
};

struct gb_queue_setup {
	unsigned int depth; /* parts under way at once; 0: 64 */
	bool threads;	    /* no io_uring even where it is allowed */
	/*
	 * Memory that most requests will be for, and that stays mapped as long
	 * as the queue lives: the kernel need not look its pages up each time.
	 * Costs RLIMIT_MEMLOCK; where that is too small it is done without.
	 */
	const struct iovec *memory;
	unsigned int memory_count; /* at most GB_QUEUE_MEMORY */
};

#define GB_QUEUE_MEMORY 16

/* What has gone through so far. */
struct gb_queue_stats {
	uint64_t requests[2]; /* ended; [0] reads, [1] writes, as below */
	uint64_t failures[2];
	uint64_t bytes[2];   /* moved, by requests that have ended well */
	uint64_t busy_ns[2]; /* with any under way: bytes over it is the rate */
	uint64_t wait_ns[2]; /* from submission to end, added up */
	uint64_t wait_max_ns[2];
	bool uring;	 /* by io_uring */
	bool registered; /* with setup.memory registered */
};

/* Starts the queue. -ENOMEM, or -EAGAIN where no thread can be had. */
int gb_queue_create(struct gb_queue **queue, const struct gb_queue_setup *setup);
/* Waits for all that is under way. NULL is fine. */
void gb_queue_destroy(struct gb_queue *queue);

/*
 * Begins @io, from any thread. -EINVAL for an empty one, and for a direct write
 * that is not in units of GB_DIRECT_ALIGN (offset, memory and size); a read may
 * begin and end anywhere. -ESHUTDOWN in the child of a fork, always.
 */
int gb_queue_submit(struct gb_queue *queue, struct gb_io *io);

/*
 * Waits until @io has ended. Returns 0 or -errno: what the system said, or
 * -ENODATA for a read of what the file no longer has, or what @each returned.
 * After a failure @memory holds anything.
 */
int gb_queue_wait(struct gb_queue *queue, struct gb_io *io);

/* Whether it has ended; then waiting takes no time. Any thread, no lock. */
static inline bool gb_io_has_ended(struct gb_io *io)
{
	return atomic_load_explicit(&io->ended, memory_order_acquire);
}

void gb_queue_get_stats(struct gb_queue *queue, struct gb_queue_stats *stats);

/* In the child of a fork: closes what came along. The queue stays unusable. */
void gb_queue_fork_child(struct gb_queue *queue);

#endif
