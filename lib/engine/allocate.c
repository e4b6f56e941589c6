// SPDX-License-Identifier: GPL-2.0-only
/* Allocating and freeing, as the program asks for it. */
#include "engine.h"

#include <errno.h>

#include "allocation.h"
#include "budget.h"
#include "device.h"
#include "placement.h"
#include "pressure.h"
#include "share.h"
#include "stats.h"

static int allocate(struct gb_device *device, uint64_t size,
		    struct gb_allocation **allocation)
{
	uint64_t bytes = (size + GB_GRANULE - 1) & ~(GB_GRANULE - 1);
	int error;

	if (!size)
		return -EINVAL;
	/* Before any sum can wrap around. */
	if (size > device->bytes)
		return -ENOMEM;
	gb_device_reclaim(device, false);
	if (!gb_budget_holds(device, bytes))
		gb_device_reclaim(device, true);
	if (!gb_budget_holds(device, bytes))
		return -ENOMEM;
	error = gb_allocation_create(device, size, allocation);
	if (error || gb_budget_room(device) < bytes)
		return error; /* in overflow the first touch decides */
	error = gb_placement_back(*allocation, NULL);
	if (error)
		gb_allocation_destroy(*allocation);
	return error;
}

int gb_engine_allocate(int ordinal, uint64_t size, uint64_t context,
		       uint64_t pool, uint64_t *address)
{
	struct gb_device *device = gb_engine_device(ordinal);
	struct gb_allocation *allocation;
	int error;

	if (!device)
		return -EOPNOTSUPP;
	gb_pressure_look();
	gb_lock();
	error = allocate(device, size, &allocation);
	if (!error) {
		allocation->context = context;
		allocation->pool = pool;
		*address = allocation->address;
	} else if (error == -ENOMEM) {
		gb_device_refuse(device, size);
	}
	gb_unlock();
	return error;
}

/* The allocation at @address if it is imported, or not, as asked for. */
static struct gb_allocation *allocation_to_free(uint64_t address, bool imported)
{
	struct gb_allocation *allocation = gb_allocation_at(address);

	return allocation && (allocation->opens > 0) == imported ? allocation : NULL;
}

static int free_at(uint64_t address, bool imported)
{
	struct gb_allocation *allocation;
	struct gb_device *device;
	uint64_t retired;
	int error;

	gb_lock();
	allocation = allocation_to_free(address, imported);
	if (!allocation || (imported && --allocation->opens)) {
		gb_unlock();
		return allocation ? 0 : -EINVAL;
	}
	device = allocation->device;
	gb_allocation_retire(allocation, 0);
	retired = gb_engine.retired;
	gb_unlock();

	/*
	 * The program's own work is waited for, so without the lock; and others
	 * may give the device work, and free what that uses, in the meantime.
	 */
	error = gb_engine.driver->drain(device->ordinal);
	gb_lock();
	if (!error)
		gb_allocation_reclaim(device, retired);
	gb_unlock();
	return error == -EBUSY ? 0 : error;
}

int gb_engine_free(uint64_t address)
{
	return free_at(address, false);
}

int gb_engine_close(uint64_t address)
{
	return free_at(address, true);
}

int gb_engine_free_after(uint64_t address, gb_ticket ticket)
{
	struct gb_allocation *allocation;

	gb_lock();
	allocation = allocation_to_free(address, false);
	if (allocation)
		gb_allocation_retire(allocation, ticket);
	gb_unlock();
	if (!allocation && ticket)
		gb_engine.driver->ticket_drop(ticket);
	return allocation ? 0 : -EINVAL;
}

void gb_engine_free_context(int ordinal, uint64_t context)
{
	struct gb_device *device;

	if (ordinal < 0 || ordinal >= gb_engine.device_count)
		return;
	device = &gb_engine.device[ordinal];
	gb_lock();
	gb_allocation_destroy_context(device, context);
	gb_unlock();
}
