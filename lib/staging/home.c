// SPDX-License-Identifier: GPL-2.0-only
/* The homes of staged memory, reached by other ways than through a copy. */
#include "state.h"

#include <errno.h>

#include "../engine/arena.h"
#include "../log.h"

static const struct gb_driver_ops *driver(void)
{
	return gb_engine.driver;
}

/*
 * What is carried home is no writer of its own: the copy that it came from is
 * let go only where the copy stream waits for that (evict), or a later writer
 * has waited (gb_home_access), or this thread (gb_home_settle).
 */
int gb_home_wait_for_writers(struct gb_staging *staging,
			     struct gb_allocation *allocation)
{
	struct gb_staged *staged = &allocation->staged;
	struct gb_lane *copy = staging->lanes.copy;
	int error = 0;

	for (int i = 0; !error && i < GB_STAGED_WRITERS; i++)
		error = gb_lane_wait(&staging->lanes, copy, staged->written[i]);
	return error;
}

/* By extents, whose borders the driver may refuse to cross in one copy (tier.h). */
static int copy_extents(const struct gb_allocation *allocation, uint64_t stream,
			uint64_t copy, bool back)
{
	uint64_t left = gb_staged_bytes(allocation);
	int error = 0;

	for (uint32_t i = 0; !error && left; i++) {
		const struct gb_extent *extent = &allocation->extents[i];
		uint64_t bytes = extent->bytes < left ? extent->bytes : left;

		error = driver()->stream_copy(stream, back ? extent->address : copy,
					      back ? copy : extent->address, bytes);
		copy += bytes;
		left -= bytes;
	}
	return error;
}

int gb_home_copy(const struct gb_allocation *allocation, uint64_t stream, uint64_t to)
{
	return copy_extents(allocation, stream, to, false);
}

int gb_home_restore(const struct gb_allocation *allocation, uint64_t stream,
		    uint64_t from)
{
	return copy_extents(allocation, stream, from, true);
}

void gb_home_written(struct gb_staging *staging,
		     struct gb_allocation *allocation, struct gb_point point)
{
	struct gb_staged *staged = &allocation->staged;

	staged->hashed = 0;
	staged->written_at = staging->serial;
	atomic_store(&staged->involved, true);
	if (gb_lane_is_held(point.lane)) {
		staged->held = point;
		return;
	}
	/* Graphs wait for the copy stream, and so for this. */
	if (atomic_load(&allocation->captured) &&
	    gb_lane_wait(&staging->lanes, staging->lanes.copy, point))
		driver()->drain(staging->device->ordinal);
	for (int i = 0; i < GB_STAGED_WRITERS; i++) {
		struct gb_point *writer = &staged->written[i];

		if (writer->lane && writer->lane != point.lane &&
		    writer->number > writer->lane->passed)
			continue;
		*writer = point;
		return;
	}
	/* Too many at once: what is copied from now on waits for this one. */
	if (gb_lane_wait(&staging->lanes, staging->lanes.copy, point))
		atomic_store(&staged->escaped, true);
}

void gb_home_writing(struct gb_staging *staging,
		     struct gb_allocation *allocation, bool begins)
{
	int more = begins ? 1 : -1;

	allocation->staged.writing += more;
	if (!atomic_load(&allocation->captured))
		return;
	staging->captured_writing += more;
	if (!begins)
		pthread_cond_broadcast(&staging->changed);
}

bool gb_home_is_in_use(const struct gb_staging *staging,
		       const struct gb_allocation *allocation)
{
	return staging->launching && atomic_load(&allocation->captured);
}

int gb_home_access(struct gb_staging *staging, struct gb_allocation *allocation,
		   struct gb_lane *lane, bool write)
{
	struct gb_staged *staged = &allocation->staged;
	struct gb_slot *slot = staged->slot;
	int error = 0;

	if (slot)
		error = gb_slot_settle(staging, slot, lane);
	if (!error)
		error = gb_lane_wait(&staging->lanes, lane, staged->reading);
	if (!error)
		error = gb_lane_wait(&staging->lanes, lane, staged->carried);
	/*
	 * A graph has copies that nobody else sees, and carries home whole
	 * pages: what another stream writes there comes before it or after it.
	 */
	if (!error && write && atomic_load(&allocation->captured))
		error = gb_lane_wait(&staging->lanes, lane, staging->graph);
	if (error)
		return error;
	if (slot && write)
		gb_slot_drop(slot);
	if (write)
		staged->hashed = 0;
	return 0;
}

