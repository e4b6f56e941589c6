/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernels of our own (lib/gpu/), in a module that each context loads when it
 * first needs them.
 */
#ifndef GB_DRIVER_KERNELS_H
#define GB_DRIVER_KERNELS_H

#include "abi/cuda.h"
#include "../engine/driver.h"

/*
 * Operations of gb_driver_ops; see there. -EOPNOTSUPP where this library was
 * built without a compiler for GPUs, or the driver does not take its code: then
 * it will stay so.
 */
int gb_kernels_prepare(uint64_t stream);
int gb_kernels_reconcile(uint64_t stream, const struct gb_reconcile *job);

/* A context is gone, and its module with it. */
void gb_kernels_forget(CUcontext context);

void gb_kernels_fork_child(void);

#endif
