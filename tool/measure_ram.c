/* SPDX-License-Identifier: GPL-2.0-only */
/* How fast all cores together read RAM. */
#include "measure.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX 256
/* Several times what the caches hold, so that it is RAM that is read. */
#define CACHES_OVER 4
/* A part of a thread is a multiple of what one step of its loop reads. */
#define STEP	    4096

/* Four of them at a time keep enough reads on their way on any processor. */
typedef uint64_t lanes __attribute__((vector_size(32)));

struct team {
	/* Held until it is known how many threads there are to wait for. */
	pthread_mutex_t gate;
	pthread_barrier_t barrier; /* before and behind each run */
	unsigned int runs;	   /* with the one to warm up */
};

struct member {
	pthread_t thread;
	struct team *team;
	char *data;
	size_t bytes;
	uint64_t sum; /* so that the reads are needed */
};

static uint64_t read_all(const char *data, size_t bytes)
{
	const lanes *at = (const lanes *)data;
	const lanes *end = at + bytes / sizeof(lanes);
	lanes a = { 0 }, b = a, c = a, d = a;

	for (; at < end; at += 4) {
		a += at[0];
		b += at[1];
		c += at[2];
		d += at[3];
	}
	a += b + c + d;
	return a[0] + a[1] + a[2] + a[3];
}

/* Each thread touches its own part first: on its own node, where there are some. */
static void *work(void *data)
{
	struct member *member = data;

	pthread_mutex_lock(&member->team->gate);
	pthread_mutex_unlock(&member->team->gate);
	memset(member->data, 1, member->bytes);
	for (unsigned int i = 0; i < member->team->runs; i++) {
		pthread_barrier_wait(&member->team->barrier);
		member->sum += read_all(member->data, member->bytes);
		pthread_barrier_wait(&member->team->barrier);
	}
	return NULL;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static double run(struct team *team, size_t bytes)
{
	double seconds[GB_RUNS_MAX], start;

	for (unsigned int i = 0; i < team->runs; i++) {
		pthread_barrier_wait(&team->barrier);
		start = now();
		pthread_barrier_wait(&team->barrier);
		/* The first is overwritten: it was to warm up. */
		seconds[i ? i - 1 : 0] = now() - start;
	}
	return (double)bytes / gb_median(seconds, team->runs - 1);
}

static size_t part_of(const struct gb_effort *effort, unsigned int threads,
		      uint64_t available)
{
	long cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
	uint64_t bytes = effort->ram_bytes;

	if (cache > 0 && CACHES_OVER * (uint64_t)cache > bytes)
		bytes = CACHES_OVER * (uint64_t)cache;
	if (bytes > available / 8)
		bytes = available / 8;
	return bytes / threads / STEP * STEP;
}

/* Starts as many of @threads as there can be, which wait at the gate. */
static unsigned int start(struct member *member, unsigned int threads)
{
	unsigned int started = 0;

	while (started < threads && !pthread_create(&member[started].thread,
						    NULL, work, &member[started]))
		started++;
	return started;
}

static int measure(struct member *member, unsigned int threads,
		   struct team *team, double *rate)
{
	unsigned int started;
	int ret;

	pthread_mutex_lock(&team->gate);
	started = start(member, threads);
	ret = pthread_barrier_init(&team->barrier, NULL, started + 1);
	team->runs = ret ? 0 : team->runs;
	pthread_mutex_unlock(&team->gate);
	if (!ret && started)
		*rate = run(team, started * member->bytes);
	for (unsigned int i = 0; i < started; i++)
		pthread_join(member[i].thread, NULL);
	if (!ret)
		pthread_barrier_destroy(&team->barrier);
	return started ? -ret : -EAGAIN;
}

int gb_measure_ram(struct gb_rates *rates, const struct gb_effort *effort,
		   unsigned int threads, uint64_t available)
{
	struct team team = { .gate = PTHREAD_MUTEX_INITIALIZER,
			     .runs = effort->runs + 1 };
	struct member *member;
	size_t part;
	char *memory;
	int ret;

	threads = threads < THREADS_MAX ? threads : THREADS_MAX;
	part = part_of(effort, threads, available);
	if (!part)
		return -ENOMEM;
	memory = mmap(NULL, part * threads, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return -errno;
	madvise(memory, part * threads, MADV_HUGEPAGE);
	member = calloc(threads, sizeof(*member));
	for (unsigned int i = 0; member && i < threads; i++)
		member[i] = (struct member){ .team = &team,
					     .data = memory + i * part,
					     .bytes = part };
	ret = member ? measure(member, threads, &team, &rates->ram) : -ENOMEM;
	free(member);
	munmap(memory, part * threads);
	return ret;
}
