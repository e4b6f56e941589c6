/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A pool for tests of the engine: struct gb_pool_ops over memory files, which
 * live as long as a descriptor or a mapping of them does, as buffers of the
 * module do. One thread at a time.
 */
#ifndef FAKE_POOL_H
#define FAKE_POOL_H

#include <stdint.h>

#include "../tier/pool.h"

extern const struct gb_pool_ops fake_pool;

/* A pool of @limit bytes, at normal level. */
void fake_pool_start(uint64_t limit);
void fake_pool_set_level(enum greenboost_level level);
/* The @nth allocation from now on gives this in place of memory, once. */
enum fake_pool_damage {
	FAKE_POOL_REFUSES,	    /* -ENOMEM */
	FAKE_POOL_GONE,		    /* -EOPNOTSUPP */
	FAKE_POOL_CANNOT_BE_MAPPED, /* a descriptor that mmap refuses */
};
void fake_pool_fail(unsigned int nth, enum fake_pool_damage damage);
/* Has that happened? Ends it. */
bool fake_pool_failed(void);

/* What mappings of this process hold of it, as /proc tells. */
uint64_t fake_pool_mapped(void);
/* Descriptors of it that are open: none at rest. */
unsigned int fake_pool_descriptors(void);
unsigned int fake_pool_allocations(void);

#endif
