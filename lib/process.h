/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * GreenBoost in this process: read from the environment and started at the first
 * successful cuInit, off again in a forked child and once exit handlers run.
 */
#ifndef GB_PROCESS_H
#define GB_PROCESS_H

#include <stdbool.h>

#include "../common/options.h"

/* After cuInit has succeeded; starts the engine once. Any thread. */
void gb_process_start(void);

/* Whether the engine is at work here. Any thread, no lock. */
bool gb_process_is_on(void);

/* The settings; constant from gb_process_start on. */
const struct gb_options *gb_process_options(void);

#endif
