/* SPDX-License-Identifier: GPL-2.0-only */
/* Places in the ring: no two overlap, and the oldest go first. */
#include "../engine/test.h"

#include "staging/ring.h"

#define BASE UINT64_C(0x700000000000)

static struct gb_slot *slot_of(struct gb_list *node)
{
	return gb_container_of(node, struct gb_slot, node);
}

/* Makes room as staging does, and says how many had to go. */
static struct gb_slot *place(struct gb_ring *ring, uint64_t bytes, int *gone)
{
	struct gb_slot *victim;

	*gone = 0;
	while ((victim = gb_ring_victim(ring, bytes))) {
		assert_ptr_equal(victim, slot_of(ring->slots.next));
		assert_ptr_equal(victim, gb_ring_victim(ring, bytes));
		gb_ring_let_go(victim);
		++*gone;
	}
	return gb_ring_take(ring, bytes);
}

static void check_ring(struct gb_ring *ring)
{
	gb_list_for_each (a, &ring->slots) {
		const struct gb_slot *slot = slot_of(a);

		assert_true(slot->address >= ring->address);
		assert_true(slot->address + slot->bytes <=
			    ring->address + ring->bytes);
		gb_list_for_each (b, &ring->slots) {
			const struct gb_slot *other = slot_of(b);

			assert_true(a == b ||
				    slot->address + slot->bytes <= other->address ||
				    other->address + other->bytes <= slot->address);
		}
	}
}

static void places_follow_each_other_and_wrap(void **state)
{
	struct gb_ring ring;
	int gone;

	gb_ring_init(&ring, BASE, 10 * G);
	assert_int_equal(place(&ring, 4 * G, &gone)->address, BASE);
	assert_int_equal(place(&ring, 4 * G, &gone)->address, BASE + 4 * G);
	assert_int_equal(gone, 0);
	/* Two granules are left: too few, so it begins again. */
	assert_int_equal(place(&ring, 3 * G, &gone)->address, BASE);
	assert_int_equal(gone, 1);
	/* Behind it is one granule; the second stands there. */
	assert_int_equal(place(&ring, 2 * G, &gone)->address, BASE + 3 * G);
	assert_int_equal(gone, 1);
	assert_int_equal(place(&ring, 5 * G, &gone)->address, BASE + 5 * G);
	assert_int_equal(gone, 0);
	check_ring(&ring);
	gb_ring_finish(&ring);
}

static void one_may_take_all(void **state)
{
	struct gb_ring ring;
	int gone;

	gb_ring_init(&ring, BASE, 4 * G);
	for (int i = 0; i < 3; i++)
		place(&ring, G, &gone);
	assert_int_equal(place(&ring, 4 * G, &gone)->address, BASE);
	assert_int_equal(gone, 3);
	place(&ring, 4 * G, &gone);
	assert_int_equal(gone, 1);
	gb_ring_finish(&ring);
	gb_ring_finish(&ring);
}

/* What is asked for in vain, where the oldest may not go, changes nothing. */
static void a_victim_that_stays_is_the_same_later(void **state)
{
	struct gb_slot *first, *victim;
	struct gb_ring ring;
	int gone;

	gb_ring_init(&ring, BASE, 6 * G);
	first = place(&ring, 3 * G, &gone);
	place(&ring, 2 * G, &gone);
	victim = gb_ring_victim(&ring, 3 * G);
	assert_ptr_equal(victim, first);
	/* A smaller one is still no reason to overlap anything. */
	while ((victim = gb_ring_victim(&ring, G)))
		gb_ring_let_go(victim);
	gb_ring_take(&ring, G);
	check_ring(&ring);
	gb_ring_finish(&ring);
}

/* By the latest, if that can be; the new one is where they were. */
static bool make_way(struct gb_ring *ring, uint64_t bytes)
{
	struct gb_slot *first = gb_ring_latest(ring, bytes);
	uint64_t address = first ? first->address : 0;

	if (!first)
		return false;
	while (gb_container_of(ring->slots.prev, struct gb_slot, node) != first)
		gb_ring_take_back(ring);
	gb_ring_take_back(ring);
	assert_null(gb_ring_victim(ring, bytes));
	assert_int_equal(gb_ring_take(ring, bytes)->address, address);
	return true;
}

static void random_sizes_never_overlap(void **state)
{
	uint64_t dice = 1;
	struct gb_ring ring;
	int gone, most = 0, back = 0;

	gb_ring_init(&ring, BASE, 16 * G);
	for (int i = 0; i < 20000; i++) {
		uint64_t bytes;

		dice = dice * UINT64_C(6364136223846793005) + 1;
		place(&ring, (1 + (dice >> 40) % 8) * G, &gone);
		most = gone > most ? gone : most;
		/* Asked for, and then not taken. */
		if ((dice >> 50) % 4 == 0)
			gb_ring_victim(&ring, (1 + (dice >> 52) % 8) * G);
		check_ring(&ring);
		bytes = (1 + (dice >> 44) % 8) * G;
		if ((dice >> 54) % 4 == 0)
			back += make_way(&ring, bytes);
		check_ring(&ring);
	}
	assert_in_range(most, 2, 16);
	assert_true(back > 1000);
	gb_ring_finish(&ring);
}

