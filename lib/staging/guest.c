// SPDX-License-Identifier: GPL-2.0-only
#include "guest.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "../engine/budget.h"
#include "../engine/clock.h"
#include "../engine/stats.h"
#include "../engine/use.h"
#include "../log.h"
#include "../tier/nvme.h"
#include "state.h"

/* Beyond what the ring mirrors: what the disk reads while the program thinks. */
#define AHEAD_MOST (UINT64_C(512) << 20)

static const struct gb_driver_ops *driver(void)
{
	return gb_engine.driver;
}

uint64_t gb_guests_plan(const struct gb_device *device, uint64_t ring)
{
	uint64_t share = gb_engine.ram_budget / 2 / (uint64_t)gb_engine.device_count;
	uint64_t room = gb_budget_ram_room(), promised = gb_budget_promised();
	uint64_t bytes = ring + (ring < AHEAD_MOST ? ring : AHEAD_MOST);

	if (!gb_engine.nvme_budget || !ring)
		return 0;
	room = room > promised ? room - promised : 0;
	bytes = gb_min(bytes, gb_min(share, room));
	return bytes & ~(GB_GRANULE - 1);
}

bool gb_guest_fits(const struct gb_device *device, uint64_t bytes)
{
	return 2 * bytes <= device->ram_aside;
}

/* Not driver memory, which disks may be unable to read to. */
static int make_window(struct gb_staging *staging)
{
	uint64_t bytes = staging->device->ram_aside;
	void *memory;
	int error;

	if (staging->window.bytes)
		return 0;
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return -ENOMEM;
	madvise(memory, bytes, MADV_HUGEPAGE);
	madvise(memory, bytes, MADV_DONTFORK);
	madvise(memory, bytes, MADV_DONTDUMP);
	error = driver()->host_register(staging->device->ordinal,
					(uint64_t)memory, bytes);
	if (error) {
		munmap(memory, bytes);
		return error;
	}
	gb_ring_init(&staging->window, (uint64_t)memory, bytes);
	return 0;
}

/* Its copy in VRAM goes; where nothing may wait, only one that is not there. */
static int take_from_vram(struct gb_staging *staging,
			  struct gb_allocation *allocation, bool ahead)
{
	struct gb_slot *slot = allocation->staged.slot;
	int error = 0;

	if (!slot)
		return 0;
	if (ahead || slot->pins)
		return -EBUSY;
	if (gb_slot_is_unchecked(slot))
		error = gb_slot_settle(staging, slot, staging->lanes.copy);
	if (!error)
		gb_slot_drop(slot);
	return error;
}

/* What the GPU still does with it. */
static int wait_for_gpu(struct gb_staging *staging,
			struct gb_allocation *allocation, bool ahead)
{
	struct gb_guest *guest = allocation->staged.guest;
	struct gb_point points[] = { allocation->staged.reading,
				     allocation->staged.carried };
	int error = 0;

	for (int i = 0; !error && i < 2; i++)
		if (!gb_point_has_passed(points[i]))
			error = ahead ? -EBUSY : gb_point_await(points[i]);
	while (!error && guest->unjudged) {
		const struct gb_verdict_entry *first;

		gb_staging_learn(staging);
		first = gb_verdict_first(&staging->verdicts);
		if (!guest->unjudged || !first)
			break;
		error = ahead ? -EBUSY : gb_point_await(first->point);
	}
	return error;
}

static bool is_read(const struct gb_guest *guest)
{
	for (uint32_t i = 0; i < guest->count; i++)
		if (!gb_nvme_is_over(&guest->reads[i]))
			return false;
	return true;
}

/* The record of a place whose guest has gone. */
static void guest_free(struct gb_allocation *allocation)
{
	struct gb_guest *guest = allocation->staged.guest;

	gb_nvme_finish(guest->reads, guest->count);
	guest->place->allocation = NULL;
	guest->place->filled = allocation->staged.reading;
	guest->place->settled = allocation->staged.carried;
	allocation->staged.guest = NULL;
	free(guest);
}

static int see_off(struct gb_staging *staging, struct gb_allocation *allocation,
		   bool ahead)
{
	struct gb_guest *guest = allocation->staged.guest;
	int error;

	/* Read ahead for something that is still to come. */
	if (ahead && !guest->place->used)
		return -EBUSY;
	error = take_from_vram(staging, allocation, ahead);
	if (!error)
		error = wait_for_gpu(staging, allocation, ahead);
	if (!error && (guest->changed || (ahead && !is_read(guest))))
		error = -EBUSY;
	if (!error)
		guest_free(allocation);
	return error;
}

/* The place of somebody who was dismissed may be in use still. */
static int wait_for_place(struct gb_slot *place, bool ahead)
{
	struct gb_point points[] = { place->filled, place->settled };
	int error = 0;

	for (int i = 0; !error && i < 2; i++)
		if (!gb_point_has_passed(points[i]))
			error = ahead ? -EBUSY : gb_point_await(points[i]);
	return error;
}

static int make_place(struct gb_staging *staging, uint64_t bytes, bool ahead)
{
	struct gb_slot *victim;
	int error = 0;

	while (!error && (victim = gb_ring_victim(&staging->window, bytes))) {
		if (victim->allocation)
			error = see_off(staging, victim->allocation, ahead);
		if (!error)
			error = wait_for_place(victim, ahead);
		if (!error)
			gb_ring_let_go(victim);
	}
	return error;
}

