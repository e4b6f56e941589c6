/* SPDX-License-Identifier: GPL-2.0-only */
/* One answer of cuGetProcAddress; see versions.def. */
#ifndef SIM_VERSIONS_H
#define SIM_VERSIONS_H

#include <stdbool.h>
#include <stddef.h>

#include <abi/cuda.h>

struct sim_version {
	const char *name;
	bool per_thread;
	int version; /* the first that this answer holds for */
	CUresult (*function)(void);
};

/* Sorted by name, then per_thread, then version. */
extern const struct sim_version sim_versions[];
extern const size_t sim_version_count;

#endif
