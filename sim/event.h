/* SPDX-License-Identifier: GPL-2.0-only */
/* Events, also those that processes share. */
#ifndef SIM_EVENT_H
#define SIM_EVENT_H

#include "sim.h"

/* In memory that every process with the event maps. */
struct sim_shared_event {
	uint64_t recorded; /* times */
	uint64_t reached;  /* the last record that the GPU has passed */
};

struct CUevent_st {
	struct sim_object object;
	struct CUctx_st *ctx;
	unsigned int flags;
	struct sim_fence *fence;   /* of the last record, or NULL */
	uint64_t capture_id;	   /* the capture that recorded it last, or 0 */
	struct sim_nodes captured; /* and the nodes it stands for */
	int shared_fd;		   /* -1: not shared */
	struct sim_shared_event *shared;
};

/* shared_fd: of another process's event, taken over, or -1. */
CUresult sim_event_create(unsigned int flags, int shared_fd, CUevent *out);
/* Records an event on a stream that does not capture. */
void sim_event_record(struct CUevent_st *event, struct CUstream_st *stream);
bool sim_event_is_done(struct CUevent_st *event);
/* Work that is ready when the event's last record so far has been passed. */
struct sim_work *sim_event_wait_create(struct CUevent_st *event);
/* Work that records and awaits as part of a graph. */
struct sim_work *sim_event_node_create(struct CUevent_st *event, bool record);
struct CUevent_st *sim_event_of(struct sim_work *work);

extern const struct sim_work_kind sim_event_record_kind, sim_event_wait_kind;

#endif
