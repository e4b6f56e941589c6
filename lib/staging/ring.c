// SPDX-License-Identifier: GPL-2.0-only
#include "ring.h"

#include <assert.h>
#include <stdlib.h>

static struct gb_slot *slot_of(struct gb_list *node)
{
	return gb_container_of(node, struct gb_slot, node);
}

void gb_ring_init(struct gb_ring *ring, uint64_t address, uint64_t bytes)
{
	*ring = (struct gb_ring){ .address = address, .bytes = bytes };
	gb_list_init(&ring->slots);
}

void gb_ring_finish(struct gb_ring *ring)
{
	if (!ring->bytes)
		return;
	gb_list_for_each_safe(node, &ring->slots) gb_ring_let_go(slot_of(node));
	ring->bytes = 0;
}

/*
 * Slots stand in the order of their ages from the head on, round the end. So
 * what a new one needs is held by the oldest; and where it does not fit before
 * the end, what stands there is older than what stands at the beginning.
 */
struct gb_slot *gb_ring_victim(struct gb_ring *ring, uint64_t bytes)
{
	struct gb_slot *oldest;

	assert(bytes && bytes <= ring->bytes);
	if (gb_list_is_empty(&ring->slots)) {
		ring->head = 0;
		return NULL;
	}
	oldest = slot_of(ring->slots.next);
	if (ring->head + bytes > ring->bytes) {
		if (oldest->address - ring->address >= ring->head)
			return oldest;
		ring->head = 0;
	}
	if (oldest->address - ring->address < ring->head ||
	    oldest->address - ring->address >= ring->head + bytes)
		return NULL;
	return oldest;
}

void gb_ring_let_go(struct gb_slot *slot)
{
	gb_list_remove(&slot->node);
	free(slot);
}

struct gb_slot *gb_ring_take(struct gb_ring *ring, uint64_t bytes)
{
	struct gb_slot *slot = calloc(1, sizeof(*slot));

	if (!slot)
		return NULL;
	slot->address = ring->address + ring->head;
	slot->bytes = bytes;
	gb_list_insert(&ring->slots, &slot->node);
	ring->head += bytes;
	return slot;
}

/* What there would be from @slot's place on, without it and all later ones. */
static uint64_t room_from(const struct gb_ring *ring, const struct gb_slot *slot)
{
	const struct gb_slot *oldest = slot_of(ring->slots.next);
	uint64_t end = oldest->address > slot->address
			       ? oldest->address
			       : ring->address + ring->bytes;

	return end - slot->address;
}

struct gb_slot *gb_ring_latest(const struct gb_ring *ring, uint64_t bytes)
{
	for (struct gb_list *node = ring->slots.prev; node != ring->slots.next;
	     node = node->prev) {
		struct gb_slot *slot = slot_of(node);

		if (slot->used || slot->pins)
			return NULL;
		if (room_from(ring, slot) >= bytes)
			return slot;
	}
	return NULL;
}

void gb_ring_take_back(struct gb_ring *ring)
{
	struct gb_slot *latest = slot_of(ring->slots.prev);

	assert(!gb_list_is_empty(&ring->slots));
	ring->head = latest->address - ring->address;
	gb_ring_let_go(latest);
}

struct gb_slot_user *gb_slot_user(struct gb_slot *slot, const struct gb_lane *lane)
{
	struct gb_slot_user *passed = NULL;

	for (int i = 0; i < GB_SLOT_USERS; i++) {
		struct gb_slot_user *user = &slot->users[i];

		if (user->last.lane == lane)
			return user;
		if (!passed && !user->unchecked &&
		    gb_point_is_known_to_have_passed(user->last))
			passed = user;
	}
	if (passed)
		*passed = (struct gb_slot_user){ .last.lane = (struct gb_lane *)lane };
	return passed;
}

bool gb_slot_is_unchecked(const struct gb_slot *slot)
{
	for (int i = 0; i < GB_SLOT_USERS; i++)
		if (slot->users[i].unchecked)
			return true;
	return false;
}
