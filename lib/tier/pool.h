/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel module's pool as the engine sees it (include/greenboost/uapi.h is
 * the contract behind it, docs/kernel.md its story): one table of operations,
 * so that tests can bring a pool of their own.
 *
 * The engine calls them with gb_engine.lock held.
 */
#ifndef GB_POOL_H
#define GB_POOL_H

#include <stdint.h>

#include "greenboost/uapi.h"

struct gb_pool_ops {
	/*
	 * A descriptor, the caller's, of @bytes of cleared memory to be mapped
	 * shared; it lives until descriptor and mappings are gone. -ENOMEM where
	 * the pool gives none, -EOPNOTSUPP where there is no pool any more.
	 */
	int (*alloc)(uint64_t bytes);
	/* How short of memory the machine is; normal where nobody can tell. */
	enum greenboost_level (*level)(void);
};

/*
 * Opens the device, once a process and before other threads use the library.
 * NULL where it cannot be used, with a line in the log that says why unless
 * there is no such device.
 */
const struct gb_pool_ops *gb_pool_open(void);

/* In the child of a fork: gives up the descriptor that came along. */
void gb_pool_fork_child(void);

#endif