static int settle_and_wait(struct gb_staging *staging, struct gb_slot *slot)
{
	int error = -EIO;

	if (!gb_staging_is_lost(staging))
		error = gb_slot_settle(staging, slot, staging->lanes.copy);
	if (!error)
		error = gb_point_await(slot->settled);
	return error ? gb_slot_rescue(staging, slot) : 0;
}

/* What fails even so has failed for good, and the program hears it elsewhere. */
void gb_home_settle(struct gb_staging *staging, struct gb_allocation *allocation)
{
	struct gb_slot *slot = allocation->staged.slot;
	int error = 0;

	if (slot) {
		error = settle_and_wait(staging, slot);
		gb_slot_drop(slot);
	}
	if (!error)
		error = gb_point_await(allocation->staged.reading);
	if (!error)
		error = gb_point_await(allocation->staged.carried);
	allocation->staged.hashed = 0;
	if (error)
		gb_log_once(GB_LOG_ERROR, "cannot bring staged memory home: %s",
			    gb_error_text(error));
}

/*
 * The allocation at @address with its staging locked, or NULL and nothing
 * locked where no copy and no point of it can exist, now or later.
 */
static struct gb_allocation *lock_home(uint64_t address, struct gb_staging **staging)
{
	struct gb_allocation *owner = gb_arena_owner(address);

	if (!owner || (!atomic_load(&owner->in_ram) &&
		       !atomic_load(&owner->staged.involved)))
		return NULL;
	*staging = gb_staging_of(owner->device);
	if (!*staging)
		return NULL;
	pthread_mutex_lock(&(*staging)->lock);
	if (gb_arena_owner(address) == owner)
		return owner;
	pthread_mutex_unlock(&(*staging)->lock);
	return NULL;
}

/*
 * A launch of another thread may be between its copy and its kernel, and a
 * graph that copies this memory on its way. Once this returns neither is.
 */
static void wait_for_others(struct gb_staging *staging,
			    const struct gb_allocation *owner, bool write)
{
	while ((owner->staged.slot && owner->staged.slot->pins) ||
	       (write && gb_home_is_in_use(staging, owner)))
		pthread_cond_wait(&staging->changed, &staging->lock);
}

bool gb_staging_access(uint64_t address, uint64_t stream, bool write)
{
	struct gb_staging *staging;
	struct gb_allocation *owner = lock_home(address, &staging);
	struct gb_lane *lane;
	bool captured;

	if (!owner)
		return false;
	wait_for_others(staging, owner, write);
	captured = gb_staging_lane(staging, stream, &lane) == -EBUSY;
	if (captured)
		gb_capture_access(staging, owner, stream, write);
	else if (!lane || gb_home_access(staging, owner, lane, write))
		gb_home_settle(staging, owner);
	write &= !captured;
	if (write)
		gb_home_writing(staging, owner, true);
	pthread_mutex_unlock(&staging->lock);
	return write;
}

/* Where that cannot be said of @lane, it must not be copied from any more. */
static void written_by(struct gb_staging *staging, struct gb_allocation *owner,
		       struct gb_lane *lane)
{
	struct gb_point point;

	if (lane && !gb_lane_mark(lane, &point))
		gb_home_written(staging, owner, point);
	else
		atomic_store(&owner->staged.escaped, true);
}

void gb_staging_written(uint64_t address, uint64_t stream)
{
	struct gb_staging *staging;
	struct gb_allocation *owner = lock_home(address, &staging);
	struct gb_lane *lane;

	if (!owner)
		return;
	gb_home_writing(staging, owner, false);
	gb_staging_lane(staging, stream, &lane);
	written_by(staging, owner, lane);
	pthread_mutex_unlock(&staging->lock);
}

void gb_staging_escape(uint64_t address, uint64_t stream)
{
	struct gb_allocation *owner = gb_arena_owner(address);

	if (!owner || atomic_exchange(&owner->staged.escaped, true))
		return;
	gb_log_debug("allocation %llu is known by an address in memory: it is not staged",
		     (unsigned long long)owner->id);
	if (gb_staging_access(address, stream, true))
		gb_staging_written(address, stream);
}

static struct gb_slot *slot_of(struct gb_list *node)
{
	return gb_container_of(node, struct gb_slot, node);
}

int gb_ring_settle(struct gb_staging *staging, struct gb_lane *lane)
{
	int error = 0;

	gb_list_for_each (node, &staging->ring.slots) {
		struct gb_slot *slot = slot_of(node);

		if (!error && slot->allocation)
			error = gb_slot_settle(staging, slot, lane);
	}
	return error;
}
