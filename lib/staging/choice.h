/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Through a copy, or directly? A copy costs the link all bytes of the allocation;
 * reading directly, those that the kernel reads, as often as it reads them. Which
 * is less is measured, for each function, grid and size of allocation:
 *
 * - A copy it is at first, and the kernel is timed, some times. In the shortest it
 *   cannot have read more than VRAM yields. Where that is most of the allocation there is
 *   nothing to gain, and the copy it stays: so dense weights are never tried
 *   directly, which would take up to 60 times as long (measurements.md).
 * - Else it is tried directly, once, and timed. Directly it is from then on, if
 *   that took less than filling the copy takes the link. So the experts of a
 *   mixture stay at home.
 *
 * Both are looked at again now and then, a copy soon at first. The lock of the owner guards everything
 * here.
 */
#ifndef GB_CHOICE_H
#define GB_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

enum gb_chosen {
	GB_CHOICE_COPY,
	GB_CHOICE_COPY_TIMED, /* and the kernel is to be timed */
	GB_CHOICE_DIRECT,
	GB_CHOICE_DIRECT_TIMED,
};

struct gb_choice {
	uint64_t key;	   /* 0: empty */
	bool direct;	   /* the better way as far as is known */
	bool known;	   /* it has been measured */
	bool timing;	   /* a measurement is under way */
	uint32_t launches; /* since the last measurement */
	uint32_t pause;	   /* launches from that to the next; 0: none yet */
	uint32_t tries; /* of the copy, since then, that say it is read whole */
};

struct gb_choices {
	struct gb_choice *slots; /* NULL while there are none */
	uint32_t count;
	/* Bytes a second, as measured; 0: not yet. */
	uint64_t vram_rate, link_rate;
};

/* What names a launch's use of an allocation of @bytes. Never 0. */
uint64_t gb_choice_key(uint64_t function, uint64_t grid, uint64_t bytes);

/* What is to be done this time. */
enum gb_chosen gb_choice_get(struct gb_choices *choices, uint64_t key);

/* Is direct the better way, as far as is known? Asks for no measurement. */
bool gb_choice_is_direct(const struct gb_choices *choices, uint64_t key);

/*
 * The kernel took @ns with an allocation of @bytes, through a copy or directly;
 * 0 ns: it was not timed after all.
 */
void gb_choice_learn(struct gb_choices *choices, uint64_t key, bool direct,
		     uint64_t bytes, uint64_t ns);

/* Functions' numbers are used again: forgets all but the rates. */
void gb_choices_finish(struct gb_choices *choices);

#endif
