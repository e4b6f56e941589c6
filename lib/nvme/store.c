// SPDX-License-Identifier: GPL-2.0-only
#include "store.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../log.h"
#include "hash.h"
#include "source.h"

struct gb_stored {
	struct gb_source *source; /* NULL: the spill file has it */
	uint64_t offset;	  /* in the file */
	uint64_t bytes;
	/* Of each page; written by one job, read by others after it. */
	uint64_t hash[];
};

struct gb_store {
	pthread_mutex_t lock;	/* guards all below but what is constant */
	struct gb_spill spill;	/* its descriptor is constant */
	struct gb_list sources; /* of gb_source */
	uint64_t remembered;
	uint64_t writes_left;

	/* Counted by the queue's threads, without the lock. */
	_Atomic uint64_t read[GB_STORE_WHYS], written[GB_STORE_WHYS];
	_Atomic uint64_t corrupt, stale;

	/* Constant. */
	struct gb_queue *queue;
	pid_t pid;
};

static bool is_ours(const struct gb_store *store)
{
	return getpid() == store->pid;
}

static void count(_Atomic uint64_t *counter, uint64_t add)
{
	atomic_fetch_add_explicit(counter, add, memory_order_relaxed);
}

static uint64_t *hash_at(const struct gb_job *job, uint64_t at)
{
	return &job->stored->hash[(job->from + at) / GB_STORE_PAGE];
}

static uint64_t page_bytes(uint64_t at, uint64_t bytes)
{
	return bytes - at < GB_STORE_PAGE ? bytes - at : GB_STORE_PAGE;
}

static struct gb_job *job_of(struct gb_io *io)
{
	return gb_container_of(io, struct gb_job, io);
}

/* Takes the checksums of a part before it goes to the disk. */
static int hash_part(struct gb_io *io, uint64_t at, const void *memory, uint64_t bytes)
{
	struct gb_job *job = job_of(io);

	for (uint64_t i = 0; i < bytes; i += GB_STORE_PAGE)
		*hash_at(job, at + i) =
			gb_hash((const char *)memory + i, page_bytes(i, bytes));
	count(&job->store->written[job->why], bytes);
	return 0;
}

static int complain(const struct gb_job *job, uint64_t at)
{
	const struct gb_source *source = job->stored->source;
	unsigned long long offset = job->io.offset + at;

	if (!source) {
		count(&job->store->corrupt, 1);
		gb_log_error("the spill file has other bytes at %llu than were written there",
			     offset);
		return -EILSEQ;
	}
	count(&job->store->stale, 1);
	gb_log_error("%s has other bytes at %llu than when it was loaded%s",
		     source->path, offset,
		     gb_source_has_changed(source) ? ": it was changed since" : "");
	return -ESTALE;
}

static int verify_part(struct gb_io *io, uint64_t at, const void *memory,
		       uint64_t bytes)
{
	struct gb_job *job = job_of(io);

	count(&job->store->read[job->why], bytes);
	for (uint64_t i = 0; i < bytes; i += GB_STORE_PAGE)
		if (*hash_at(job, at + i) !=
		    gb_hash((const char *)memory + i, page_bytes(i, bytes)))
			return complain(job, at + i);
	return 0;
}

/* Of a file that is to be remembered: does it have what the memory has? */
static int compare_part(struct gb_io *io, uint64_t at, const void *memory,
			uint64_t bytes)
{
	struct gb_job *job = job_of(io);

	count(&job->store->read[job->why], bytes);
	if (memcmp(memory, job->memory + at, bytes))
		return -ESTALE;
	for (uint64_t i = 0; i < bytes; i += GB_STORE_PAGE)
		*hash_at(job, at + i) =
			gb_hash((const char *)memory + i, page_bytes(i, bytes));
	return 0;
}

/* The result of the request as that of the job, with a line in the log. */
static int conclude(const struct gb_job *job, int error)
{
	const struct gb_source *source = job->stored->source;
	bool own = error == -ESTALE || error == -EILSEQ;

	if (!error || own)
		return error; /* said already, where it was found */
	if (source && error == -ENODATA) {
		gb_log_error("%s is shorter than when it was loaded", source->path);
		return -ESTALE;
	}
	errno = -error;
	gb_log_error("cannot %s %llu KiB at %llu of %s (%m)",
		     job->io.write ? "write" : "read",
		     (unsigned long long)(job->io.bytes >> 10),
		     (unsigned long long)job->io.offset,
		     source ? source->path : "the spill file");
	return error == -ENODATA ? -EIO : error;
}

