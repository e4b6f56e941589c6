/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stalls: launches that the GPU could have begun, but for a copy that had not
 * arrived. When a wait for a copy is put into a stream nobody knows yet whether
 * the stream will stand there: the program is ahead of the GPU, and so may the
 * copy be by then. So the GPU is asked. In front of the wait and behind it an
 * event notes the time, and what lies between is how long the stream stood.
 *
 * One wait in GB_STALL_EVERY is timed so, and stands for those since the timed
 * one before: what the statistics page says of stalls is an estimate. Not in it
 * is what graphs wait for, where all waits are nodes, and what the program's
 * own thread waits for (gb_stats.nvme_wait_ns).
 *
 * For the share of the time that this is, stretches of the copy stream are
 * timed in the same way, from one moment in which the program waits to another.
 * The lock of the owner guards everything here.
 */
#ifndef GB_STALL_H
#define GB_STALL_H

#include "timer.h"

/*
 * A prime, so that it goes round the weights of a layer, which come in turn. A
 * wait then costs two seventeenths of an event more.
 */
#define GB_STALL_EVERY 17u
/*
 * Nanoseconds. What is shorter is the wait itself: the smallest copy, a
 * granule, takes the link 38 us (measurements.md, L1).
 */
#define GB_STALL_LEAST 10000u

struct gb_stalls {
	struct gb_timers timers;
	struct gb_timer *stretch; /* if it still is one */
	uint64_t fills; /* the copy lane's last point when that began */
	uint32_t waits; /* since the last timed one */
	bool begun;	/* one has been timed: the first is, always */
	/* Nanoseconds by the GPU's clock: launches have stood so many, of so many. */
	uint64_t held, seen;
};

struct gb_staging;

/*
 * Before @lane's next launch is made to wait for @point of the copy stream:
 * begins to time that, now and then, else returns NULL. gb_timer_end it behind
 * the wait.
 */
struct gb_timer *gb_stall_begin(struct gb_staging *staging,
				struct gb_lane *lane, struct gb_point point);

/*
 * The program waits: a stretch of time ends and the next begins. Asks the
 * driver. Where nothing has been copied since the last has begun it goes on.
 */
void gb_stall_stretch(struct gb_staging *staging);

/* Puts what is known to have passed on the statistics page. Asks the driver of none. */
void gb_stall_learn(struct gb_staging *staging);

#endif
