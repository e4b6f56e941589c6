/* SPDX-License-Identifier: GPL-2.0-only */
/* What the 64 bytes hold. */
#ifndef GB_IPC_HANDLE_H
#define GB_IPC_HANDLE_H

#include "../engine/types.h"
#include "ipc.h"

#define GB_IPC_MAGIC   UINT64_C(0x9d41c86e7f2ab3e5)
#define GB_IPC_VERSION 1u

struct gb_ipc_handle {
	uint64_t magic;
	uint32_t version;
	uint32_t pid;		 /* for people to read; nothing relies on it */
	uint64_t door;		 /* where the exporter listens: channel.h */
	struct gb_origin origin; /* whoever knows it may have the memory */
	uint64_t size;		 /* of the allocation, in bytes */
	uint64_t unused;	 /* 0 */
};

_Static_assert(sizeof(struct gb_ipc_handle) == GB_IPC_HANDLE_SIZE,
	       "as large as the driver's");

#endif
