/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The grid that kernels.c runs on: enough threads for any GPU of today, each of
 * which steps through the data by the size of the grid.
 */
#ifndef EXAMPLE_KERNELS_H
#define EXAMPLE_KERNELS_H

enum { BLOCKS = 512, THREADS = 256 };

#endif
