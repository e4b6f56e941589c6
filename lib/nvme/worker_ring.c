// SPDX-License-Identifier: GPL-2.0-only
#include "worker.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../log.h"

/* Tag of the request that waits for gb_worker.wake; others are part numbers. */
#define TAG_WAKE UINT64_MAX

int gb_worker_ring_init(struct gb_worker *worker, unsigned int depth)
{
	const struct gb_queue_setup *setup = &worker->queue->setup;
	/* One more, for the request that waits to be woken. */
	int error = gb_uring_init(&worker->ring, depth + 1);

	if (error)
		return error;
	worker->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (worker->wake < 0) {
		error = -errno;
		gb_uring_finish(&worker->ring, false);
		return error;
	}
	if (setup->memory_count) {
		error = gb_uring_register(&worker->ring, setup->memory,
					  setup->memory_count);
		worker->registered = !error;
	}
	if (error)
		gb_log_once(GB_LOG_INFO,
			    "the kernel does not keep hold of I/O memory (%s): a little slower",
			    error == -ENOMEM ? "locked memory is limited"
					     : "refused");
	return 0;
}

void gb_worker_ring_finish(struct gb_worker *worker, bool child)
{
	gb_uring_finish(&worker->ring, child);
	if (worker->wake >= 0)
		close(worker->wake);
	worker->wake = -1;
}

/* The registered memory that @part is in, or -1. */
static int index_of(const struct gb_worker *worker, const struct gb_part *part)
{
	const struct gb_queue_setup *setup = &worker->queue->setup;

	if (!worker->registered)
		return -1;
	for (unsigned int i = 0; i < setup->memory_count; i++) {
		const char *base = setup->memory[i].iov_base;

		if (part->at >= base &&
		    part->at + part->left <= base + setup->memory[i].iov_len)
			return (int)i;
	}
	return -1;
}

/* Has the kernel do what is left of @part. The ring has room for all parts. */
static void ask(struct gb_worker *worker, const struct gb_part *part)
{
	struct io_uring_sqe *sqe = gb_uring_sqe(&worker->ring);
	int index = index_of(worker, part);

	if (index >= 0) {
		sqe->opcode = part->io->write ? IORING_OP_WRITE_FIXED
					      : IORING_OP_READ_FIXED;
		sqe->buf_index = (uint16_t)index;
	} else {
		sqe->opcode = part->io->write ? IORING_OP_WRITE : IORING_OP_READ;
	}
	sqe->fd = part->io->fd;
	sqe->off = part->file_at;
	sqe->addr = (uintptr_t)part->at;
	sqe->len = (uint32_t)part->left;
	sqe->user_data = (uint64_t)(part - worker->part);
}

static void arm_wake(struct gb_worker *worker)
{
	struct io_uring_sqe *sqe;

	if (worker->wake_armed)
		return;
	sqe = gb_uring_sqe(&worker->ring);
	sqe->opcode = IORING_OP_POLL_ADD;
	sqe->fd = worker->wake;
	sqe->poll32_events = POLLIN;
	sqe->user_data = TAG_WAKE;
	worker->wake_armed = true;
}

static void end(struct gb_worker *worker, struct gb_part *part)
{
	gb_part_end(part);
	gb_queue_give(worker->queue, part);
	worker->busy--;
}

/* What there is for a worker that has looked for another part. */
enum found {
	A_PART,	 /* and it has begun */
	NOTHING, /* until a part ends, or it is woken */
	THE_END, /* of the queue */
};

/*
 * Looks and decides in one hold of the lock: the last part may go to another
 * worker at any time, and nobody is woken for that.
 */
static enum found look(struct gb_worker *worker, struct gb_part *part)
{
	struct gb_queue *queue = worker->queue;
	enum found found = NOTHING;

	pthread_mutex_lock(&queue->lock);
	if (worker->busy < worker->room && gb_queue_take(queue, part))
		found = A_PART;
	else if (queue->ending && !worker->busy)
		found = THE_END;
	worker->asleep = found == NOTHING && worker->busy < worker->room;
	pthread_mutex_unlock(&queue->lock);
	return found;
}

static enum found take(struct gb_worker *worker)
{
	struct gb_part *part = worker->part;
	enum found found;

	while (part < worker->part + worker->room && part->io)
		part++;
	found = look(worker, part);
	if (found != A_PART)
		return found;
	worker->busy++;
	gb_part_begin(part);
	if (part->left)
		ask(worker, part);
	else
		end(worker, part);
	return found;
}

static void landed(struct gb_worker *worker, uint64_t tag, int result)
{
	struct gb_part *part;
	uint64_t count;

	if (tag == TAG_WAKE) {
		worker->wake_armed = false;
		if (read(worker->wake, &count, sizeof(count)) < 0)
			(void)0; /* woken for nothing */
		return;
	}
	part = &worker->part[tag];
	if (gb_part_landed(part, result))
		ask(worker, part);
	else
		end(worker, part);
}

/*
 * The ring takes no more requests; a program that shuts itself off from system
 * calls after its start does that (seccomp). What it never took is done here
 * and now. What it did take still ends, and is seen without asking the kernel.
 */
static void drain(struct gb_worker *worker)
{
	uint64_t tag;
	int result;

	while (worker->busy) {
		while (gb_uring_take_back(&worker->ring, &tag))
			if (tag != TAG_WAKE)
				landed(worker, tag,
				       (int)gb_part_transfer(&worker->part[tag]));
		while (gb_uring_next(&worker->ring, &tag, &result))
			landed(worker, tag, result);
		usleep(200);
	}
}

/* Returns 0 once the queue ends, or what the ring broke with. */
static int run(struct gb_worker *worker)
{
	uint64_t tag;
	int result, error;
	enum found found;

	/* One part at a time: the disk works while we take checksums. */
	while ((found = take(worker)) != THE_END) {
		arm_wake(worker);
		error = gb_uring_submit(&worker->ring, found == NOTHING);
		if (error == -EAGAIN || error == -EBUSY)
			usleep(1000); /* the kernel is short of something */
		else if (error && error != -EINTR)
			return error;
		if (gb_uring_next(&worker->ring, &tag, &result))
			landed(worker, tag, result);
	}
	return 0;
}

void *gb_worker_ring(void *argument)
{
	struct gb_worker *worker = argument;
	int error = run(worker);

	if (!error)
		return NULL;
	errno = -error;
	gb_log_warn("io_uring does not work any more (%m): reading and writing one by one");
	drain(worker);
	return gb_worker_plain(worker);
}
