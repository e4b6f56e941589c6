// SPDX-License-Identifier: GPL-2.0-only
/* The life of a device's staging. */
#include "state.h"

#include <errno.h>
#include <string.h>

#include "../../common/options.h"
#include "../engine/allocation.h"
#include "../engine/arena.h"
#include "../engine/budget.h"
#include "../engine/gate.h"
#include "../engine/lock.h"
#include "../engine/placement.h"
#include "../engine/stats.h"
#include "../log.h"

#define MIB	  (UINT64_C(1) << 20)
/* Below this a copy is hardly ahead of its launch (bench/RESULTS.md). */
#define RING_MIN  (2 * GB_GRANULE)
/* Launches between two tries to start. */
#define PAUSE_MIN 32u
#define PAUSE_MAX 65536u

struct gb_staging_settings gb_staging_settings;

static struct gb_staging stagings[GB_DEVICES];

static void clear(struct gb_staging *staging)
{
	memset(staging, 0, sizeof(*staging));
	pthread_mutex_init(&staging->lock, NULL);
	pthread_cond_init(&staging->changed, NULL);
}

void gb_staging_init(uint64_t bytes, bool verify)
{
	gb_staging_settings.bytes = bytes;
	gb_staging_settings.verify = verify;
	for (int i = 0; i < GB_DEVICES; i++) {
		clear(&stagings[i]);
		stagings[i].device = &gb_engine.device[i];
	}
}

void gb_staging_fork_child(void)
{
	gb_staging_settings.bytes = 0;
	for (int i = 0; i < GB_DEVICES; i++)
		clear(&stagings[i]);
}

struct gb_staging *gb_staging_of(const struct gb_device *device)
{
	struct gb_staging *staging = &stagings[device->ordinal];

	return atomic_load_explicit(&staging->ready, memory_order_acquire)
		       ? staging
		       : NULL;
}

struct gb_staging *gb_staging_lock(int ordinal)
{
	struct gb_staging *staging = gb_staging_of(&gb_engine.device[ordinal]);

	if (staging)
		pthread_mutex_lock(&staging->lock);
	return staging;
}

/*
 * A sixteenth of the budget, 256 MiB to 2 GiB, and no more than a quarter; or
 * what is asked for, and no more than three quarters: the rest has to hold what
 * launches work on.
 */
static uint64_t ring_bytes(const struct gb_device *device)
{
	uint64_t bytes = gb_staging_settings.bytes, most = device->vram_budget / 4;

	if (bytes == GB_SIZE_AUTO) {
		bytes = device->vram_budget / 16;
		if (bytes < 256 * MIB)
			bytes = 256 * MIB;
		if (bytes > 2048 * MIB)
			bytes = 2048 * MIB;
	} else {
		most *= 3;
	}
	if (bytes > most)
		bytes = most;
	return bytes & ~(GB_GRANULE - 1);
}

/*
 * For as many pages as both budgets hold, and half as many again for gaps
 * between allocations.
 */
static uint64_t hash_bytes(const struct gb_device *device)
{
	uint64_t bytes = device->vram_budget + gb_engine.ram_budget +
			 gb_engine.nvme_budget;

	bytes += bytes / 2;
	if (bytes > device->bytes)
		bytes = device->bytes;
	bytes = (bytes >> GB_PAGE_SHIFT) * sizeof(uint64_t);
	return (bytes + GB_GRANULE - 1) & ~(GB_GRANULE - 1);
}

void gb_staging_plan(struct gb_device *device)
{
	struct gb_staging *staging = &stagings[device->ordinal];

	atomic_store(&staging->wanted, ring_bytes(device) >= RING_MIN &&
					       gb_arena_is_distinct(device));
	if (ring_bytes(device) && !gb_arena_is_distinct(device))
		gb_log_once(GB_LOG_WARN,
			    "memory stands at addresses like numbers in parameters: nothing is staged");
	device->vram_aside = 0;
	if (atomic_load(&staging->wanted) && !staging->ring_memory)
		device->vram_aside = ring_bytes(device) + hash_bytes(device);
	/* Once: what is away counts on it. */
	if (!device->ram_aside && ring_bytes(device) >= RING_MIN)
		device->ram_aside = gb_guests_plan(device, ring_bytes(device));
}

uint64_t gb_staging_ring(const struct gb_device *device, uint64_t *copied)
{
	uint64_t bytes = ring_bytes(device);

	*copied = __atomic_load_n(&device->stats->staged, __ATOMIC_RELAXED);
	return bytes >= RING_MIN && gb_arena_is_distinct(device) ? bytes : 0;
}

