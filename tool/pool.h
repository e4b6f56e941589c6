/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel module's pool of pinned RAM, as its files in sysfs tell it. */
#ifndef GB_TOOL_POOL_H
#define GB_TOOL_POOL_H

#include <stdbool.h>
#include <stdint.h>

/* Where the files are (docs/abi/sysfs-class-greenboost). */
#define GB_POOL_FOLDER "/sys/class/greenboost/greenboost"

enum gb_pool_level {
	GB_POOL_NORMAL,
	GB_POOL_ELEVATED,
	GB_POOL_CRITICAL,
	GB_POOL_LEVELS, /* one that is not known */
};

struct gb_pool_state {
	bool there; /* the module is loaded; else the rest is zero */
	/* Bytes, or GB_UNKNOWN (page.h). A limit that is none is unknown, too. */
	uint64_t used, limit, reserve;
	enum gb_pool_level level; /* how short it calls the machine of memory */
};

/* @root stands before the folder: "" but in tests. */
void gb_pool_read(struct gb_pool_state *pool, const char *root);

/* "normal" and so on; "?" of none. */
const char *gb_pool_level_name(enum gb_pool_level level);

#endif
