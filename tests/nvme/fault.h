/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What disks and file systems do on bad days. The linker puts these functions
 * in the place of the C library's (meson.build), and of the two through which
 * an io_uring answers. All is off until set, and again after fault_clear().
 */
#ifndef TEST_FAULT_H
#define TEST_FAULT_H

#include <stdatomic.h>
#include <stdbool.h>

struct fault {
	/* Of transfers, each @every-th; 0: none. The file 0 bytes long is spared. */
	_Atomic int every;
	_Atomic bool random; /* which ones; as many */
	_Atomic int error;   /* what it fails with; 0: it is short instead */
	_Atomic int wait_ms; /* each of them takes so long */

	_Atomic int fallocate; /* error of reservations */
	_Atomic int writeback; /* error that shows in sync_file_range */
	_Atomic int ring;      /* error of io_uring_enter */
	_Atomic int open;      /* error of open with O_TMPFILE */
	_Atomic bool no_direct;
	_Atomic bool no_map_files; /* they take a privilege */
	_Atomic bool impatient; /* waiting with a time limit has reached it */
	_Atomic bool no_query;	/* kernels before 6.11 have no PROCMAP_QUERY */

	/* Seen so far. */
	_Atomic int transfers, hits;
	_Atomic int logged; /* lines at warning and above */
	char last[512];	    /* of them */
};

extern struct fault fault;
void fault_clear(void);

#endif
