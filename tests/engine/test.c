/* SPDX-License-Identifier: GPL-2.0-only */
#include "test.h"

#include "tier/nvme.h"

struct world_page world_page;

/* Sums that the walk makes of one device. */
struct sums {
	uint64_t vram, ram, away, pool, pending, live, leaving_runs, shown;
};

static bool world_lives;

/* What a test that failed has left behind is none of the next one's business. */
static void clear_away(void)
{
	if (!world_lives)
		return;
	fake_capture(false, 0);
	fake_failed();
	fake_run_all();
	gb_engine_finish();
	gb_nvme_close();
	fake_stop();
}

void world_begin(const struct world *world)
{
	clear_away();
	world_lives = true;
	memset(&world_page, 0, offsetof(struct world_page, map));
	memset(world_page.map, 0, world->devices * GB_MAP_GRANULES);
	memset(world_page.uses, 0, sizeof(world_page.uses));
	world_stats.map_offset = offsetof(struct world_page, map);
	world_stats.uses_offset = offsetof(struct world_page, uses);
	fake_start(world->devices, world->vram,
		   world->host ? world->host : world->ram + (1u << 30));
	if (world->nvme)
		assert_int_equal(
			gb_nvme_open(".", world->nvme,
				     world->writes ? world->writes : UINT64_MAX),
			0);
	gb_engine_init(&(struct gb_engine_setup){
		.driver = &fake_driver,
		.device_count = world->devices,
		.vram = GB_SIZE_AUTO,
		.ram = world->ram,
		.pool = world->pool,
		.reserve = 0,
		.staging = world->staging,
		.nvme = world->nvme,
		.ram_left = world->ram_left,
		.threads = world->threads ? world->threads : 1,
		.stats = &world_stats,
	});
	for (int i = 0; i < world->devices - world->late; i++)
		assert_non_null(gb_engine_device(i));
	check_all();
}

void world_end(void)
{
	fake_capture(false, 0);
	fake_failed();
	check_all();
	fake_run_all();
	gb_engine_finish();
	gb_nvme_close();
	world_lives = false;
	assert_int_equal(fake_stop(), 0);
}

int world_give_up(void)
{
	world_lives = false;
	gb_nvme_close();
	return fake_stop();
}

int usual_setup(void **state)
{
	world_begin(&(struct world){ .devices = 1, .vram = USUAL, .ram = USUAL });
	return 0;
}

int usual_teardown(void **state)
{
	world_end();
	return 0;
}

static void check_extent(const struct gb_allocation *allocation,
			 const struct gb_extent *extent)
{
	enum fake_place place = extent->tier->on_host ? FAKE_RAM : FAKE_VRAM;

	for (uint64_t at = extent->address;
	     at < extent->address + extent->bytes; at += G) {
		assert_int_equal(fake_place(at), place);
		for (int i = 0; i < gb_engine.device_count; i++)
			if (allocation->device->access & (1u << i))
				assert_true(fake_may_access(i, at));
	}
}

static enum gb_map_tier shown_at(const struct gb_allocation *allocation,
				 uint64_t address)
{
	uint64_t extents_end = allocation->address;

	for (uint32_t i = 0; i < allocation->extent_count; i++) {
		const struct gb_extent *extent = &allocation->extents[i];

		extents_end += extent->bytes;
		if (address < extents_end)
			return extent->tier->shown;
	}
	return allocation->away ? GB_MAP_NVME : GB_MAP_PENDING;
}

/* The published map says of the allocation, and its guard, what is so. */
static void check_map(const struct gb_allocation *allocation)
{
	const struct gb_device *device = allocation->device;
	const uint8_t *map = world_page.map[device->ordinal] +
			     (allocation->address - device->base) / G;
	uint64_t count = allocation->bytes / G;

	for (uint64_t i = 0; i < count; i++) {
		assert_int_equal(map[i] & GB_MAP_TIER,
				 shown_at(allocation, allocation->address + i * G));
		assert_int_equal(!!(map[i] & GB_MAP_START), i == 0);
	}
	assert_int_equal(map[count], GB_MAP_FREE);
}

