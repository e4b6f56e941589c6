/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The program's contexts, and whether it is capturing streams: what hooks see
 * and the engine's operations go by. Any thread.
 */
#ifndef GB_CONTEXTS_H
#define GB_CONTEXTS_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/cuda.h"

#define GB_ANY_DEVICE (-1)

/* A context of @device exists; again is fine. */
void gb_driver_context_add(CUcontext context, int device, bool primary);

/*
 * The end of a context, in this order; the first two may be left out where
 * nobody knew of it before.
 * ending: nothing of the engine's is begun in it any more (gb_driver_oldest),
 * while what is there can still be used and waited for.
 * away: it is in the driver's hands. Waits until nobody visits it, and whoever
 * wants to visit it from here on waits until it has been removed or is back.
 * remove: it is gone; with it went its captures and the engine's kernels.
 * back: it lives on, as if it had been made just now.
 */
void gb_driver_context_ending(CUcontext context);
void gb_driver_context_away(CUcontext context);
void gb_driver_context_remove(CUcontext context);
void gb_driver_context_back(CUcontext context);

/*
 * The oldest of @device or of all that is not about to end, or NULL. That of a
 * device carries the engine's own work on it, and the registrations of its
 * memory in RAM; that of all has the pinned buffers.
 */
CUcontext gb_driver_oldest(int device);
/*
 * Takes a visitor to the oldest, or (visit) to the @n-th oldest of all that
 * there are; it may not end before gb_driver_visit_over. NULL: there is none.
 */
CUcontext gb_driver_visit_oldest(int device);
CUcontext gb_driver_visit(int device, int n);
void gb_driver_visit_over(CUcontext context);
/* Is there any, be it about to end? */
bool gb_driver_has_context(int device);
/* Changes whenever the numbers of contexts do. */
uint64_t gb_driver_contexts_changed(void);
/* The device's primary context, where the program has retained it, or NULL. */
CUcontext gb_driver_primary(int device);
/* False once there were more than the list holds. */
bool gb_driver_contexts_known(void);

/* Legacy or per-thread: a stream that each context has of its own. */
static inline bool gb_driver_is_default(CUstream stream)
{
	return stream == CU_STREAM_LEGACY || stream == CU_STREAM_PER_THREAD;
}

/*
 * @stream (as the engine names it) begins to be captured, or ends: by its own
 * end or by its destruction. While any is, nothing is drained.
 */
void gb_driver_capture_begin(uint64_t stream);
void gb_driver_capture_end(uint64_t stream);
bool gb_driver_is_capturing(void);
bool gb_driver_context_is_capturing(CUcontext context);

/*
 * Around waiting for a context, which would break a capture in it: no capture
 * begins until gb_driver_wait_end. False, and then there is no end to call,
 * where one is under way.
 */
bool gb_driver_wait_begin(void);
void gb_driver_wait_end(void);

/* In the child of a fork: locks that other threads held are free again. */
void gb_driver_fork_child(void);

#endif
