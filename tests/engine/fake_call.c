/* SPDX-License-Identifier: GPL-2.0-only */
#include "fake_call.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "fake_stream.h"

pthread_mutex_t fake_lock = PTHREAD_MUTEX_INITIALIZER;

/* What tests have ordered, and calls so far: under fake_lock. */
static unsigned int calls[FAKE_OPS];
static struct {
	enum fake_op op;
	unsigned int nth, times, happened;
	int error;
} fail;
static struct {
	enum fake_op op;
	void (*call)(void);
} before;

static _Atomic int faults;

void fake_call_start(void)
{
	memset(calls, 0, sizeof(calls));
	memset(&fail, 0, sizeof(fail));
	memset(&before, 0, sizeof(before));
	atomic_store(&faults, 0);
}

void fake_fault(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fprintf(stderr, "fake driver: ");
	vfprintf(stderr, format, arguments);
	fprintf(stderr, "\n");
	va_end(arguments);
	atomic_fetch_add(&faults, 1);
}

int fake_faults(void)
{
	return atomic_load(&faults);
}

void fake_pardon(void)
{
	atomic_store(&faults, 0);
}

/* What is to be called before an operation, without the lock. */
static void call_before(enum fake_op op)
{
	void (*call)(void) = before.call;

	if (!call || before.op != op)
		return;
	before.call = NULL;
	pthread_mutex_unlock(&fake_lock);
	call();
	pthread_mutex_lock(&fake_lock);
}

int fake_begin(enum fake_op op)
{
	pthread_mutex_lock(&fake_lock);
	call_before(op);
	calls[op]++;
	calls[FAKE_ANY]++;
	/* FAKE_ANY stands for what cannot fail. */
	if (op != FAKE_ANY && fail.times &&
	    (fail.op == op || (fail.op == FAKE_ANY && op != FAKE_UNMAP))) {
		if (fail.nth > 1) {
			fail.nth--;
		} else {
			fail.times--;
			fail.happened++;
			return fail.error;
		}
	}
	fake_stream_roll();
	return 0;
}

int fake_end(int result)
{
	pthread_mutex_unlock(&fake_lock);
	return result;
}

void fake_fail(enum fake_op op, unsigned int nth, unsigned int times, int error)
{
	fake_begin(FAKE_ANY);
	fail.op = op;
	fail.nth = nth;
	fail.times = times;
	fail.error = error;
	fail.happened = 0;
	fake_end(0);
}

unsigned int fake_failed(void)
{
	unsigned int happened;

	pthread_mutex_lock(&fake_lock);
	happened = fail.happened;
	memset(&fail, 0, sizeof(fail));
	pthread_mutex_unlock(&fake_lock);
	return happened;
}

unsigned int fake_calls(enum fake_op op)
{
	unsigned int count;

	pthread_mutex_lock(&fake_lock);
	count = calls[op];
	pthread_mutex_unlock(&fake_lock);
	return count;
}

void fake_before(enum fake_op op, void (*call)(void))
{
	pthread_mutex_lock(&fake_lock);
	before.op = op;
	before.call = call;
	pthread_mutex_unlock(&fake_lock);
}
