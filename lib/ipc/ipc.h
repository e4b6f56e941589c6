/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arena memory for other processes, in place of the driver's own handles, which
 * cannot name it. A handle is 64 bytes, as the driver's is. Behind it stands a
 * thread of the process that made it, which hands out descriptors of the memory
 * to processes of the same user that know the handle; docs/ipc.md tells it all.
 *
 * Any thread, not from inside the gate. Functions return 0 or -errno as
 * engine/engine.h says.
 */
#ifndef GB_IPC_H
#define GB_IPC_H

#include <stdbool.h>
#include <stdint.h>

#define GB_IPC_HANDLE_SIZE 64

/* Is this a handle of ours, by its looks? */
bool gb_ipc_is_handle(const unsigned char *handle);

/*
 * Writes the handle of the allocation behind @address, the same at every call,
 * and has a thread stand by for those who open it. As gb_engine_export.
 */
int gb_ipc_export(uint64_t address, unsigned char *handle);

/*
 * Opens a handle of another process for @device, on behalf of @context. Takes
 * milliseconds, and up to five seconds where the other process does not answer.
 * -EXDEV for a handle of this process; -EINVAL for a damaged one, and where the
 * other process or its memory is gone; -EMFILE when descriptors have run out.
 * gb_engine_close closes it.
 */
int gb_ipc_open(const unsigned char *handle, int device, uint64_t context,
		uint64_t *address);

/* Gives nothing out any more: the process is about to end. */
void gb_ipc_stop(void);

/* In the child of a fork: the handles are the parent's. */
void gb_ipc_fork_child(void);

#endif
