/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table behind cuGetProcAddress. A file of its own, since it names every
 * entry point without its parameters.
 */
#include "versions.h"

/* Every symbol exists: what no file defines, unsupported.c does. */
#define SIM_VERSION(name, per_thread, version, symbol)                         \
	extern CUresult symbol(void);
#include "versions.def"
#undef SIM_VERSION

#define SIM_VERSION(name, per_thread, version, symbol)                         \
	{ #name, per_thread, version, symbol },
const struct sim_version sim_versions[] = {
#include "versions.def"
};
#undef SIM_VERSION

const size_t sim_version_count = sizeof(sim_versions) / sizeof(*sim_versions);
