/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the clients share. A client is a CUDA program that knows nothing of
 * GreenBoost: it finds the driver as most programs do, makes calls, and prints
 * what each returned and a checksum of each result. Two runs of a client must
 * print the same whatever stands between it and the driver (differential.py),
 * so nothing that may differ is printed: no address, no time. What may differ
 * and is worth reading goes on a line that begins with "~".
 *
 * A client fails by itself only where it knows better than the driver; else it
 * exits with 0.
 */
#ifndef TESTS_SYSTEM_CLIENT_H
#define TESTS_SYSTEM_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "calls.h"

#define MIB ((size_t)1 << 20)

extern struct calls cu;

/* Finds the driver and its calls, without making one. */
void find_driver(void);
/* The same, then cuInit, and the primary context of device 0 is current. */
void open_gpu(void);
/* The primary context of a device, current. */
CUcontext open_device(int ordinal);

/* Prints the call and what it returned. */
#define SAY(call) say(#call, call)
CUresult say(const char *text, CUresult rc);

/* A call without which there is no test: the client ends when it fails. */
#define MUST(call) must(#call, call)
void must(const char *text, CUresult rc);

/* Ends the client, with what is wrong, unless @truth. */
#define CHECK(truth) check(#truth, truth, __LINE__)
void check(const char *text, bool truth, int line);

/* Bytes that depend on @seed and their place. */
void make_pattern(void *to, size_t bytes, uint64_t seed);
uint64_t checksum(const void *data, size_t bytes);
/* malloc'd or pinned memory with a pattern in it. */
void *pageable(size_t bytes, uint64_t seed);
void *pinned(size_t bytes, uint64_t seed);

/* Device memory with a pattern in it, uploaded as programs do with weights. */
CUdeviceptr uploaded(size_t bytes, uint64_t seed);
/* Device memory of zeros, made by the GPU as programs do with activations. */
CUdeviceptr cleared(size_t bytes);

/* Prints a checksum of device memory, which it copies to the host and waits. */
void show(const char *name, CUdeviceptr from, size_t bytes);

/* The part of an allocation that a call may have changed, and what lies beside. */
void show_within(const char *name, CUdeviceptr base, size_t size, size_t from,
		 size_t bytes);

/* The client's kernels (kernels.c), loaded into the current context. */
CUmodule load_kernels(void);
CUresult try_kernels(CUmodule *module);
CUfunction kernel(CUmodule module, const char *name);

/* A reproducible stream of numbers. */
uint32_t next_random(uint64_t *state);

#endif
