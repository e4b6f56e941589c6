/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the machine says of itself, as far as overflow depends on it: kernel,
 * driver, module, memory and the limits on it, the surroundings. Only files of
 * /proc, /sys and /dev are read, so that tests can give others.
 */
#ifndef GB_FACTS_H
#define GB_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "memory.h"

enum gb_module {
	GB_MODULE_ABSENT,
	GB_MODULE_SILENT, /* loaded, but /dev/greenboost is not there */
	GB_MODULE_DENIED, /* /dev/greenboost may not be opened */
	GB_MODULE_USABLE,
};

/* Sizes are bytes, GB_UNKNOWN where there is no limit or nothing tells. */
struct gb_facts {
	char kernel[96];
	char driver[48]; /* of NVIDIA's kernel module; "" where there is none */
	char container[32]; /* "docker", "podman", "container"; "" in none */
	char thp[16];	    /* "always", "madvise", "never"; "" where unknown */
	bool wsl;
	enum gb_module module;
	uint64_t memlock;
	uint64_t cgroup_max, cgroup_high; /* the tightest on the way to the root */
	struct gb_memory memory;
	uint64_t swap_total, swap_free;
	unsigned int cores; /* that this process may run on */
	unsigned int nodes; /* of NUMA, 1 or more */
};

/* @root stands before each path: "" but in tests. */
void gb_facts_read(struct gb_facts *facts, const char *root);

/* "absent", "silent", "denied", "usable". */
const char *gb_module_name(enum gb_module module);

#endif
