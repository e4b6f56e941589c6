/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What greenboost doctor measures: for each figure some seconds at most, and a
 * small part of the memory that is free. Rates are bytes a second, medians of
 * several runs; 0 is what was not measured.
 */
#ifndef GB_MEASURE_H
#define GB_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

#include "cuda.h"

struct gb_rates {
	double up, down; /* a copy engine, from and to pinned RAM */
	double direct;	 /* a kernel that reads pinned RAM */
	double vram;	 /* a kernel that reads the GPU's own memory */
	double pin;	 /* registering touched memory of small pages */
	double pin_huge; /* and of huge ones */
	double ram;	 /* all cores reading RAM */
	double disk;	 /* reading a file */
	bool disk_cached; /* through the page cache, which could not be passed by */
};

/* How much work a measurement may be. */
struct gb_effort {
	unsigned int runs;   /* odd, at most GB_RUNS_MAX */
	uint64_t copy_bytes; /* of one copy */
	uint64_t pin_bytes;
	uint64_t ram_bytes;
	uint64_t disk_bytes;
	double disk_seconds; /* for writing, and as many for reading */
};

#define GB_RUNS_MAX 9

/* The efforts of an ordinary and of a quick run. */
extern const struct gb_effort gb_effort_full, gb_effort_quick;

/*
 * Measures GPU @index, and writes into *@vram_free what of its memory is free
 * (bytes). @available is the RAM that may be used. Time is the GPU's own, so
 * that on the simulated GPU it is virtual time. Returns 0; else -ENOMEM or -EIO
 * with one line in *@why (allocated), and what was measured until then.
 */
int gb_measure_gpu(struct gb_rates *rates, uint64_t *vram_free,
		   const struct gb_cuda *cuda, unsigned int index,
		   const struct gb_effort *effort, uint64_t available, char **why);

/* With @threads threads. Returns 0 or -errno. */
int gb_measure_ram(struct gb_rates *rates, const struct gb_effort *effort,
		   unsigned int threads, uint64_t available);

/*
 * With a file made in @folder, which has no name and is gone afterwards.
 * Returns 0 or -errno.
 */
int gb_measure_disk(struct gb_rates *rates, const struct gb_effort *effort,
		    const char *folder);

/* Of @count values, an odd number; sorts them. */
double gb_median(double *value, unsigned int count);

#endif
