/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernels as work. */
#ifndef SIM_LAUNCH_H
#define SIM_LAUNCH_H

#include "module.h"
#include "sim.h"

struct sim_kernel_shape {
	CUfunction function;
	unsigned int grid[3], block[3];
	unsigned int shared_bytes;
};

struct sim_kernel_work {
	struct sim_work work;
	struct CUfunc_st *function;
	unsigned int grid[3], block[3];
	unsigned int shared_bytes;
	unsigned char *parameters; /* packed as the entry declares them */
};

extern const struct sim_work_kind sim_kernel_kind;

/* Copies the parameters, from a list of pointers or a packed block. */
CUresult sim_kernel_create(const struct sim_kernel_shape *shape, void **parameters,
			   void **extra, struct sim_work **out);

#endif
