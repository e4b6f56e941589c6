/* SPDX-License-Identifier: GPL-2.0-only */
/* Streams and tickets of staging, through the operations of the engine. */
#include <errno.h>
#include <pthread.h>

#include "staged.h"

CUresult cuStreamGetPriority(CUstream, int *);
CUresult cuStreamGetFlags(CUstream, unsigned int *);
CUresult cuStreamIsCapturing(CUstream, CUstreamCaptureStatus *);
CUresult cuGraphInstantiateWithFlags(CUgraphExec *, CUgraph, unsigned long long);

#define LEGACY	   UINT64_C(1)
#define PER_THREAD UINT64_C(2)

static uint64_t new_stream(void)
{
	CUstream stream;

	OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
	return (uint64_t)stream;
}

/* A host function that ends when the test says so. */
static _Atomic int gate;

static void wait_for_gate(void *data)
{
	while (!gate)
		usleep(100);
}

static void block(uint64_t stream)
{
	gate = 0;
	OK(cuLaunchHostFunc((CUstream)stream, wait_for_gate, NULL));
}

static void the_copy_stream_goes_before_others(void)
{
	CUcontext oldest = begin_on(0), context;
	unsigned int flags;
	uint64_t stream;
	int priority;

	begin_on(0);
	WANT(0, ops->stream_create(0, &stream));
	OK(cuStreamGetPriority((CUstream)stream, &priority));
	OK(cuStreamGetFlags((CUstream)stream, &flags));
	TRUE_(priority < 0 && flags == CU_STREAM_NON_BLOCKING);
	OK(gb_real.cuStreamGetCtx((CUstream)stream, &context));
	TRUE_(context == oldest);
	ops->stream_destroy(stream);
	WANT(CUDA_ERROR_INVALID_HANDLE, cuStreamQuery((CUstream)stream));
}

static CUcontext context_of(uint64_t stream)
{
	struct gb_stream_state state;

	WANT(0, ops->stream_state(stream, &state));
	return (CUcontext)state.context;
}

static void want_stream_in(CUcontext context)
{
	uint64_t stream;

	WANT(0, ops->stream_create(0, &stream));
	TRUE_(context_of(stream) == context);
	ops->stream_destroy(stream);
}

/* While it ends nothing begins in it; if it lives on it is the youngest. */
static void a_context_that_ends_gets_nothing_new(void)
{
	CUcontext first = begin_on(0), second = begin_on(0);
	uint64_t stream;
	void *memory;

	WANT(0, ops->host_alloc(4096, &memory));
	want_stream_in(first);
	gb_driver_context_ending(first);
	want_stream_in(second);
	gb_driver_context_ending(second);
	WANT(-EBUSY, ops->stream_create(0, &stream));
	WANT(0, ops->drain(0));
	ops->host_free(memory);
	gb_driver_context_away(first);
	gb_driver_context_back(first);
	want_stream_in(first);
	gb_driver_context_away(second);
	OK(cuCtxDestroy_v2(second));
	gb_driver_context_remove(second);
	WANT(0, ops->drain(0));
	want_stream_in(first);
	gb_driver_context_ending(first);
	gb_driver_context_away(first);
	OK(cuCtxDestroy_v2(first));
	gb_driver_context_remove(first);
	WANT(-EIO, ops->stream_create(0, &stream));
	WANT(0, ops->drain(0));
	WANT(-ENOENT, ops->host_unregister(4096));
}

static _Atomic bool drained;

static void *drain_it(void *unused)
{
	WANT(0, ops->drain(0));
	drained = true;
	return NULL;
}

/* Whoever would wait for it waits for what comes of it instead. */
static void nobody_visits_a_context_that_is_away(void)
{
	CUcontext context = begin_on(0);
	pthread_t thread;

	gb_driver_context_ending(context);
	gb_driver_context_away(context);
	pthread_create(&thread, NULL, drain_it, NULL);
	usleep(20000);
	TRUE_(!drained);
	OK(cuCtxDestroy_v2(context));
	gb_driver_context_remove(context);
	pthread_join(thread, NULL);
	TRUE_(drained);
}