static int guest_create(struct gb_staging *staging,
			struct gb_allocation *allocation, bool ahead)
{
	struct gb_guest *guest = calloc(1, sizeof(*guest));
	int error = -ENOMEM;

	if (!guest)
		return error;
	guest->place = gb_ring_take(&staging->window, gb_nvme_bytes(allocation));
	if (!guest->place)
		goto err_guest;
	error = gb_nvme_begin(allocation, (char *)guest->place->address,
			      ahead ? GB_STORE_PREFETCH : GB_STORE_LAUNCH,
			      &guest->reads, &guest->count);
	if (error)
		goto err_guest; /* the place is nobody's, and is used again */
	guest->place->allocation = allocation;
	allocation->staged.guest = guest;
	atomic_store(&allocation->staged.involved, true);
	return 0;

err_guest:
	free(guest);
	return error;
}

int gb_guest_invite(struct gb_staging *staging,
		    struct gb_allocation *allocation, bool ahead)
{
	int error;

	if (allocation->staged.guest)
		return 0;
	error = make_window(staging);
	if (!error)
		error = make_place(staging, gb_nvme_bytes(allocation), ahead);
	return error ? error : guest_create(staging, allocation, ahead);
}

static int send(struct gb_staging *staging, const struct gb_slot *slot,
		uint64_t from, uint64_t bytes)
{
	const struct gb_guest *guest = slot->allocation->staged.guest;

	return driver()->stream_copy(staging->copy_stream, slot->address + from,
				     guest->place->address + from, bytes);
}

/* All pieces have been sent; no disk has what is behind the last byte. */
static int send_end(struct gb_staging *staging, struct gb_slot *slot)
{
	const struct gb_allocation *allocation = slot->allocation;
	uint64_t size = allocation->size, bytes = gb_nvme_bytes(allocation);

	slot->open = false;
	gb_stats_add(&staging->device->stats->staged, bytes);
	gb_nvme_tell(gb_engine.stats);
	GB_USE_COUNT(allocation, copies);
	return size < bytes ? send(staging, slot, size, bytes - size) : 0;
}

/* In a launch: what has not been read, no stream can be told to copy. */
static int wait_for_read(struct gb_nvme_read *read)
{
	uint64_t began;
	int error;

	if (gb_nvme_is_over(read))
		return gb_nvme_wait(read);
	began = gb_now_ns();
	error = gb_nvme_wait(read);
	if (gb_engine.stats)
		gb_stats_add(&gb_engine.stats->nvme_wait_ns, gb_now_ns() - began);
	return error;
}

static int send_pieces(struct gb_staging *staging, struct gb_slot *slot, bool wait)
{
	struct gb_guest *guest = slot->allocation->staged.guest;
	int error = 0;

	while (!error && slot->sent < guest->count) {
		struct gb_nvme_read *read = &guest->reads[slot->sent];

		if (!wait && !gb_nvme_is_over(read))
			return 0;
		error = wait_for_read(read);
		if (!error)
			error = send(staging, slot, read->from, read->bytes);
		slot->sent++;
	}
	return error ? error : send_end(staging, slot);
}

int gb_guest_serve(struct gb_staging *staging, struct gb_slot *slot, bool wait)
{
	struct gb_allocation *allocation = slot->allocation;
	uint32_t before = slot->sent;
	int error = send_pieces(staging, slot, wait);

	allocation->staged.guest->place->used = true;
	if (slot->sent == before && slot->open)
		return error;
	if (gb_lane_mark(staging->lanes.copy, &slot->filled) && !error)
		error = -EIO;
	allocation->staged.reading = slot->filled;
	return error;
}

void gb_guests_serve(struct gb_staging *staging)
{
	gb_list_for_each (node, &staging->ring.slots) {
		struct gb_slot *slot = gb_container_of(node, struct gb_slot, node);

		if (slot->allocation && slot->open &&
		    gb_guest_serve(staging, slot, false))
			gb_guest_failed(staging, slot->allocation);
	}
}

void gb_guest_failed(struct gb_staging *staging, struct gb_allocation *allocation)
{
	const struct gb_guest *guest = allocation->staged.guest;

	if (guest && (guest->changed || guest->unjudged))
		gb_slot_drop(allocation->staged.slot);
	else
		gb_guest_dismiss(staging, allocation);
}

void gb_guest_dismiss(struct gb_staging *staging, struct gb_allocation *allocation)
{
	if (!allocation->staged.guest)
		return;
	if (allocation->staged.slot)
		gb_slot_drop(allocation->staged.slot);
	guest_free(allocation);
}

void gb_guests_finish(struct gb_staging *staging)
{
	struct gb_ring *window = &staging->window;

	if (!window->bytes)
		return;
	/* Copies are made ahead; with a context that is gone nothing is under way. */
	driver()->drain(staging->device->ordinal);
	gb_list_for_each (node, &window->slots) {
		struct gb_slot *place = gb_container_of(node, struct gb_slot, node);

		if (place->allocation)
			gb_guest_dismiss(staging, place->allocation);
	}
	driver()->host_unregister(window->address);
	munmap((void *)window->address, window->bytes);
	gb_ring_finish(window);
}
