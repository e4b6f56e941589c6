/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which operation runs next, and who runs it.
 *
 * Operations run on the thread that makes a call, or that waits, so that a
 * program of one thread sees the same order each time it is given the same
 * seed. A seed also fixes how eager the GPU is: with a quarter of the seeds
 * nothing runs until somebody waits for it, which is what shows a missing wait.
 * Without a seed everything runs as soon as it can.
 *
 * Work that may wait for the program itself (host functions, kernels that say
 * so) gets a thread of its own. And one thread takes over when the program has
 * made no call for a while, since it may be watching memory (idle.c).
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "sim.h"

#define POLL_NS 50000

/*
 * How long a seeded run waits for work in a thread of its own before it takes
 * it to wait for the program: until it has spun for so long, in time of its own
 * since a busy machine takes away all other, or has slept for so long.
 */
#define SPUN_NS	 20000000
#define SLEPT_NS 1000000000

/* Whether the legacy stream lets the operation go ahead, or it that one. */
static bool is_in_turn(struct CUstream_st *stream, struct sim_op *op)
{
	struct CUctx_st *ctx = stream->ctx;
	struct CUstream_st *other;
	struct sim_op *first;

	if (stream != ctx->legacy) {
		first = TAILQ_FIRST(&ctx->legacy->ops);
		return !sim_stream_is_blocking(stream) || !first ||
		       first->sequence > op->sequence;
	}
	TAILQ_FOREACH(other, &ctx->streams, link)
	{
		first = TAILQ_FIRST(&other->ops);
		if (first && first->sequence < op->sequence &&
		    sim_stream_is_blocking(other))
			return false;
	}
	return true;
}

static bool is_ready(struct CUstream_st *stream)
{
	struct sim_op *op = TAILQ_FIRST(&stream->ops);

	if (stream->busy)
		return false;
	if (stream->ctx->fatal)
		return true;
	if (!is_in_turn(stream, op))
		return false;
	return !op->work->kind->is_ready || op->work->kind->is_ready(op->work, op);
}

static struct CUstream_st *first_ready(void)
{
	struct CUstream_st *stream;

	TAILQ_FOREACH(stream, &sim.waiting, waiting)
	if (is_ready(stream))
		return stream;
	return NULL;
}

static struct CUstream_st *choose(void)
{
	struct CUstream_st *stream, *chosen = NULL;
	uint64_t total = 0;

	if (!sim.config.seeded)
		return first_ready();
	TAILQ_FOREACH(stream, &sim.waiting, waiting)
	{
		if (!is_ready(stream))
			continue;
		total += stream->weight;
		if (sim_random(total) < stream->weight)
			chosen = stream;
	}
	return chosen;
}

static uint64_t real_ns(void)
{
	struct timespec now;

	/* Not the clock that a program may replace by one that asks here. */
	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static void end_op(struct CUstream_st *stream, struct sim_op *op)
{
	if (!sim.clock)
		op->fence->time_ns = real_ns();
	op->fence->done = true;
	sim_fence_put(op->fence);
	TAILQ_REMOVE(&stream->ops, op, link);
	TAILQ_REMOVE(&sim.waiting, stream, waiting);
	if (!TAILQ_EMPTY(&stream->ops))
		TAILQ_INSERT_TAIL(&sim.waiting, stream, waiting);
	sim_work_put(op->work);
	free(op);
	sim.pending--;
	if (stream->destroyed && TAILQ_EMPTY(&stream->ops))
		sim_stream_end(stream);
}

static void account(struct CUstream_st *stream, struct sim_op *op, enum sim_run result)
{
	struct CUctx_st *ctx = stream->ctx;

	sim.steps++;
	stream->busy = false;
	if (result == SIM_RUN_FAULTED && !ctx->fatal)
		ctx->fatal = CUDA_ERROR_ILLEGAL_ADDRESS;
	if (result != SIM_RUN_MORE || ctx->fatal) {
		if (op->work->kind->finish)
			op->work->kind->finish(op->work, op);
		end_op(stream, op);
	}
	pthread_cond_broadcast(&sim.changed);
}

/* A thread for one step of one operation; two refer to it, under the lock. */
struct apart {
	struct sim_op *op;
	int refs;
	bool ended;
};

static void apart_put(struct apart *apart)
{
	if (!--apart->refs)
		free(apart);
}

static void *run_apart(void *data)
{
	struct apart *apart = data;
	struct sim_op *op = apart->op;
	enum sim_run result = sim_run_guarded(op->work, op);

	pthread_mutex_lock(&sim.lock);
	account(op->stream, op, result);
	apart->ended = true;
	apart_put(apart);
	pthread_mutex_unlock(&sim.lock);
	return NULL;
}

bool sim_thread_start(pthread_t *thread, void *(*main)(void *), void *data)
{
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGILL);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(thread, NULL, main, data);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!rc)
		pthread_detach(*thread);
	return !rc;
}

