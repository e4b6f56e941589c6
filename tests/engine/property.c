/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Programs made of random steps, against a model of what their memory must
 * hold. All invariants are checked after every step. With two numbers as
 * arguments: the first seed, and how many.
 */
#include "test.h"

#include "fake_pool.h"

#include <stdlib.h>

#define HELD  12
#define STEPS 300
#define STAMP UINT64_C(200)
#define VRAM  (20 * G)
#define RAM   (24 * G)

struct held {
	uint64_t address, size, seed, stream;
	bool written;
};

static struct held model[HELD];
static uint64_t dice, direct;
static bool capturing;

static uint64_t roll(uint64_t sides)
{
	dice = dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (dice >> 33) % sides;
}

static void give_up(const char *what, int error)
{
	print_error("%s: error %d\n", what, error);
	assert_true(false);
}

/* A few bytes at the beginning of each granule, and the last ones. */
static void stamp(const struct held *held,
		  void (*kernel)(uint64_t, uint64_t, uint64_t, uint64_t))
{
	uint64_t at = 0;

	for (; at + STAMP < held->size; at += G)
		kernel(held->stream, held->address + at, STAMP, held->seed + at);
	at = held->size > 3 ? held->size - 3 : 0;
	kernel(held->stream, held->address + at, held->size - at, held->seed + 1);
}

static void run(struct held *held, bool write)
{
	int error;

	if (roll(4)) {
		gb_engine_note_launch(0);
		gb_engine_name(held->address);
	}
	error = gb_engine_enter();
	if (error)
		give_up("launch", error);
	if (write) {
		held->seed = roll(1000000) * 1000;
		held->written = true;
		stamp(held, fake_kernel_write);
	} else if (held->written) {
		stamp(held, fake_kernel_expect);
	}
	gb_gate_leave();
}

static uint64_t granules(const struct held *held)
{
	return (held->size + G - 1) / G;
}

/* The model's opinion: does it fit, whatever lies where? */
static bool fits(uint64_t size)
{
	uint64_t all = (size + G - 1) / G;

	for (int i = 0; i < HELD; i++)
		if (model[i].address)
			all += granules(&model[i]);
	return all <= (VRAM - direct) / G + RAM / G;
}

static void acquire(struct held *held)
{
	uint64_t size = 1 + roll(7 * G);
	bool may = fits(size);
	int error = gb_engine_allocate(0, size, 1, 0, &held->address);

	if (error) {
		held->address = 0;
		/* What capturing holds back cannot be waited for. */
		if (error != -ENOMEM || (may && !capturing))
			give_up("allocate", error);
		return;
	}
	if (!may)
		give_up("allocated more than there is", 0);
	held->size = size;
	held->stream = fake_stream(0, (int)roll(4));
	held->written = false;
}

static void upload(struct held *held)
{
	static char buffer[7 << 21];
	uint64_t seed = roll(1000000), offset = roll(held->size);
	uint64_t bytes = 1 + roll(held->size - offset);
	int result;

	fake_fill_pattern(buffer, 0, bytes, seed);
	result = gb_engine_upload(held->address + offset, buffer, bytes,
				  held->stream);
	memset(buffer, 0x77, bytes < 5000 ? bytes : 5000);
	if (result < 0)
		give_up("upload", result);
	if (!result)
		return;
	fake_kernel_expect(held->stream, held->address + offset, bytes, seed);
	run(held, true);
}

static void let_go(struct held *held)
{
	gb_ticket ticket = 0;
	int error;

	run(held, false);
	if (roll(2) && !capturing) {
		if (fake_driver.mark(held->stream, &ticket))
			give_up("mark", 0);
		error = gb_engine_free_after(held->address, ticket);
	} else {
		error = gb_engine_free(held->address);
	}
	if (error)
		give_up("free", error);
	held->address = 0;
}

static void take_direct(void)
{
	uint64_t bytes = roll(2 * G);

	if (gb_engine_make_room(0, bytes))
		return;
	gb_engine_count_direct(0, (int64_t)bytes);
	direct += bytes;
}

static void give_direct(void)
{
	gb_engine_count_direct(0, -(int64_t)direct);
	direct = 0;
}

static void disturb(void)
{
	switch (roll(8)) {
	case 0:
		gb_engine_give_way(0, roll(4 * G));
		break;
	case 1:
		take_direct();
		break;
	case 2:
		give_direct();
		break;
	case 3:
		capturing = !capturing;
		fake_capture(capturing, 0);
		break;
	case 4:
		fake_run_all();
		break;
	default:
		gb_engine.device[0].rebalance_after = 0;
		gb_engine_idle(0);
	}
}

static void step(void)
{
	struct held *held = &model[roll(HELD)];

	if (!held->address)
		acquire(held);
	else if (!roll(4))
		let_go(held);
	else if (!roll(4))
		upload(held);
	else if (!roll(10))
		gb_engine_touch(held->address, GB_TOUCH_UPLOAD);
	else
		run(held, roll(2));
	if (!roll(3))
		disturb();
	check_all();
}

static void live(uint64_t seed)
{
	dice = seed * 7919 + 1;
	direct = 0;
	capturing = false;
	memset(model, 0, sizeof(model));
	/* Every other one over a pool that holds half. */
	fake_pool_start(RAM / 2);
	world_begin(&(struct world){ .devices = 1,
				     .vram = VRAM,
				     .ram = RAM,
				     .pool = seed % 2 ? &fake_pool : NULL });
	fake_set_seed(seed + 1);
	for (int i = 0; i < STEPS; i++)
		step();
	fake_capture(false, 0);
	for (int i = 0; i < HELD; i++)
		if (model[i].address)
			let_go(&model[i]);
	give_direct();
	fake_run_all();
	world_end();
}

static uint64_t first_seed = 1, seeds = 12;

static void random_programs(void **state)
{
	for (uint64_t seed = first_seed; seed < first_seed + seeds; seed++) {
		/* Left standing if the seed fails. */
		print_message("seed %lu\r", seed);
		live(seed);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(random_programs) };

	if (argc == 3) {
		first_seed = strtoull(argv[1], NULL, 10);
		seeds = strtoull(argv[2], NULL, 10);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
