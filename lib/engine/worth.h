/* SPDX-License-Identifier: GPL-2.0-only */
/* What VRAM is worth to an allocation, against another. */
#ifndef GB_WORTH_H
#define GB_WORTH_H

#include "types.h"

/*
 * Memory that launches touch this often in a window (heat.h) is in use all the
 * time: it stays, and what is new goes to RAM instead.
 */
#define GB_WORTH_HOT (8 * GB_HEAT_UNIT)

/*
 * 0: uploaded, and only read, through copies; 1: uploaded, but used by launches
 * over the link where it is in RAM; 2: launches work on it. gb_engine.lock
 * held, as with all of this.
 */
unsigned int gb_worth_class(const struct gb_allocation *allocation);
/* What leaving costs: the class first, then the heat. */
uint64_t gb_worth(const struct gb_allocation *allocation);

/* Can it leave VRAM at all? */
bool gb_worth_can_leave(const struct gb_allocation *allocation);
/* And may it, for what could as well be elsewhere? */
bool gb_worth_may_leave(const struct gb_allocation *allocation);
/* Is it worth an exchange, or only room that nobody has? */
bool gb_worth_is_hot(const struct gb_allocation *allocation);
/*
 * May @cold leave so that @hot comes in? Not for more of the same that is
 * uploaded: a touch of it says little about how much was read.
 */
bool gb_worth_exchange(const struct gb_allocation *cold,
		       const struct gb_allocation *hot);

#endif
