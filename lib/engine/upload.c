// SPDX-License-Identifier: GPL-2.0-only
/*
 * Filling memory from the host. Most of a model's bytes come this way, and the
 * driver brings them at 7 to 9 GB/s (H7, N1). Into RAM several threads copy
 * straight; into VRAM they copy into pinned slots that the copy engine empties.
 *
 * Both keep the stream's order: a copy by the CPU waits until the stream's work
 * so far is done; copies from the slots are the stream's own work.
 */
#include "engine.h"

#include <errno.h>
#include <string.h>

#include "../log.h"
#include "../staging/staging.h"
#include "../tier/tier.h"
#include "arena.h"
#include "gate.h"
#include "pressure.h"
#include "spill.h"
#include "stats.h"
#include "upload.h"
#include "workers.h"

/* Below this the driver's own way is as fast. */
#define UPLOAD_MIN (UINT64_C(4) << 20)
/* 16 MiB slots reach within 5 % of 32 MiB ones with half the memory (N1). */
#define SLOT_BYTES (UINT64_C(16) << 20)
#define SLOT_COUNT 4

/* The pinned slots, made at the first upload to VRAM and then kept. */
static struct {
	pthread_mutex_t lock; /* guards all below; held for a whole upload */
	char *memory;
	gb_ticket busy[SLOT_COUNT];
	unsigned int next;
} slots = { .lock = PTHREAD_MUTEX_INITIALIZER };

static int slot_get(unsigned int *slot)
{
	int error = 0;

	*slot = slots.next;
	slots.next = (slots.next + 1) % SLOT_COUNT;
	if (!slots.memory) {
		void *memory;

		/* The driver does without. */
		if (gb_pressure_is_critical())
			return -ENOMEM;
		error = gb_engine.driver->host_alloc(SLOT_BYTES * SLOT_COUNT,
						     &memory);
		if (error)
			return error;
		slots.memory = memory;
	}
	if (slots.busy[*slot]) {
		error = gb_engine.driver->ticket_wait(slots.busy[*slot]);
		gb_engine.driver->ticket_drop(slots.busy[*slot]);
		slots.busy[*slot] = 0;
	}
	return error;
}

static int send(uint64_t to, const char *from, uint64_t bytes, uint64_t stream)
{
	int error = 0;

	pthread_mutex_lock(&slots.lock);
	while (bytes && !error) {
		uint64_t part = bytes < SLOT_BYTES ? bytes : SLOT_BYTES;
		unsigned int slot;
		char *memory;

		error = slot_get(&slot);
		if (error)
			break;
		memory = slots.memory + slot * SLOT_BYTES;
		gb_workers_copy(memory, from, part);
		error = gb_engine.driver->send(stream, to, memory, part);
		if (!error)
			error = gb_engine.driver->mark(stream, &slots.busy[slot]);
		to += part;
		from += part;
		bytes -= part;
	}
	pthread_mutex_unlock(&slots.lock);
	return error;
}

static int wait_for_stream(uint64_t stream)
{
	gb_ticket ticket;
	int error = gb_engine.driver->mark(stream, &ticket);

	if (error)
		return error;
	error = gb_engine.driver->ticket_wait(ticket);
	gb_engine.driver->ticket_drop(ticket);
	return error;
}

/* -EBUSY when @stream is being captured: then the copy belongs to the graph. */
static int probe(uint64_t stream)
{
	gb_ticket ticket;
	int error = gb_engine.driver->mark(stream, &ticket);

	if (!error)
		gb_engine.driver->ticket_drop(ticket);
	return error;
}

static const struct gb_extent *extent_of(const struct gb_allocation *allocation,
					 uint64_t address)
{
	const struct gb_extent *extent = allocation->extents;

	while (address - extent->address >= extent->bytes)
		extent++;
	return extent;
}

/* One stretch in one extent. @filled: what RAM holds of it is already right. */
static int upload_part(const struct gb_allocation *allocation,
		       const struct gb_extent *extent, uint64_t to, const char *from,
		       uint64_t bytes, uint64_t stream, bool filled)
{
	struct gb_stats_device *stats = allocation->device->stats;
	int error = 0;

	if (!extent->tier->on_host) {
		gb_stats_add(&stats->uploaded_vram, bytes);
		return send(to, from, bytes, stream);
	}
	gb_stats_add(&stats->uploaded_ram, bytes);
	if (filled)
		return 0;
	error = wait_for_stream(stream);
	if (!error)
		gb_workers_copy((void *)to, from, bytes);
	return error;
}

static int upload(const struct gb_allocation *allocation, uint64_t to,
		  const char *from, uint64_t bytes, uint64_t stream, bool filled)
{
	while (bytes) {
		const struct gb_extent *extent = extent_of(allocation, to);
		uint64_t part = extent->address + extent->bytes - to;
		int error;

		if (part > bytes)
			part = bytes;
		error = upload_part(allocation, extent, to, from, part, stream,
				    filled);
		if (error)
			return error;
		to += part;
		from += part;
		bytes -= part;
	}
	return 1;
}

void gb_upload_finish(void)
{
	pthread_mutex_lock(&slots.lock);
	for (unsigned int i = 0; i < SLOT_COUNT; i++) {
		if (slots.busy[i]) {
			gb_engine.driver->ticket_wait(slots.busy[i]);
			gb_engine.driver->ticket_drop(slots.busy[i]);
		}
		slots.busy[i] = 0;
	}
	if (slots.memory)
		gb_engine.driver->host_free(slots.memory);
	slots.memory = NULL;
	pthread_mutex_unlock(&slots.lock);
}

/* Slots that may be in use still are left alone for good. */
void gb_upload_lose(bool memory)
{
	bool idle = true;

	pthread_mutex_lock(&slots.lock);
	for (int i = 0; i < gb_engine.device_count; i++)
		idle &= !gb_engine.driver->drain(i);
	if (slots.memory && !memory && idle)
		gb_engine.driver->host_free(slots.memory);
	memset(slots.busy, 0, sizeof(slots.busy));
	slots.memory = NULL;
	pthread_mutex_unlock(&slots.lock);
}

void gb_upload_fork_child(void)
{
	pthread_mutex_init(&slots.lock, NULL);
	memset(slots.busy, 0, sizeof(slots.busy));
	slots.memory = NULL;
}

static bool contains(const struct gb_allocation *allocation, uint64_t address,
		     uint64_t bytes)
{
	uint64_t offset = address - allocation->address;

	return offset <= allocation->size && bytes <= allocation->size - offset;
}

int gb_engine_upload(uint64_t to, const void *from, uint64_t bytes, uint64_t stream)
{
	const struct gb_fill fill = { from, to, bytes };
	struct gb_allocation *allocation;
	struct gb_filled filled = { .host = false };
	bool writing;
	int result;

	allocation = gb_arena_owner(to);
	if (!allocation || !contains(allocation, to, bytes))
		return 0;
	gb_spill_remember(to, from, bytes);
	result = gb_engine_touch_filling(to, &fill, &filled);
	if (result)
		return result;
	if (bytes < UPLOAD_MIN || (filled.host && probe(stream)))
		return 0;
	result = gb_engine_enter_at_home(&to, 1);
	if (result)
		return result;
	/* What has come to RAM since then was not filled there. */
	filled.host &= filled.moved == allocation->device->moved;
	writing = gb_staging_access(to, stream, true);
	result = upload(allocation, to, from, bytes, stream, filled.host);
	if (writing)
		gb_staging_written(to, stream);
	gb_gate_leave();
	return result == -EBUSY || result == -ENOMEM ? 0 : result;
}
