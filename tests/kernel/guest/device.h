/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The module's calls as tests make them. Those named must_ end the test where
 * the call fails; the others answer as the system call does.
 */
#ifndef GREENBOOST_DEVICE_H
#define GREENBOOST_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "greenboost/uapi.h"

#define GRANULE ((uint64_t)GREENBOOST_GRANULE_BYTES)

/* Opened, and greeted if must_hello(). */
int device_open(void);
int must_hello(void);

/* A buffer's descriptor of so many bytes, or -1 with errno. */
int device_alloc(int device, uint64_t size);
int device_alloc_flags(int device, uint64_t size, uint32_t flags, int32_t node);
int must_alloc(int device, uint64_t size);
/* A shared mapping of all of a buffer, for reading and writing. */
void *must_map(int buffer, uint64_t size);

struct greenboost_info must_info(int device);
struct greenboost_limits must_limits(int device);
struct greenboost_pressure must_pressure(int device);

/* What all buffers of the machine hold, by a descriptor of its own. */
uint64_t device_used(void);

/*
 * A pattern that differs at every 8 bytes and for every seed; check answers
 * the offset of the first difference, or -1.
 */
void pattern_fill(void *memory, uint64_t size, uint64_t seed);
int64_t pattern_check(const void *memory, uint64_t size, uint64_t seed);
/* Offset of the first byte that is not zero, or -1. */
int64_t zero_check(const void *memory, uint64_t size);

/* Becomes an ordinary user without capabilities, for good. */
void become_user(unsigned int uid);

/* Sends and receives a descriptor over a socket. */
void must_send(int socket, int fd);
int must_receive(int socket);

#endif /* GREENBOOST_DEVICE_H */