uint64_t gb_staging_stalls(const struct gb_device *device, uint64_t *seen)
{
	struct gb_staging *staging = gb_staging_of(device);
	uint64_t held;

	*seen = 0;
	if (!staging)
		return 0;
	pthread_mutex_lock(&staging->lock);
	held = staging->stalls.held;
	*seen = staging->stalls.seen;
	pthread_mutex_unlock(&staging->lock);
	return held;
}

/* VRAM of the arena that the program knows nothing of and that stays. */
static int take_vram(struct gb_device *device, uint64_t bytes,
		     struct gb_allocation **allocation)
{
	int error;

	if (!gb_budget_holds(device, bytes))
		return -ENOMEM;
	error = gb_allocation_create(device, bytes, allocation);
	if (error)
		return error;
	(*allocation)->pinned = true;
	(*allocation)->kind = GB_KIND_WORKING;
	error = gb_placement_back(*allocation, NULL);
	if (error) {
		gb_allocation_destroy(*allocation);
		*allocation = NULL;
	}
	return error;
}

static void give_vram(struct gb_allocation **allocation)
{
	if (*allocation)
		gb_allocation_destroy(*allocation);
	*allocation = NULL;
}

static int take_memory(struct gb_staging *staging)
{
	struct gb_device *device = staging->device;
	uint64_t ring = ring_bytes(device), hashes = hash_bytes(device);
	int error;

	if (staging->ring_memory)
		return 0;
	error = take_vram(device, ring, &staging->ring_memory);
	if (!error)
		error = take_vram(device, hashes, &staging->hash_memory);
	if (error)
		give_vram(&staging->ring_memory);
	return error;
}

static int take_stream(struct gb_staging *staging)
{
	const struct gb_driver_ops *driver = gb_engine.driver;
	int error = driver->stream_create(staging->device->ordinal,
					  &staging->copy_stream);

	if (error)
		return error;
	error = driver->reconcile_prepare(staging->copy_stream);
	if (!error)
		error = gb_lanes_init(&staging->lanes, staging->copy_stream);
	if (!error)
		error = gb_verdicts_init(&staging->verdicts);
	if (!error)
		error = gb_capture_init(staging);
	if (!error)
		return 0;
	gb_verdicts_finish(&staging->verdicts);
	gb_lanes_finish(&staging->lanes);
	driver->stream_destroy(staging->copy_stream);
	return error;
}

/*
 * From here on every access to a home is noted; what came before must be done,
 * and nobody be in between.
 */
static int begin_to_note(struct gb_staging *staging)
{
	int error = gb_gate_close();

	if (error)
		return error;
	for (int i = 0; !error && i < gb_engine.device_count; i++)
		error = gb_engine.driver->drain(i);
	if (!error)
		atomic_store_explicit(&staging->ready, true, memory_order_release);
	gb_gate_open();
	return error;
}

static void undo(struct gb_staging *staging)
{
	gb_capture_finish(staging);
	if (staging->lanes.copy) {
		bool lost = gb_staging_is_lost(staging);

		gb_lanes_finish(&staging->lanes);
		gb_verdicts_finish(&staging->verdicts);
		if (!lost)
			gb_engine.driver->stream_destroy(staging->copy_stream);
	}
	if (staging->captured)
		return;
	give_vram(&staging->ring_memory);
	give_vram(&staging->hash_memory);
}

static int start(struct gb_staging *staging)
{
	int error = take_memory(staging);

	if (!error)
		error = take_stream(staging);
	if (error) {
		undo(staging);
		return error;
	}
	gb_ring_init(&staging->ring, staging->ring_memory->address,
		     staging->ring_memory->bytes);
	staging->epoch = 1;
	staging->hash_pages = staging->hash_memory->bytes / sizeof(uint64_t);
	error = begin_to_note(staging);
	if (error)
		undo(staging);
	return error;
}

/*
 * What is in VRAM is hot or pinned just now: later, and ever later, since each
 * try waits for the device.
 */
static void wait_for_memory(struct gb_staging *staging)
{
	staging->pauses = staging->pauses ? 2 * staging->pauses : PAUSE_MIN;
	if (staging->pauses > PAUSE_MAX)
		staging->pauses = PAUSE_MAX;
	atomic_store(&staging->pause, staging->pauses);
}

void gb_staging_reconsider(struct gb_device *device)
{
	struct gb_staging *staging = &stagings[device->ordinal];

	if (!staging->pauses || gb_budget_room(device) < device->vram_aside)
		return;
	staging->pauses = 0;
	atomic_store(&staging->pause, 0);
}

