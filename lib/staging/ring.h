/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ring: a range of VRAM in which copies of allocations stand, one behind
 * the other in the order in which they were made. A new one takes the place of
 * the oldest, or of the latest (gb_ring_latest). Says who is where and what must have passed before a place is
 * used again; copies nothing. The lock of the owner guards everything here.
 */
#ifndef GB_RING_H
#define GB_RING_H

#include "lane.h"

/* Streams that may use one copy at once; see gb_slot_use. */
#define GB_SLOT_USERS 8

/* A stream that uses a copy. */
struct gb_slot_user {
	struct gb_point last; /* its last use, with the job that looked at it */
	bool unchecked;	      /* nobody has looked since for what it changed */
};

/* The place of one copy. */
struct gb_slot {
	struct gb_list node;		  /* in gb_ring.slots, oldest first */
	struct gb_allocation *allocation; /* NULL: the copy is void */
	uint64_t address, bytes;
	struct gb_point filled;
	struct gb_slot_user users[GB_SLOT_USERS];
	/* The last job that learned from it or carried it home: one at a time. */
	struct gb_point settled;
	uint32_t pins;	 /* launches that are about to use it */
	uint32_t checks; /* jobs that have looked for changes since the fill */
	bool open;	 /* its guest has not been copied to it in full yet: */
	uint32_t sent;	 /* so many pieces have been (guest.h) */
	bool learned; /* the home's hashes are those of the copy when filled */
	bool used;    /* by any launch, since it was filled */
};

struct gb_ring {
	uint64_t address, bytes; /* constant once made; 0 bytes: no ring */
	uint64_t head;		 /* where the next one goes */
	struct gb_list slots;
};

void gb_ring_init(struct gb_ring *ring, uint64_t address, uint64_t bytes);
/* Forgets all slots. */
void gb_ring_finish(struct gb_ring *ring);

/*
 * The slot that must go before @bytes have a place at the head, or NULL when
 * they have one. Until it has been let go the answer stays the same.
 */
struct gb_slot *gb_ring_victim(struct gb_ring *ring, uint64_t bytes);
/* Frees the slot's record: whoever uses its place waits for its points first. */
void gb_ring_let_go(struct gb_slot *slot);

/* The place that gb_ring_victim has made, or NULL: out of memory. */
struct gb_slot *gb_ring_take(struct gb_ring *ring, uint64_t bytes);

/*
 * Where the oldest is to stay: one of the latest, such that its place and those
 * of all later ones would hold @bytes, if none of them has been used or is
 * about to be. Else, or if that takes the oldest too, NULL.
 */
struct gb_slot *gb_ring_latest(const struct gb_ring *ring, uint64_t bytes);
/* Lets go of the latest slot, whose place is the next one's. */
void gb_ring_take_back(struct gb_ring *ring);

/*
 * The entry of @lane's stream, made if need be, or NULL where the slot has no
 * room for one more stream.
 */
struct gb_slot_user *gb_slot_user(struct gb_slot *slot, const struct gb_lane *lane);
/* Has any use not been looked at? */
bool gb_slot_is_unchecked(const struct gb_slot *slot);

#endif
