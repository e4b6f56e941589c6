/* SPDX-License-Identifier: GPL-2.0-only */
/* What file an address of this process is mapped from, as the kernel says. */
#ifndef GB_MAPPING_H
#define GB_MAPPING_H

#include <limits.h>
#include <stdint.h>

struct gb_mapping {
	uint64_t begin, end; /* addresses of the mapping */
	uint64_t offset;     /* in the file, of the address asked for */
	char path[PATH_MAX]; /* may have gone, or be another file by now */
};

/*
 * Looks @bytes at @address up. Any thread. -ENOENT where not all of them are
 * mapped from one file, one behind the other; -EPERM where the program could
 * change that file by writing there.
 */
int gb_mapping_find(const void *address, uint64_t bytes, struct gb_mapping *mapping);

#endif
