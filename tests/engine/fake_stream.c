/* SPDX-License-Identifier: GPL-2.0-only */
#include "fake_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake_driver.h"

#define STREAMS 16
#define TICKETS 4096

enum kind { COPY, WRITE, EXPECT, WAIT, RECONCILE };

struct work {
	struct work *next;
	enum kind kind;
	uint64_t to, from, bytes, seed;
	struct stream *until; /* WAIT: it has done seed pieces of work */
	struct gb_reconcile job;
};

struct stream {
	uint64_t number;
	bool created; /* by the engine */
	struct work *first, **last;
	uint64_t given, done; /* pieces of work */
};

struct ticket {
	bool used;
	struct stream *stream; /* NULL: not recorded yet */
	uint64_t position;     /* passed once the stream has done so many */
};

static struct {
	struct stream stream[STREAMS];
	struct ticket ticket[TICKETS];
	uint64_t dice;
} streams;

/* The first two are the default streams of device 0. */
uint64_t fake_stream(int device, int number)
{
	return (uint64_t)(device + 1) * 256 + (uint64_t)number;
}

static int device_of(const struct stream *stream)
{
	return stream->number < 256 ? 0 : (int)(stream->number / 256) - 1;
}

static struct stream *stream_of(uint64_t number)
{
	for (int i = 0; i < STREAMS; i++) {
		struct stream *stream = &streams.stream[i];

		if (!stream->number) {
			stream->number = number;
			stream->last = &stream->first;
		}
		if (stream->number == number)
			return stream;
	}
	abort();
}

static uint64_t pattern_word(uint64_t seed, uint64_t index)
{
	uint64_t word = (seed + index) * UINT64_C(0x9e3779b97f4a7c15);

	return (word ^ word >> 29) * (seed | 1);
}

static uint64_t roll(void)
{
	streams.dice = streams.dice * UINT64_C(6364136223846793005) + 1442695041;
	return streams.dice >> 33;
}

void fake_fill_pattern(void *memory, uint64_t offset, uint64_t bytes, uint64_t seed)
{
	char *to = memory;
	uint64_t i = 0;

	for (; i < bytes && (offset + i) % 8; i++)
		to[i] = (char)(pattern_word(seed, (offset + i) / 8) >>
			       8 * ((offset + i) % 8));
	for (; i + 8 <= bytes; i += 8) {
		uint64_t word = pattern_word(seed, (offset + i) / 8);

		memcpy(to + i, &word, 8);
	}
	for (; i < bytes; i++)
		to[i] = (char)(pattern_word(seed, (offset + i) / 8) >>
			       8 * ((offset + i) % 8));
}

int fake_copy(int device, uint64_t to, uint64_t from, uint64_t bytes)
{
	while (bytes) {
		uint64_t part = bytes;
		char *target = fake_resolve(device, to, &part);
		char *source = fake_resolve(device, from, &part);

		if (!target || !source) {
			fake_fault("GPU %d may not copy %#lx to %#lx", device,
				   from, to);
			return -EINVAL;
		}
		memcpy(target, source, part);
		to += part;
		from += part;
		bytes -= part;
	}
	return 0;
}

static void run_pattern(int device, const struct work *work)
{
	static char expected[65536];

	for (uint64_t done = 0; done < work->bytes;) {
		uint64_t part = work->bytes - done;
		char *at;

		if (part > sizeof(expected))
			part = sizeof(expected);
		at = fake_resolve(device, work->to + done, &part);
		if (!at) {
			fake_fault("a kernel on GPU %d met %#lx", device,
				   work->to + done);
			return;
		}
		if (work->kind == WRITE) {
			fake_fill_pattern(at, done, part, work->seed);
		} else {
			fake_fill_pattern(expected, done, part, work->seed);
			if (memcmp(at, expected, part)) {
				fake_fault("a kernel found wrong bytes in %#lx + %#lx",
					   work->to + done, part);
				return;
			}
		}
		done += part;
	}
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
	return (hash ^ word) * UINT64_C(0x100000001b3) + (hash >> 29);
}

/* A hash that any test's pages differ in; of four, which wait for none. */
static uint64_t hash_of(const uint64_t *page)
{
	uint64_t a = 1, b = 2, c = 3, d = 4;

	for (uint64_t i = 0; i < GB_PAGE / 8; i += 4) {
		a = mix(a, page[i]);
		b = mix(b, page[i + 1]);
		c = mix(c, page[i + 2]);
		d = mix(d, page[i + 3]);
	}
	return mix(mix(a, b), mix(c, d));
}

static void *find(int device, uint64_t address, uint64_t bytes)
{
	uint64_t piece = bytes;
	void *at = fake_resolve(device, address, &piece);

	if (at && piece == bytes)
		return at;
	fake_fault("reconciling on GPU %d meets %#lx", device, address);
	return NULL;
}

