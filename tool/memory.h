/* SPDX-License-Identifier: GPL-2.0-only */
/* The machine's RAM: how much there is, is left, and is waited for. */
#ifndef GB_MEMORY_H
#define GB_MEMORY_H

#include <stdint.h>

#include "pool.h"

struct gb_memory {
	uint64_t total, available; /* bytes, or GB_UNKNOWN (page.h) */
	/*
	 * Share of the last 10 seconds in which some, or all, tasks waited for
	 * memory, in percent (PSI); NAN where the kernel does not tell.
	 */
	double some, full;
	struct gb_pool_state pool; /* the part that the kernel module keeps */
};

/* Whatever cannot be read is unknown. @root stands before each path: "" but in tests. */
void gb_memory_read(struct gb_memory *memory, const char *root);

#endif
