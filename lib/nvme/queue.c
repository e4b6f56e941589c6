// SPDX-License-Identifier: GPL-2.0-only
#include "queue.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../log.h"
#include "spill.h"
#include "worker.h"

#define DEPTH_DEFAULT 64
/* One takes checksums of what comes in while the other has the disk busy. */
#define RINGS	      2
/* Without a ring a thread has one part under way: 16 fill an NVMe disk. */
#define PLAIN_MAX     16
/* Silence from a disk that is worth a line in the log. */
#define PATIENCE_S    10

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static struct gb_io *first_waiting(struct gb_queue *queue)
{
	if (gb_list_is_empty(&queue->waiting))
		return NULL;
	return gb_container_of(queue->waiting.next, struct gb_io, node);
}

/* No part of @io is begun any more. gb_queue.lock held. */
static void stop(struct gb_io *io)
{
	io->begun = io->bytes;
	gb_list_remove(&io->node);
}

bool gb_queue_take(struct gb_queue *queue, struct gb_part *part)
{
	struct gb_io *io = first_waiting(queue);

	if (!io)
		return false;
	part->io = io;
	part->from = io->begun;
	part->bytes = io->bytes - io->begun;
	if (part->bytes > GB_QUEUE_PART)
		part->bytes = GB_QUEUE_PART;
	io->begun += part->bytes;
	io->out++;
	if (io->begun == io->bytes)
		stop(io);
	return true;
}

/* gb_queue.lock held. */
static void count(struct gb_queue *queue, const struct gb_io *io)
{
	struct gb_queue_stats *stats = &queue->stats;
	uint64_t now = now_ns(), took = now - io->since;
	bool w = io->write;

	stats->requests[w]++;
	if (io->error)
		stats->failures[w]++;
	else
		stats->bytes[w] += io->bytes;
	stats->wait_ns[w] += took;
	if (took > stats->wait_max_ns[w])
		stats->wait_max_ns[w] = took;
	if (!--queue->active[w])
		stats->busy_ns[w] += now - queue->active_since[w];
}

void gb_queue_give(struct gb_queue *queue, struct gb_part *part)
{
	struct gb_io *io = part->io;
	void (*done)(struct gb_io *);
	bool over;

	part->io = NULL;
	pthread_mutex_lock(&queue->lock);
	if (part->error && !io->error) {
		io->error = part->error;
		if (io->begun < io->bytes)
			stop(io);
	}
	over = !--io->out && io->begun == io->bytes;
	done = io->done;
	if (over)
		count(queue, io);
	if (over && !done) {
		/* Whoever waits may free it from here on. */
		atomic_store_explicit(&io->ended, true, memory_order_release);
		pthread_cond_broadcast(&queue->ended);
	}
	pthread_mutex_unlock(&queue->lock);
	if (over && done)
		done(io);
}

/* gb_queue.lock held. */
static void wake_workers(struct gb_queue *queue)
{
	uint64_t one = 1;

	pthread_cond_broadcast(&queue->work);
	for (unsigned int i = 0; i < queue->workers; i++) {
		struct gb_worker *worker = &queue->worker[i];

		if (worker->wake < 0 || (!worker->asleep && !queue->ending))
			continue;
		worker->asleep = false;
		if (write(worker->wake, &one, sizeof(one)) < 0)
			(void)0; /* full: it is awake */
	}
}

static int check(const struct gb_io *io)
{
	uint64_t bits = io->offset | (uintptr_t)io->memory | io->bytes;

	if (!io->bytes || (io->write && !io->memory))
		return -EINVAL;
	if (io->write && io->direct && bits % GB_DIRECT_ALIGN)
		return -EINVAL;
	return 0;
}

/* Before what @io comes to stand. gb_queue.lock held. */
static struct gb_list *place_of(struct gb_queue *queue, const struct gb_io *io)
{
	struct gb_list *at = io->urgent ? queue->waiting.next : &queue->waiting;

	while (at != &queue->waiting &&
	       gb_container_of(at, struct gb_io, node)->urgent)
		at = at->next;
	return at;
}

int gb_queue_submit(struct gb_queue *queue, struct gb_io *io)
{
	int error = check(io);

	if (error)
		return error;
	/* Before the lock, which a thread that is not here may have held. */
	if (getpid() != queue->pid)
		return -ESHUTDOWN;
	io->since = now_ns();
	io->begun = io->out = 0;
	io->error = 0;
	atomic_store_explicit(&io->ended, false, memory_order_relaxed);
	pthread_mutex_lock(&queue->lock);
	if (!queue->active[io->write]++)
		queue->active_since[io->write] = io->since;
	gb_list_insert(place_of(queue, io), &io->node);
	wake_workers(queue);
	pthread_mutex_unlock(&queue->lock);
	return 0;
}

/* gb_queue.lock held. */
static void wait_patiently(struct gb_queue *queue, const struct gb_io *io)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += PATIENCE_S;
	if (pthread_cond_timedwait(&queue->ended, &queue->lock, &until) != ETIMEDOUT)
		return;
	gb_log_warn("still waiting for the disk, %llu s so far, to %s %llu KiB at %llu KiB of file descriptor %d",
		    (unsigned long long)((now_ns() - io->since) / 1000000000),
		    io->write ? "write" : "read",
		    (unsigned long long)(io->bytes >> 10),
		    (unsigned long long)(io->offset >> 10), io->fd);
}