static void io_done(struct gb_io *io)
{
	struct gb_job *job = job_of(io);

	job->done(job, conclude(job, io->error));
}

int gb_store_wait(struct gb_job *job)
{
	return conclude(job, gb_queue_wait(job->store->queue, &job->io));
}

bool gb_store_is_over(struct gb_job *job)
{
	return gb_io_has_ended(&job->io);
}

static int begin(struct gb_store *store, struct gb_stored *stored,
		 enum gb_store_why why, struct gb_job *job)
{
	job->store = store;
	job->stored = stored;
	job->why = why;
	job->io.done = job->done ? io_done : NULL;
	job->io.urgent = why == GB_STORE_LAUNCH;
	return gb_queue_submit(store->queue, &job->io);
}

void gb_store_drop(struct gb_store *store, struct gb_stored *stored)
{
	if (!stored)
		return;
	/* A child has a copy of this struct, and no part in what it names. */
	if (is_ours(store)) {
		pthread_mutex_lock(&store->lock);
		if (stored->source) {
			gb_source_put(stored->source);
			store->remembered -= stored->bytes;
		} else {
			gb_spill_give(&store->spill, stored->offset, stored->bytes);
		}
		pthread_mutex_unlock(&store->lock);
	}
	free(stored);
}

static int begin_or_drop(struct gb_store *store, struct gb_stored **stored,
			 enum gb_store_why why, struct gb_job *job)
{
	int error = begin(store, *stored, why, job);

	if (!error)
		return 0;
	gb_store_drop(store, *stored);
	*stored = NULL;
	return error;
}

static struct gb_stored *stored_create(uint64_t bytes)
{
	uint64_t pages = (bytes + GB_STORE_PAGE - 1) / GB_STORE_PAGE;
	struct gb_stored *stored;

	stored = calloc(1, sizeof(*stored) + pages * sizeof(stored->hash[0]));
	if (stored)
		stored->bytes = bytes;
	return stored;
}

/* Finds room in the spill file and pays for the writing. */
static int take_room(struct gb_store *store, struct gb_stored *stored)
{
	int error = -EDQUOT;

	pthread_mutex_lock(&store->lock);
	if (store->writes_left >= stored->bytes)
		error = gb_spill_take(&store->spill, stored->bytes, &stored->offset);
	if (!error && store->writes_left != UINT64_MAX)
		store->writes_left -= stored->bytes;
	pthread_mutex_unlock(&store->lock);
	if (error == -EDQUOT)
		gb_log_once(GB_LOG_WARN,
			    "as much was written as may be: nothing more goes to the spill file");
	else if (error)
		gb_log_once(GB_LOG_WARN,
			    "no space for %llu KiB more in the spill file",
			    (unsigned long long)(stored->bytes >> 10));
	return error;
}

int gb_store_put(struct gb_store *store, const void *memory, uint64_t bytes,
		 enum gb_store_why why, struct gb_job *job, struct gb_stored **put)
{
	struct gb_stored *stored;
	int error;

	if (!bytes || bytes % GB_STORE_PAGE || (uintptr_t)memory % GB_DIRECT_ALIGN)
		return -EINVAL;
	if (!is_ours(store))
		return -ESHUTDOWN;
	stored = stored_create(bytes);
	if (!stored)
		return -ENOMEM;
	error = take_room(store, stored);
	if (error) {
		free(stored);
		return error;
	}
	*put = stored;
	job->from = 0;
	job->io = (struct gb_io){
		.fd = store->spill.fd,
		.write = true,
		.direct = store->spill.direct,
		.uncached = !store->spill.direct,
		.offset = stored->offset,
		.memory = (void *)(uintptr_t)memory,
		.bytes = bytes,
		.each = hash_part,
	};
	return begin_or_drop(store, put, why, job);
}

static int take_source(struct gb_store *store, struct gb_stored *stored,
		       const struct gb_mapping *mapping)
{
	int error;

	pthread_mutex_lock(&store->lock);
	error = gb_source_get(&store->sources, mapping, &stored->source);
	if (!error)
		store->remembered += stored->bytes;
	pthread_mutex_unlock(&store->lock);
	stored->offset = mapping->offset;
	return error;
}

