// SPDX-License-Identifier: GPL-2.0-only
#include "arena.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

/*
 * 1 TiB of addresses costs nothing to reserve (V10) and outlasts any program's
 * fragmentation; smaller ones are tried where an address space limit is set.
 */
#define ARENA_MAX (UINT64_C(1) << 40)
#define ARENA_MIN (UINT64_C(64) << 30)

/*
 * Launches' parameters are searched for addresses of ours, and two numbers of
 * 32 bits that stand side by side read as one, too: those of a list of blocks,
 * 258 and 259, were memory of an arena at 2^40, where a driver puts one that is
 * not told where (580, an H200). So the upper half of our addresses is a number
 * that programs hardly have: 28003 and what follows, neither a round one nor a
 * small. An arena below 2^46, with less than 16384 there, is no place for that.
 */
#define ARENA_BASE   UINT64_C(0x6d6300000000)
#define ARENA_LOWEST (UINT64_C(1) << 46)

struct space {
	struct gb_list node;
	uint64_t address, bytes;
};

static struct space *space_of(struct gb_list *node)
{
	return gb_container_of(node, struct space, node);
}

static struct space *space_create(uint64_t address, uint64_t bytes)
{
	struct space *space = malloc(sizeof(*space));

	if (space) {
		space->address = address;
		space->bytes = bytes;
		gb_list_init(&space->node);
	}
	return space;
}

static size_t owners_bytes(uint64_t bytes)
{
	return (bytes >> GB_GRANULE_SHIFT) *
	       sizeof(_Atomic(struct gb_allocation *));
}

static int reserve(int device, uint64_t *address, uint64_t *bytes)
{
	uint64_t wanted = ARENA_BASE + (uint64_t)device * ARENA_MAX;
	int error = -ENOMEM;

	for (*bytes = ARENA_MAX; *bytes >= ARENA_MIN; *bytes /= 2) {
		error = gb_engine.driver->address_reserve(*bytes, wanted, address);
		if (!error)
			break;
	}
	return error;
}

bool gb_arena_is_distinct(const struct gb_device *device)
{
	return device->base >= ARENA_LOWEST;
}

int gb_arena_init(struct gb_device *device)
{
	uint64_t address, bytes;
	struct space *all;
	void *table;
	int error = reserve(device->ordinal, &address, &bytes);

	if (error)
		return error;
	table = mmap(NULL, owners_bytes(bytes), PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (table == MAP_FAILED)
		goto err_reserve;
	all = space_create(address, bytes);
	if (!all)
		goto err_table;
	gb_list_init(&device->spaces);
	gb_list_insert(&device->spaces, &all->node);
	device->base = address;
	device->owners = table;
	/* From here on other threads look addresses up in it. */
	atomic_store_explicit(&device->bytes, bytes, memory_order_release);
	return 0;

err_table:
	munmap(table, owners_bytes(bytes));
err_reserve:
	gb_engine.driver->address_free(address, bytes);
	return -ENOMEM;
}

void gb_arena_finish(struct gb_device *device)
{
	uint64_t bytes = atomic_exchange(&device->bytes, 0);

	if (!bytes)
		return;
	gb_list_for_each_safe(node, &device->spaces)
	{
		gb_list_remove(node);
		free(space_of(node));
	}
	munmap(device->owners, owners_bytes(bytes));
	gb_engine.driver->address_free(device->base, bytes);
	device->owners = NULL;
	device->base = 0;
}

int gb_arena_take(struct gb_device *device, uint64_t bytes, uint64_t *address)
{
	uint64_t run = bytes + GB_GRANULE; /* the guard */

	gb_list_for_each (node, &device->spaces) {
		struct space *space = space_of(node);

		if (space->bytes < run)
			continue;
		*address = space->address;
		space->address += run;
		space->bytes -= run;
		if (!space->bytes) {
			gb_list_remove(node);
			free(space);
		}
		return 0;
	}
	return -ENOMEM;
}

/* Grows @space over its successor if they touch. */
static void merge_next(struct gb_device *device, struct space *space)
{
	struct gb_list *node = space->node.next;
	struct space *next = space_of(node);

	if (node == &device->spaces || space->address + space->bytes != next->address)
		return;
	space->bytes += next->bytes;
	gb_list_remove(node);
	free(next);
}

void gb_arena_give(struct gb_device *device, uint64_t address, uint64_t bytes)
{
	uint64_t run = bytes + GB_GRANULE;
	struct gb_list *at = &device->spaces;
	struct space *space, *before;

	gb_list_for_each (node, &device->spaces) {
		if (space_of(node)->address > address) {
			at = node;
			break;
		}
	}
	before = at->prev == &device->spaces ? NULL : space_of(at->prev);
	if (before && before->address + before->bytes == address) {
		before->bytes += run;
		merge_next(device, before);
		return;
	}
	space = space_create(address, run);
	if (!space)
		return; /* these addresses are lost, memory is not */
	gb_list_insert(at, &space->node);
	merge_next(device, space);
}

void gb_arena_set_owner(struct gb_device *device, uint64_t address,
			uint64_t bytes, struct gb_allocation *owner)
{
	uint64_t first = (address - device->base) >> GB_GRANULE_SHIFT;
	uint64_t count = (bytes >> GB_GRANULE_SHIFT) + 1;

	for (uint64_t i = first; i < first + count; i++)
		atomic_store_explicit(&device->owners[i], owner,
				      memory_order_release);
}

struct gb_device *gb_arena_device(uint64_t address)
{
	for (int i = 0; i < gb_engine.device_count; i++) {
		struct gb_device *device = &gb_engine.device[i];
		uint64_t bytes = atomic_load_explicit(&device->bytes,
						      memory_order_acquire);

		if (bytes && address - device->base < bytes)
			return device;
	}
	return NULL;
}

struct gb_allocation *gb_arena_owner(uint64_t address)
{
	struct gb_device *device = gb_arena_device(address);

	if (!device)
		return NULL;
	return atomic_load_explicit(
		&device->owners[(address - device->base) >> GB_GRANULE_SHIFT],
		memory_order_acquire);
}