static uint64_t count_shown(const struct gb_device *device)
{
	const uint8_t *map = world_page.map[device->ordinal];
	uint64_t shown = 0;

	for (uint64_t i = 0; i < device->stats->map_used; i++)
		shown += map[i] != GB_MAP_FREE;
	return shown;
}

static void check_memory(const struct gb_allocation *allocation, struct sums *sums)
{
	uint64_t in_ram = 0;

	assert_true(gb_allocation_is_valid(allocation));
	for (uint32_t i = 0; i < allocation->extent_count; i++) {
		const struct gb_extent *extent = &allocation->extents[i];

		check_extent(allocation, extent);
		if (extent->tier->pooled)
			sums->pool += extent->bytes;
		if (extent->tier->on_host)
			in_ram += extent->bytes;
		else
			sums->vram += extent->bytes;
	}
	sums->ram += in_ram;
	if (allocation->away) {
		assert_false(gb_allocation_is_pending(allocation));
		sums->away += allocation->bytes;
		in_ram = allocation->bytes;
	}
	if (!allocation->extents)
		for (uint64_t at = 0; at < allocation->bytes; at += G)
			assert_int_equal(fake_place(allocation->address + at),
					 FAKE_NOWHERE);
	if (!gb_allocation_is_pending(allocation) && !allocation->freed)
		assert_int_equal(atomic_load(&allocation->in_ram), in_ram);
	assert_int_equal(fake_place(allocation->address + allocation->bytes),
			 FAKE_NOWHERE);
	sums->leaving_runs += allocation->bytes + G;
	sums->shown += allocation->bytes / G;
	check_map(allocation);
}

static void check_live(const struct gb_device *device, struct sums *sums)
{
	gb_list_for_each (node, &device->allocations) {
		struct gb_allocation *each =
			gb_container_of(node, struct gb_allocation, node);

		assert_ptr_equal(each->device, device);
		assert_false(each->freed);
		assert_int_equal(each->bytes, (each->size + G - 1) / G * G);
		for (uint64_t at = 0; at <= each->bytes; at += G)
			assert_ptr_equal(gb_arena_owner(each->address + at), each);
		check_memory(each, sums);
		if (gb_allocation_is_pending(each))
			sums->pending += each->bytes;
		sums->live++;
	}
}

static void check_leaving(const struct gb_device *device, struct sums *sums)
{
	gb_list_for_each (node, &device->leaving) {
		struct gb_allocation *each =
			gb_container_of(node, struct gb_allocation, node);

		assert_true(each->freed);
		for (uint64_t at = 0; at <= each->bytes; at += G)
			assert_null(gb_arena_owner(each->address + at));
		check_memory(each, sums);
	}
}

static void check_device(const struct gb_device *device, struct sums *sums)
{
	const struct gb_stats_device *stats = device->stats;

	check_live(device, sums);
	check_leaving(device, sums);
	assert_int_equal(count_shown(device), sums->shown);
	assert_int_equal(device->vram_used, sums->vram);
	assert_int_equal(device->ram_used, sums->ram);
	assert_int_equal(device->ram_pool, sums->pool);
	assert_int_equal(device->away, sums->away);
	assert_int_equal(stats->nvme_used, sums->away);
	assert_int_equal(device->pending, sums->pending);
	assert_true(sums->vram + atomic_load(&device->vram_direct) <=
		    device->vram_budget);
	assert_int_equal(stats->vram_used, sums->vram);
	assert_int_equal(stats->ram_used, sums->ram);
	assert_int_equal(stats->pending, sums->pending);
	assert_int_equal(stats->allocations, sums->live);
	assert_int_equal(stats->allocated - stats->freed, sums->live);
}

