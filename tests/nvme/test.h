/* SPDX-License-Identifier: GPL-2.0-only */
/* What all tests of the store share. */
#ifndef TEST_NVME_H
#define TEST_NVME_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault.h"
#include "store.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define KIB	     (UINT64_C(1) << 10)
#define MIB	     (UINT64_C(1) << 20)
#define PAGE	     GB_STORE_PAGE

/* How the store reaches the disk: each test goes through all of them. */
enum way {
	BY_RING,
	BY_THREADS,
	BY_CACHE, /* and threads: no O_DIRECT */
	WAYS,
};

/* The folder for files, on whatever disk the tests run. */
const char *folder(void);

/* A store there, of 1 GiB. */
struct gb_store *store_on(enum way way);

/* Memory for direct I/O, filled from @seed. Free it. */
void *memory_with(uint64_t bytes, uint64_t seed);
void fill(void *memory, uint64_t bytes, uint64_t seed);

/* As gb_store_put and get, and wait. */
int put(struct gb_store *store, const void *memory, uint64_t bytes,
	struct gb_stored **stored);
int get(struct gb_store *store, struct gb_stored *stored, uint64_t from,
	uint64_t bytes, void *memory);

struct gb_store_stats stats_of(struct gb_store *store);

/* The one open descriptor without a name, or of @name: the spill file's. */
int find_descriptor(const char *name);

/* Files in folder() that somebody left. */
int files_left(void);

int clear(void **unused);

#endif
