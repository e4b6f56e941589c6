// SPDX-License-Identifier: GPL-2.0-only
#include "nvme.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../engine/lock.h"
#include "../engine/stats.h"
#include "../log.h"

/* Constant while the engine lives. */
static struct gb_store *store;

/*
 * A stretch of an allocation and where it is on a disk. Those of the spill file
 * are in whole pages, so their ends may be in others too, with the same bytes.
 * Zeros are nowhere: allocators take more than they fill, and fresh memory has
 * nothing else.
 */
struct part {
	uint64_t from, bytes;
	struct gb_stored *stored; /* NULL: zeros */
};

struct gb_parts {
	uint32_t count;
	struct part part[]; /* by address */
};

/* Each byte is its neighbour's like, and the first is zero. */
static bool is_zero(const char *memory, uint64_t bytes)
{
	return !memory[0] && !memcmp(memory, memory + 1, bytes - 1);
}

int gb_nvme_open(const char *directory, uint64_t bytes, uint64_t writes)
{
	int error = gb_store_create(&store, &(struct gb_store_setup){
						    .directory = directory,
						    .capacity = bytes,
						    .writes = writes,
					    });

	if (!error)
		return 0;
	store = NULL;
	errno = -error;
	gb_log_warn("no memory on NVMe: %s: %m", directory);
	return error;
}

void gb_nvme_close(void)
{
	gb_store_destroy(store);
	store = NULL;
}

void gb_nvme_fork_child(void)
{
	/* It stays, closed: what the child frees may name it. */
	if (store)
		gb_store_fork_child(store);
}

bool gb_nvme_is_open(void)
{
	return store != NULL;
}

static void part_drop(struct gb_parts *parts, uint32_t i)
{
	gb_store_drop(store, parts->part[i].stored);
	parts->count--;
	memmove(&parts->part[i], &parts->part[i + 1],
		(parts->count - i) * sizeof(parts->part[0]));
}

/* -ENOMEM: @part is still the caller's. */
static int part_add(struct gb_allocation *allocation, struct part part)
{
	uint32_t count = allocation->parts ? allocation->parts->count : 0,
		 at = count;
	struct gb_parts *parts =
		realloc(allocation->parts,
			sizeof(*parts) + (count + 1) * sizeof(parts->part[0]));

	if (!parts)
		return -ENOMEM;
	while (at > 0 && parts->part[at - 1].from > part.from)
		at--;
	memmove(&parts->part[at + 1], &parts->part[at],
		(count - at) * sizeof(parts->part[0]));
	parts->part[at] = part;
	parts->count = count + 1;
	allocation->parts = parts;
	return 0;
}

/* What is about to be there in another version. */
static void drop_overlapping(struct gb_parts *parts, uint64_t from, uint64_t bytes)
{
	for (uint32_t i = parts ? parts->count : 0; i-- > 0;)
		if (parts->part[i].from < from + bytes &&
		    from < parts->part[i].from + parts->part[i].bytes)
			part_drop(parts, i);
}

void gb_nvme_remember(struct gb_allocation *allocation, uint64_t offset,
		      const void *source, uint64_t bytes)
{
	struct part part = { .from = offset, .bytes = bytes };
	struct gb_job job = { .done = NULL };

	assert(gb_locked);
	drop_overlapping(allocation->parts, offset, bytes);
	if (gb_store_remember(store, source, source, bytes, &job, &part.stored))
		return;
	if (gb_store_wait(&job) || part_add(allocation, part))
		gb_store_drop(store, part.stored);
}

static bool matches(const struct part *part, const char *memory)
{
	if (!part->stored)
		return is_zero(memory, part->bytes);
	return gb_store_still_has(part->stored) &&
	       gb_store_matches(part->stored, memory);
}

/* Parts that are not what the memory is, or that may not be had any more. */
static void drop_outdated(const struct gb_allocation *allocation)
{
	struct gb_parts *parts = allocation->parts;

	for (uint32_t i = parts ? parts->count : 0; i-- > 0;) {
		const struct part *part = &parts->part[i];

		if (!matches(part, (const char *)(allocation->address + part->from)))
			part_drop(parts, i);
	}
}

