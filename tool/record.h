/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is kept of the statistics pages of a process and its descendants while
 * they run. A page's file stays open, so that its last values can be read when
 * its process has ended and its name is gone.
 */
#ifndef GB_RECORD_H
#define GB_RECORD_H

#include <sys/types.h>

#include "sample.h"

struct gb_recorder;

struct gb_record {
	const struct gb_options *options;
	pid_t root;
	struct gb_followed *followed; /* allocated */
	size_t count;
	struct gb_recorder *recorder; /* or NULL; set by who wants one */
};

void gb_record_init(struct gb_record *record, const struct gb_options *options,
		    pid_t root);
void gb_record_finish(struct gb_record *record);

/* Looks for new pages and reads all once; call it often. */
void gb_record_update(struct gb_record *record);

/*
 * A sample of all that were followed: counters as they were last, gauges as
 * they were when the process held most. gb_sample_finish() it.
 */
void gb_record_sum_up(const struct gb_record *record, struct gb_sample *sample);

#endif
