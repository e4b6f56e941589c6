/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Balance: in the order in which a program uses its weights, those in RAM
 * should stand evenly among those in VRAM. Copies then arrive while kernels
 * work on what is there; lying together they would first be waited for, and the
 * link would idle later. docs/design.md (Placement) has the figures.
 *
 * What is here decides and moves nothing. gb_engine.lock held.
 */
#ifndef GB_BALANCE_H
#define GB_BALANCE_H

#include "types.h"

/* Two that are to change places, each then whole in one tier. */
struct gb_exchange {
	struct gb_allocation *in;  /* has memory in RAM */
	struct gb_allocation *out; /* has memory in VRAM */
};

/* The program waits: how much have launches stood still for copies of late? */
void gb_balance_look(struct gb_device *device);
/*
 * May a search be worth its time: have copies gone into a ring since the last
 * note, had the link time left, and did launches stand still for copies of
 * late? Where the link was busy all along, as with programs that compute
 * little, no order brings more over it; and where hardly any launch waits, no
 * order is better than the one there is. @now: CLOCK_MONOTONIC, in ns.
 */
bool gb_balance_is_due(const struct gb_device *device, uint64_t now);
/* What is counted from here on is another stretch. */
void gb_balance_note(struct gb_device *device, uint64_t now);

/*
 * The exchange that is under way, or the next. False while there is none that
 * helps: in balance, or used in no order that repeats.
 */
bool gb_balance_choose(struct gb_device *device, struct gb_exchange *exchange);

/* The exchange under way cannot go on. */
void gb_balance_give_up(struct gb_device *device);

/* Uploaded memory had to go to RAM, or (negative) has been exchanged. */
void gb_balance_account(struct gb_device *device, int64_t bytes);
/* More may be exchanged: each byte that had to go to RAM is good for one. */
bool gb_balance_has_credit(const struct gb_device *device);

/*
 * Which of the uploaded allocations that VRAM misses as little as @oldest is to
 * leave, so that those in RAM stand evenly; @oldest itself if it is not staged.
 */
struct gb_allocation *gb_balance_victim(struct gb_device *device,
					struct gb_allocation *oldest);

/*
 * The same for memory that leaves RAM for the NVMe disk: which of the coldest
 * that may, so that what is away stands evenly. NULL where none may.
 */
struct gb_allocation *gb_balance_leaver(struct gb_device *device,
					bool (*leaves)(const struct gb_allocation *));

/*
 * How far memory in RAM is from standing evenly, in bytes: the most that any
 * run of the order of use has of it beyond its share.
 */
uint64_t gb_balance_excess(struct gb_device *device);

#endif