/* The first stretch from @from on that no part has; false: there is none. */
static bool next_gap(const struct gb_allocation *allocation, uint64_t from,
		     uint64_t *begin, uint64_t *end)
{
	const struct gb_parts *parts = allocation->parts;

	*begin = from;
	*end = allocation->size;
	for (uint32_t i = 0; i < (parts ? parts->count : 0); i++) {
		const struct part *part = &parts->part[i];

		if (part->from > *begin) {
			*end = gb_min(part->from, *end);
			break;
		}
		if (part->from + part->bytes > *begin)
			*begin = part->from + part->bytes;
	}
	return *begin < *end;
}

/* Puts the pages that the stretch is in into the spill file. */
static int put(struct gb_allocation *allocation, uint64_t begin, uint64_t end,
	       enum gb_store_why why)
{
	struct part part = { .from = begin & ~(GB_STORE_PAGE - 1) };
	struct gb_job job = { .done = NULL };
	int error;

	part.bytes = ((end + GB_STORE_PAGE - 1) & ~(GB_STORE_PAGE - 1)) - part.from;
	error = gb_store_put(store, (const void *)(allocation->address + part.from),
			     part.bytes, why, &job, &part.stored);
	if (error)
		return error;
	error = gb_store_wait(&job);
	if (!error)
		error = part_add(allocation, part);
	if (error)
		gb_store_drop(store, part.stored);
	return error;
}

static uint64_t page_end(uint64_t at, uint64_t end)
{
	return gb_min((at | (GB_STORE_PAGE - 1)) + 1, end);
}

/* Where the zeros at @begin, or what is none, are over; in pages, or at @end. */
static uint64_t end_of_run(const char *memory, uint64_t begin, uint64_t end,
			   bool *zero)
{
	uint64_t at = page_end(begin, end);

	*zero = is_zero(memory + begin, at - begin);
	while (at < end && is_zero(memory + at, page_end(at, end) - at) == *zero)
		at = page_end(at, end);
	return at;
}

static int keep_gap(struct gb_allocation *allocation, uint64_t begin,
		    uint64_t end, bool write, enum gb_store_why why)
{
	const char *memory = (const char *)allocation->address;
	int error = 0;

	while (!error && begin < end) {
		struct part part = { .from = begin };
		bool zero;

		begin = end_of_run(memory, begin, end, &zero);
		part.bytes = begin - part.from;
		if (zero)
			error = part_add(allocation, part);
		else
			error = write ? put(allocation, part.from, begin, why)
				      : -EDQUOT;
	}
	return error;
}

static int keep_gaps(struct gb_allocation *allocation, bool write,
		     enum gb_store_why why)
{
	uint64_t begin = 0, end = 0;
	int error = 0;

	while (!error && next_gap(allocation, end, &begin, &end))
		error = keep_gap(allocation, begin, end, write, why);
	return error;
}

int gb_nvme_keep(struct gb_allocation *allocation, bool write, enum gb_store_why why)
{
	int error = 0;

	assert(gb_locked);
	assert(!allocation->away);
	/* A no that needs no look at all of it: under pressure it is asked often. */
	if (!write)
		error = keep_gaps(allocation, false, why);
	if (error)
		return error;
	drop_outdated(allocation);
	return keep_gaps(allocation, write, why);
}

uint64_t gb_nvme_give_space(struct gb_allocation *allocation)
{
	struct gb_parts *parts = allocation->parts;
	uint64_t bytes = 0;

	assert(gb_locked);
	assert(!allocation->away);
	for (uint32_t i = parts ? parts->count : 0; i-- > 0;) {
		const struct part *part = &parts->part[i];

		if (!part->stored || !gb_store_was_put(part->stored))
			continue;
		bytes += part->bytes;
		part_drop(parts, i);
	}
	return bytes;
}

void gb_nvme_forget(struct gb_allocation *allocation)
{
	struct gb_parts *parts = allocation->parts;

	while (parts && parts->count)
		part_drop(parts, parts->count - 1);
	free(parts);
	allocation->parts = NULL;
}

