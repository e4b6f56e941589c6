/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the program took past the arena: which pointer or handle, how much, from
 * where. Keeps the engine's count of it, which the budgets need.
 *
 * Any thread. Where there is no memory for an entry it is left out, and the
 * count is lower than the truth.
 */
#ifndef GB_LEDGER_H
#define GB_LEDGER_H

#include <stdint.h>

/* Pointers and handles may be equal as numbers, so each kind has its own keys. */
enum gb_ledger_kind {
	GB_LEDGER_POINTER, /* device memory by address */
	GB_LEDGER_HANDLE,  /* a handle of cuMemCreate */
	GB_LEDGER_ARRAY,
	GB_LEDGER_HOST,	   /* pinned host memory; counts against RAM */
	GB_LEDGER_MAPPING, /* of a handle, by address; counts nowhere */
};

/* @device is ignored for GB_LEDGER_HOST. */
void gb_ledger_add(enum gb_ledger_kind kind, uint64_t key, int device,
		   uint64_t bytes);
/* One more reference to an entry that may be there. */
void gb_ledger_ref(enum gb_ledger_kind kind, uint64_t key);
/* Drops a reference, and the entry with the last. Unknown keys are fine. */
void gb_ledger_drop(enum gb_ledger_kind kind, uint64_t key);
/* The entry's size, or 0. */
uint64_t gb_ledger_find(enum gb_ledger_kind kind, uint64_t key);
/* @handle is mapped at @address, which keeps its memory. */
void gb_ledger_map(uint64_t address, uint64_t bytes, uint64_t handle);
/* What was mapped in the range is so no longer. */
void gb_ledger_unmap(uint64_t address, uint64_t bytes);
/* Everything of @device is gone: it has been reset. */
void gb_ledger_reset(int device);

#endif
