/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Another process under the library that does what it is told, one CUDA call an
 * order, so that a scenario reads as one piece of text in one place.
 */
#ifndef IPC_PEER_H
#define IPC_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi/cuda.h"

struct peer {
	pid_t pid;
	int orders; /* socket */
};

/*
 * Starts one, with "NAME=VALUE" set for it if @setting is not NULL, and with
 * another user if @uid is not 0. It has a context on device 0.
 */
void peer_start(struct peer *peer, const char *setting, uid_t uid);
/* Ends it and waits for its end. */
void peer_end(struct peer *peer);
/* The same by SIGKILL. */
void peer_kill(struct peer *peer);

CUresult peer_open(struct peer *peer, const CUipcMemHandle *handle,
		   CUdeviceptr *address);
CUresult peer_close(struct peer *peer, CUdeviceptr address);
CUresult peer_allocate(struct peer *peer, uint64_t bytes, CUdeviceptr *address);
CUresult peer_free(struct peer *peer, CUdeviceptr address);
CUresult peer_share(struct peer *peer, CUdeviceptr address, CUipcMemHandle *handle);
CUresult peer_read(struct peer *peer, CUdeviceptr address, uint32_t *word);
CUresult peer_fill(struct peer *peer, CUdeviceptr address, uint32_t word,
		   uint64_t count);
/* How many of @count words are not as pattern() has them, by one large copy. */
CUresult peer_check(struct peer *peer, CUdeviceptr address, uint64_t count,
		    uint64_t *wrong);
/* The same as a copy on the device first, from one place to another. */
CUresult peer_copy(struct peer *peer, CUdeviceptr to, CUdeviceptr from,
		   uint64_t bytes);
CUresult peer_range(struct peer *peer, CUdeviceptr address, CUdeviceptr *base,
		    uint64_t *size);
CUresult peer_attribute(struct peer *peer, CUdeviceptr address,
			CUpointer_attribute attribute, uint64_t *value);
CUresult peer_memory(struct peer *peer, uint64_t *free_bytes);
/* A child of the peer that sleeps; the caller kills it. */
CUresult peer_fork(struct peer *peer, pid_t *child);
/* Opens the handle in @threads threads at once; *@same if all got one address. */
CUresult peer_open_threads(struct peer *peer, const CUipcMemHandle *handle,
			   unsigned int threads, CUdeviceptr *address, bool *same);
uint64_t peer_descriptors(struct peer *peer);

/* Open descriptors of this process. */
uint64_t descriptors(void);
/* What word number @index of a buffer is filled with by tests. */
uint32_t pattern(uint64_t index);
/* Fills @count words at @address with it, and waits. */
CUresult fill_pattern(CUdeviceptr address, uint64_t count);
CUresult check_pattern(CUdeviceptr address, uint64_t count, uint64_t *wrong);
/* A context on device 0, current. */
void start_cuda(void);

/*
 * What the process that peer_start makes runs, with the number of its socket
 * and the user to become, or 0.
 */
int peer_main(int orders, uid_t uid);

/* The driver's functions that are used here, as a program declares them. */
#define GB_HOOK(symbol, parameters) CUresult symbol parameters;
#include "../../lib/interpose/hooks.def"
#undef GB_HOOK

#endif
