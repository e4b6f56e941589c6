/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A stretch of time in which memory may move, as nobody uses it: the gate is
 * closed, and where it says so the devices are idle. gb_engine.lock held for
 * all of it, the caller not inside the gate.
 */
#ifndef GB_MOVING_H
#define GB_MOVING_H

#include "types.h"

struct gb_moving {
	struct gb_device *device; /* that the time is put to the account of */
	uint64_t began;
};

/* Nobody may be using memory between begin and end. 0 or -errno. */
int gb_moving_begin(struct gb_moving *moving, struct gb_device *device);
void gb_moving_end(struct gb_moving *moving);

/*
 * The same in two steps. After the first no call of the program's is on its way
 * to the driver; after the second, which leaves things as they are where it
 * fails, what was given before is done too, and all homes are up to date.
 */
int gb_moving_hold(struct gb_moving *moving, struct gb_device *device);
int gb_moving_drain(struct gb_moving *moving);

#endif
