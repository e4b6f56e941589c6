// SPDX-License-Identifier: GPL-2.0-only
#include "contexts.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "../interpose/real.h"
#include "kernels.h"

/* Far more than programs have. Beyond, nothing moves any more. */
#define CONTEXTS 64

struct context {
	CUcontext handle;
	int device;
	bool primary;
	bool ending, away; /* see contexts.h */
	int visitors;
};

/* In the order of their making. */
static struct {
	pthread_mutex_t lock;	/* guards the other members */
	pthread_cond_t changed; /* a visit is over, or one is not away any more */
	struct context list[CONTEXTS];
	int count;
	uint64_t changes; /* of anyone's place in the list */
	bool crowded;	  /* there are contexts that the list does not hold */
} contexts = { .lock = PTHREAD_MUTEX_INITIALIZER,
	       .changed = PTHREAD_COND_INITIALIZER };

/* Streams that are being captured: rarely more than a few. */
#define CAPTURES 256

static struct {
	_Atomic bool any; /* read without the lock */
	/* Guards the other members; read-locked by who waits for a context. */
	pthread_rwlock_t lock;
	struct capture {
		uint64_t stream;
		CUcontext context; /* that the stream is of */
	} list[CAPTURES];
	int listed;
	bool lost; /* there were more: nothing moves any more */
} captures = { .lock = PTHREAD_RWLOCK_INITIALIZER };

static struct context *find(CUcontext handle)
{
	for (int i = 0; i < contexts.count; i++)
		if (contexts.list[i].handle == handle)
			return &contexts.list[i];
	return NULL;
}

void gb_driver_context_add(CUcontext context, int device, bool primary)
{
	struct context *known;

	pthread_mutex_lock(&contexts.lock);
	known = find(context);
	if (known)
		known->primary |= primary;
	else if (contexts.count < CONTEXTS)
		contexts.list[contexts.count++] = (struct context){
			.handle = context, .device = device, .primary = primary
		};
	else
		contexts.crowded = true;
	pthread_mutex_unlock(&contexts.lock);
	/* Whoever used a context that was on its way out left something behind. */
	if (!known)
		gb_kernels_forget(context);
}

void gb_driver_context_ending(CUcontext context)
{
	struct context *known;

	pthread_mutex_lock(&contexts.lock);
	known = find(context);
	if (known)
		known->ending = true;
	pthread_mutex_unlock(&contexts.lock);
}

void gb_driver_context_away(CUcontext context)
{
	struct context *known;

	pthread_mutex_lock(&contexts.lock);
	known = find(context);
	if (known)
		known->away = true;
	/* Others may come and go meanwhile, and move it in the list. */
	while ((known = find(context)) && known->visitors)
		pthread_cond_wait(&contexts.changed, &contexts.lock);
	pthread_mutex_unlock(&contexts.lock);
}

/* Takes it out of the list, and returns what it was there. */
static struct context take_out(CUcontext handle)
{
	struct context *known = find(handle), was = { .handle = NULL };

	if (!known)
		return was;
	was = *known;
	contexts.count--;
	memmove(known, known + 1,
		(size_t)(&contexts.list[contexts.count] - known) * sizeof(*known));
	contexts.changes++;
	pthread_cond_broadcast(&contexts.changed);
	return was;
}

static void captures_end(CUcontext context);

void gb_driver_context_remove(CUcontext context)
{
	pthread_mutex_lock(&contexts.lock);
	take_out(context);
	pthread_mutex_unlock(&contexts.lock);
	captures_end(context);
	gb_kernels_forget(context);
}

void gb_driver_context_back(CUcontext context)
{
	struct context was;

	pthread_mutex_lock(&contexts.lock);
	was = take_out(context);
	was.ending = false;
	was.away = false;
	if (was.handle)
		contexts.list[contexts.count++] = was;
	pthread_mutex_unlock(&contexts.lock);
}

CUcontext gb_driver_primary(int device)
{
	CUcontext found = NULL;

	pthread_mutex_lock(&contexts.lock);
	for (int i = 0; i < contexts.count; i++)
		if (contexts.list[i].device == device && contexts.list[i].primary)
			found = contexts.list[i].handle;
	pthread_mutex_unlock(&contexts.lock);
	return found;
}

bool gb_driver_contexts_known(void)
{
	bool known;

	pthread_mutex_lock(&contexts.lock);
	known = !contexts.crowded;
	pthread_mutex_unlock(&contexts.lock);
	return known;
}

