/* SPDX-License-Identifier: GPL-2.0-only */
#include "lockstep.h"

#include <stdlib.h>
#include <ucontext.h>

#define THREADS 1024
#define STACK	(64 << 10)

enum { DONE = -1, BARRIER = 0 }; /* a shuffle is its step */

struct thread {
	ucontext_t context;
	int at; /* where it waits */
	unsigned int shuffles;
	int given[2]; /* to this shuffle, and to the one before */
};

struct lockstep lockstep;

static struct thread threads[THREADS];
static ucontext_t scheduler;
static void (*kernel)(void);
static unsigned int dice = 1;

static void wait_at(int what)
{
	struct thread *self = &threads[lockstep.thread];

	self->at = what;
	swapcontext(&self->context, &scheduler);
}

void lockstep_barrier(void)
{
	wait_at(BARRIER);
}

/* The others may be at the next one already, but not at the one behind it. */
int lockstep_shuffle(int value, int step)
{
	struct thread *self = &threads[lockstep.thread];
	unsigned int turn = self->shuffles++ % 2;

	self->given[turn] = value;
	wait_at(step);
	return threads[lockstep.thread ^ (unsigned int)step].given[turn];
}

static void thread_main(void)
{
	kernel();
	wait_at(DONE);
}

static void start(struct thread *thread, void *stack)
{
	getcontext(&thread->context);
	thread->context.uc_stack.ss_sp = stack;
	thread->context.uc_stack.ss_size = STACK;
	thread->shuffles = 0;
	makecontext(&thread->context, thread_main, 0);
}

/* A turn for each, beginning anywhere, forwards or backwards. */
static int round_of_turns(void)
{
	unsigned int count = lockstep.threads, n;

	dice = dice * 1664525 + 1013904223;
	for (unsigned int i = 0; i < count; i++) {
		n = ((dice >> 8) + (dice >> 31 ? i : count - i)) % count;
		if (lockstep.before)
			lockstep.before();
		lockstep.turns++;
		lockstep.thread = n;
		swapcontext(&scheduler, &threads[n].context);
	}
	for (unsigned int i = 1; i < count; i++)
		if (threads[i].at != threads[0].at)
			return 0;
	return 1;
}

int lockstep_run(unsigned int blocks, unsigned int count, void (*body)(void))
{
	char *stacks = malloc((size_t)count * STACK);
	int same = stacks != NULL;

	kernel = body;
	lockstep.threads = count;
	lockstep.blocks = blocks;
	for (unsigned int block = 0; same && block < blocks; block++) {
		lockstep.block = block;
		for (unsigned int i = 0; i < count; i++)
			start(&threads[i], stacks + (size_t)i * STACK);
		do
			same = round_of_turns();
		while (same && threads[0].at != DONE);
	}
	free(stacks);
	return same;
}
