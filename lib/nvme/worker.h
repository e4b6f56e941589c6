/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The inside of a queue: its workers, threads that take parts of requests and
 * have them done, either many at once with a ring of their own (worker_ring.c),
 * or one at a time (worker_plain.c).
 */
#ifndef GB_WORKER_H
#define GB_WORKER_H

#include <pthread.h>
#include <sys/types.h>

#include "part.h"
#include "uring.h"

struct gb_worker {
	struct gb_queue *queue;
	pthread_t thread;
	struct gb_uring ring; /* fd -1: none */
	int wake;	      /* eventfd that ends the ring's waiting, or -1 */
	bool wake_armed;      /* the ring waits for it; the worker's own */
	bool registered;      /* the ring knows setup.memory */
	bool asleep;	      /* gb_queue.lock: wants to be woken for work */
	struct gb_part *part; /* @room of them, the worker's own */
	unsigned int room, busy;
};

struct gb_queue {
	pthread_mutex_t lock;	/* guards all below but what is constant */
	pthread_cond_t work;	/* for plain workers */
	pthread_cond_t ended;	/* some request has */
	struct gb_list waiting; /* requests with parts that nobody has begun */
	unsigned int active[2]; /* requests submitted and not ended */
	uint64_t active_since[2];
	bool ending;
	struct gb_queue_stats stats;

	/* Constant once the queue is made. */
	pid_t pid;
	struct gb_queue_setup setup;
	struct iovec memory[GB_QUEUE_MEMORY]; /* what setup.memory names */
	struct gb_worker *worker;
	unsigned int workers;
};

/*
 * The next part for @part. gb_queue.lock held. False where nothing waits.
 */
bool gb_queue_take(struct gb_queue *queue, struct gb_part *part);
/* @part is over; @part->io may be gone when this returns. */
void gb_queue_give(struct gb_queue *queue, struct gb_part *part);

/* The threads' bodies; the argument is the worker. */
void *gb_worker_plain(void *worker);
void *gb_worker_ring(void *worker);

/*
 * Makes the worker's ring, before its thread. -errno where the system has none
 * for us.
 */
int gb_worker_ring_init(struct gb_worker *worker, unsigned int depth);
void gb_worker_ring_finish(struct gb_worker *worker, bool child);

#endif
