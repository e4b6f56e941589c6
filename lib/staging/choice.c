// SPDX-License-Identifier: GPL-2.0-only
#include "choice.h"

#include <stdlib.h>

/* A power of two; when it is three quarters full all is forgotten. */
#define SLOTS 4096u
/* Launches after which what is known is measured again. */
#define AGAIN 4096u
/*
 * The same of a copy that was found to be read whole, for the first time; twice
 * as many the next, until that many. On an H200 a kernel that picks 4 MiB out
 * of 128 was taken for one that reads it all, four times in a row, and not when
 * it was timed again. It may be that the jobs that hash what is copied for the
 * first time had the GPU's memory meanwhile; that has not been shown.
 */
#define SOON  64u
/*
 * A kernel that has taken so long so often reads most of it. Of a kernel of
 * microseconds a time may be mostly the program's, which gives it to the GPU late.
 */
#define TRIES 4u

static uint64_t mix(uint64_t value)
{
	value *= UINT64_C(0x9e3779b97f4a7c15); /* 2^64 / golden ratio */
	return value ^ value >> 32;
}

uint64_t gb_choice_key(uint64_t function, uint64_t grid, uint64_t bytes)
{
	uint64_t key = mix(mix(mix(function) + grid) + bytes);

	return key ? key : 1;
}

static struct gb_choice *look(const struct gb_choices *choices, uint64_t key)
{
	uint64_t at = key;

	for (;; at++) {
		struct gb_choice *choice = &choices->slots[at % SLOTS];

		if (choice->key == key || !choice->key)
			return choice;
	}
}

static struct gb_choice *get(struct gb_choices *choices, uint64_t key)
{
	struct gb_choice *choice;

	if (choices->count > SLOTS / 4 * 3)
		gb_choices_finish(choices);
	if (!choices->slots)
		choices->slots = calloc(SLOTS, sizeof(*choices->slots));
	if (!choices->slots)
		return NULL;
	choice = look(choices, key);
	if (!choice->key) {
		choice->key = key;
		choices->count++;
	}
	return choice;
}

enum gb_chosen gb_choice_get(struct gb_choices *choices, uint64_t key)
{
	struct gb_choice *choice = get(choices, key);
	bool timed;

	if (!choice)
		return GB_CHOICE_COPY;
	timed = choices->vram_rate && choices->link_rate && !choice->timing &&
		(!choice->known || ++choice->launches > choice->pause);
	choice->timing |= timed;
	if (choice->direct)
		return timed ? GB_CHOICE_DIRECT_TIMED : GB_CHOICE_DIRECT;
	return timed ? GB_CHOICE_COPY_TIMED : GB_CHOICE_COPY;
}

bool gb_choice_is_direct(const struct gb_choices *choices, uint64_t key)
{
	return choices->slots && look(choices, key)->direct;
}

static double seconds(uint64_t bytes, uint64_t rate)
{
	return (double)bytes / (double)rate;
}

/*
 * Too short a time for a kernel that reads most of it. Not all of it, since what was
 * copied last may lie in the level-2 cache still, which yields more than VRAM does.
 */
static bool reads_little(const struct gb_choices *choices, uint64_t bytes,
			 uint64_t ns)
{
	return (double)ns / 1e9 < seconds(bytes / 4 * 3, choices->vram_rate);
}

/* A tenth less than the copy costs: where they tie, a copy may be ahead of use. */
static bool is_cheap(const struct gb_choices *choices, uint64_t bytes, uint64_t ns)
{
	return (double)ns / 1e9 < 0.9 * seconds(bytes, choices->link_rate);
}

/* It is known for now, and not measured again for a while. */
static void rest(struct gb_choice *choice, bool direct)
{
	uint32_t next = choice->pause ? 2 * choice->pause : SOON;

	choice->pause = direct || next > AGAIN ? AGAIN : next;
	choice->launches = choice->tries = 0;
}

void gb_choice_learn(struct gb_choices *choices, uint64_t key, bool direct,
		     uint64_t bytes, uint64_t ns)
{
	struct gb_choice *choice = choices->slots ? look(choices, key) : NULL;

	if (!choice || !choice->key)
		return;
	choice->timing = false;
	if (!ns)
		return;
	choice->direct = direct ? is_cheap(choices, bytes, ns)
				: reads_little(choices, bytes, ns);
	/* What has only been guessed from the copy is to be tried. */
	choice->known = direct || (!choice->direct && ++choice->tries >= TRIES);
	if (choice->known)
		rest(choice, direct);
}

void gb_choices_finish(struct gb_choices *choices)
{
	free(choices->slots);
	choices->slots = NULL;
	choices->count = 0;
}
