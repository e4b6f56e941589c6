/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a function's parameters lie and how large they are, asked from the
 * driver once and remembered.
 *
 * Any thread, no lock on the way to a known function. After gb_layout_flush
 * everything is asked anew.
 */
#ifndef GB_LAYOUT_H
#define GB_LAYOUT_H

#include <stdint.h>

#include "abi/cuda.h"

struct gb_layout {
	uint64_t function;
	uint64_t generation; /* of flushes; older ones do not count */
	uint32_t bytes;	     /* of the whole parameter block */
	uint32_t count;
	struct gb_parameter {
		uint32_t offset, bytes; /* in the block */
	} parameters[];
};

/*
 * The layout of @function (or of the kernel that it stands for), or NULL where
 * the driver cannot tell. Valid as long as the process lives.
 */
const struct gb_layout *gb_layout_get(CUfunction function);

/* Handles may be used again from now on: before a module is unloaded. */
void gb_layout_flush(void);
/* The same, and nobody else knows them either (module.c). */
void gb_functions_gone(void);

#endif
