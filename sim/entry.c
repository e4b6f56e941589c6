/* SPDX-License-Identifier: GPL-2.0-only */
/* What every call does first and last; cuInit; death by fork. */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sim.h"

struct sim_state sim = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.changed = PTHREAD_COND_INITIALIZER,
	.contexts = TAILQ_HEAD_INITIALIZER(sim.contexts),
	.waiting = TAILQ_HEAD_INITIALIZER(sim.waiting),
};

__thread struct sim_thread sim_self;

uint64_t sim_next_id(void)
{
	return ++sim.last_id;
}

/* xorshift64*; the state is never 0. */
uint64_t sim_random(uint64_t below)
{
	sim.random ^= sim.random >> 12;
	sim.random ^= sim.random << 25;
	sim.random ^= sim.random >> 27;
	return below ? (sim.random * 0x2545f4914f6cdd1dull >> 11) % below : 0;
}

static CUresult check(unsigned int flags)
{
	struct CUctx_st *ctx;

	if (sim.forked || (!sim.ready && !(flags & SIM_ANY_TIME)))
		return CUDA_ERROR_NOT_INITIALIZED;
	if (flags & SIM_ANY_TIME)
		return CUDA_SUCCESS;
	if (sim_self.in_callback)
		return CUDA_ERROR_NOT_PERMITTED;
	ctx = sim_self.depth ? sim_self.stack[sim_self.depth - 1] : NULL;
	if (!ctx)
		return flags & SIM_NO_CTX ? CUDA_SUCCESS
					  : CUDA_ERROR_INVALID_CONTEXT;
	if (!sim_is_live(ctx, SIM_CONTEXT))
		return flags & SIM_NO_CTX ? CUDA_SUCCESS
					  : CUDA_ERROR_CONTEXT_IS_DESTROYED;
	return flags & SIM_AFTER_DEATH ? CUDA_SUCCESS : ctx->fatal;
}

CUresult sim_enter(const char *symbol, unsigned int flags)
{
	CUresult rc;

	pthread_mutex_lock(&sim.lock);
	/* A host function is part of what is served, and must not wait for it. */
	while (sim.serving && !sim_self.in_callback)
		pthread_cond_wait(&sim.changed, &sim.lock);
	sim.calls++;
	sim.inside++;
	sim_self.call = symbol;
	rc = check(flags);
	if (!rc)
		rc = sim_inject(symbol);
	sim_self.per_thread = flags & SIM_PER_THREAD;
	if (rc || !sim.pending)
		return rc;
	sim_progress();
	return check(flags);
}

CUresult sim_leave(const char *symbol, CUresult rc)
{
	bool trace = sim.config.trace;

	sim.inside--;
	pthread_mutex_unlock(&sim.lock);
	if (trace)
		sim_log("%s = %d", symbol, rc);
	return rc;
}

static void before_fork(void)
{
	pthread_mutex_lock(&sim.lock);
}

static void after_fork_parent(void)
{
	pthread_mutex_unlock(&sim.lock);
}

/* The driver is dead in a child of a process that has used it. */
static void after_fork_child(void)
{
	pthread_mutex_init(&sim.lock, NULL);
	pthread_cond_init(&sim.changed, NULL);
	sim.forked = sim.ready;
	sim.inside = 0;
	sim.serving = false;
}

/* What is read at the first cuInit, even if that fails: calls are counted from
 * there on. Returns what the first cuInit shall fail with. */
static CUresult start_once(void)
{
	static bool once;

	if (once)
		return CUDA_SUCCESS;
	once = true;
	pthread_atfork(before_fork, after_fork_parent, after_fork_child);
	sim_inject_read();
	return sim_inject("cuInit");
}

static void start(void)
{
	sim_config_read(&sim.config);
	sim.random = sim.config.seed * 0x9e3779b97f4a7c15ull + 0x1234567;
}

SIM_API(cuInit, SIM_ANY_TIME, (unsigned int flags), (flags))
{
	CUresult rc;

	if (flags)
		return CUDA_ERROR_INVALID_VALUE;
	if (sim.ready)
		return CUDA_SUCCESS;
	rc = start_once();
	if (rc)
		return rc;
	start();
	if (!sim.config.devices)
		return CUDA_ERROR_NO_DEVICE;
	rc = sim_devices_create();
	if (rc)
		return rc;
	sim_time_start();
	sim_segv_install();
	sim_idle_start();
	sim.ready = true;
	return CUDA_SUCCESS;
}

SIM_API(cuDriverGetVersion, SIM_ANY_TIME, (int *version), (version))
{
	struct sim_config config;

	if (!version)
		return CUDA_ERROR_INVALID_VALUE;
	if (!sim.ready) {
		sim_config_read(&config);
		*version = config.driver_version;
		return CUDA_SUCCESS;
	}
	*version = sim.config.driver_version;
	return CUDA_SUCCESS;
}
