/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The streams of the fake driver: queues of work that runs late. The fake
 * driver's lock is held for everything here.
 */
#ifndef FAKE_STREAM_H
#define FAKE_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "driver.h"
#include "fake_driver.h"

void fake_stream_start(void);
/* Work and tickets that are left are faults. */
void fake_stream_stop(void);

void fake_stream_seed(uint64_t seed);
/* Runs some work, or none. */
void fake_stream_roll(void);
void fake_stream_run_device(int device);
/* Is work queued that uses the range? */
bool fake_stream_needs(uint64_t address, uint64_t bytes);

void fake_stream_copy(uint64_t stream, uint64_t to, uint64_t from, uint64_t bytes);
void fake_stream_pattern(uint64_t stream, uint64_t address, uint64_t bytes,
			 uint64_t seed, bool expect);

/* A stream of the engine's own; 0: too many. Destroying runs what is left. */
uint64_t fake_stream_create(int device);
void fake_stream_destroy(uint64_t stream);
/* The stream goes on once the ticket, as recorded now, has passed. */
void fake_stream_wait(uint64_t stream, gb_ticket ticket);
void fake_stream_reconcile(uint64_t stream, const struct gb_reconcile *job);
int fake_stream_device(uint64_t stream);

gb_ticket fake_stream_mark(uint64_t stream);
/* A ticket that has passed until it is recorded. */
gb_ticket fake_ticket_create(void);
void fake_ticket_record(gb_ticket ticket, uint64_t stream);
int fake_ticket_passed(gb_ticket ticket);
void fake_ticket_wait(gb_ticket ticket);
void fake_ticket_drop(gb_ticket ticket);

/* Copies at once, as the device sees addresses. -EINVAL where it may not. */
int fake_copy(int device, uint64_t to, uint64_t from, uint64_t bytes);
/*
 * Where @device finds @address, and in @bytes how much of what was asked for
 * follows in one piece. NULL where it may not (fake_driver.c).
 */
char *fake_resolve(int device, uint64_t address, uint64_t *bytes);

/* With the lock held (fake_driver.c). */
bool fake_is_pinned(uint64_t address, uint64_t bytes);
bool fake_is_captured(uint64_t stream);

/* Operations of struct gb_driver_ops (fake_stream_ops.c). */
int fake_op_send(uint64_t stream, uint64_t to, const void *pinned, uint64_t bytes);
int fake_op_mark(uint64_t stream, gb_ticket *ticket);
int fake_op_ticket_passed(gb_ticket ticket);
int fake_op_ticket_wait(gb_ticket ticket);
void fake_op_ticket_drop(gb_ticket ticket);
int fake_op_stream_create(int device, uint64_t *stream);
void fake_op_stream_destroy(uint64_t stream);
int fake_op_stream_state(uint64_t stream, struct gb_stream_state *state);
int fake_op_stream_wait(uint64_t stream, gb_ticket ticket);
int fake_op_stream_copy(uint64_t stream, uint64_t to, uint64_t from, uint64_t bytes);
int fake_op_ticket_create(uint64_t stream, bool timed, gb_ticket *ticket);
int fake_op_ticket_record(gb_ticket ticket, uint64_t stream);
int fake_op_ticket_elapsed(gb_ticket from, gb_ticket to, uint64_t *ns);
int fake_op_reconcile_prepare(uint64_t stream);
int fake_op_reconcile(uint64_t stream, const struct gb_reconcile *job);

#endif
