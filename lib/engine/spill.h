/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who leaves RAM for the NVMe disk, and who comes back. Allocations leave whole
 * and are away then: nothing is mapped at their addresses.
 *
 * What may leave can be used while it is away: uploaded memory, small enough to
 * be staged, that nobody reaches by ways that are not seen. Launches then read
 * copies of it in VRAM (staging/guest.h). For any other access it comes back
 * before, which those who make it ask for: gb_engine_enter_at_home.
 *
 * What has once left stays away, and the rest of what RAM holds stays there:
 * for a program that goes over its weights again and again that is the best
 * there is, and nothing is exchanged for ever.
 *
 * gb_engine.lock held for everything here, unless it says otherwise.
 */
#ifndef GB_SPILL_POLICY_H
#define GB_SPILL_POLICY_H

#include "types.h"
#include "../nvme/store.h"

/* Bytes that may still go there; 0 where there is no such disk. */
uint64_t gb_spill_room(void);

/*
 * Sends memory away until RAM has room for @bytes more. Between gb_moving_begin
 * and _end. 0 or -ENOMEM.
 */
int gb_spill_make_room(uint64_t bytes, enum gb_store_why why);
/* Is there anybody who could leave? */
bool gb_spill_could_leave(void);

/*
 * Brings @allocation home to RAM, if it is away, and others leave for it where
 * there is no room. Not from inside the gate. On failure it is where it was.
 */
int gb_spill_return(struct gb_allocation *allocation);
/* All that is away. */
int gb_spill_return_all(void);
/*
 * What kernels have changed while it was away comes home, as far as there is
 * room: its guest cannot go before, and others want the place.
 */
void gb_spill_return_changed(void);
/* Before @device's staging ends: the same, or it is lost. */
void gb_spill_rescue(struct gb_device *device);
/* While there is room for it anyway, the hottest that is away comes back. */
void gb_spill_refill(struct gb_device *device);

/* @allocation is freed. */
void gb_spill_drop(struct gb_allocation *allocation);

/* Bytes at @to were uploaded from @from. Takes the lock, not from inside. */
void gb_spill_remember(uint64_t to, const void *from, uint64_t bytes);

/* Is anything away? Any thread, no lock. */
static inline bool gb_spill_any(void)
{
	return atomic_load_explicit(&gb_engine.away, memory_order_relaxed) != 0;
}

#endif