void gb_driver_capture_begin(uint64_t stream)
{
	CUcontext context = NULL;

	GB_REAL(cuStreamGetCtx)((CUstream)stream, &context);
	pthread_rwlock_wrlock(&captures.lock);
	if (captures.listed < CAPTURES)
		captures.list[captures.listed++] =
			(struct capture){ stream, context };
	else
		captures.lost = true;
	atomic_store(&captures.any, true);
	pthread_rwlock_unlock(&captures.lock);
}

static void take_capture(int index)
{
	captures.list[index] = captures.list[--captures.listed];
	atomic_store(&captures.any, captures.listed > 0 || captures.lost);
}

void gb_driver_capture_end(uint64_t stream)
{
	pthread_rwlock_wrlock(&captures.lock);
	for (int i = 0; i < captures.listed; i++) {
		if (captures.list[i].stream != stream)
			continue;
		take_capture(i);
		break;
	}
	pthread_rwlock_unlock(&captures.lock);
}

static void captures_end(CUcontext context)
{
	pthread_rwlock_wrlock(&captures.lock);
	for (int i = captures.listed; i-- > 0;)
		if (captures.list[i].context == context)
			take_capture(i);
	pthread_rwlock_unlock(&captures.lock);
}

bool gb_driver_context_is_capturing(CUcontext context)
{
	bool is = false;

	pthread_rwlock_rdlock(&captures.lock);
	for (int i = 0; !is && i < captures.listed; i++)
		is = captures.list[i].context == context;
	pthread_rwlock_unlock(&captures.lock);
	return is;
}

bool gb_driver_wait_begin(void)
{
	pthread_rwlock_rdlock(&captures.lock);
	if (!gb_driver_is_capturing())
		return true;
	pthread_rwlock_unlock(&captures.lock);
	return false;
}

void gb_driver_wait_end(void)
{
	pthread_rwlock_unlock(&captures.lock);
}

bool gb_driver_is_capturing(void)
{
	return atomic_load_explicit(&captures.any, memory_order_acquire);
}

static struct context *nth(int device, int n, bool lasting)
{
	for (int i = 0; i < contexts.count; i++) {
		struct context *each = &contexts.list[i];

		if (device != GB_ANY_DEVICE && each->device != device)
			continue;
		if (lasting && each->ending)
			continue;
		if (n-- == 0)
			return each;
	}
	return NULL;
}

CUcontext gb_driver_oldest(int device)
{
	const struct context *found;
	CUcontext handle;

	pthread_mutex_lock(&contexts.lock);
	found = nth(device, 0, true);
	handle = found ? found->handle : NULL;
	pthread_mutex_unlock(&contexts.lock);
	return handle;
}

bool gb_driver_has_context(int device)
{
	bool has;

	pthread_mutex_lock(&contexts.lock);
	has = nth(device, 0, false) != NULL;
	pthread_mutex_unlock(&contexts.lock);
	return has;
}

static CUcontext visit(int device, int n, bool lasting)
{
	struct context *found;
	CUcontext handle = NULL;

	pthread_mutex_lock(&contexts.lock);
	while ((found = nth(device, n, lasting)) && found->away)
		pthread_cond_wait(&contexts.changed, &contexts.lock);
	if (found) {
		found->visitors++;
		handle = found->handle;
	}
	pthread_mutex_unlock(&contexts.lock);
	return handle;
}

CUcontext gb_driver_visit_oldest(int device)
{
	return visit(device, 0, true);
}

CUcontext gb_driver_visit(int device, int n)
{
	return visit(device, n, false);
}

void gb_driver_visit_over(CUcontext context)
{
	struct context *known;

	pthread_mutex_lock(&contexts.lock);
	known = find(context);
	if (known) {
		known->visitors--;
		pthread_cond_broadcast(&contexts.changed);
	}
	pthread_mutex_unlock(&contexts.lock);
}

uint64_t gb_driver_contexts_changed(void)
{
	uint64_t changes;

	pthread_mutex_lock(&contexts.lock);
	changes = contexts.changes;
	pthread_mutex_unlock(&contexts.lock);
	return changes;
}

void gb_driver_fork_child(void)
{
	pthread_mutex_init(&contexts.lock, NULL);
	pthread_cond_init(&contexts.changed, NULL);
	pthread_rwlock_init(&captures.lock, NULL);
	gb_kernels_fork_child();
}
