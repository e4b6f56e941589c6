/* SPDX-License-Identifier: GPL-2.0-only */
/* Work that is shared by reference, fences, and the smallest kinds of work. */
#include <stdlib.h>

#include "clock.h"
#include "sim.h"

struct sim_fence *sim_fence_create(void)
{
	struct sim_fence *fence = sim_alloc(sizeof(*fence));

	fence->refs = 1;
	return fence;
}

struct sim_fence *sim_fence_get(struct sim_fence *fence)
{
	if (fence)
		fence->refs++;
	return fence;
}

void sim_fence_put(struct sim_fence *fence)
{
	if (fence && !--fence->refs)
		free(fence);
}

void *sim_work_create(const struct sim_work_kind *kind, size_t size)
{
	struct sim_work *work = sim_alloc(size);

	work->kind = kind;
	work->refs = 1;
	return work;
}

struct sim_work *sim_work_get(struct sim_work *work)
{
	work->refs++;
	return work;
}

void sim_work_put(struct sim_work *work)
{
	if (!work || --work->refs)
		return;
	if (work->kind->destroy)
		work->kind->destroy(work);
	free(work);
}

static enum sim_run run_nothing(struct sim_work *work, struct sim_op *op)
{
	return SIM_RUN_DONE;
}

const struct sim_work_kind sim_empty_kind = {
	.name = "empty",
	.run = run_nothing,
};

struct sim_work *sim_work_empty(void)
{
	return sim_work_create(&sim_empty_kind, sizeof(struct sim_work));
}

/* Waiting for a fence. */

struct wait {
	struct sim_work work;
	struct sim_fence *fence;
};

static bool wait_is_ready(struct sim_work *work, struct sim_op *op)
{
	return ((struct wait *)work)->fence->done;
}

static void wait_destroy(struct sim_work *work)
{
	sim_fence_put(((struct wait *)work)->fence);
}

static void wait_spend(struct sim_work *work, struct sim_stream *time)
{
	sim_stream_wait(time, ((struct wait *)work)->fence->time_ns);
}

static const struct sim_work_kind wait_kind = {
	.name = "wait",
	.is_ready = wait_is_ready,
	.run = run_nothing,
	.destroy = wait_destroy,
	.spend = wait_spend,
};

struct sim_work *sim_wait_create(struct sim_fence *fence)
{
	struct wait *wait = sim_work_create(&wait_kind, sizeof(*wait));

	wait->fence = sim_fence_get(fence);
	return &wait->work;
}

/* A function of the program's. */

static enum sim_run host_run(struct sim_work *work, struct sim_op *op)
{
	struct sim_host_work *host = (struct sim_host_work *)work;

	sim_self.in_callback = true;
	host->fn(host->data);
	sim_self.in_callback = false;
	return SIM_RUN_DONE;
}

const struct sim_work_kind sim_host_kind = {
	.name = "host function",
	.run = host_run,
};

struct sim_work *sim_host_create(void (*fn)(void *), void *data)
{
	struct sim_host_work *host;

	host = sim_work_create(&sim_host_kind, sizeof(*host));
	host->fn = fn;
	host->data = data;
	host->work.blocks = true;
	return &host->work;
}
