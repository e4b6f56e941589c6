// SPDX-License-Identifier: GPL-2.0-only
/* The life of the driver, its contexts and their peers. */
#include <pthread.h>

#include "../driver/visit.h"
#include "layout.h"
#include "ledger.h"
#include "pass.h"

CUresult cuInit(unsigned int flags)
{
	CUresult rc = GB_REAL(cuInit)(flags);

	if (!rc)
		gb_process_start();
	return rc;
}

/*
 * The end of a context takes along all that is in it, so whatever the engine
 * has there is given back before (begin_end), and after it (finish_end) nothing
 * that was of it is named to the driver again.
 *
 * One context ends at a time, the driver's call included: what a context holds
 * goes to another when it ends. Taken before every other lock.
 */
static pthread_mutex_t ends = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

static unsigned int holds(CUcontext context, int device)
{
	unsigned int held = 0;

	if (gb_driver_oldest(device) == context)
		held |= GB_HOLDS_STAGING;
	if (gb_driver_oldest(GB_ANY_DEVICE) == context)
		held |= GB_HOLDS_BUFFERS;
	return held;
}

/* What lies in RAM was registered in a context that held it. */
static void hand_on(int device, unsigned int held)
{
	if (held & GB_HOLDS_STAGING && gb_driver_oldest(device))
		gb_engine_republish(device);
}

/* False where the context cannot even be entered. */
static bool wait_for(CUcontext context)
{
	struct gb_visit visit;

	if (gb_visit_begin(&visit, context))
		return false;
	GB_REAL(cuCtxSynchronize)();
	gb_visit_end(&visit);
	return true;
}

static bool begin_end(CUcontext context, int device)
{
	unsigned int held = holds(context, device);

	if (!wait_for(context))
		return false;
	gb_driver_context_ending(context);
	gb_engine_leave_context(device, (uint64_t)context, held);
	hand_on(device, held);
	gb_driver_context_away(context);
	return true;
}

/* Arena memory outlives its context for the driver, so it is taken back here. */
static void forget(CUcontext context, int device)
{
	gb_driver_context_remove(context);
	gb_engine_free_context(device, (uint64_t)context);
}

/* All of it that needs the driver was still there. */
static void forget_unforeseen(CUcontext context, int device)
{
	unsigned int held = holds(context, device);

	gb_driver_context_remove(context);
	gb_engine_lose_context(device, (uint64_t)context, held);
	hand_on(device, held);
}

static void finish_end(CUcontext context, int device, bool begun, bool gone)
{
	if (!gone && begun)
		gb_driver_context_back(context);
	if (!gone)
		return;
	if (begun)
		forget(context, device);
	else
		forget_unforeseen(context, device);
	/* Handles of functions come back as others'. */
	gb_functions_gone();
}

/*
 * How often the program holds each primary context, as far as it is seen: what
 * was retained round the hooks, or before them, is not. Guarded by ends.
 */
static int retained[GB_DEVICES];

static void count_retained(CUdevice device, int change)
{
	if (device >= 0 && device < GB_DEVICES && retained[device] + change >= 0)
		retained[device] += change;
}

static CUresult retain(CUcontext *context, CUdevice device)
{
	CUresult rc = GB_RETRY(GB_REAL(cuDevicePrimaryCtxRetain)(context, device));

	if (rc)
		return rc;
	gb_driver_context_add(*context, device, true);
	count_retained(device, 1);
	return rc;
}

CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device)
{
	CUresult rc;

	if (!gb_process_is_on())
		return GB_REAL(cuDevicePrimaryCtxRetain)(context, device);
	pthread_mutex_lock(&ends);
	rc = retain(context, device);
	pthread_mutex_unlock(&ends);
	return rc;
}

static bool primary_is_inactive(CUdevice device)
{
	unsigned int flags;
	int active = 1;

	return !GB_REAL(cuDevicePrimaryCtxGetState)(device, &flags, &active) &&
	       !active;
}

static bool always(CUdevice device)
{
	return true;
}

/*
 * A call that may end the device's primary context, as @has_ended tells if it
 * succeeds. A wrong guess costs what has to be made again (@expected), or what
 * others have in flight just then (not @expected).
 */
static CUresult end_primary(CUdevice device, CUresult (*call)(CUdevice),
			    bool expected, bool (*has_ended)(CUdevice))
{
	CUcontext context = gb_driver_primary(device);
	bool begun, gone;
	CUresult rc;

	if (!context)
		return call(device);
	begun = expected && begin_end(context, device);
	rc = call(device);
	gone = !rc && has_ended(device);
	finish_end(context, device, begun, gone);
	if (gone)
		gb_ledger_reset(device);
	return rc;
}

/* Only the last release ends the context, and the driver does not say which. */
static bool is_last(CUdevice device)
{
	if (device < 0 || device >= GB_DEVICES || retained[device] > 1)
		return false;
	/* Giving back what is ours would break a capture, were it not. */
	return !gb_driver_context_is_capturing(gb_driver_primary(device));
}

