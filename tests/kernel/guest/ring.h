/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * As much of io_uring as it takes to register buffers and to move data from and
 * to them. Registering takes the long-term pin that registering memory with a
 * GPU takes.
 */
#ifndef GREENBOOST_RING_H
#define GREENBOOST_RING_H

#include <stdint.h>
#include <sys/uio.h>

struct ring;

/* The test is skipped where the kernel has no io_uring. */
struct ring *ring_create(void);
/* Gives up all pins. */
void ring_destroy(struct ring *ring);

/* Both answer 0, or -1 with errno. */
int ring_register(struct ring *ring, const struct iovec *ranges, unsigned int count);
int ring_unregister(struct ring *ring);

/* Whole transfers between a disk and registered memory, or the test fails. */
void ring_read(struct ring *ring, int disk, void *memory, uint64_t size,
	       uint64_t at, unsigned int index);
void ring_write(struct ring *ring, int disk, const void *memory, uint64_t size,
		uint64_t at, unsigned int index);

#endif /* GREENBOOST_RING_H */