/* Waits until something changes, or the time has passed. */
static void wait_change(long ns)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += ns;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_cond_timedwait(&sim.changed, &sim.lock, &until);
}

static uint64_t cpu_ns(pthread_t thread)
{
	struct timespec now = { 0 };
	clockid_t clock;

	if (!pthread_getcpuclockid(thread, &clock))
		clock_gettime(clock, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

/* Gives it time to end, so that a seed fixes what comes after it. */
static void settle(pthread_t thread, const struct apart *apart)
{
	uint64_t until = real_ns() + SLEPT_NS;

	while (!apart->ended && cpu_ns(thread) < SPUN_NS && real_ns() < until)
		wait_change(POLL_NS);
}

/* Returns false where no thread is to be had. */
static bool start_apart(struct sim_op *op)
{
	struct apart *apart = sim_alloc(sizeof(*apart));
	pthread_t thread;
	bool started;

	apart->op = op;
	apart->refs = 2;
	started = sim_thread_start(&thread, run_apart, apart);
	if (!started)
		apart->refs--;
	else if (sim.config.seeded)
		settle(thread, apart);
	apart_put(apart);
	return started;
}

static void run_here(struct CUstream_st *stream, struct sim_op *op)
{
	enum sim_run result;

	pthread_mutex_unlock(&sim.lock);
	result = sim_run_guarded(op->work, op);
	pthread_mutex_lock(&sim.lock);
	account(stream, op, result);
}

bool sim_step(void)
{
	struct CUstream_st *stream = choose();
	struct sim_op *op;

	if (!stream)
		return false;
	op = TAILQ_FIRST(&stream->ops);
	stream->busy = true;
	if (stream->ctx->fatal)
		account(stream, op, SIM_RUN_DONE);
	else if (!op->work->blocks || !start_apart(op))
		run_here(stream, op);
	return true;
}

void sim_progress(void)
{
	int steps = 0;

	if (!sim.config.seeded) {
		while (sim_step())
			;
		return;
	}
	switch (sim.config.seed % 4) {
	case 0:
		return;
	case 1:
		steps = sim_random(8) == 0;
		break;
	case 2:
		steps = (int)sim_random(2);
		break;
	case 3:
		steps = (int)sim_random(5);
		break;
	}
	while (steps-- && sim_step())
		;
}

CUresult sim_wait_fence(struct CUctx_st *ctx, struct sim_fence *fence)
{
	sim_fence_get(fence);
	while (!fence->done)
		if (!sim_step())
			wait_change(POLL_NS);
	sim_time_wait(fence);
	sim_fence_put(fence);
	return ctx->fatal;
}

CUresult sim_wait_until(struct CUctx_st *ctx,
			bool (*is_done)(struct CUevent_st *event),
			struct CUevent_st *event)
{
	while (!ctx->fatal && !is_done(event))
		if (!sim_step())
			wait_change(POLL_NS);
	return ctx->fatal;
}

CUresult sim_wait_stream(struct CUstream_st *stream)
{
	struct CUctx_st *ctx = stream->ctx;

	/* The legacy stream's end is that of all blocking streams. */
	if (stream == ctx->legacy)
		return sim_submit_and_wait(stream, sim_work_empty());
	if (TAILQ_EMPTY(&stream->ops))
		return ctx->fatal;
	return sim_wait_fence(ctx, TAILQ_LAST(&stream->ops, sim_ops)->fence);
}

/* The ends of all that is queued now in the context, or on the device. */
static size_t collect(struct CUctx_st *ctx, struct sim_device *device,
		      struct sim_fence ***out)
{
	struct sim_fence **fences = NULL;
	struct CUstream_st *stream;
	size_t count = 0;

	TAILQ_FOREACH(stream, &sim.waiting, waiting)
	{
		if (stream->ctx != ctx && stream->ctx->device != device)
			continue;
		fences = sim_resize(fences, (count + 1) * sizeof(*fences));
		fences[count++] =
			sim_fence_get(TAILQ_LAST(&stream->ops, sim_ops)->fence);
	}
	*out = fences;
	return count;
}

static void wait_all(struct CUctx_st *ctx, struct sim_device *device)
{
	struct sim_fence **fences;
	size_t count = collect(ctx, device, &fences);

	for (size_t i = 0; i < count; i++) {
		while (!fences[i]->done)
			if (!sim_step())
				wait_change(POLL_NS);
		sim_time_wait(fences[i]);
		sim_fence_put(fences[i]);
	}
	free(fences);
}

CUresult sim_wait_context(struct CUctx_st *ctx)
{
	wait_all(ctx, NULL);
	return ctx->fatal;
}

void sim_wait_device(struct sim_device *device)
{
	wait_all(NULL, device);
}
