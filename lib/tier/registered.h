/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of this process that is mapped at an extent's address in the arena and
 * registered with the driver, which then reads it at that same address (H1):
 * what the tiers of anonymous memory and of the module's have in common. As
 * tier.h says of the operations.
 */
#ifndef GB_REGISTERED_H
#define GB_REGISTERED_H

#include "tier.h"

/*
 * Maps @fd, or anonymous memory with -1, with @flags beside MAP_FIXED. On
 * failure the arena's reservation is in its place again.
 */
int gb_registered_map(const struct gb_extent *extent, int flags, int fd);
int gb_registered_publish(struct gb_extent *extent, const struct gb_device *device);
int gb_registered_unpublish(struct gb_extent *extent);
int gb_registered_unmap(struct gb_extent *extent);

#endif
