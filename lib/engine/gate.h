/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The gate: every call of the program that gives work to a GPU passes through
 * it, and memory moves only while nobody is inside.
 *
 * A move unmaps an address for a few milliseconds. It must not begin between the
 * moment when a launch has been let through and the moment when the driver has
 * taken it, or the kernel would run into the hole. So whoever passes says so, in
 * a flag of his own thread; a mover closes the gate, waits until all flags are
 * down, and then waits for the device. Passing costs two stores and a load, and
 * no atomic operation: the mover pays for the ordering with membarrier(2).
 *
 * gb_attention is the one word that the fast path looks at. Zero: nothing is
 * pending, VRAM is not short, nobody moves, so there is nothing to do.
 */
#ifndef GB_GATE_H
#define GB_GATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "lock.h"

enum gb_attention {
	GB_ATTENTION_CLOSED = 1u << 0,	/* a mover is at work */
	GB_ATTENTION_PENDING = 1u << 1, /* some allocation is not backed */
	GB_ATTENTION_WATCH = 1u << 2, /* VRAM is short: note what is touched */
};

/* What a passer must deal with before his call may reach the driver. */
#define GB_ATTENTION_STOP (GB_ATTENTION_CLOSED | GB_ATTENTION_PENDING)

/* One thread's flag; see gate.c for its life. */
struct gb_passer {
	_Atomic uint32_t inside; /* depth; written by its thread alone */
	_Atomic bool taken;
	struct gb_passer *next; /* constant once published */
};

extern _Atomic uint32_t gb_attention;
extern __thread struct gb_passer *gb_passer
	__attribute__((tls_model("initial-exec")));

/* Gives the calling thread its flag. Never fails, never NULL. */
struct gb_passer *gb_passer_get(void);

/*
 * Steps inside and returns what needs attention (enum gb_attention). With a bit
 * of GB_ATTENTION_STOP set the caller must leave again and settle
 * (engine.h: gb_engine_settle) before it tries anew.
 */
static inline uint32_t gb_gate_enter(void)
{
	struct gb_passer *passer = gb_passer;

	assert(!gb_locked);
	if (__builtin_expect(!passer, 0))
		passer = gb_passer_get();
	atomic_store_explicit(
		&passer->inside,
		atomic_load_explicit(&passer->inside, memory_order_relaxed) + 1,
		memory_order_relaxed);
	/* The mover's membarrier makes this order real; see gb_gate_close. */
	atomic_signal_fence(memory_order_seq_cst);
	return atomic_load_explicit(&gb_attention, memory_order_acquire);
}

static inline void gb_gate_leave(void)
{
	assert(atomic_load_explicit(&gb_passer->inside, memory_order_relaxed));
	atomic_store_explicit(
		&gb_passer->inside,
		atomic_load_explicit(&gb_passer->inside, memory_order_relaxed) - 1,
		memory_order_release);
}

/*
 * Closes the gate and waits until nobody is inside, as long as the slowest call
 * that is in the driver. The caller holds gb_engine.lock and is not inside.
 * Returns 0, or -EAGAIN with the gate open where it cannot be closed safely.
 * Closed twice, it is to be opened twice.
 */
int gb_gate_close(void);
void gb_gate_open(void);

/* Sets or clears bits other than GB_ATTENTION_CLOSED. gb_engine.lock held. */
void gb_attention_set(uint32_t bits, bool on);

/* In the child of a fork: no other thread exists, nobody is inside. */
void gb_gate_fork_child(void);

#endif