static void report(struct gb_verdict *verdict, uint32_t page)
{
	if (!verdict)
		return;
	verdict->pages++;
	if (!verdict->first || verdict->first > page + 1)
		verdict->first = page + 1;
}

static void run_page(int device, const struct gb_reconcile *job, uint32_t page)
{
	uint64_t offset = page * GB_PAGE;
	void *copy = find(device, job->copy + offset, GB_PAGE), *home;
	uint64_t *entry, hash;

	if (!copy)
		return;
	if (job->what == GB_RECONCILE_VERIFY) {
		home = find(device, job->home + offset, GB_PAGE);
		if (home && memcmp(copy, home, GB_PAGE))
			report(job->verdict, page);
		return;
	}
	entry = find(device, job->hashes + 8 * page, 8);
	hash = hash_of(copy);
	if (!entry || *entry == hash)
		return;
	*entry = hash;
	if (job->what == GB_RECONCILE_LEARN)
		return;
	home = find(device, job->home + offset, GB_PAGE);
	if (home)
		memcpy(home, copy, GB_PAGE);
	report(job->verdict, page);
}

static void run_reconcile(int device, const struct gb_reconcile *job)
{
	for (uint32_t page = 0; page < job->pages; page++)
		run_page(device, job, page);
}

static void run_until(struct stream *stream, uint64_t done);

static void run_one(struct stream *stream)
{
	struct work *work = stream->first;

	/* Only ever for what was given earlier: never for this. */
	if (work->kind == WAIT)
		run_until(work->until, work->seed);
	stream->first = work->next;
	if (!stream->first)
		stream->last = &stream->first;
	stream->done++;
	if (work->kind == COPY)
		fake_copy(device_of(stream), work->to, work->from, work->bytes);
	else if (work->kind == RECONCILE)
		run_reconcile(device_of(stream), &work->job);
	else if (work->kind != WAIT)
		run_pattern(device_of(stream), work);
	free(work);
}

static void run_until(struct stream *stream, uint64_t done)
{
	while (stream->done < done)
		run_one(stream);
}

void fake_stream_run_device(int device)
{
	for (int i = 0; i < STREAMS; i++) {
		struct stream *stream = &streams.stream[i];

		while (stream->first && device_of(stream) == device)
			run_one(stream);
	}
}

void fake_stream_seed(uint64_t seed)
{
	streams.dice = seed;
}

void fake_stream_roll(void)
{
	struct stream *stream;

	if (!streams.dice || roll() % 4)
		return;
	stream = &streams.stream[roll() % STREAMS];
	if (stream->first)
		run_one(stream);
}

static bool overlaps(uint64_t a, uint64_t a_bytes, uint64_t b, uint64_t b_bytes)
{
	return a < b + b_bytes && b < a + a_bytes;
}

static bool job_needs(const struct gb_reconcile *job, uint64_t address, uint64_t bytes)
{
	uint64_t all = job->pages * GB_PAGE;

	if (overlaps(address, bytes, job->copy, all))
		return true;
	if (job->what != GB_RECONCILE_LEARN &&
	    overlaps(address, bytes, job->home, all))
		return true;
	if (job->what != GB_RECONCILE_VERIFY &&
	    overlaps(address, bytes, job->hashes, 8 * job->pages))
		return true;
	return job->verdict && overlaps(address, bytes, (uint64_t)job->verdict,
					sizeof(*job->verdict));
}

static bool needs(const struct work *work, uint64_t address, uint64_t bytes)
{
	if (work->kind == RECONCILE)
		return job_needs(&work->job, address, bytes);
	if (work->kind == COPY && overlaps(address, bytes, work->from, work->bytes))
		return true;
	return work->kind != WAIT &&
	       overlaps(address, bytes, work->to, work->bytes);
}

bool fake_stream_needs(uint64_t address, uint64_t bytes)
{
	for (int i = 0; i < STREAMS; i++) {
		const struct work *work = streams.stream[i].first;

		for (; work; work = work->next)
			if (needs(work, address, bytes))
				return true;
	}
	return false;
}

static void give(uint64_t number, struct work work)
{
	struct stream *stream = stream_of(number);
	struct work *copy = malloc(sizeof(*copy));

	if (!copy)
		abort();
	*copy = work;
	*stream->last = copy;
	stream->last = &copy->next;
	stream->given++;
}

void fake_stream_copy(uint64_t stream, uint64_t to, uint64_t from, uint64_t bytes)
{
	give(stream,
	     (struct work){ .kind = COPY, .to = to, .from = from, .bytes = bytes });
}

