/* SPDX-License-Identifier: GPL-2.0-only */
/* Operations of gb_driver_ops on streams and tickets; see there. */
#ifndef GB_DRIVER_STREAMS_H
#define GB_DRIVER_STREAMS_H

#include "../engine/driver.h"

int gb_stream_send(uint64_t stream, uint64_t to, const void *pinned, uint64_t bytes);
int gb_stream_create(int device, uint64_t *stream);
void gb_stream_destroy(uint64_t stream);
int gb_stream_state_of(uint64_t stream, struct gb_stream_state *state);
int gb_stream_wait(uint64_t stream, gb_ticket ticket);
int gb_stream_copy(uint64_t stream, uint64_t to, uint64_t from, uint64_t bytes);

/* A ticket is an event's handle as a number. */
int gb_ticket_mark(uint64_t stream, gb_ticket *ticket);
int gb_ticket_create(uint64_t stream, bool timed, gb_ticket *ticket);
int gb_ticket_record(gb_ticket ticket, uint64_t stream);
int gb_ticket_passed(gb_ticket ticket);
int gb_ticket_wait(gb_ticket ticket);
int gb_ticket_elapsed(gb_ticket from, gb_ticket to, uint64_t *ns);
void gb_ticket_drop(gb_ticket ticket);

#endif