int gb_queue_wait(struct gb_queue *queue, struct gb_io *io)
{
	if (gb_io_has_ended(io))
		return io->error;
	if (getpid() != queue->pid)
		return -ESHUTDOWN;
	pthread_mutex_lock(&queue->lock);
	while (!atomic_load_explicit(&io->ended, memory_order_relaxed))
		wait_patiently(queue, io);
	pthread_mutex_unlock(&queue->lock);
	return io->error;
}

void gb_queue_get_stats(struct gb_queue *queue, struct gb_queue_stats *stats)
{
	pthread_mutex_lock(&queue->lock);
	*stats = queue->stats;
	for (int w = 0; w < 2; w++)
		if (queue->active[w])
			stats->busy_ns[w] += now_ns() - queue->active_since[w];
	pthread_mutex_unlock(&queue->lock);
}

static void finish_workers(struct gb_queue *queue, bool child)
{
	for (unsigned int i = 0; i < queue->workers; i++) {
		struct gb_worker *worker = &queue->worker[i];

		gb_worker_ring_finish(worker, child);
		for (unsigned int j = 0; !child && j < worker->room; j++)
			gb_part_finish(&worker->part[j]);
		free(worker->part);
	}
	free(queue->worker);
	queue->worker = NULL;
	queue->workers = 0;
}

/* @running of the workers have a thread. */
static void end_threads(struct gb_queue *queue, unsigned int running)
{
	pthread_mutex_lock(&queue->lock);
	queue->ending = true;
	wake_workers(queue);
	pthread_mutex_unlock(&queue->lock);
	for (unsigned int i = 0; i < running; i++)
		pthread_join(queue->worker[i].thread, NULL);
}

static int start_threads(struct gb_queue *queue)
{
	void *(*body)(void *) =
		queue->stats.uring ? gb_worker_ring : gb_worker_plain;
	sigset_t all, before;
	unsigned int i;
	int error = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (i = 0; i < queue->workers && !error; i++)
		error = pthread_create(&queue->worker[i].thread, NULL, body,
				       &queue->worker[i]);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error)
		end_threads(queue, i - 1);
	return -error;
}

static int make_workers(struct gb_queue *queue, unsigned int workers,
			unsigned int room)
{
	queue->worker = calloc(workers, sizeof(*queue->worker));
	if (!queue->worker)
		return -ENOMEM;
	queue->workers = workers;
	for (unsigned int i = 0; i < workers; i++) {
		struct gb_worker *worker = &queue->worker[i];

		worker->queue = queue;
		worker->ring.fd = worker->wake = -1;
		worker->room = room;
		worker->part = calloc(room, sizeof(*worker->part));
		if (!worker->part)
			return -ENOMEM;
	}
	return 0;
}

static int make_ring_workers(struct gb_queue *queue, unsigned int depth)
{
	unsigned int room = (depth + RINGS - 1) / RINGS;
	int error = make_workers(queue, RINGS, room);

	for (unsigned int i = 0; i < RINGS && !error; i++)
		error = gb_worker_ring_init(&queue->worker[i], room);
	queue->stats.uring = !error;
	queue->stats.registered = !error && queue->worker[0].registered &&
				  queue->worker[RINGS - 1].registered;
	if (error)
		finish_workers(queue, false);
	return error;
}

static int make_any_workers(struct gb_queue *queue)
{
	unsigned int depth = queue->setup.depth ? queue->setup.depth : DEPTH_DEFAULT;
	int error;

	if (!queue->setup.threads) {
		error = make_ring_workers(queue, depth);
		if (!error)
			return 0;
		errno = -error;
		gb_log_info("no io_uring here (%m): using threads");
	}
	return make_workers(queue, depth < PLAIN_MAX ? depth : PLAIN_MAX, 1);
}

static void init_locks(struct gb_queue *queue)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&queue->lock, NULL);
	pthread_cond_init(&queue->work, NULL);
	pthread_cond_init(&queue->ended, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

int gb_queue_create(struct gb_queue **created, const struct gb_queue_setup *setup)
{
	struct gb_queue *queue = calloc(1, sizeof(*queue));
	int error;

	if (!queue)
		return -ENOMEM;
	if (setup->memory_count > GB_QUEUE_MEMORY) {
		free(queue);
		return -EINVAL;
	}
	queue->setup = *setup;
	queue->pid = getpid();
	gb_list_init(&queue->waiting);
	init_locks(queue);
	for (unsigned int i = 0; i < setup->memory_count; i++)
		queue->memory[i] = setup->memory[i];
	queue->setup.memory = queue->memory;
	error = make_any_workers(queue);
	if (!error)
		error = start_threads(queue);
	if (error) {
		finish_workers(queue, false);
		free(queue);
		return error;
	}
	*created = queue;
	return 0;
}

void gb_queue_destroy(struct gb_queue *queue)
{
	bool child = queue && getpid() != queue->pid;

	if (!queue)
		return;
	if (!child)
		end_threads(queue, queue->workers);
	finish_workers(queue, child);
	if (!child) {
		pthread_cond_destroy(&queue->work);
		pthread_cond_destroy(&queue->ended);
		pthread_mutex_destroy(&queue->lock);
	}
	free(queue);
}

void gb_queue_fork_child(struct gb_queue *queue)
{
	queue->pid = 0;
	finish_workers(queue, true);
}
