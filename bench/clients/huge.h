/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory files of huge pages (2 MiB), which stand in for the kernel module's
 * buffers. The machine has to have set them aside: vm.nr_hugepages.
 */
#ifndef BENCH_HUGE_H
#define BENCH_HUGE_H

#include <stdint.h>

/* Huge pages that nobody has yet, in bytes; 0 where there are none. */
uint64_t bench_huge_free(void);

/*
 * A file of @bytes, a multiple of 2 MiB, with no pages yet: fallocate() makes
 * them. The caller closes it. Ends the program where there can be none.
 */
int bench_huge_file(uint64_t bytes);

#endif
