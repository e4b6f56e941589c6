/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of copies share. */
#ifndef SIM_COPY_H
#define SIM_COPY_H

#include "sim.h"

struct sim_copy_work {
	struct sim_work work;
	struct sim_side dst, src;
	struct sim_box box;
	void *kept; /* our copy of the source, or NULL */
};

struct sim_fill_work {
	struct sim_work work;
	uint8_t *dst;
	uint64_t pitch;
	uint32_t value;
	unsigned int element; /* bytes: 1, 2 or 4 */
	uint64_t width;	      /* elements */
	uint64_t height;
};

extern const struct sim_work_kind sim_copy_kind, sim_fill_kind;

/* Memory with a shape that only copies see. */
struct CUarray_st {
	struct sim_object object;
	struct sim_region *region;
	CUDA_ARRAY3D_DESCRIPTOR shape;
	unsigned int element; /* bytes */
	uint64_t pitch, slice;
	bool borrowed; /* a level of a mipmapped array */
};

/* What a caller may rely on when the call returns. */
enum sim_when {
	SIM_SYNC,  /* as the driver's plain copies: done, or source read */
	SIM_ASYNC, /* queued */
};

/*
 * Checks, then submits a copy as the driver would: pageable memory is read
 * before the call returns, and written before it returns.
 */
CUresult sim_copy(CUstream stream, enum sim_when when, struct sim_side dst,
		  struct sim_side src, struct sim_box box);

/* The sides and the box of a described copy; CUDA_ERROR_INVALID_VALUE. */
CUresult sim_copy_describe(const CUDA_MEMCPY3D *desc, struct sim_side *dst,
			   struct sim_side *src, struct sim_box *box);

#endif
