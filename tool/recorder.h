/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes a recording while a program runs. It is the tool that looks on, and not
 * the library that writes: what is recorded is then every process of the
 * program, a crash of any of them loses nothing, and the program has neither a
 * thread nor a file more.
 *
 * However long the program runs, the recording keeps its size: where it is
 * full, every other frame goes and the pace halves. Counters only grow, so the
 * rates between the frames that stay are still true.
 */
#ifndef GB_RECORDER_H
#define GB_RECORDER_H

#include "recording.h"

struct gb_recorder {
	struct gb_recording recording;
	const char *file;
	uint64_t start_ms;   /* CLOCK_MONOTONIC */
	uint64_t period_ms;  /* between two frames of a device */
	uint64_t written_ms; /* when the file was written last */
	uint64_t moment_ms;  /* when the machine's memory is due */
	uint64_t held[GB_RECORDING_DEVICES]; /* at the time of the allocations */
	bool failed;			     /* to write, and has been told */
	bool closing; /* the program has ended: a last frame, due or not */
};

/*
 * Begins, and makes @file. Returns 0, or -errno when one line about why it
 * cannot be written has been.
 */
int gb_recorder_init(struct gb_recorder *recorder, const char *file);
/* Writes the file. */
void gb_recorder_finish(struct gb_recorder *recorder);

/* What @page, whose file is open at @fd, says now; call it as often as you like. */
void gb_recorder_look(struct gb_recorder *recorder, const struct gb_stats *page,
		      int fd);

/* Now and then: the machine's memory, and the file. */
void gb_recorder_tick(struct gb_recorder *recorder);

#endif
