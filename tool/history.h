/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What became of the counters between one sample and the next: rates, and the
 * link's over time. Pure: the caller tells the time.
 */
#ifndef GB_HISTORY_H
#define GB_HISTORY_H

#include "field.h"
#include "sample.h"

/* Looks that are kept of a GPU: a wide terminal's columns. */
#define GB_HISTORY 256

/* One GPU of one process. */
struct gb_track {
	uint32_t pid, device;
	uint64_t start_ticks;
	uint64_t seen_ns; /* the time of the last look */
	uint64_t last[GB_FIELDS];
	double rate[GB_FIELDS]; /* a second, of counters; 0 at the first look */
	double in[GB_HISTORY], out[GB_HISTORY]; /* link, bytes a second; rings */
	/*
	 * The process's NVMe disk, bytes so far and bytes a second: the same
	 * with each of its GPUs.
	 */
	uint64_t nvme_last_read, nvme_last_written;
	double nvme_read, nvme_written;
	unsigned int count; /* rates so far, without end; the last at count - 1 */
};

struct gb_history {
	struct gb_track *track; /* allocated */
	size_t count;
	uint64_t now_ns;
};

/* All zero is an empty history. */
void gb_history_finish(struct gb_history *history);

/* Takes @sample in, as of @now_ns; forgets what is not in it. */
void gb_history_add(struct gb_history *history, const struct gb_sample *sample,
		    uint64_t now_ns);

/* NULL where @page has not been seen. */
const struct gb_track *gb_history_find(const struct gb_history *history,
				       const struct gb_stats *page,
				       unsigned int device);

/* The @ago-th last rate of the ring @in or @out of @track; 0 behind its end. */
double gb_track_past(const struct gb_track *track, const double *ring,
		     unsigned int ago);

#endif
