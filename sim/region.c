/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Regions: memory at an address, of every kind. A device address is the CPU
 * address of the same byte. Behind each region that gets addresses of its own
 * lies one page that nothing is mapped to, so that running over its end faults.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "sim.h"

#define FREED_RANGES 1024
#define FREED_BYTES  ((uint64_t)16 << 30) /* of one; larger ones go at once */

struct sim_region *sim_region_find(uint64_t address)
{
	return (struct sim_region *)sim_map_find(&sim.regions, address);
}

uint64_t sim_reserve(uint64_t bytes, uint64_t wanted)
{
	uint64_t align = bytes >= SIM_GRANULE ? SIM_GRANULE : SIM_PAGE;
	uint64_t asked = bytes + align, base, aligned;
	void *at;

	at = mmap((void *)wanted, asked, PROT_NONE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED)
		return 0;
	base = (uint64_t)at;
	aligned = SIM_ROUND_UP(base, align);
	if (aligned > base)
		munmap(at, aligned - base);
	if (base + asked > aligned + bytes)
		munmap((void *)(aligned + bytes), base + asked - aligned - bytes);
	return aligned;
}

/*
 * Addresses that were freed last, still reserved: nothing else of the process
 * may move in at once, so that work which comes too late faults. Guarded by
 * sim.lock.
 */
static struct sim_range freed[FREED_RANGES];
static size_t freed_next;

void sim_unreserve(uint64_t base, uint64_t bytes)
{
	struct sim_range *oldest;

	if (bytes > FREED_BYTES) {
		munmap((void *)base, bytes);
		return;
	}
	oldest = &freed[freed_next++ % FREED_RANGES];
	if (oldest->size)
		munmap((void *)oldest->base, oldest->size);
	oldest->base = base;
	oldest->size = bytes;
	if (mmap((void *)base, bytes, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
		 0) != MAP_FAILED)
		return;
	oldest->size = 0;
	munmap((void *)base, bytes);
}

struct sim_region *sim_region_insert(enum sim_region_kind kind, uint64_t base,
				     uint64_t size)
{
	struct sim_region *region = sim_alloc(sizeof(*region));

	region->range.base = base;
	region->range.size = size;
	region->asked = size;
	region->kind = kind;
	region->id = sim_next_id();
	sim_map_insert(&sim.regions, &region->range);
	return region;
}

CUresult sim_region_show(enum sim_region_kind kind, struct sim_phys *phys,
			 size_t bytes, struct sim_region **out)
{
	uint64_t base = sim_reserve(phys->size + SIM_PAGE, 0);
	struct sim_region *region;
	void *at;

	if (!base)
		return CUDA_ERROR_OUT_OF_MEMORY;
	at = mmap((void *)base, phys->size, PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_FIXED, phys->fd, (off_t)phys->offset);
	if (at == MAP_FAILED) {
		munmap((void *)base, phys->size + SIM_PAGE);
		return CUDA_ERROR_OPERATING_SYSTEM;
	}
	region = sim_region_insert(kind, base, phys->size);
	region->asked = bytes;
	region->phys = phys;
	region->device = phys->device;
	phys->mappings++;
	phys->handles--;
	*out = region;
	return CUDA_SUCCESS;
}

CUresult sim_region_create(enum sim_region_kind kind, struct sim_device *device,
			   size_t bytes, struct sim_region **out)
{
	size_t unit = bytes >= SIM_GRANULE ? SIM_GRANULE : SIM_PAGE;
	struct sim_phys *phys;
	CUresult rc;

	if (!bytes || bytes > SIZE_MAX - SIM_GRANULE)
		return bytes ? CUDA_ERROR_OUT_OF_MEMORY : CUDA_ERROR_INVALID_VALUE;
	rc = sim_phys_create(device, SIM_ROUND_UP(bytes, unit), false, &phys);
	if (rc)
		return rc;
	rc = sim_region_show(kind, phys, bytes, out);
	if (rc) {
		phys->handles = 0;
		sim_phys_put(phys);
	}
	return rc;
}

void sim_region_destroy(struct sim_region *region)
{
	struct sim_phys *phys = region->phys;

	sim_map_remove(&sim.regions, &region->range);
	if (phys) {
		sim_unreserve(region->range.base, region->range.size + SIM_PAGE);
		phys->mappings--;
		sim_phys_put(phys);
	} else if (region->kind == SIM_REGION_REGISTERED) {
		sim_uncharge(NULL, region->range.size);
	}
	free(region);
}

/* Whether one copy may go on from one region into the next. */
static bool is_joined(const struct sim_region *a, const struct sim_region *b)
{
	return a->kind == SIM_REGION_MAPPING && b->kind == SIM_REGION_MAPPING;
}

bool sim_range_is_known(uint64_t address, uint64_t bytes)
{
	struct sim_region *region = sim_region_find(address), *next;
	uint64_t end = address + bytes, limit;

	if (!region || end < address)
		return false;
	for (;;) {
		limit = region->range.base + region->asked;
		if (end <= limit)
			return true;
		next = sim_region_find(region->range.base + region->range.size);
		if (!next || !is_joined(region, next))
			return false;
		region = next;
	}
}

bool sim_is_host_memory(uint64_t address)
{
	return !sim_region_find(address) &&
	       !sim_map_find(&sim.reservations, address);
}

bool sim_is_pinned(uint64_t address)
{
	return sim_region_find(address) != NULL;
}
