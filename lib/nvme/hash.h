/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The checksum of what goes to a file and comes back: XXH64 as its author has
 * published it, with seed 0. 64 bits, because it also tells whether a model
 * file still has the bytes that were uploaded from it, for some million pages
 * and without a second opinion; without vector instructions, because one core
 * does some 6 GB/s of it as it is (docs/nvme.md).
 */
#ifndef GB_HASH_H
#define GB_HASH_H

#include <stdint.h>

/* Any thread. @memory need not be aligned; @bytes may be 0. */
uint64_t gb_hash(const void *memory, uint64_t bytes);

#endif
