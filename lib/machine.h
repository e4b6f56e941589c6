/* SPDX-License-Identifier: GPL-2.0-only */
/* What the machine has to give, as this process may use it. Any thread. */
#ifndef GB_MACHINE_H
#define GB_MACHINE_H

#include <stdint.h>

/* Processors that this process may run on, at least 1. */
unsigned int gb_machine_cores(void);

/*
 * Bytes of RAM that may be taken now without pushing anything out: MemAvailable,
 * or what the tightest memory limit of the process's cgroups (version 2, else 1)
 * leaves, whichever is less. Page cache that a cgroup could drop counts as free.
 */
uint64_t gb_machine_ram_available(void);
/* The same, or UINT64_MAX where it cannot be told, as without descriptors. */
uint64_t gb_machine_ram_left(void);
/*
 * The same of a machine whose /proc and /sys are below @root; @unknown where it
 * cannot be told.
 */
uint64_t gb_machine_ram_below(const char *root, uint64_t unknown);

/* What a user may still write to the disk that @directory is on; 0: unknown. */
uint64_t gb_machine_disk_free(const char *directory);

#endif
