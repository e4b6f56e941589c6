/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way between two processes: a socket in the abstract namespace, which
 * needs no file and is gone with its process. Its name is random and not a
 * secret, since every user can list such names; what is asked for over it is.
 *
 * A request names an allocation and one of its extents; the reply brings
 * descriptors from that one on. The importer asks again until it has all. So no
 * more than one reply is on its way at a time, which the kernel's limit of
 * descriptors in flight asks for, and the exporter keeps nothing in mind.
 *
 * Both sides accept processes of their own user only, and wait for each other
 * five seconds at most. Functions return 0 or -errno.
 */
#ifndef GB_IPC_CHANNEL_H
#define GB_IPC_CHANNEL_H

#include <stddef.h>

#include "handle.h"

/* Extents a reply: few enough for a process that is short of descriptors. */
#define GB_IPC_BATCH 64u

#define GB_IPC_TIMEOUT_SECONDS 5

struct gb_ipc_request {
	uint32_t version;
	uint32_t first; /* extent, counted from 0 */
	struct gb_origin origin;
};

struct gb_ipc_reply {
	int32_t error;	/* -errno; -EAGAIN asks for another try */
	uint32_t total; /* extents of the allocation */
	uint32_t count; /* of them here, a descriptor each */
	uint32_t unused;
	struct {
		uint64_t bytes;
		uint64_t on_host;
	} extent[GB_IPC_BATCH];
};

/* These three return a descriptor, close-on-exec, or -errno. */
int gb_ipc_listen(uint64_t door);
/* The next importer; -EPERM for a stranger, who has been sent away. */
int gb_ipc_accept(int listener);
int gb_ipc_connect(uint64_t door);

/* Sends one message, with @count descriptors that stay the caller's. */
int gb_ipc_send(int channel, const void *message, size_t size, const int *fds,
		uint32_t count);

/*
 * Receives one message of exactly @size bytes and at most @room descriptors,
 * which are then the caller's. -EPIPE when the other side has hung up, -EMFILE
 * when descriptors were lost since this process may have no more, -EPROTO for a
 * message of another size.
 */
int gb_ipc_receive(int channel, void *message, size_t size, int *fds,
		   uint32_t room, uint32_t *count);

#endif
