/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A driver for tests of the engine: struct gb_driver_ops over plain memory, as
 * strict as it can be. What no driver would let pass, or what would only go
 * wrong now and then, is counted as a fault and told on standard error; a test
 * fails when fake_stop finds any.
 *
 * VRAM is memory that is not mapped at the addresses the engine gives it, so the
 * CPU cannot touch it there. Work given to streams stays queued until someone
 * waits for it, or until the dice say so: a wait that is missing shows as wrong
 * contents, or as an address that goes while queued work still needs it.
 *
 * Any thread may call; all state is behind one lock.
 */
#ifndef FAKE_DRIVER_H
#define FAKE_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "driver.h"

extern const struct gb_driver_ops fake_driver;

/*
 * Every operation that may fail by itself; giving back may not. Unmapping fails
 * only where a test asks for just that: it does so by having begun nothing.
 */
enum fake_op {
	FAKE_ANY,
	FAKE_RESERVE,
	FAKE_CREATE,
	FAKE_MAP,
	FAKE_UNMAP,
	FAKE_ACCESS,
	FAKE_REGISTER,
	FAKE_HOST_ALLOC,
	FAKE_INFO,
	FAKE_DRAIN,
	FAKE_COPY,
	FAKE_SEND,
	FAKE_MARK,
	FAKE_WAIT,
	FAKE_STREAM, /* stream_create and ticket_create */
	FAKE_STREAM_STATE,
	FAKE_STREAM_WAIT,
	FAKE_STREAM_COPY,
	FAKE_RECORD,
	FAKE_ELAPSED,
	FAKE_RECONCILE, /* and reconcile_prepare */
	FAKE_OPS
};

/* @devices cards of @vram bytes each, and @host bytes that can be pinned. */
void fake_start(int devices, uint64_t vram, uint64_t host);
/* Returns the faults found; everything that was not given back is one. */
int fake_stop(void);
/* Prints and counts a fault. */
void fake_fault(const char *format, ...) __attribute__((format(printf, 1, 2)));
int fake_faults(void);
/* Forgets the faults so far, where a test has provoked them. */
void fake_pardon(void);

/* Lets calls of @op fail with @error: the @nth from now on, and @times in all. */
void fake_fail(enum fake_op op, unsigned int nth, unsigned int times, int error);
/* How often that has happened. Ends it. */
unsigned int fake_failed(void);
/* Calls of @op since fake_start. */
unsigned int fake_calls(enum fake_op op);

/* Someone else takes VRAM (or, negative, gives it back). */
void fake_take_vram(int device, int64_t bytes);
/*
 * While true draining says -EBUSY, and so does every use of stream @stream:
 * what could become part of a capture no unit test wants there.
 */
void fake_capture(bool on, uint64_t stream);
/* Calls this once, right before the next call of @op: as another thread would. */
void fake_before(enum fake_op op, void (*call)(void));
/* Calls this once, right after the next time that a device has been drained. */
void fake_after_drain(void (*call)(void));
/* Queued work runs by itself now and then, as this seed says; 0: never. */
void fake_set_seed(uint64_t seed);
/* What lies between any two tickets from now on, in ns; 0 at first. */
void fake_set_elapsed(uint64_t ns);
/* Threads that are between entering and leaving the gate, as tests count them. */
void fake_inside(int more);

/* Streams of a device: their numbers. */
uint64_t fake_stream(int device, int number);

/*
 * Kernels. Both run when the stream gets there, and find a fault where they
 * meet an address that the device may not use. The pattern's byte i depends on
 * @seed and i alone; a kernel that finds other bytes than it expects is a fault.
 */
void fake_kernel_write(uint64_t stream, uint64_t address, uint64_t bytes,
		       uint64_t seed);
void fake_kernel_expect(uint64_t stream, uint64_t address, uint64_t bytes,
			uint64_t seed);
/* The bytes of a pattern from @offset on. */
void fake_fill_pattern(void *memory, uint64_t offset, uint64_t bytes, uint64_t seed);
/* Runs everything that is queued. */
void fake_run_all(void);

/* Contents, at once and past all streams. False where it is not accessible. */
bool fake_peek(int device, uint64_t address, void *to, uint64_t bytes);
bool fake_poke(int device, uint64_t address, const void *from, uint64_t bytes);

/* Where a granule lies. */
enum fake_place { FAKE_NOWHERE, FAKE_VRAM, FAKE_RAM };
enum fake_place fake_place(uint64_t address);
/* Can @device use the granule at @address? */
bool fake_may_access(int device, uint64_t address);
/* Granules that lie anywhere, and handles that exist. */
uint64_t fake_mapped_granules(void);
unsigned int fake_handles(void);
/* Buffers from host_alloc. */
unsigned int fake_pinned(void);

#endif
