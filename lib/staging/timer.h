/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stretches of a stream's work whose time is taken, now and then: what a fill
 * takes the link, a hash the VRAM, a kernel with and without a copy. The lock
 * of the owner guards everything here.
 */
#ifndef GB_TIMER_H
#define GB_TIMER_H

#include "lane.h"

/* Stretches under way at once: others are not timed. */
#define GB_TIMERS 16

enum gb_timed {
	GB_TIMED_NOTHING, /* the timer is free */
	GB_TIMED_FILL,
	GB_TIMED_LEARN,
	GB_TIMED_STAGED,  /* a kernel that read a copy */
	GB_TIMED_DIRECT,  /* a kernel that read a home */
	GB_TIMED_STALL,	  /* nothing but the wait for a copy; see stall.h */
	GB_TIMED_STRETCH, /* all that the GPU did meanwhile, or nothing */
};

struct gb_timer {
	enum gb_timed what;
	bool ended;
	uint64_t context;	/* that the tickets are of */
	gb_ticket from, to;	/* 0: not made yet */
	struct gb_point behind; /* the lane's next: what it has passed, this has */
	uint64_t bytes;		/* that were worked on */
	uint64_t key; /* of what has been timed (choice.h), or how many it stands for */
	uint64_t address, id; /* the same of an allocation */
};

struct gb_timers {
	struct gb_timer all[GB_TIMERS];
};

/*
 * Begins with what @lane is given next. NULL where none is free or it fails:
 * then nothing is timed.
 */
struct gb_timer *gb_timer_begin(struct gb_timers *timers, struct gb_lane *lane,
				enum gb_timed what, uint64_t bytes);
/* Ends behind what @lane has been given. @timer may be NULL. */
void gb_timer_end(struct gb_timer *timer, struct gb_lane *lane);
/* Forgets it: what was to be timed did not happen. @timer may be NULL. */
void gb_timer_drop(struct gb_timer *timer);

/*
 * One that has passed, with its time, or NULL. Asks the driver for each that is
 * under way. The caller drops it.
 */
struct gb_timer *gb_timer_next(struct gb_timers *timers, uint64_t *ns);
/*
 * The same of those that are known to have passed, as a later point of their
 * lane has: no question to the driver, and an answer that comes later.
 */
struct gb_timer *gb_timer_known(struct gb_timers *timers, uint64_t *ns);

/* Takes all apart. */
void gb_timers_finish(struct gb_timers *timers);
/* The same of those in @context, which is about to end or (@gone) has. */
void gb_timers_leave(struct gb_timers *timers, uint64_t context, bool gone);

#endif