static CUresult release(CUdevice device, CUresult (*call)(CUdevice))
{
	CUresult rc;

	if (!gb_process_is_on())
		return call(device);
	pthread_mutex_lock(&ends);
	rc = end_primary(device, call, is_last(device), primary_is_inactive);
	if (!rc)
		count_retained(device, -1);
	pthread_mutex_unlock(&ends);
	return rc;
}

/* Who has retained the context goes on holding it, and may have it anew. */
static CUresult reset(CUdevice device, CUresult (*call)(CUdevice))
{
	CUresult rc;

	if (!gb_process_is_on())
		return call(device);
	pthread_mutex_lock(&ends);
	rc = end_primary(device, call, true, always);
	pthread_mutex_unlock(&ends);
	return rc;
}

CUresult cuDevicePrimaryCtxRelease(CUdevice device)
{
	return release(device, GB_REAL(cuDevicePrimaryCtxRelease));
}

CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device)
{
	return release(device, GB_REAL(cuDevicePrimaryCtxRelease_v2));
}

CUresult cuDevicePrimaryCtxReset(CUdevice device)
{
	return reset(device, GB_REAL(cuDevicePrimaryCtxReset));
}

CUresult cuDevicePrimaryCtxReset_v2(CUdevice device)
{
	return reset(device, GB_REAL(cuDevicePrimaryCtxReset_v2));
}

static CUresult created(CUresult rc, CUcontext *context, CUdevice device)
{
	if (!rc && gb_process_is_on())
		gb_driver_context_add(*context, device, false);
	return rc;
}

CUresult cuCtxCreate_v2(CUcontext *context, unsigned int flags, CUdevice device)
{
	return created(GB_RETRY(GB_REAL(cuCtxCreate_v2)(context, flags, device)),
		       context, device);
}

CUresult cuCtxCreate_v3(CUcontext *context, CUexecAffinityParam *affinity,
			int count, unsigned int flags, CUdevice device)
{
	return created(GB_RETRY(GB_REAL(cuCtxCreate_v3)(context, affinity,
							count, flags, device)),
		       context, device);
}

CUresult cuCtxCreate_v4(CUcontext *context, CUctxCreateParams *params,
			unsigned int flags, CUdevice device)
{
	return created(
		GB_RETRY(GB_REAL(cuCtxCreate_v4)(context, params, flags, device)),
		context, device);
}

static int device_of(CUcontext context)
{
	CUcontext popped;
	int device;

	if (GB_REAL(cuCtxPushCurrent_v2)(context))
		return -1;
	device = gb_current_device();
	GB_REAL(cuCtxPopCurrent_v2)(&popped);
	return device;
}

static CUresult destroy(CUcontext context, int device, CUresult (*call)(CUcontext))
{
	CUresult rc;
	bool begun;

	pthread_mutex_lock(&ends);
	begun = begin_end(context, device);
	rc = call(context);
	finish_end(context, device, begun, !rc);
	pthread_mutex_unlock(&ends);
	return rc;
}

/* The device of a handle that means nothing cannot be told. */
#define DESTROY_HOOK(name)                                                     \
	CUresult name(CUcontext context)                                       \
	{                                                                      \
		int device = gb_process_is_on() ? device_of(context) : -1;     \
                                                                               \
		if (device < 0)                                                \
			return GB_REAL(name)(context);                         \
		return destroy(context, device, GB_REAL(name));                \
	}

DESTROY_HOOK(cuCtxDestroy)
DESTROY_HOOK(cuCtxDestroy_v2)

/* The current context's device may now use the peer's memory, or not. */
static void share(CUcontext peer, bool on)
{
	int owner = device_of(peer), user = gb_current_device();

	if (gb_process_is_on() && owner >= 0 && user >= 0)
		gb_engine_share(owner, user, on);
}

CUresult cuCtxEnablePeerAccess(CUcontext peer, unsigned int flags)
{
	CUresult rc = GB_REAL(cuCtxEnablePeerAccess)(peer, flags);

	if (!rc)
		share(peer, true);
	return rc;
}

CUresult cuCtxDisablePeerAccess(CUcontext peer)
{
	CUresult rc = GB_REAL(cuCtxDisablePeerAccess)(peer);

	if (!rc)
		share(peer, false);
	return rc;
}

static CUresult synchronized(CUresult rc)
{
	if (!rc && gb_process_is_on())
		gb_engine_idle(gb_current_device());
	return rc;
}

CUresult cuCtxSynchronize(void)
{
	return synchronized(GB_REAL(cuCtxSynchronize)());
}

CUresult cuCtxSynchronize_v2(CUcontext context)
{
	return synchronized(GB_REAL(cuCtxSynchronize_v2)(context));
}

CUresult cuCtxSetLimit(CUlimit limit, size_t value)
{
	return GB_RETRY(GB_REAL(cuCtxSetLimit)(limit, value));
}
