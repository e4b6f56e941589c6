/* SPDX-License-Identifier: GPL-2.0-only */
/* The operations of the fake driver on streams and tickets. */
#include <errno.h>

#include "fake_driver.h"
#include "fake_call.h"
#include "fake_stream.h"

int fake_op_send(uint64_t stream, uint64_t to, const void *pinned, uint64_t bytes)
{
	int error = fake_begin(FAKE_SEND);

	if (error)
		return fake_end(error);
	if (fake_is_captured(stream))
		return fake_end(-EBUSY);
	if (!fake_is_pinned((uint64_t)pinned, bytes))
		fake_fault("sending from memory that is not pinned");
	fake_stream_copy(stream, to, (uint64_t)pinned, bytes);
	return fake_end(0);
}

int fake_op_mark(uint64_t stream, gb_ticket *ticket)
{
	int error = fake_begin(FAKE_MARK);

	if (!error && fake_is_captured(stream))
		error = -EBUSY;
	*ticket = error ? 0 : fake_stream_mark(stream);
	return fake_end(error);
}

int fake_op_ticket_passed(gb_ticket ticket)
{
	fake_begin(FAKE_ANY);
	return fake_end(ticket ? fake_ticket_passed(ticket) : 1);
}

int fake_op_ticket_wait(gb_ticket ticket)
{
	int error = fake_begin(FAKE_WAIT);

	if (!error && ticket)
		fake_ticket_wait(ticket);
	return fake_end(error);
}

void fake_op_ticket_drop(gb_ticket ticket)
{
	fake_begin(FAKE_ANY);
	fake_ticket_drop(ticket);
	fake_end(0);
}

int fake_op_stream_create(int device, uint64_t *stream)
{
	int error = fake_begin(FAKE_STREAM);

	if (!error)
		*stream = fake_stream_create(device);
	return fake_end(error ? error : *stream ? 0 : -ENOMEM);
}

void fake_op_stream_destroy(uint64_t stream)
{
	fake_begin(FAKE_ANY);
	fake_stream_destroy(stream);
	fake_end(0);
}

/* Contexts are one a device; the legacy stream is of the first one's. */
int fake_op_stream_state(uint64_t stream, struct gb_stream_state *state)
{
	int error = fake_begin(FAKE_STREAM_STATE);

	if (!error && !stream)
		error = -EINVAL;
	if (!error)
		*state = (struct gb_stream_state){
			.context = (uint64_t)fake_stream_device(stream) + 1,
			.capture = fake_is_captured(stream) ? stream : 0,
		};
	return fake_end(error);
}

/* What would become part of a capture, in which nothing here belongs. */
static int begin_in(enum fake_op op, uint64_t stream)
{
	int error = fake_begin(op);

	return !error && fake_is_captured(stream) ? -EBUSY : error;
}

int fake_op_stream_wait(uint64_t stream, gb_ticket ticket)
{
	int error = begin_in(FAKE_STREAM_WAIT, stream);

	if (!error && ticket)
		fake_stream_wait(stream, ticket);
	return fake_end(error);
}

int fake_op_stream_copy(uint64_t stream, uint64_t to, uint64_t from, uint64_t bytes)
{
	int error = begin_in(FAKE_STREAM_COPY, stream);

	if (!error)
		fake_stream_copy(stream, to, from, bytes);
	return fake_end(error);
}

int fake_op_ticket_create(uint64_t stream, bool timed, gb_ticket *ticket)
{
	int error = fake_begin(FAKE_STREAM);

	*ticket = error ? 0 : fake_ticket_create();
	return fake_end(error);
}

int fake_op_ticket_record(gb_ticket ticket, uint64_t stream)
{
	int error = begin_in(FAKE_RECORD, stream);

	if (!error)
		fake_ticket_record(ticket, stream);
	return fake_end(error);
}

/* Work takes no time here, so that whoever divides by it shows. */
static uint64_t elapsed;

void fake_set_elapsed(uint64_t ns)
{
	elapsed = ns;
}

int fake_op_ticket_elapsed(gb_ticket from, gb_ticket to, uint64_t *ns)
{
	int error = fake_begin(FAKE_ELAPSED);

	if (!error && (fake_ticket_passed(from) != 1 || fake_ticket_passed(to) != 1))
		error = -EBUSY;
	*ns = elapsed;
	return fake_end(error);
}

int fake_op_reconcile_prepare(uint64_t stream)
{
	return fake_end(fake_begin(FAKE_RECONCILE));
}

int fake_op_reconcile(uint64_t stream, const struct gb_reconcile *job)
{
	int error = begin_in(FAKE_RECONCILE, stream);

	if (error)
		return fake_end(error);
	if ((job->copy | job->home) % GB_PAGE || job->hashes % 8 ||
	    (job->what == GB_RECONCILE_LEARN && job->verdict))
		fake_fault("an odd job: %#lx at %#lx", job->copy, job->home);
	if (job->verdict &&
	    !fake_is_pinned((uint64_t)job->verdict, sizeof(*job->verdict)))
		fake_fault("a verdict in memory that is not pinned");
	if (job->verdict && (job->verdict->pages || job->verdict->first))
		fake_fault("a verdict that was not zeroed");
	fake_stream_reconcile(stream, job);
	return fake_end(0);
}
