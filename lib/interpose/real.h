/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The driver itself, behind our own names: what a hook calls to get the work
 * done, and what the engine's operations are made of.
 *
 *	rc = GB_REAL(cuMemAlloc_v2)(&address, bytes);
 *
 * The driver is looked for at the first such call, never before, so that a
 * process without CUDA stays untouched. A pointer is never NULL:
 *   - a symbol that this driver lacks leads to CUDA_ERROR_NOT_SUPPORTED;
 *   - with no driver at all, cuInit gives CUDA_ERROR_NO_DEVICE and everything
 *     else CUDA_ERROR_NOT_INITIALIZED; the next call looks again.
 * Any thread, at any time, also in a forked child. No lock is held; the first
 * call is a dlopen. errno is kept.
 */
#ifndef GB_REAL_H
#define GB_REAL_H

#include <stdbool.h>

#include "abi/cuda.h"

/*
 * One typed pointer a row, in the order of the files: forward.S lays the same
 * memory out. Each points at its own resolver until the driver is bound.
 */
struct gb_real {
#define GB_HOOK(symbol, parameters) CUresult(*symbol) parameters;
#define GB_CALL(symbol, parameters) CUresult(*symbol) parameters;
#include "hooks.def"
#include "calls.def"
#undef GB_HOOK
#undef GB_CALL
};

extern struct gb_real gb_real __attribute__((visibility("hidden")));

/* The driver's own function; written by whichever thread binds it. */
#define GB_REAL(symbol) (*__atomic_load_n(&gb_real.symbol, __ATOMIC_RELAXED))

/* Whether there is a driver and it has @symbol. Binds the driver. */
#define GB_REAL_HAS(symbol) gb_real_has((void *const *)&gb_real.symbol)

bool gb_real_has(void *const *slot);

/* Finds the driver if that has not been done; false when there is none. */
bool gb_real_bind(void);

/*
 * The path of the bound driver, as the loader knows it, or NULL. It lives as
 * long as the process. Binds nothing.
 */
const char *gb_real_path(void);

#endif
