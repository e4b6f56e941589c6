/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A staged copy in VRAM and its home in registered RAM, as the library has
 * them. What the copy is to hold is prepared in an image on the host, so that
 * the same tests run on a real GPU:
 *
 *	LD_PRELOAD=/path/to/libcuda.so.1 build/tests/driver/test_driver_reconcile
 *
 * With the path: by its name alone the simulated one would be found.
 */
#ifndef DRIVER_TEST_STAGED_H
#define DRIVER_TEST_STAGED_H

#include "../../lib/driver/cuda.h"
#include "../sim/sim_test.h"
#include "real.h"

#define WORDS ((uint32_t)(GB_PAGE / 8)) /* of a page */

extern const struct gb_driver_ops *const ops;

struct staged {
	uint32_t pages;
	uint64_t *image, *home; /* home: as the GPU has it too */
	CUdeviceptr copy, hashes;
	struct gb_verdict *verdict;
	uint64_t stream;
};

/* Or a real one? */
bool is_simulated(void);
/* A context of the program's on a device, current and known to the library. */
CUcontext begin_on(int device);
/* The same random bytes in image, copy and home; no hashes yet. */
struct staged stage(int device, uint32_t pages);
/* The copy becomes what the image is: as if a kernel had written it. */
void write_copy(const struct staged *s);
/* Whether the home is what the image is. */
bool is_home(const struct staged *s);
/* The hash that is entered for a page. */
uint64_t entry(const struct staged *s, uint32_t page);

struct gb_reconcile job_of(const struct staged *s, enum gb_reconcile_what what);
/* Does the job and waits. The verdict is of this job alone. */
int reconcile(const struct staged *s, enum gb_reconcile_what what);
bool is_verdict(const struct staged *s, uint32_t pages, uint32_t first);
/* Waits for all that the stream has been given. */
void finish(uint64_t stream);

/* The hash of a page, written down once more (reference.c). */
uint64_t reference_hash(const uint64_t *page);

#endif
