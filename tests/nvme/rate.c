// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a disk gives: to the store, and to threads that do nothing but pread at
 * the same depth; and what checksums cost.
 *
 *	nvme_rate DIRECTORY [MIB [DEPTH]]
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hash.h"
#include "store.h"

#define EXTENT (UINT64_C(64) << 20)
#define MEMORY 4 /* extents under way at once */

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void die(const char *what, int error)
{
	errno = -error;
	fprintf(stderr, "nvme_rate: %s: %m\n", what);
	exit(1);
}

static void say(const char *what, uint64_t bytes, double seconds)
{
	printf("%-28s %7.3f GB/s\n", what, (double)bytes / seconds / 1e9);
}

static void wait_for(struct gb_job *job)
{
	int error = gb_store_wait(job);

	if (error)
		die("I/O", error);
}

static double move(struct gb_store *store, struct gb_stored **stored,
		   int extents, char *memory, bool write)
{
	struct gb_job job[MEMORY];
	double began = now();

	for (int i = 0; i < extents + MEMORY; i++) {
		struct gb_job *mine = &job[i % MEMORY];
		char *at = memory + (uint64_t)(i % MEMORY) * EXTENT;
		int error = 0;

		if (i >= MEMORY)
			wait_for(mine);
		if (i >= extents)
			continue;
		*mine = (struct gb_job){ 0 };
		if (write)
			error = gb_store_put(store, at, EXTENT, GB_STORE_EVICT,
					     mine, &stored[i]);
		else
			error = gb_store_get(store, stored[i], 0, EXTENT, at,
					     GB_STORE_PREFETCH, mine);
		if (error)
			die(write ? "put" : "get", error);
	}
	return now() - began;
}

static void measure_store(const char *directory, int extents, unsigned int depth,
			  char *memory, bool threads, bool registered)
{
	struct gb_stored **stored = calloc((size_t)extents, sizeof(*stored));
	struct iovec iov = { memory, MEMORY * EXTENT };
	uint64_t bytes = (uint64_t)extents * EXTENT;
	struct gb_store_stats stats;
	struct gb_store *store;
	char name[64];
	int error = gb_store_create(
		&store, &(struct gb_store_setup){
				.directory = directory,
				.capacity = bytes,
				.writes = UINT64_MAX,
				.queue = { .depth = depth,
					   .threads = threads,
					   .memory = registered ? &iov : NULL,
					   .memory_count = registered },
			});

	if (error || !stored)
		die(directory, error);
	gb_store_get_stats(store, &stats);
	snprintf(name, sizeof(name), "%s%s%s",
		 stats.queue.uring ? "ring" : "threads",
		 stats.queue.registered ? ", registered" : "",
		 stats.direct ? "" : ", page cache");
	printf("store by %s\n", name);
	say("  put, new space", bytes, move(store, stored, extents, memory, true));
	say("  get", bytes, move(store, stored, extents, memory, false));
	for (int i = 0; i < extents; i++)
		gb_store_drop(store, stored[i]);
	gb_store_destroy(store);
	free(stored);
}

/* The bare loop, one piece a thread at a time. */
struct bare {
	int fd;
	uint64_t bytes;
	_Atomic uint64_t next;
};

static void *read_pieces(void *argument)
{
	struct bare *bare = argument;
	char *memory = aligned_alloc(4096, GB_QUEUE_PART);
	uint64_t at;

	while (memory &&
	       (at = atomic_fetch_add(&bare->next, GB_QUEUE_PART)) < bare->bytes)
		if (pread(bare->fd, memory, GB_QUEUE_PART, (off_t)at) < 0)
			die("pread", -errno);
	free(memory);
	return NULL;
}

static void measure_bare(const char *directory, int extents, unsigned int depth,
			 const char *memory)
{
	struct bare bare = { .bytes = (uint64_t)extents * EXTENT };
	pthread_t thread[256];
	double began;

	bare.fd = open(directory, O_TMPFILE | O_RDWR | O_DIRECT, 0600);
	if (bare.fd < 0)
		die("a file for pread", -errno);
	for (int i = 0; i < extents; i++)
		if (pwrite(bare.fd, memory, EXTENT,
			   (off_t)((uint64_t)i * EXTENT)) < 0)
			die("pwrite", -errno);
	began = now();
	for (unsigned int i = 0; i < depth; i++)
		if (pthread_create(&thread[i], NULL, read_pieces, &bare))
			die("a thread", -EAGAIN);
	for (unsigned int i = 0; i < depth; i++)
		pthread_join(thread[i], NULL);
	say("pread by as many threads", bare.bytes, now() - began);
	close(bare.fd);
}

/* By the time that the core worked for us, not by that of the clock. */
static void measure_hash(const char *memory)
{
	clock_t began = clock();
	uint64_t sum = 0;

	for (uint64_t at = 0; at < MEMORY * EXTENT; at += GB_STORE_PAGE)
		sum += gb_hash(memory + at, GB_STORE_PAGE);
	say("checksums, a core", MEMORY * EXTENT,
	    (double)(clock() - began) / CLOCKS_PER_SEC);
	if (!sum) /* so that it is not optimised away */
		puts("a strange sum");
}

int main(int count, char **arguments)
{
	unsigned int depth = count > 3 ? (unsigned int)atoi(arguments[3]) : 64;
	int extents = (count > 2 ? atoi(arguments[2]) : 1024) / 64;
	char *memory = aligned_alloc(UINT64_C(2) << 20, MEMORY * EXTENT);

	if (count < 2 || extents < 1 || !depth || depth > 256 || !memory) {
		fprintf(stderr, "usage: nvme_rate DIRECTORY [MIB [DEPTH]]\n");
		return 2;
	}
	for (uint64_t i = 0; i < MEMORY * EXTENT; i++)
		memory[i] = (char)(i * 2654435761 >> 13);
	measure_hash(memory);
	measure_bare(arguments[1], extents, depth, memory);
	measure_store(arguments[1], extents, depth, memory, false, false);
	measure_store(arguments[1], extents, depth, memory, false, true);
	measure_store(arguments[1], extents, depth, memory, true, false);
	free(memory);
	return 0;
}
