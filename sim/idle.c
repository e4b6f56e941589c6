/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The thread that runs what is queued when the program makes no calls, or only
 * such as run nothing: it may be watching memory.
 *
 * Without a seed it need not be sure of that and acts after one period. With a
 * seed it would change the order of work for no reason but that the machine is
 * busy and the program was not given a processor, so it waits for a time in
 * which any program gets one. Then it runs all that can run while calls wait,
 * so that the order does not hang on when the program sees what it watches for.
 */
#include <time.h>

#include "sim.h"

#define PERIOD_NS 1000000

struct patience {
	int quiet;   /* periods without a call */
	int stalled; /* periods without a step, with calls */
};

static const struct patience unseeded = { .quiet = 1, .stalled = 50 };
static const struct patience seeded = { .quiet = 1000, .stalled = 1000 };

/* What was seen at the end of the last period, and for how many. */
struct watch {
	uint64_t calls, steps;
	struct patience been;
	bool served; /* has made no call since work was run for it */
};

static void watch_period(struct watch *watch)
{
	if (watch->calls != sim.calls)
		watch->served = false;
	watch->been.quiet = watch->calls == sim.calls && !sim.inside
				    ? watch->been.quiet + 1
				    : 0;
	watch->been.stalled =
		watch->steps == sim.steps ? watch->been.stalled + 1 : 0;
	watch->calls = sim.calls;
	watch->steps = sim.steps;
}

static bool is_watching_memory(const struct watch *watch)
{
	const struct patience *patience = sim.config.seeded ? &seeded : &unseeded;

	return watch->been.stalled >= patience->stalled ||
	       watch->been.quiet >= (watch->served ? 1 : patience->quiet);
}

static void serve(void)
{
	if (!sim.config.seeded) {
		sim_step();
		return;
	}
	sim.serving = true;
	while (sim_step())
		;
	sim.serving = false;
	pthread_cond_broadcast(&sim.changed);
}

static void *idle_main(void *unused)
{
	const struct timespec period = { .tv_nsec = PERIOD_NS };
	struct watch watch = { 0 };

	pthread_mutex_lock(&sim.lock);
	for (;;) {
		while (!sim.pending) {
			pthread_cond_wait(&sim.changed, &sim.lock);
			watch.been = (struct patience){ 0 };
		}
		pthread_mutex_unlock(&sim.lock);
		nanosleep(&period, NULL);
		pthread_mutex_lock(&sim.lock);
		watch_period(&watch);
		if (is_watching_memory(&watch)) {
			serve();
			watch.served = true;
		}
	}
	return NULL;
}

void sim_idle_start(void)
{
	pthread_t thread;

	sim_thread_start(&thread, idle_main, NULL);
}
