/* SPDX-License-Identifier: GPL-2.0-only */
/* A launch over the fake driver, as the hooks make one. */
#ifndef LAUNCHED_H
#define LAUNCHED_H

#include "../engine/test.h"

#include "staging/staging.h"

struct launched {
	struct gb_stage_word word[8];
	struct gb_stage_launch launch;
	bool staged;
	int stranded; /* times that something had to come home first */
};

/* Names what it is given; nothing has begun. */
static inline void launch_name(struct launched *l, uint64_t stream,
			       uint64_t function, const uint64_t *addresses,
			       uint32_t count)
{
	assert_true(count <= sizeof(l->word) / sizeof(l->word[0]));
	l->launch = (struct gb_stage_launch){ .device = 0,
					      .stream = stream,
					      .function = function,
					      .words = l->word,
					      .count = count };
	for (uint32_t i = 0; i < count; i++)
		l->word[i] = (struct gb_stage_word){ .address = addresses[i],
						     .to = addresses[i],
						     .offset = 8 * i };
	gb_staging_prepare(0);
}

/* The kernel has been given to the driver. */
static inline void launch_end(struct launched *l)
{
	if (l->staged)
		gb_staging_end(&l->launch, true);
	gb_gate_leave();
}

#endif
