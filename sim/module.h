/* SPDX-License-Identifier: GPL-2.0-only */
/* Modules, libraries and functions. */
#ifndef SIM_MODULE_H
#define SIM_MODULE_H

#include <greenboost/kernel.h>

#include "ptx.h"
#include "sim.h"

#define SIM_FUNCTION_ATTRIBUTES 16

/* Behind a CUfunction and a CUkernel alike. */
struct CUfunc_st {
	struct sim_object object;
	struct CUmod_st *module;
	const struct sim_entry *entry;
	const struct gb_kernel *code; /* NULL: no host function was found */
	void (*cost)(const struct gb_launch *launch, struct gb_cost *cost);
	int attributes[SIM_FUNCTION_ATTRIBUTES];
	/* The state of the legacy launch calls. */
	unsigned int block[3], shared_bytes;
	unsigned char *parameters;
	size_t parameter_bytes;
};

/* Behind a CUmodule and a CUlibrary alike. */
struct CUmod_st {
	struct sim_object object;
	struct CUctx_st *ctx; /* NULL: a library, which has no context */
	struct sim_ptx ptx;
	struct CUfunc_st **functions;  /* one an entry */
	struct sim_region **variables; /* one a variable */
	TAILQ_ENTRY(CUmod_st) link;
};

/* A function of the program's or of a kernel library, or NULL (symbol.c). */
void *sim_symbol(const char *prefix, const char *name);

struct CUmod_st *sim_module(const void *handle);
struct CUfunc_st *sim_function(const void *handle);

#endif