int gb_store_remember(struct gb_store *store, const void *source, const void *memory,
		      uint64_t bytes, struct gb_job *job, struct gb_stored **put)
{
	struct gb_stored *stored;
	struct gb_mapping mapping;
	int error;

	if (!bytes)
		return -EINVAL;
	if (!is_ours(store))
		return -ESHUTDOWN;
	error = gb_mapping_find(source, bytes, &mapping);
	if (error)
		return error;
	stored = stored_create(bytes);
	if (!stored)
		return -ENOMEM;
	error = take_source(store, stored, &mapping);
	if (error) {
		free(stored);
		return error;
	}
	*put = stored;
	job->from = 0;
	job->memory = memory;
	/* The program has just read it, so the page cache has it. */
	job->io = (struct gb_io){
		.fd = stored->source->cached,
		.offset = stored->offset,
		.bytes = bytes,
		.each = compare_part,
	};
	return begin_or_drop(store, put, GB_STORE_REMEMBER, job);
}

static bool is_part_of(const struct gb_stored *stored, uint64_t from, uint64_t bytes)
{
	return bytes && from < stored->bytes && bytes <= stored->bytes - from &&
	       from % GB_STORE_PAGE == 0 &&
	       (bytes % GB_STORE_PAGE == 0 || from + bytes == stored->bytes);
}

int gb_store_get(struct gb_store *store, struct gb_stored *stored,
		 uint64_t from, uint64_t bytes, void *memory,
		 enum gb_store_why why, struct gb_job *job)
{
	const struct gb_source *source = stored->source;

	if (!is_part_of(stored, from, bytes))
		return -EINVAL;
	if (!is_ours(store))
		return -ESHUTDOWN;
	job->from = from;
	job->io = (struct gb_io){
		.fd = source ? source->fd : store->spill.fd,
		.direct = source ? source->direct : store->spill.direct,
		.uncached = !source && !store->spill.direct,
		.offset = stored->offset + from,
		.memory = memory,
		.bytes = bytes,
		.each = verify_part,
	};
	return begin(store, stored, why, job);
}

bool gb_store_was_put(const struct gb_stored *stored)
{
	return !stored->source;
}

bool gb_store_still_has(const struct gb_stored *stored)
{
	return !stored->source || !gb_source_has_changed(stored->source);
}

bool gb_store_matches(const struct gb_stored *stored, const void *memory)
{
	const char *from = memory;

	for (uint64_t at = 0; at < stored->bytes; at += GB_STORE_PAGE)
		if (stored->hash[at / GB_STORE_PAGE] !=
		    gb_hash(from + at, page_bytes(at, stored->bytes)))
			return false;
	return true;
}

void gb_store_get_stats(struct gb_store *store, struct gb_store_stats *stats)
{
	gb_queue_get_stats(store->queue, &stats->queue);
	pthread_mutex_lock(&store->lock);
	stats->capacity = store->spill.capacity;
	stats->used = store->spill.used;
	stats->reserved = store->spill.used + store->spill.ready.bytes;
	stats->remembered = store->remembered;
	stats->writes_left = store->writes_left;
	stats->direct = store->spill.direct;
	stats->reserves = store->spill.reserves;
	pthread_mutex_unlock(&store->lock);
	stats->corrupt = atomic_load(&store->corrupt);
	stats->stale = atomic_load(&store->stale);
	for (int i = 0; i < GB_STORE_WHYS; i++) {
		stats->read[i] = atomic_load(&store->read[i]);
		stats->written[i] = atomic_load(&store->written[i]);
	}
}

int gb_store_create(struct gb_store **created, const struct gb_store_setup *setup)
{
	struct gb_queue_setup queue = setup->queue;
	struct gb_store *store = calloc(1, sizeof(*store));
	int error;

	if (!store)
		return -ENOMEM;
	error = gb_spill_init(&store->spill, setup->directory, setup->capacity);
	if (error)
		goto err_free;
	/* By the page cache a ring has threads of its own, and ours would wait. */
	queue.threads |= !store->spill.direct;
	error = gb_queue_create(&store->queue, &queue);
	if (error)
		goto err_spill;
	pthread_mutex_init(&store->lock, NULL);
	gb_list_init(&store->sources);
	store->writes_left = setup->writes;
	store->pid = getpid();
	*created = store;
	return 0;

err_spill:
	gb_spill_finish(&store->spill);
err_free:
	free(store);
	return error;
}

void gb_store_destroy(struct gb_store *store)
{
	if (!store)
		return;
	gb_queue_destroy(store->queue);
	gb_spill_finish(&store->spill);
	if (is_ours(store))
		pthread_mutex_destroy(&store->lock);
	free(store);
}

void gb_store_fork_child(struct gb_store *store)
{
	store->pid = 0;
	gb_queue_fork_child(store->queue);
	gb_list_for_each (item, &store->sources)
		gb_source_close(gb_container_of(item, struct gb_source, node));
	close(store->spill.fd);
	store->spill.fd = -1;
}
