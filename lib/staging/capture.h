/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Staging inside captured graphs.
 *
 * What a capture is given is not work yet: it becomes nodes that run, all of
 * them, each time that the graph is launched. So a capture has a ring, lanes
 * and copies of its own. Its copies are nodes of a branch beside the program's
 * streams, and run ahead as far as the ring has places; nothing is known from
 * one launch of the graph to the next, so each begins without any copy.
 *
 * The ring is the same VRAM that launches outside of graphs use, and other
 * graphs: whoever launches a graph sees to it that they take turns (home.c).
 *
 * What is copied is read where it lies when captured, so it stays there: see
 * gb_allocation.captured.
 *
 * The lock of the device's gb_staging guards everything here.
 */
#ifndef GB_CAPTURE_H
#define GB_CAPTURE_H

#include "ring.h"
#include "staging.h"

struct gb_staging;

struct gb_capture {
	uint64_t id;	 /* as the driver numbers it; 0: there was none yet */
	uint64_t stream; /* of our own, which joins the capture */
	bool closed;	 /* nothing is staged in it any more */
	struct gb_lanes lanes;
	struct gb_ring ring;
	struct gb_point unseen; /* the last that may be a graph with copies of its own */
	struct gb_list homes; /* what the capture has used, and how (capture.c) */
};

/* Set for good by gb_staging_forbid_captures. */
extern _Atomic bool gb_capture_forbidden;

/* Makes its stream, on the device of @staging. 0 or -errno. */
int gb_capture_init(struct gb_staging *staging);
/* Ends it all; graphs that were captured live on. */
void gb_capture_finish(struct gb_staging *staging);

/*
 * As gb_staging_begin and _end, for a launch in a stream that is in @state, of
 * which gb_staging_learn and the words' owners are seen to.
 */
bool gb_capture_begin(struct gb_staging *staging, struct gb_stage_launch *launch,
		      const struct gb_stream_state *state);
void gb_capture_end(struct gb_staging *staging, struct gb_stage_launch *launch,
		    bool launched);

/*
 * Before @owner's home is read, or written, by what else is captured; and before
 * and after something is that may reach any memory, as a graph in the graph does.
 */
void gb_capture_access(struct gb_staging *staging, struct gb_allocation *owner,
		       uint64_t stream, bool write);
void gb_capture_access_all(struct gb_staging *staging, uint64_t stream);
void gb_capture_written_all(struct gb_staging *staging, uint64_t stream);

/* @allocation is no more. */
void gb_capture_forget(struct gb_staging *staging,
		       const struct gb_allocation *allocation);
/* The capture of @stream is about to end: everything of ours is joined to it. */
void gb_capture_join(struct gb_staging *staging, uint64_t stream);

#endif
