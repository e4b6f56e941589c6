// SPDX-License-Identifier: GPL-2.0-only
#include "gate.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

_Atomic uint32_t gb_attention;
__thread struct gb_passer *gb_passer __attribute__((tls_model("initial-exec")));

/*
 * All passers ever made, newest first. Members are added with a compare and
 * swap and never removed: a flag whose thread has ended is taken over by the
 * next new thread, so there are as many as threads ever lived at once.
 */
static _Atomic(struct gb_passer *) passers;

/*
 * Stands in for threads that could get no flag of their own, since memory or
 * thread-specific keys had run out. It says nothing about who is inside, so
 * once it is in use the gate never closes again, and memory stays where it is.
 */
static struct gb_passer crowd = { .taken = true };
static _Atomic bool stuck_open;

/* Times that whoever holds gb_engine.lock has closed it. */
static unsigned int closings;

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool key_made;

/*
 * Runs in the ending thread: its flag is down and free for another. What the
 * thread still calls, from other destructors, gets a flag anew.
 */
static void passer_give(void *passer)
{
	gb_passer = NULL;
	atomic_store(&((struct gb_passer *)passer)->taken, false);
}

static void key_make(void)
{
	key_made = !pthread_key_create(&key, passer_give);
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0))
		atomic_store(&stuck_open, true);
}

static struct gb_passer *passer_reuse(void)
{
	struct gb_passer *passer = atomic_load(&passers);

	for (; passer; passer = passer->next) {
		bool taken = false;

		if (atomic_compare_exchange_strong(&passer->taken, &taken, true))
			return passer;
	}
	return NULL;
}

static struct gb_passer *passer_add(void)
{
	struct gb_passer *passer = calloc(1, sizeof(*passer));

	if (!passer)
		return NULL;
	passer->taken = true;
	passer->next = atomic_load(&passers);
	while (!atomic_compare_exchange_weak(&passers, &passer->next, passer))
		;
	return passer;
}

struct gb_passer *gb_passer_get(void)
{
	struct gb_passer *passer;

	pthread_once(&key_once, key_make);
	passer = passer_reuse();
	if (!passer)
		passer = passer_add();
	if (!passer) {
		atomic_store(&stuck_open, true);
		passer = &crowd;
	} else if (key_made) {
		pthread_setspecific(key, passer);
	}
	gb_passer = passer;
	return passer;
}

static void wait_until_down(const struct gb_passer *passer)
{
	while (atomic_load_explicit(&passer->inside, memory_order_acquire))
		sched_yield();
}

int gb_gate_close(void)
{
	pthread_once(&key_once, key_make);
	/* Waiting for our own flag would last forever. */
	if (gb_passer &&
	    atomic_load_explicit(&gb_passer->inside, memory_order_relaxed))
		return -EAGAIN;
	if (closings++)
		return 0;
	gb_attention_set(GB_ATTENTION_CLOSED, true);
	/*
	 * After this barrier every other thread either has its flag up where we
	 * see it, or will see the gate closed: its store to the flag and its
	 * load of gb_attention cannot both have come too early. The same goes
	 * for a thread that has just joined the crowd.
	 */
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) ||
	    atomic_load(&stuck_open)) {
		gb_gate_open();
		return -EAGAIN;
	}
	for (struct gb_passer *passer = atomic_load(&passers); passer;
	     passer = passer->next)
		wait_until_down(passer);
	return 0;
}

void gb_gate_open(void)
{
	assert(closings);
	if (--closings)
		return;
	gb_attention_set(GB_ATTENTION_CLOSED, false);
}

void gb_attention_set(uint32_t bits, bool on)
{
	if (on)
		atomic_fetch_or(&gb_attention, bits);
	else
		atomic_fetch_and(&gb_attention, ~bits);
}

void gb_gate_fork_child(void)
{
	for (struct gb_passer *passer = atomic_load(&passers); passer;
	     passer = passer->next) {
		atomic_store(&passer->inside, 0);
		atomic_store(&passer->taken, passer == gb_passer);
	}
	closings = 0;
	atomic_store(&gb_attention, 0);
}
