/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine's memory pressure, as the kernel module's watchdog sees it (where
 * there is an NVMe disk to go to but no module: as little RAM as the machine,
 * or the control group, has left), and what the engine does without then:
 *
 *   elevated   from the pool comes no more than what has been promised: what is
 *              allocated and not backed yet;
 *   critical   what holds no contents of the program's is given back, what may
 *              leave RAM for the NVMe disk does, and what needs more RAM than
 * has been promised is refused.
 *
 * No thread waits for it: the level is asked for where the engine works anyway,
 * when the program allocates and when it waits. A program that does neither
 * takes no memory, and has none to give back that others would not have to
 * wait for.
 */
#ifndef GB_PRESSURE_H
#define GB_PRESSURE_H

#include <stdbool.h>

/*
 * Asks, unless that was done a moment ago or somebody else has the engine's
 * lock, and acts on a change. Not with the lock held, nor from inside the gate.
 */
void gb_pressure_look(void);

/* Any thread, no lock. False where nobody can tell. */
bool gb_pressure_is_critical(void);

#endif
