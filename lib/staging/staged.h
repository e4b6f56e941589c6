/* SPDX-License-Identifier: GPL-2.0-only */
/* What staging keeps with each allocation. */
#ifndef GB_STAGED_H
#define GB_STAGED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct gb_guest;
struct gb_lane;
struct gb_slot;

/* A place in a stream's work (lane.h). With no lane: nothing, which has passed. */
struct gb_point {
	struct gb_lane *lane;
	uint64_t number;
};

/* Streams whose last write of a home is remembered apart. */
#define GB_STAGED_WRITERS 4

/* The lock of the device's gb_staging guards it, unless a member says otherwise. */
struct gb_staged {
	struct gb_slot *slot;	 /* its copy, or NULL */
	struct gb_guest *guest;	 /* where it is while it is away, or NULL */
	struct gb_point reading; /* the last fill of a copy from the home */
	struct gb_point carried; /* the last job that may have written the home */
	struct gb_point written[GB_STAGED_WRITERS]; /* the program's own writes */
	uint64_t written_at; /* gb_staging.serial at the last of them */
	uint32_t writing; /* writes on their way to the driver: no copy is made */
	struct gb_point held; /* the last use by a held lane: no copy until then */
	uint32_t hashed; /* gb_staging.epoch when its pages' hashes were learned */

	/* The launch that is being prepared, and what it wants. */
	uint64_t serial;
	bool direct; /* not through a copy */
	bool check;  /* one of its words is not trusted */

	/* Whose copy had its first use after that of its own; see prefetch.c. */
	uint64_t next, next_id;
	uint8_t sure;	/* times in a row that it was the same */
	bool passed_by; /* the last launch was better off without a copy of it */

	uint32_t uses; /* without a copy, where there can be none; see launch.c */
	/*
	 * Launches read most of it over the link, as it is too large for a
	 * copy: so it is worth VRAM more than what has one. For good; read
	 * without the lock.
	 */
	_Atomic bool read_whole;
	/*
	 * Set with the lock, read without: some of the above has been set, so
	 * whoever reaches the home must ask.
	 */
	_Atomic bool involved;
	/* Its address is somewhere in memory: kernels may find it unseen. For good. */
	_Atomic bool escaped;
};

#endif
