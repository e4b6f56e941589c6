// SPDX-License-Identifier: GPL-2.0-only
#include "workers.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Below this a thread is not worth waking: about 0.1 ms of copying. */
#define PIECE_MIN   (UINT64_C(1) << 20)
#define PIECE_ALIGN UINT64_C(4096)
#define THREADS_MAX 64

struct job {
	char *to;
	const char *from; /* NULL: touch */
	uint64_t bytes;
	uint64_t piece; /* bytes a share */
};

static struct {
	pthread_mutex_t call; /* held by the one caller at work */
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t work, done;
	pthread_t thread[THREADS_MAX];
	uint64_t born[THREADS_MAX]; /* turn before a thread's first job */
	unsigned int wanted;	    /* threads, the caller included */
	unsigned int running;	    /* threads that exist */
	bool ending;
	struct job job;
	uint64_t turn;	   /* of the job; a thread takes each once */
	unsigned int left; /* shares not finished */
} workers = {
	.call = PTHREAD_MUTEX_INITIALIZER,
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.work = PTHREAD_COND_INITIALIZER,
	.done = PTHREAD_COND_INITIALIZER,
	.wanted = 1,
};

static void do_share(const struct job *job, unsigned int share)
{
	uint64_t begin = share * job->piece, end = begin + job->piece;

	if (begin >= job->bytes)
		return;
	if (end > job->bytes)
		end = job->bytes;
	if (job->from) {
		memcpy(job->to + begin, job->from + begin, end - begin);
		return;
	}
	for (uint64_t i = begin; i < end; i += PIECE_ALIGN)
		*(volatile char *)(job->to + i) = 0;
}

static void *worker(void *number)
{
	unsigned int share = (unsigned int)(uintptr_t)number;
	uint64_t seen;

	pthread_mutex_lock(&workers.lock);
	seen = workers.born[share - 1];
	for (;;) {
		while (!workers.ending && workers.turn == seen)
			pthread_cond_wait(&workers.work, &workers.lock);
		if (workers.ending)
			break;
		struct job job = workers.job;

		seen = workers.turn;
		pthread_mutex_unlock(&workers.lock);
		do_share(&job, share);
		pthread_mutex_lock(&workers.lock);
		if (!--workers.left)
			pthread_cond_signal(&workers.done);
	}
	pthread_mutex_unlock(&workers.lock);
	return NULL;
}

/* workers.lock held. Fewer threads than wanted are fine. */
static void start_threads(void)
{
	sigset_t all, before;

	if (workers.ending)
		return;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (workers.running + 1 < workers.wanted) {
		uintptr_t share = workers.running + 1;

		workers.born[workers.running] = workers.turn;
		if (pthread_create(&workers.thread[workers.running], NULL,
				   worker, (void *)share))
			break;
		workers.running++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Hands the job out and takes share 0 itself. workers.call held. */
static void run(struct job *job)
{
	pthread_mutex_lock(&workers.lock);
	start_threads();
	job->piece = job->bytes / (workers.running + 1) + PIECE_ALIGN;
	job->piece &= ~(PIECE_ALIGN - 1);
	workers.job = *job;
	workers.left = workers.running;
	workers.turn++;
	pthread_cond_broadcast(&workers.work);
	pthread_mutex_unlock(&workers.lock);

	do_share(job, 0);

	pthread_mutex_lock(&workers.lock);
	while (workers.left)
		pthread_cond_wait(&workers.done, &workers.lock);
	pthread_mutex_unlock(&workers.lock);
}

static void run_or_do(struct job job)
{
	if (job.bytes < 2 * PIECE_MIN || workers.wanted == 1) {
		job.piece = job.bytes;
		do_share(&job, 0);
		return;
	}
	pthread_mutex_lock(&workers.call);
	run(&job);
	pthread_mutex_unlock(&workers.call);
}

void gb_workers_copy(void *to, const void *from, uint64_t bytes)
{
	run_or_do((struct job){ .to = to, .from = from, .bytes = bytes });
}

void gb_workers_touch(void *memory, uint64_t bytes)
{
	run_or_do((struct job){ .to = memory, .bytes = bytes });
}

void gb_workers_init(unsigned int threads)
{
	if (threads < 1)
		threads = 1;
	workers.wanted = threads < THREADS_MAX ? threads : THREADS_MAX;
	workers.ending = false;
}

void gb_workers_finish(void)
{
	pthread_mutex_lock(&workers.call);
	pthread_mutex_lock(&workers.lock);
	workers.ending = true;
	pthread_cond_broadcast(&workers.work);
	pthread_mutex_unlock(&workers.lock);
	for (unsigned int i = 0; i < workers.running; i++)
		pthread_join(workers.thread[i], NULL);
	workers.running = 0;
	pthread_mutex_unlock(&workers.call);
}

void gb_workers_fork_child(void)
{
	pthread_mutex_init(&workers.call, NULL);
	pthread_mutex_init(&workers.lock, NULL);
	pthread_cond_init(&workers.work, NULL);
	pthread_cond_init(&workers.done, NULL);
	workers.running = 0;
	workers.left = 0;
}
