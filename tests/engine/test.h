/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What all tests of the engine share: an engine over the fake driver, and the
 * walk that checks what must hold of it at any time.
 */
#ifndef TEST_ENGINE_H
#define TEST_ENGINE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "allocation.h"
#include "arena.h"
#include "budget.h"
#include "engine.h"
#include "fake_driver.h"
#include "gate.h"
#include "heat.h"
#include "invariants.h"
#include "options.h"
#include "spill.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
/* Most sizes here are counted in granules. */
#define G	     GB_GRANULE
#define STREAM	     fake_stream(0, 0)

struct world {
	int devices;
	int late; /* of them: they are made ready when they are first used */
	uint64_t vram;	  /* of a card, which the budget fills: no reserve */
	uint64_t ram;	  /* budget */
	uint64_t host;	  /* that can be pinned at all; 0: plenty */
	uint64_t staging; /* VRAM for the ring; 0: off */
	uint64_t nvme; /* budget of files in the current directory; 0: none */
	uint64_t (*ram_left)(void);	/* of the machine, or NULL */
	uint64_t writes;		/* that may go there; 0: any */
	unsigned int threads;		/* 0: one */
	const struct gb_pool_ops *pool; /* fake_pool.h, or NULL */
};

/* An engine with every device ready. */
void world_begin(const struct world *world);
/* Waits for all work, checks everything once more, and ends it. */
void world_end(void);

/* The same after a test has ended the engine itself; the driver's faults. */
int world_give_up(void);

/* The statistics page of the engine, with the maps of its devices. */
extern struct world_page {
	struct gb_stats stats;
	uint8_t map[GB_DEVICES][GB_MAP_GRANULES];
	struct gb_stats_use uses[GB_DEVICES][GB_USES];
} world_page;
#define world_stats world_page.stats

/*
 * Everything that must hold while no call is under way (the invariants of a
 * quiet engine). Fails the test where it does not.
 */
void check_all(void);

/* Allocates for device 0 or fails the test. */
uint64_t take(uint64_t bytes);
uint64_t take_on(int device, uint64_t bytes);
/* Allocates, and has its first touch say what it is. */
uint64_t take_weights(uint64_t bytes);
uint64_t take_working(uint64_t bytes);
/* Frees or fails the test. */
void drop(uint64_t address);
int allocate(uint64_t bytes);

/* A launch that names @count addresses, and really runs (enters the gate). */
void launch(const uint64_t *addresses, int count);
void launch_one(uint64_t address);

/* Granules of an allocation in each place. */
uint64_t granules_in(enum fake_place place, uint64_t address);
uint64_t vram_used(int device);
uint64_t ram_used(void);

/* Contents, at once. */
void fill(uint64_t address, uint64_t bytes, uint64_t seed);
void expect(uint64_t address, uint64_t bytes, uint64_t seed);
bool matches(uint64_t address, uint64_t bytes, uint64_t seed);

/* cmocka's setup and teardown for the usual world: 32 granules each way. */
int usual_setup(void **state);
int usual_teardown(void **state);
#define usual_test(function)                                                   \
	cmocka_unit_test_setup_teardown(function, usual_setup, usual_teardown)
#define USUAL (32 * G)

#endif
