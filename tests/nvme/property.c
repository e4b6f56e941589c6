// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random operations on a disk that fails at random, against a model in memory:
 * what was stored without an error comes back as it was or with an error, and
 * without faults it comes back.
 *
 *	property [FIRST-SEED COUNT]
 */
#include "test.h"

#include <sys/mman.h>

#define THINGS	  24
#define UNITS_MAX 40 /* pages of one */
#define MODEL	  (UNITS_MAX * PAGE)

/* Something that may be in the store, and what it is. */
struct thing {
	struct gb_stored *stored; /* NULL: not there */
	char *memory;
	uint64_t bytes;
	struct gb_job job;
	char *back; /* where a read brings it, or NULL: none under way */
	uint64_t from, part;
};

struct world {
	struct gb_store *store;
	struct thing thing[THINGS];
	char *map; /* of a model file */
	uint64_t seed;
	bool faults;
	int good, bad;
};

static uint64_t next(struct world *world, uint64_t below)
{
	world->seed = world->seed * 6364136223846793005 + 1442695040888963407;
	return (world->seed >> 33) % below;
}

static bool is_expected(const struct world *world, int error)
{
	if (!error || (world->faults && (error == -EIO || error == -ENOSPC)))
		return true;
	print_message("error %d: %s\n", error, fault.last);
	return false;
}

static void put_thing(struct world *world, struct thing *thing)
{
	struct gb_job job = { 0 };
	int error;

	thing->bytes = (1 + next(world, UNITS_MAX)) * PAGE;
	thing->memory = memory_with(thing->bytes, world->seed);
	error = gb_store_put(world->store, thing->memory, thing->bytes,
			     GB_STORE_EVICT, &job, &thing->stored);
	if (!error) {
		error = gb_store_wait(&job);
		if (error)
			gb_store_drop(world->store, thing->stored);
	}
	assert_true(is_expected(world, error));
	error ? world->bad++ : world->good++;
	if (error) {
		thing->stored = NULL;
		free(thing->memory);
	}
}

static void remember_thing(struct world *world, struct thing *thing)
{
	uint64_t offset = next(world, MODEL);
	struct gb_job job = { 0 };
	int error;

	thing->bytes = 1 + next(world, MODEL - offset);
	thing->memory = memory_with(thing->bytes, 0);
	memcpy(thing->memory, world->map + offset, thing->bytes);
	error = gb_store_remember(world->store, world->map + offset, thing->memory,
				  thing->bytes, &job, &thing->stored);
	assert_int_equal(error, 0);
	error = gb_store_wait(&job);
	assert_true(is_expected(world, error));
	if (error) {
		gb_store_drop(world->store, thing->stored);
		thing->stored = NULL;
		free(thing->memory);
	}
}

static void begin_get(struct world *world, struct thing *thing)
{
	uint64_t pages = (thing->bytes + PAGE - 1) / PAGE;
	uint64_t first = next(world, pages), count = 1 + next(world, pages - first);

	thing->from = first * PAGE;
	thing->part = count * PAGE;
	if (thing->from + thing->part > thing->bytes)
		thing->part = thing->bytes - thing->from;
	thing->back = memory_with(thing->part, 1);
	memset(&thing->job, 0, sizeof(thing->job));
	assert_int_equal(gb_store_get(world->store, thing->stored, thing->from,
				      thing->part, thing->back,
				      (enum gb_store_why)next(world, GB_STORE_WHYS),
				      &thing->job),
			 0);
}

static void end_get(struct world *world, struct thing *thing)
{
	int error = gb_store_wait(&thing->job);

	assert_true(is_expected(world, error));
	if (!error)
		assert_memory_equal(thing->back, thing->memory + thing->from,
				    thing->part);
	error ? world->bad++ : world->good++;
	free(thing->back);
	thing->back = NULL;
}

static void drop_thing(struct world *world, struct thing *thing)
{
	if (thing->back)
		end_get(world, thing);
	gb_store_drop(world->store, thing->stored);
	thing->stored = NULL;
	free(thing->memory);
}

static void one_step(struct world *world)
{
	struct thing *thing = &world->thing[next(world, THINGS)];

	if (!thing->stored)
		next(world, 3) ? put_thing(world, thing)
			       : remember_thing(world, thing);
	else if (thing->back)
		end_get(world, thing);
	else if (next(world, 4))
		begin_get(world, thing);
	else
		drop_thing(world, thing);
}

static void change_faults(struct world *world)
{
	static const int errors[] = { 0, 0, EINTR, EAGAIN, EIO, ENOSPC };

	fault.every = 0;
	fault.random = true;
	fault.error = errors[next(world, COUNT(errors))];
	fault.every = (int)next(world, 2) * (2 + (int)next(world, 40));
	fault.fallocate = next(world, 4) ? 0 : ENOSPC;
}

static uint64_t spilled(const struct world *world)
{
	struct gb_store_stats stats = stats_of(world->store);
	uint64_t bytes = 0;

	for (int i = 0; i < THINGS; i++)
		bytes += world->thing[i].stored ? world->thing[i].bytes : 0;
	return bytes - stats.remembered;
}

static void run_seed(struct world *world, enum way way)
{
	world->store = store_on(way);
	for (int i = 0; i < 200; i++) {
		if (world->faults && i % 10 == 0)
			change_faults(world);
		one_step(world);
	}
	for (int i = 0; i < THINGS; i++)
		if (world->thing[i].back)
			end_get(world, &world->thing[i]);
	fault_clear();
	assert_int_equal(stats_of(world->store).used, spilled(world));
	world->faults = false; /* what is left is as good as ever */
	for (int i = 0; i < THINGS; i++) {
		struct thing *thing = &world->thing[i];

		if (!thing->stored)
			continue;
		begin_get(world, thing);
		drop_thing(world, thing);
	}
	assert_int_equal(stats_of(world->store).used, 0);
	assert_int_equal(stats_of(world->store).remembered, 0);
	assert_int_equal(stats_of(world->store).corrupt, 0);
	gb_store_destroy(world->store);
}

/* Under a name: without privilege it is found by that alone. */
static char *map_model(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	char *memory = memory_with(MODEL, 99), *map;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, memory, MODEL), MODEL);
	map = mmap(NULL, MODEL, PROT_READ, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(map, MAP_FAILED);
	close(fd);
	free(memory);
	return map;
}

static uint64_t first_seed = 1, seeds = 6;

static void whatever_happens_no_byte_is_wrong(void **unused)
{
	char path[96], *map;
	int good = 0, bad = 0;

	snprintf(path, sizeof(path), "%s/model", folder());
	map = map_model(path);
	for (uint64_t seed = first_seed; seed < first_seed + seeds; seed++) {
		struct world world = {
			.map = map,
			.seed = seed * 0x9e3779b97f4a7c15,
			.faults = seed % 4 != 0,
		};

		print_message("seed %llu\n", (unsigned long long)seed);
		run_seed(&world, (enum way)(seed % WAYS));
		good += world.good;
		bad += world.bad;
	}
	munmap(map, MODEL);
	unlink(path);
	print_message("%d went well, %d failed as they should\n", good, bad);
	assert_true(good > 0 && bad > 0);
}

int main(int count, char **arguments)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(whatever_happens_no_byte_is_wrong, clear),
	};

	if (count > 2) {
		first_seed = strtoull(arguments[1], NULL, 10);
		seeds = strtoull(arguments[2], NULL, 10);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
