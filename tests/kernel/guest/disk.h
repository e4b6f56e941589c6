/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's NVMe disk, for I/O that goes past the page cache straight from
 * and to mapped buffers.
 */
#ifndef GREENBOOST_DISK_H
#define GREENBOOST_DISK_H

#include <stdint.h>

#define DISK "/dev/nvme0n1"

/* Opened with O_DIRECT; the test is skipped where there is none. */
int disk_open(void);
/* Whole transfers or the test fails. */
void disk_write(int disk, const void *memory, uint64_t size, uint64_t at);
void disk_read(int disk, void *memory, uint64_t size, uint64_t at);
/* Checks what is on the disk, with ordinary memory in between. */
void disk_check(int disk, uint64_t size, uint64_t at, uint64_t seed);
/* Writes a pattern there from ordinary memory. */
void disk_fill(int disk, uint64_t size, uint64_t at, uint64_t seed);

#endif /* GREENBOOST_DISK_H */
