/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An io_uring, spoken to by system calls of our own: the little that we need of
 * it is less than a library to depend on. Needs Linux 5.6.
 *
 * One thread at a time uses a ring. The kernel cancels what a thread has given
 * to a ring when that thread ends, so it should be one of ours.
 */
#ifndef GB_URING_H
#define GB_URING_H

#include <linux/io_uring.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

struct gb_uring {
	int fd;
	unsigned int entries; /* requests that may wait to be submitted */
	char *rings;	      /* shared with the kernel; not with children */
	uint64_t rings_bytes;
	struct io_uring_sqe *sqes;
	unsigned int tail; /* of the submission ring, ours */
	unsigned int sq_mask, cq_mask;
	unsigned int *sq_head, *sq_tail, *cq_head, *cq_tail;
	struct io_uring_cqe *cqes;
};

/*
 * Room for @entries requests at once, or a few more. -ENOSYS or -EPERM where
 * the kernel has no io_uring, or a container forbids it.
 */
int gb_uring_init(struct gb_uring *ring, unsigned int entries);
/* Nothing may be under way. In the child of a fork only closes. */
void gb_uring_finish(struct gb_uring *ring, bool child);

/*
 * Keeps the pages of @memory for requests that name them by index (READ_FIXED).
 * Before the first request. -ENOMEM beyond RLIMIT_MEMLOCK.
 */
int gb_uring_register(struct gb_uring *ring, const struct iovec *memory,
		      unsigned int count);

/* A request to be filled in, cleared; NULL when @entries wait already. */
struct io_uring_sqe *gb_uring_sqe(struct gb_uring *ring);
/* Takes one back that was never submitted; false where there is none. */
bool gb_uring_take_back(struct gb_uring *ring, uint64_t *tag);

/*
 * Submits what has been filled in, and with @wait waits until one request has
 * ended, if none has yet. -EINTR, -EAGAIN and -EBUSY pass; after anything else
 * the ring takes no more requests, while those under way still end.
 */
int gb_uring_submit(struct gb_uring *ring, bool wait);

/* One that has ended: its user_data and result. False where there is none. */
bool gb_uring_next(struct gb_uring *ring, uint64_t *tag, int *result);

#endif