void check_all(void)
{
	uint64_t granules = 0, ram = 0, away = 0, aside = 0, pending = 0;

	for (int i = 0; i < gb_engine.device_count; i++) {
		struct sums sums = { 0 };

		if (!gb_engine.device[i].ready)
			continue;
		check_device(&gb_engine.device[i], &sums);
		granules += (sums.vram + sums.ram) / G;
		ram += sums.ram;
		away += sums.away;
		aside += gb_engine.device[i].ram_aside;
		pending += sums.pending;
	}
	assert_int_equal(gb_engine.ram_used, ram);
	assert_true(ram + aside + atomic_load(&gb_engine.ram_direct) <=
		    gb_engine.ram_budget);
	assert_int_equal(gb_engine.away, away);
	assert_true(away <= gb_engine.nvme_budget);
	assert_int_equal(world_stats.nvme_used, away);
	assert_int_equal(world_stats.ram_used, ram);
	/* Nothing is mapped beside what allocations know of. */
	assert_int_equal(fake_mapped_granules(), granules);
	assert_int_equal(!!(atomic_load(&gb_attention) & GB_ATTENTION_PENDING),
			 pending > 0);
	assert_false(atomic_load(&gb_attention) & GB_ATTENTION_CLOSED);
	assert_int_equal(fake_faults(), 0);
}

uint64_t take_on(int device, uint64_t bytes)
{
	uint64_t address = 0;

	assert_int_equal(gb_engine_allocate(device, bytes, 1, 0, &address), 0);
	assert_int_equal(address % G, 0);
	check_all();
	return address;
}

uint64_t take(uint64_t bytes)
{
	return take_on(0, bytes);
}

int allocate(uint64_t bytes)
{
	uint64_t address;
	int error = gb_engine_allocate(0, bytes, 1, 0, &address);

	check_all();
	return error;
}

uint64_t take_weights(uint64_t bytes)
{
	uint64_t address = take(bytes);

	assert_int_equal(gb_engine_touch(address, GB_TOUCH_UPLOAD), 0);
	check_all();
	return address;
}

uint64_t take_working(uint64_t bytes)
{
	uint64_t address = take(bytes);

	assert_int_equal(gb_engine_touch(address, GB_TOUCH_WORK), 0);
	check_all();
	return address;
}

void drop(uint64_t address)
{
	assert_int_equal(gb_engine_free(address), 0);
	check_all();
}

void launch(const uint64_t *addresses, int count)
{
	gb_engine_note_launch(0);
	for (int i = 0; i < count; i++)
		gb_engine_name(addresses[i]);
	assert_int_equal(gb_engine_enter(), 0);
	fake_inside(1);
	fake_inside(-1);
	gb_gate_leave();
	check_all();
}

void launch_one(uint64_t address)
{
	launch(&address, 1);
}

uint64_t granules_in(enum fake_place place, uint64_t address)
{
	const struct gb_allocation *allocation = gb_arena_owner(address);
	uint64_t count = 0;

	assert_non_null(allocation);
	for (uint64_t at = 0; at < allocation->bytes; at += G)
		count += fake_place(allocation->address + at) == place;
	return count;
}

uint64_t vram_used(int device)
{
	return gb_engine.device[device].vram_used;
}

uint64_t ram_used(void)
{
	return gb_engine.ram_used;
}

static int device_of(uint64_t address)
{
	const struct gb_device *device = gb_arena_device(address);

	assert_non_null(device);
	return device->ordinal;
}

static char chunk[65536], found[65536];

void fill(uint64_t address, uint64_t bytes, uint64_t seed)
{
	int device = device_of(address);

	for (uint64_t at = 0; at < bytes; at += sizeof(chunk)) {
		uint64_t part =
			bytes - at < sizeof(chunk) ? bytes - at : sizeof(chunk);

		fake_fill_pattern(chunk, at, part, seed);
		assert_true(fake_poke(device, address + at, chunk, part));
	}
}

bool matches(uint64_t address, uint64_t bytes, uint64_t seed)
{
	int device = device_of(address);

	for (uint64_t at = 0; at < bytes; at += sizeof(chunk)) {
		uint64_t part =
			bytes - at < sizeof(chunk) ? bytes - at : sizeof(chunk);

		fake_fill_pattern(chunk, at, part, seed);
		if (!fake_peek(device, address + at, found, part) ||
		    memcmp(chunk, found, part))
			return false;
	}
	return true;
}

void expect(uint64_t address, uint64_t bytes, uint64_t seed)
{
	assert_true(matches(address, bytes, seed));
}
