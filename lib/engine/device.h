/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files behind engine.h share about a device. gb_engine.lock held,
 * unless a comment says otherwise.
 */
#ifndef GB_DEVICE_H
#define GB_DEVICE_H

#include "lock.h"
#include "types.h"

/* Counts and logs that the program hears there is no room for @size bytes. */
void gb_device_refuse(struct gb_device *device, uint64_t size);

/*
 * Takes back what has been freed and is out of use; with @wait it waits for the
 * device first, if anything could come of it.
 */
void gb_device_reclaim(struct gb_device *device, bool wait);

#endif