static void a_device_without_context_has_no_stream(void)
{
	uint64_t stream;

	begin_on(0);
	WANT(-EIO, ops->stream_create(1, &stream));
}

static void no_stream_without_memory(void)
{
	uint64_t stream;

	begin_on(0);
	WANT(-ENOMEM, ops->stream_create(0, &stream));
	WANT(0, ops->stream_create(0, &stream));
}

static void a_state_names_the_context(void)
{
	struct gb_stream_state state;
	CUcontext first = begin_on(0), second;
	uint64_t stream = new_stream();

	second = begin_on(0);
	WANT(0, ops->stream_state(stream, &state));
	TRUE_(state.context == (uint64_t)first && !state.capture);
	WANT(0, ops->stream_state(LEGACY, &state));
	TRUE_(state.context == (uint64_t)second && !state.capture);
	WANT(0, ops->stream_state(PER_THREAD, &state));
	TRUE_(state.context == (uint64_t)second && !state.capture);
	WANT(-EINVAL, ops->stream_state((uint64_t)&state, &state));
}

static void begin_capture(uint64_t stream)
{
	gb_driver_capture_begin(stream);
	OK(cuStreamBeginCapture_v2((CUstream)stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
}

static CUgraphExec end_capture(uint64_t stream)
{
	CUgraphExec exec;
	CUgraph graph;

	OK(cuStreamEndCapture((CUstream)stream, &graph));
	gb_driver_capture_end(stream);
	OK(cuGraphInstantiateWithFlags(&exec, graph, 0));
	return exec;
}

static void want_capture_numbers(void)
{
	struct gb_stream_state first, second, other, legacy;
	CUcontext context = begin_on(0);
	uint64_t a = new_stream(), b = new_stream();
	gb_ticket ticket;

	/* One more stream joins the capture; the legacy one never does. */
	begin_capture(a);
	WANT(0, ops->ticket_create(a, false, &ticket));
	WANT(0, ops->ticket_record(ticket, a));
	WANT(0, ops->stream_wait(b, ticket));
	WANT(0, ops->stream_state(a, &first));
	WANT(0, ops->stream_state(b, &second));
	TRUE_(first.capture && first.capture == second.capture);
	TRUE_(first.context == (uint64_t)context);
	WANT(0, ops->stream_state(LEGACY, &legacy));
	TRUE_(!legacy.capture);
	WANT(0, ops->ticket_record(ticket, b));
	WANT(0, ops->stream_wait(a, ticket));
	end_capture(a);
	WANT(0, ops->stream_state(a, &other));
	TRUE_(!other.capture);
	begin_capture(b);
	WANT(0, ops->stream_state(b, &other));
	TRUE_(other.capture && other.capture != first.capture);
	end_capture(b);
}

static void a_state_numbers_captures(void)
{
	want_capture_numbers();
}

static void an_older_driver_numbers_captures_too(void)
{
	real_remove(&gb_real.cuStreamGetCaptureInfo_v2);
	want_capture_numbers();
}

static void a_broken_capture_has_a_number_too(void)
{
	struct gb_stream_state state;
	uint64_t stream;

	begin_on(0);
	stream = new_stream();
	begin_capture(stream);
	WANT(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, cuCtxSynchronize());
	WANT(0, ops->stream_state(stream, &state));
	TRUE_(state.capture == UINT64_MAX);
}

/* A capture in one blocking stream leaves the legacy stream without an answer. */
static void the_legacy_stream_has_a_state_during_captures(void)
{
	CUstreamCaptureStatus status;
	struct gb_stream_state state;
	CUstream stream;

	begin_on(0);
	OK(cuStreamCreate(&stream, CU_STREAM_DEFAULT));
	begin_capture((uint64_t)stream);
	WANT(CUDA_ERROR_STREAM_CAPTURE_IMPLICIT,
	     cuStreamIsCapturing(CU_STREAM_LEGACY, &status));
	WANT(0, ops->stream_state(LEGACY, &state));
	TRUE_(!state.capture);
	end_capture((uint64_t)stream);
}

static void a_ticket_has_passed_until_it_is_recorded(void)
{
	gb_ticket ticket;
	uint64_t stream;

	begin_on(0);
	stream = new_stream();
	WANT(0, ops->ticket_create(stream, false, &ticket));
	WANT(1, ops->ticket_passed(ticket));
	WANT(0, ops->stream_wait(stream, ticket));
	block(stream);
	WANT(0, ops->ticket_record(ticket, stream));
	WANT(0, ops->ticket_passed(ticket));
	gate = 1;
	WANT(0, ops->ticket_wait(ticket));
	WANT(1, ops->ticket_passed(ticket));
	ops->ticket_drop(ticket);
}

static void the_ticket_of_nothing_has_passed(void)
{
	begin_on(0);
	WANT(1, ops->ticket_passed(0));
	WANT(0, ops->ticket_wait(0));
	WANT(0, ops->stream_wait(new_stream(), 0));
	ops->ticket_drop(0);
}

/* The value that is copied tells which of two things came first. */
static void a_stream_waits_for_the_last_record(void)
{
	uint64_t a, b, one, two;
	gb_ticket ticket;
	CUdeviceptr at;

	begin_on(0);
	a = new_stream();
	b = new_stream();
	at = words(2, 0);
	one = words(2, 1);
	two = words(2, 2);
	WANT(0, ops->ticket_create(a, false, &ticket));
	WANT(0, ops->ticket_record(ticket, a));
	WANT(0, ops->ticket_wait(ticket));
	block(a);
	WANT(0, ops->stream_copy(a, at, one, 8));
	WANT(0, ops->ticket_record(ticket, a));
	WANT(0, ops->stream_wait(b, ticket));
	WANT(0, ops->stream_copy(b, at, two, 8));
	gate = 1;
	finish(b);
	TRUE_(word(at) == 2);
	finish(a);
	TRUE_(word(at) == 2);
}

/* A record that comes after the wait is none of the waiting stream's business. */
static void a_stream_does_not_wait_for_a_later_record(void)
{
	uint64_t a, b;
	gb_ticket ticket;

	begin_on(0);
	a = new_stream();
	b = new_stream();
	WANT(0, ops->ticket_create(a, false, &ticket));
	WANT(0, ops->ticket_record(ticket, a));
	WANT(0, ops->stream_wait(b, ticket));
	block(a);
	WANT(0, ops->ticket_record(ticket, a));
	finish(b);
	WANT(0, ops->ticket_passed(ticket));
	gate = 1;
	finish(a);
}

static void tickets_are_waited_for_across_contexts(void)
{
	CUcontext second, current;
	gb_ticket ticket;
	CUdeviceptr at;
	uint64_t a, b;

	begin_on(0);
	a = new_stream();
	at = words(4, 3);
	second = begin_on(1);
	b = new_stream();
	WANT(0, ops->ticket_create(a, false, &ticket));
	block(a);
	WANT(0, ops->stream_copy(a, at, at + 8, 4));
	WANT(0, ops->ticket_record(ticket, a));
	WANT(0, ops->stream_wait(b, ticket));
	OK(cuCtxGetCurrent(&current));
	TRUE_(current == second);
	WANT(CUDA_ERROR_NOT_READY, cuStreamQuery((CUstream)b));
	gate = 1;
	finish(b);
	WANT(1, ops->ticket_passed(ticket));
}

static void *use_default_streams(void *context)
{
	gb_ticket ticket;

	OK(cuCtxSetCurrent(context));
	for (uint64_t stream = LEGACY; stream <= PER_THREAD; stream++) {
		WANT(0, ops->ticket_create(stream, false, &ticket));
		WANT(0, ops->ticket_record(ticket, stream));
		WANT(0, ops->stream_wait(stream, ticket));
		WANT(0, ops->ticket_wait(ticket));
		ops->ticket_drop(ticket);
	}
	return NULL;
}

/* Those of the thread's current context, and of the thread. */
static void default_streams_are_the_threads(void)
{
	CUcontext first = begin_on(0);
	gb_ticket ticket;
	pthread_t thread;

	begin_on(0);
	block(PER_THREAD);
	WANT(0, ops->ticket_create(PER_THREAD, false, &ticket));
	WANT(0, ops->ticket_record(ticket, PER_THREAD));
	pthread_create(&thread, NULL, use_default_streams, first);
	pthread_join(thread, NULL);
	WANT(0, ops->ticket_passed(ticket));
	gate = 1;
	WANT(0, ops->ticket_wait(ticket));
	use_default_streams(first);
}

static void a_default_stream_needs_a_context(void)
{
	gb_ticket ticket;

	begin_on(0);
	OK(cuCtxSetCurrent(NULL));
	WANT(-ENOENT, ops->ticket_create(LEGACY, false, &ticket));
	TRUE_(!ticket);
}

static void tickets_tell_the_time(void)
{
	gb_ticket from, to, plain;
	CUdeviceptr at;
	uint64_t stream, ns;

	begin_on(0);
	stream = new_stream();
	at = words(64 << 20, 0); /* 256 MiB */
	WANT(0, ops->ticket_create(stream, true, &from));
	WANT(0, ops->ticket_create(stream, true, &to));
	WANT(0, ops->ticket_create(stream, false, &plain));
	WANT(-EINVAL, ops->ticket_elapsed(from, to, &ns));
	WANT(0, ops->ticket_record(from, stream));
	WANT(0, ops->stream_copy(stream, at, at + (128 << 20), 128 << 20));
	block(stream);
	WANT(0, ops->ticket_record(to, stream));
	WANT(-EBUSY, ops->ticket_elapsed(from, to, &ns));
	gate = 1;
	WANT(0, ops->ticket_wait(to));
	WANT(0, ops->ticket_elapsed(from, to, &ns));
	/* 128 MiB, to where they came from: 10 us to 10 ms on any GPU. */
	TRUE_(ns > 10000 && ns < 10000000);
	WANT(0, ops->ticket_record(plain, stream));
	WANT(0, ops->ticket_wait(plain));
	WANT(-EINVAL, ops->ticket_elapsed(from, plain, &ns));
}

/* All four in a capture: nothing happens until the graph runs, then all does. */
static void all_become_part_of_a_capture(void)
{
	CUstreamCaptureStatus status;
	CUdeviceptr at, one;
	gb_ticket fork, join;
	uint64_t a, b;
	CUgraphExec exec;

	begin_on(0);
	a = new_stream();
	b = new_stream();
	at = words(4, 0);
	one = words(4, 1);
	begin_capture(a);
	WANT(0, ops->ticket_create(a, false, &fork));
	WANT(0, ops->ticket_create(b, false, &join));
	WANT(0, ops->ticket_record(fork, a));
	WANT(0, ops->stream_wait(b, fork));
	WANT(0, ops->stream_copy(b, at, one, 4));
	WANT(0, ops->ticket_record(join, b));
	WANT(-EBUSY, ops->ticket_passed(join));
	WANT(-EBUSY, ops->ticket_wait(join));
	WANT(0, ops->stream_wait(a, join));
	WANT(0, ops->stream_copy(a, at + 4, at, 4));
	OK(cuStreamIsCapturing((CUstream)a, &status));
	TRUE_(status == CU_STREAM_CAPTURE_STATUS_ACTIVE);
	exec = end_capture(a);
	TRUE_(word(at + 4) == 0);
	OK(cuGraphLaunch(exec, (CUstream)a));
	finish(a);
	TRUE_(word(at + 4) == 1);
}

/* What is outside of a capture cannot be waited for in it: that breaks it. */
static void a_capture_cannot_wait_for_what_is_outside(void)
{
	gb_ticket ticket;
	uint64_t a, b;

	begin_on(0);
	a = new_stream();
	b = new_stream();
	WANT(0, ops->ticket_create(b, false, &ticket));
	WANT(0, ops->ticket_record(ticket, b));
	begin_capture(a);
	WANT(-EBUSY, ops->stream_wait(a, ticket));
}

static void copies_that_fail_say_so(void)
{
	CUdeviceptr at;
	uint64_t stream;

	begin_on(0);
	stream = new_stream();
	at = words(4, 0);
	WANT(-EINVAL, ops->stream_copy(stream, at, at + (UINT64_C(1) << 40), 4));
	WANT(-EINVAL, ops->stream_copy((uint64_t)&at, at, at + 4, 4));
}

SCENARIO(the_copy_stream_goes_before_others, "GREENBOOST_SIM_STALE=error")
SCENARIO(a_context_that_ends_gets_nothing_new, NULL)
SCENARIO(nobody_visits_a_context_that_is_away, NULL)
SCENARIO(a_device_without_context_has_no_stream, NULL)
SCENARIO(no_stream_without_memory,
	 "GREENBOOST_SIM_FAIL=cuStreamCreateWithPriority:1:2")
SCENARIO(a_state_names_the_context, NULL)
SCENARIO(a_state_numbers_captures, NULL)
SCENARIO(an_older_driver_numbers_captures_too, NULL)
SCENARIO(a_broken_capture_has_a_number_too, NULL)
SCENARIO(the_legacy_stream_has_a_state_during_captures, NULL)
SCENARIO(a_ticket_has_passed_until_it_is_recorded, NULL)
SCENARIO(the_ticket_of_nothing_has_passed, NULL)
SCENARIO(a_stream_waits_for_the_last_record, NULL)
SCENARIO(a_stream_does_not_wait_for_a_later_record, NULL)
SCENARIO(tickets_are_waited_for_across_contexts, "GREENBOOST_SIM_DEVICES=2")
SCENARIO(default_streams_are_the_threads, NULL)
SCENARIO(a_default_stream_needs_a_context, NULL)
SCENARIO(tickets_tell_the_time, "GREENBOOST_SIM_PROFILE=h200")
SCENARIO(all_become_part_of_a_capture, NULL)
SCENARIO(a_capture_cannot_wait_for_what_is_outside, NULL)
SCENARIO(copies_that_fail_say_so, NULL)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_copy_stream_goes_before_others),
		cmocka_unit_test(test_a_context_that_ends_gets_nothing_new),
		cmocka_unit_test(test_nobody_visits_a_context_that_is_away),
		cmocka_unit_test(test_a_device_without_context_has_no_stream),
		cmocka_unit_test(test_no_stream_without_memory),
		cmocka_unit_test(test_a_state_names_the_context),
		cmocka_unit_test(test_a_state_numbers_captures),
		cmocka_unit_test(test_an_older_driver_numbers_captures_too),
		cmocka_unit_test(test_a_broken_capture_has_a_number_too),
		cmocka_unit_test(test_the_legacy_stream_has_a_state_during_captures),
		cmocka_unit_test(test_a_ticket_has_passed_until_it_is_recorded),
		cmocka_unit_test(test_the_ticket_of_nothing_has_passed),
		cmocka_unit_test(test_a_stream_waits_for_the_last_record),
		cmocka_unit_test(test_a_stream_does_not_wait_for_a_later_record),
		cmocka_unit_test(test_tickets_are_waited_for_across_contexts),
		cmocka_unit_test(test_default_streams_are_the_threads),
		cmocka_unit_test(test_a_default_stream_needs_a_context),
		cmocka_unit_test(test_tickets_tell_the_time),
		cmocka_unit_test(test_all_become_part_of_a_capture),
		cmocka_unit_test(test_a_capture_cannot_wait_for_what_is_outside),
		cmocka_unit_test(test_copies_that_fail_say_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
