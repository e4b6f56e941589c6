/* SPDX-License-Identifier: GPL-2.0-only */
/* What the simulator reads in PTX text: names and layouts, no instructions. */
#ifndef SIM_PTX_H
#define SIM_PTX_H

#include <stdbool.h>
#include <stddef.h>

#define SIM_PARAMETERS 64

struct sim_entry {
	char *name;
	unsigned int count;
	size_t offset[SIM_PARAMETERS], size[SIM_PARAMETERS];
	size_t bytes; /* of the whole parameter block */
};

struct sim_variable {
	char *name;
	size_t bytes;
	unsigned char *initial; /* bytes long, or NULL for zeros */
};

struct sim_ptx {
	struct sim_entry *entries;
	size_t entry_count;
	struct sim_variable *variables;
	size_t variable_count;
};

/* False where the text is not PTX. finish() frees what parse() filled in. */
bool sim_ptx_parse(const char *text, struct sim_ptx *ptx);
void sim_ptx_finish(struct sim_ptx *ptx);

#endif
