/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A few threads that copy and touch host memory in parallel: one thread reaches
 * 5 to 10 GB/s, eight 36 to 43 (H5, N1).
 *
 * The threads start with the first big piece of work, block all signals, and
 * make no CUDA call. Work is done when the call is back; the caller works too.
 * Any thread may call; calls wait for each other.
 */
#ifndef GB_WORKERS_H
#define GB_WORKERS_H

#include <stdint.h>

/* @threads in all, the caller included; 1 starts none. Once. */
void gb_workers_init(unsigned int threads);
/* Ends the threads; work that comes later is done by its caller alone. */
void gb_workers_finish(void);
/* In the child of a fork: the threads are gone. */
void gb_workers_fork_child(void);

void gb_workers_copy(void *to, const void *from, uint64_t bytes);
/* Writes one byte of every page, a zero: for fresh memory only. */
void gb_workers_touch(void *memory, uint64_t bytes);

#endif