void fake_stream_pattern(uint64_t stream, uint64_t address, uint64_t bytes,
			 uint64_t seed, bool expect)
{
	give(stream, (struct work){ .kind = expect ? EXPECT : WRITE,
				    .to = address,
				    .bytes = bytes,
				    .seed = seed });
}

int fake_stream_device(uint64_t stream)
{
	return device_of(stream_of(stream));
}

/* Does what comes behind so many pieces of work wait until @other has done its? */
static bool waits_for(const struct stream *stream, uint64_t pieces,
		      const struct stream *other, uint64_t others)
{
	const struct work *work = stream->first;

	for (uint64_t i = stream->done; work && i < pieces; i++, work = work->next)
		if (work->kind == WAIT &&
		    ((work->until == other && work->seed >= others) ||
		     waits_for(work->until, work->seed, other, others)))
			return true;
	return false;
}

/*
 * Two jobs on one copy undo each other's pages where they run at the same time,
 * which nothing does here: so that they cannot is seen to when one is given.
 */
static void check_turns(const struct stream *stream, uint64_t copy)
{
	for (int i = 0; i < STREAMS; i++) {
		const struct stream *other = &streams.stream[i];
		const struct work *work = other->first;

		for (uint64_t n = other->done; work; work = work->next)
			if (n++, other != stream && work->kind == RECONCILE &&
					 work->job.copy == copy &&
					 !waits_for(stream, stream->given, other, n))
				fake_fault("two jobs at once on the copy %#lx",
					   copy);
	}
}

void fake_stream_reconcile(uint64_t stream, const struct gb_reconcile *job)
{
	check_turns(stream_of(stream), job->copy);
	give(stream, (struct work){ .kind = RECONCILE, .job = *job });
}

/* Their numbers are above those that tests use. */
uint64_t fake_stream_create(int device)
{
	for (int n = 128; n < 256; n++) {
		struct stream *stream = stream_of(fake_stream(device, n));

		if (stream->created)
			continue;
		stream->created = true;
		return stream->number;
	}
	return 0;
}

void fake_stream_destroy(uint64_t number)
{
	struct stream *stream = stream_of(number);

	if (!stream->created)
		fake_fault("%#lx is not a stream of the engine's", number);
	run_until(stream, stream->given);
	stream->created = false;
}

static struct ticket *ticket_of(gb_ticket ticket)
{
	if (ticket && ticket <= TICKETS && streams.ticket[ticket - 1].used)
		return &streams.ticket[ticket - 1];
	fake_fault("%lu is not a ticket", ticket);
	return NULL;
}

gb_ticket fake_ticket_create(void)
{
	for (uint64_t i = 0; i < TICKETS; i++) {
		if (streams.ticket[i].used)
			continue;
		streams.ticket[i] = (struct ticket){ .used = true };
		return i + 1;
	}
	abort();
}

void fake_ticket_record(gb_ticket number, uint64_t stream)
{
	struct ticket *ticket = ticket_of(number);

	if (!ticket)
		return;
	ticket->stream = stream_of(stream);
	ticket->position = ticket->stream->given;
}

gb_ticket fake_stream_mark(uint64_t stream)
{
	gb_ticket ticket = fake_ticket_create();

	fake_ticket_record(ticket, stream);
	return ticket;
}

void fake_stream_wait(uint64_t stream, gb_ticket number)
{
	const struct ticket *ticket = ticket_of(number);

	if (ticket && ticket->stream)
		give(stream, (struct work){ .kind = WAIT,
					    .until = ticket->stream,
					    .seed = ticket->position });
}

int fake_ticket_passed(gb_ticket number)
{
	const struct ticket *ticket = ticket_of(number);

	if (!ticket)
		return -EINVAL;
	return !ticket->stream || ticket->stream->done >= ticket->position;
}

void fake_ticket_wait(gb_ticket number)
{
	const struct ticket *ticket = ticket_of(number);

	if (ticket && ticket->stream)
		run_until(ticket->stream, ticket->position);
}

void fake_ticket_drop(gb_ticket number)
{
	struct ticket *ticket = ticket_of(number);

	if (ticket)
		ticket->used = false;
}

void fake_stream_start(void)
{
	memset(&streams, 0, sizeof(streams));
}

void fake_stream_stop(void)
{
	for (int i = 0; i < TICKETS; i++)
		if (streams.ticket[i].used)
			fake_fault("ticket %d was not given back", i + 1);
	for (int i = 0; i < STREAMS; i++) {
		if (streams.stream[i].first)
			fake_fault("work is left in stream %#lx",
				   streams.stream[i].number);
		if (streams.stream[i].created)
			fake_fault("stream %#lx was not given back",
				   streams.stream[i].number);
	}
}
