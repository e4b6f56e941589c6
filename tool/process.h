/* SPDX-License-Identifier: GPL-2.0-only */
/* What /proc/PID/stat says of a process. */
#ifndef GB_PROCESS_H
#define GB_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

struct gb_process {
	char state; /* 'R', 'S', ..., 'Z' */
	pid_t parent;
	uint64_t start_ticks; /* field 22 */
};

/*
 * Returns 0, -ESRCH when there is no process @pid, or another -errno when that
 * cannot be said.
 */
int gb_process_read(pid_t pid, struct gb_process *process);

#endif