/* Lock held. -EBUSY, -EAGAIN: later, as while a stream is captured. */
static int try_to_start(struct gb_staging *staging)
{
	struct gb_device *device = staging->device;
	uint64_t aside = device->vram_aside;
	int error = gb_engine.driver->drain(device->ordinal);

	if (error)
		return error;
	device->vram_aside = 0;
	error = start(staging);
	if (error == -EBUSY || error == -EAGAIN || error == -ENOMEM)
		device->vram_aside = aside;
	else
		atomic_store(&staging->wanted, false);
	if (error == -ENOMEM)
		wait_for_memory(staging);
	else if (error == -EBUSY || error == -EAGAIN)
		return error;
	else if (error)
		gb_log_warn("GPU %d: no staging, overflow is read over the link: %s",
			    device->ordinal, gb_error_text(error));
	else
		gb_stats_set(&device->stats->ring, staging->ring_memory->bytes);
	if (!error)
		gb_log_info("GPU %d: overflow is staged in %llu MiB of VRAM",
			    device->ordinal,
			    (unsigned long long)(staging->ring_memory->bytes >> 20));
	return error;
}

/* By the published page, since others may hold the lock. */
static bool overflows(const struct gb_device *device)
{
	return __atomic_load_n(&device->stats->ram_used, __ATOMIC_RELAXED) ||
	       __atomic_load_n(&device->stats->nvme_used, __ATOMIC_RELAXED);
}

void gb_staging_prepare(int ordinal)
{
	struct gb_device *device;
	uint32_t pause;

	if (ordinal < 0 || ordinal >= gb_engine.device_count)
		return;
	device = &gb_engine.device[ordinal];
	if (!atomic_load(&stagings[ordinal].wanted) || !overflows(device))
		return;
	pause = atomic_load(&stagings[ordinal].pause);
	if (pause) {
		/* Two at once may count as one. */
		atomic_store(&stagings[ordinal].pause, pause - 1);
		return;
	}
	gb_lock();
	if (device->ready && atomic_load(&stagings[ordinal].wanted))
		try_to_start(&stagings[ordinal]);
	gb_unlock();
}

int gb_staging_lane(struct gb_staging *staging, uint64_t stream,
		    struct gb_lane **lane)
{
	struct gb_stream_state state;
	int error = gb_engine.driver->stream_state(stream, &state);

	*lane = NULL;
	if (error || state.capture)
		return error ? error : -EBUSY;
	*lane = gb_lane_get(&staging->lanes, stream, state.context);
	return *lane ? 0 : -ENOMEM;
}

/* The device is idle, or its context is about to end. */
static void settle(struct gb_staging *staging)
{
	pthread_mutex_lock(&staging->lock);
	gb_list_for_each (node, &staging->ring.slots) {
		struct gb_slot *slot = gb_container_of(node, struct gb_slot, node);

		if (slot->allocation && gb_slot_is_unchecked(slot))
			gb_home_settle(staging, slot->allocation);
	}
	gb_staging_learn(staging);
	pthread_mutex_unlock(&staging->lock);
}

void gb_staging_settle(void)
{
	for (int i = 0; i < gb_engine.device_count; i++)
		if (gb_staging_of(&gb_engine.device[i]))
			settle(&stagings[i]);
}

/* The rest of the copy stream's work does not matter to it any more. */
void gb_staging_forget(struct gb_allocation *allocation)
{
	struct gb_staging *staging = gb_staging_of(allocation->device);

	if (!staging)
		return;
	pthread_mutex_lock(&staging->lock);
	if (allocation->staged.slot)
		gb_slot_drop(allocation->staged.slot);
	gb_guest_dismiss(staging, allocation);
	gb_verdicts_forget(&staging->verdicts, allocation);
	gb_capture_forget(staging, allocation);
	pthread_mutex_unlock(&staging->lock);
}

bool gb_staging_may_host(const struct gb_allocation *allocation)
{
	const struct gb_device *device = allocation->device;
	const struct gb_staging *staging = &stagings[device->ordinal];
	uint64_t end = allocation->address - device->base + allocation->bytes;

	return (atomic_load(&staging->wanted) ||
		(atomic_load(&staging->ready) && !atomic_load(&staging->broken))) &&
	       2 * allocation->bytes <= ring_bytes(device) &&
	       gb_guest_fits(device, allocation->bytes) &&
	       end >> GB_PAGE_SHIFT <= hash_bytes(device) / sizeof(uint64_t);
}

bool gb_staging_knows(const struct gb_allocation *allocation)
{
	struct gb_staging *staging = gb_staging_of(allocation->device);
	bool knows;

	if (!staging)
		return false;
	pthread_mutex_lock(&staging->lock);
	knows = allocation->staged.slot || allocation->staged.guest;
	pthread_mutex_unlock(&staging->lock);
	return knows;
}

