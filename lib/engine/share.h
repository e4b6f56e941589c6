/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Allocations that two processes use: what one gives (export.c) and the other
 * takes (import.c). How it travels between them is not the engine's business;
 * lib/ipc does that.
 *
 * Any thread, not from inside the gate. Commands return 0 or -errno as engine.h
 * says.
 */
#ifndef GB_SHARE_H
#define GB_SHARE_H

#include "types.h"

/*
 * Pins the allocation behind @address for as long as it lives, in memory that
 * has handles: VRAM, or where that has no room for it, RAM that the driver
 * makes. Tells what it is called and how large it is. -EINVAL where the driver
 * would not share it either: stream-ordered or imported memory. -EOPNOTSUPP
 * where it exports nothing.
 */
int gb_engine_export(uint64_t address, uint64_t *id, uint64_t *size);

/* One extent on its way to another process. */
struct gb_export {
	uint64_t bytes;
	int fd; /* the receiver's to close */
	bool on_host;
};

/*
 * Descriptors for up to @room extents of allocation @id, from its extent number
 * @first on; *@total is how many it has in all. Returns how many were written,
 * -ENOENT when there is no such extent or nothing has exported it, -EAGAIN when
 * the engine has been busy for more than a second, or the driver's error.
 */
int gb_engine_export_extents(uint64_t id, uint32_t first, struct gb_export *exports,
			     uint32_t room, uint32_t *total);

/* One extent that has come from another process. */
struct gb_import {
	uint64_t handle;
	uint64_t bytes;
	bool on_host; /* there; says what reading it costs */
};

/*
 * Opens what @origin names once more, if it is open on @device already: the
 * address is the same. -ENOENT if it is not.
 */
int gb_engine_reopen(int device, const struct gb_origin *origin, uint64_t *address);

/*
 * Maps @count extents as one allocation of @size bytes for @device, by the side
 * of our own. Owns the handles from here on, also on failure. Where another
 * thread has opened the same meanwhile, this is gb_engine_reopen. -EINVAL when
 * the extents do not make up @size.
 */
int gb_engine_import(int device, uint64_t context, const struct gb_origin *origin,
		     uint64_t size, const struct gb_import *imports,
		     uint32_t count, uint64_t *address);

/*
 * Closes memory that has been opened at @address, its base. With the last one
 * of as many as there were opens it is unmapped, as gb_engine_free does it.
 * -EINVAL for anything else.
 */
int gb_engine_close(uint64_t address);

#endif
