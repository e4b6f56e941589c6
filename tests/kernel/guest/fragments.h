/* SPDX-License-Identifier: GPL-2.0-only */
/* A machine whose free memory lies in pieces. */
#ifndef GREENBOOST_FRAGMENTS_H
#define GREENBOOST_FRAGMENTS_H

#include "ring.h"

/*
 * Pins four pages of every two megabytes of the machine's memory, so that hardly
 * a contiguous granule is left, and frees the rest. Until ring_destroy().
 */
void fragment_memory(struct ring *ring);

#endif /* GREENBOOST_FRAGMENTS_H */