const void *gb_staging_changed(const struct gb_allocation *allocation)
{
	struct gb_staging *staging = gb_staging_of(allocation->device);
	const struct gb_guest *guest;
	const void *changed = NULL;

	if (!staging)
		return NULL;
	pthread_mutex_lock(&staging->lock);
	gb_staging_learn(staging);
	guest = allocation->staged.guest;
	if (guest && (guest->changed || guest->unjudged))
		changed = (const void *)guest->place->address;
	pthread_mutex_unlock(&staging->lock);
	return changed;
}

bool gb_staging_has_changed(const struct gb_allocation *allocation)
{
	struct gb_staging *staging = gb_staging_of(allocation->device);
	bool changed;

	if (!staging)
		return false;
	pthread_mutex_lock(&staging->lock);
	gb_staging_learn(staging);
	changed = allocation->staged.guest && allocation->staged.guest->changed;
	pthread_mutex_unlock(&staging->lock);
	return changed;
}

bool gb_staging_is_done_with(struct gb_allocation *allocation)
{
	struct gb_staging *staging = gb_staging_of(allocation->device);
	bool done;

	if (!staging)
		return true;
	pthread_mutex_lock(&staging->lock);
	done = gb_point_has_passed(allocation->staged.reading) &&
	       gb_point_has_passed(allocation->staged.carried);
	pthread_mutex_unlock(&staging->lock);
	return done;
}

void gb_staging_wait_out(struct gb_allocation *allocation)
{
	struct gb_staging *staging = gb_staging_of(allocation->device);

	if (!staging)
		return;
	pthread_mutex_lock(&staging->lock);
	gb_point_await(allocation->staged.reading);
	gb_point_await(allocation->staged.carried);
	pthread_mutex_unlock(&staging->lock);
}

/* What is kept with allocations names lanes and slots that are no more. */
static void forget_all(struct gb_list *allocations)
{
	gb_list_for_each (node, allocations) {
		struct gb_allocation *each =
			gb_container_of(node, struct gb_allocation, node);
		bool escaped = each->staged.escaped;

		memset(&each->staged, 0, sizeof(each->staged));
		each->staged.escaped = escaped;
	}
}

bool gb_staging_is_on(const struct gb_device *device)
{
	return gb_staging_of(device) != NULL;
}

/*
 * Kernels of a context that lives on may be on their way with copies. What was let go
 * of, or used by more streams than a slot knows, the copy stream waits for.
 */
static void wait_for_users(struct gb_staging *staging)
{
	struct gb_point last;

	gb_list_for_each (node, &staging->ring.slots) {
		const struct gb_slot *slot =
			gb_container_of(node, struct gb_slot, node);

		for (int i = 0; i < GB_SLOT_USERS; i++)
			gb_point_await(slot->users[i].last);
		gb_point_await(slot->settled);
	}
	if (!gb_staging_is_lost(staging) && !gb_lane_mark(staging->lanes.copy, &last))
		gb_point_await(last);
}

void gb_staging_stop(struct gb_device *device)
{
	struct gb_staging *staging = gb_staging_of(device);

	if (!staging)
		return;
	settle(staging);
	pthread_mutex_lock(&staging->lock);
	atomic_store(&staging->ready, false);
	wait_for_users(staging);
	gb_guests_finish(staging);
	forget_all(&device->allocations);
	forget_all(&device->leaving);
	gb_ring_finish(&staging->ring);
	staging->graph = (struct gb_point){ NULL, 0 };
	gb_pairs_finish(&staging->pairs);
	gb_choices_finish(&staging->choices);
	gb_timers_finish(&staging->timers);
	gb_timers_finish(&staging->stalls.timers);
	staging->stalls = (struct gb_stalls){ .waits = 0 };
	staging->prefetch = (struct gb_prefetch){ 0 };
	pthread_mutex_unlock(&staging->lock);
	undo(staging);
	gb_staging_plan(device);
	gb_stats_set(&device->stats->ring, 0);
}

void gb_staging_capture_ends(uint64_t stream)
{
	for (int i = 0; i < gb_engine.device_count; i++) {
		struct gb_staging *staging = gb_staging_of(&gb_engine.device[i]);

		if (!staging)
			continue;
		pthread_mutex_lock(&staging->lock);
		gb_capture_join(staging, stream);
		pthread_mutex_unlock(&staging->lock);
	}
}

void gb_staging_forbid_captures(void)
{
	atomic_store(&gb_capture_forbidden, true);
}

void gb_staging_forget_functions(void)
{
	for (int i = 0; i < gb_engine.device_count; i++) {
		struct gb_staging *staging = gb_staging_of(&gb_engine.device[i]);

		if (!staging)
			continue;
		pthread_mutex_lock(&staging->lock);
		gb_pairs_finish(&staging->pairs);
		gb_choices_finish(&staging->choices);
		pthread_mutex_unlock(&staging->lock);
	}
}