/* The latest, and as many before it as are needed; never what is in use. */
static void the_latest_make_way_for_what_nobody_expected(void **state)
{
	struct gb_slot *slots[4];
	struct gb_ring ring;
	int gone;

	gb_ring_init(&ring, BASE, 8 * G);
	for (int i = 0; i < 4; i++)
		slots[i] = place(&ring, 2 * G, &gone);
	assert_ptr_equal(gb_ring_latest(&ring, G), slots[3]);
	assert_ptr_equal(gb_ring_latest(&ring, 2 * G), slots[3]);
	assert_ptr_equal(gb_ring_latest(&ring, 5 * G), slots[1]);
	assert_null(gb_ring_latest(&ring, 7 * G)); /* the oldest stays */
	slots[2]->used = true;
	assert_ptr_equal(gb_ring_latest(&ring, 2 * G), slots[3]);
	assert_null(gb_ring_latest(&ring, 3 * G));
	slots[2]->used = false;
	slots[3]->pins = 1;
	assert_null(gb_ring_latest(&ring, G));
	slots[3]->pins = 0;
	gb_ring_take_back(&ring);
	gb_ring_take_back(&ring);
	assert_null(gb_ring_victim(&ring, 3 * G));
	assert_int_equal(gb_ring_take(&ring, 3 * G)->address, BASE + 4 * G);
	check_ring(&ring);
	gb_ring_finish(&ring);
}

/* Behind the end: what has gone round it ends where the oldest begins. */
static void the_latest_make_way_across_the_end(void **state)
{
	struct gb_slot *before, *behind;
	struct gb_ring ring;
	int gone;

	gb_ring_init(&ring, BASE, 8 * G);
	place(&ring, 3 * G, &gone);
	place(&ring, 2 * G, &gone);
	before = place(&ring, 2 * G, &gone);
	behind = place(&ring, 2 * G, &gone);
	assert_int_equal(gone, 1);
	assert_int_equal(behind->address, BASE);
	assert_ptr_equal(gb_ring_latest(&ring, 3 * G), behind);
	/* From its place to the end of the ring there are three. */
	assert_null(gb_ring_latest(&ring, 4 * G));
	gb_ring_take_back(&ring);
	assert_ptr_equal(gb_ring_latest(&ring, 3 * G), before);
	gb_ring_take_back(&ring);
	assert_int_equal(gb_ring_take(&ring, 3 * G)->address, BASE + 5 * G);
	check_ring(&ring);
	gb_ring_finish(&ring);
}

/* Streams that use a slot: each has an entry, and unchecked ones keep theirs. */
static void users_are_kept_until_they_have_passed(void **state)
{
	struct gb_lane lanes[GB_SLOT_USERS + 2] = { 0 };
	struct gb_slot slot = { 0 };
	struct gb_slot_user *user;

	for (int i = 0; i < GB_SLOT_USERS; i++) {
		user = gb_slot_user(&slot, &lanes[i]);
		assert_non_null(user);
		lanes[i].last = 5;
		*user = (struct gb_slot_user){ { &lanes[i], 5 }, i == 2 };
		assert_ptr_equal(gb_slot_user(&slot, &lanes[i]), user);
	}
	assert_true(gb_slot_is_unchecked(&slot));
	assert_null(gb_slot_user(&slot, &lanes[GB_SLOT_USERS]));
	lanes[2].passed = 5; /* nobody has looked at what it did */
	assert_null(gb_slot_user(&slot, &lanes[GB_SLOT_USERS]));
	lanes[4].passed = 5;
	user = gb_slot_user(&slot, &lanes[GB_SLOT_USERS]);
	assert_ptr_equal(user, &slot.users[4]);
	assert_ptr_equal(user->last.lane, &lanes[GB_SLOT_USERS]);
	assert_true(gb_slot_is_unchecked(&slot));
	slot.users[2].unchecked = false;
	assert_false(gb_slot_is_unchecked(&slot));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_follow_each_other_and_wrap),
		cmocka_unit_test(one_may_take_all),
		cmocka_unit_test(a_victim_that_stays_is_the_same_later),
		cmocka_unit_test(random_sizes_never_overlap),
		cmocka_unit_test(the_latest_make_way_for_what_nobody_expected),
		cmocka_unit_test(the_latest_make_way_across_the_end),
		cmocka_unit_test(users_are_kept_until_they_have_passed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