static uint32_t count_pieces(const struct gb_parts *parts)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < parts->count; i++)
		count += (parts->part[i].bytes + GB_NVME_PIECE - 1) / GB_NVME_PIECE;
	return (uint32_t)count;
}

/* What of the parts has been begun so far: where the next piece is. */
struct place {
	uint32_t part;
	uint64_t at;
};

static int begin_piece(const struct gb_parts *parts, struct place *place,
		       char *memory, enum gb_store_why why,
		       struct gb_nvme_read *read)
{
	const struct part *part = &parts->part[place->part];
	uint64_t at = place->at;

	read->from = part->from + at;
	read->bytes = gb_min(part->bytes - at, GB_NVME_PIECE);
	place->at += read->bytes;
	if (place->at == part->bytes)
		*place = (struct place){ .part = place->part + 1 };
	if (!part->stored) {
		memset(memory + read->from, 0, read->bytes);
		read->waited = true;
		return 0;
	}
	return gb_store_get(store, part->stored, at, read->bytes,
			    memory + read->from, why, &read->job);
}

int gb_nvme_begin(const struct gb_allocation *allocation, char *memory,
		  enum gb_store_why why, struct gb_nvme_read **reads,
		  uint32_t *count)
{
	const struct gb_parts *parts = allocation->parts;
	uint64_t bytes = gb_nvme_bytes(allocation);
	struct place place = { 0 };
	int error = 0;

	*count = count_pieces(parts);
	*reads = calloc(*count + 1, sizeof(**reads)); /* none is fine */
	if (!*reads)
		return -ENOMEM;
	/* Behind what the program asked for, which no part may have. */
	memset(memory + allocation->size, 0, bytes - allocation->size);
	for (uint32_t i = 0; i < *count; i++) {
		error = begin_piece(parts, &place, memory, why, &(*reads)[i]);
		if (!error)
			continue;
		gb_nvme_finish(*reads, i);
		*reads = NULL;
		break;
	}
	return error;
}

int gb_nvme_wait(struct gb_nvme_read *read)
{
	if (!read->waited)
		read->error = gb_store_wait(&read->job);
	read->waited = true;
	return read->error;
}

int gb_nvme_finish(struct gb_nvme_read *reads, uint32_t count)
{
	int first = 0;

	for (uint32_t i = 0; i < count; i++) {
		int error = gb_nvme_wait(&reads[i]);

		if (!first)
			first = error;
	}
	free(reads);
	return first;
}

int gb_nvme_fetch(const struct gb_allocation *allocation, char *memory,
		  enum gb_store_why why)
{
	struct gb_nvme_read *reads;
	uint32_t count;
	int error = gb_nvme_begin(allocation, memory, why, &reads, &count);

	return error ? error : gb_nvme_finish(reads, count);
}

static uint64_t sum(const uint64_t *by_whom)
{
	uint64_t all = 0;

	for (int i = 0; i < GB_STORE_WHYS; i++)
		all += by_whom[i];
	return all;
}

static uint64_t rate(uint64_t bytes, uint64_t ns)
{
	return ns ? (uint64_t)((double)bytes * 1e9 / (double)ns) : 0;
}

void gb_nvme_tell(struct gb_stats *page)
{
	struct gb_store_stats stats;

	if (!store || !page)
		return;
	gb_store_get_stats(store, &stats);
	gb_stats_set(&page->nvme_file, stats.used);
	/* To compare with what was uploaded is no reading back. */
	gb_stats_set(&page->nvme_read,
		     sum(stats.read) - stats.read[GB_STORE_REMEMBER]);
	gb_stats_set(&page->nvme_written, sum(stats.written));
	gb_stats_set(&page->nvme_writes_left, stats.writes_left);
	gb_stats_set(&page->nvme_rate,
		     rate(stats.queue.bytes[0], stats.queue.busy_ns[0]));
	gb_stats_set(&page->nvme_failures,
		     stats.queue.failures[0] + stats.queue.failures[1]);
}
