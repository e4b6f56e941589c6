/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads that launch on, copy, write and free memory of which most is on the
 * NVMe disk, while it comes and goes. Each knows what its own memory holds;
 * kernels check it, late and in stream order. Meant to be run with the thread
 * sanitizer as well.
 */
#include "../engine/test.h"

#include <pthread.h>

#include "staging/staging.h"

#define THREADS 4
#define HELD	4
#define SHARED	4
#define ROUNDS	250
#define PLENTY	(UINT64_C(1) << 40)
#define STAMP	UINT64_C(512)
#define READER	77
#define WRITER	1000 /* and as many more as there are writes */

struct held {
	uint64_t address, seed;
};

struct user {
	pthread_t thread;
	uint64_t number, stream, dice, writes, uses, refused;
	struct held held[HELD];
};

static struct held shared[SHARED];
static _Atomic uint64_t left;

static uint64_t roll(struct user *user, uint64_t sides)
{
	user->dice = user->dice * UINT64_C(6364136223846793005) + 1;
	return (user->dice >> 33) % sides;
}

static uint64_t ram_left(void)
{
	return left;
}

/* The first page and the last. */
static void stamp(uint64_t stream, uint64_t at, uint64_t seed,
		  void (*kernel)(uint64_t, uint64_t, uint64_t, uint64_t))
{
	kernel(stream, at, STAMP, seed);
	kernel(stream, at + G - STAMP, STAMP, seed + 1);
}

static int begin(struct gb_stage_launch *launch)
{
	for (;;) {
		int error = gb_engine_enter();

		if (error)
			return error;
		if (gb_staging_begin(launch))
			return 1;
		if (!launch->stranded)
			return 0;
		gb_gate_leave();
		error = gb_engine_bring_home(&launch->words[0].address, 1);
		if (error)
			return error;
	}
}

/* As the hook does it. What kernels have written stays, so RAM may be full of it. */
static bool run(struct user *user, uint64_t function, const struct held *held,
		void (*kernel)(uint64_t, uint64_t, uint64_t, uint64_t))
{
	struct gb_stage_word word = { .address = held->address, .to = held->address };
	struct gb_stage_launch launch = { .device = 0,
					  .stream = user->stream,
					  .function = function,
					  .words = &word,
					  .count = 1 };
	int staged;

	gb_engine_note_launch(0);
	gb_staging_prepare(0);
	gb_engine_name(held->address);
	staged = begin(&launch);
	user->uses++;
	if (staged < 0) {
		if (staged != -ENOMEM)
			fake_fault("a launch went wrong: %d", staged);
		user->refused++;
		return false;
	}
	fake_inside(1);
	stamp(user->stream, word.to, held->seed, kernel);
	if (staged)
		gb_staging_end(&launch, true);
	fake_inside(-1);
	gb_gate_leave();
	return true;
}

/* As the hook of a copy. */
static bool copy(struct user *user, const struct held *held, bool write)
{
	bool writing;
	int error = gb_engine_touch(held->address,
				    write ? GB_TOUCH_UPLOAD : GB_TOUCH_READ);

	if (!error)
		error = gb_engine_enter_at_home(&held->address, 1);
	user->uses++;
	if (error) {
		if (error != -ENOMEM)
			fake_fault("a copy went wrong: %d", error);
		user->refused++;
		return false;
	}
	fake_inside(1);
	writing = gb_staging_access(held->address, user->stream, write);
	stamp(user->stream, held->address, held->seed,
	      write ? fake_kernel_write : fake_kernel_expect);
	if (writing)
		gb_staging_written(held->address, user->stream);
	fake_inside(-1);
	gb_gate_leave();
	return true;
}

static void renew(struct user *user, struct held *held)
{
	if (held->address && gb_engine_free(held->address))
		fake_fault("freeing went wrong");
	held->address = 0;
	if (gb_engine_allocate(0, G, 1, 0, &held->address))
		return;
	held->seed = user->number * 1000000 + roll(user, 1000) * 1000;
	if (copy(user, held, true))
		return;
	gb_engine_free(held->address);
	held->address = 0;
}

static void rewrite(struct user *user, struct held *held)
{
	bool done;

	held->seed += 2;
	if (roll(user, 2))
		done = copy(user, held, true);
	else
		done = run(user, WRITER + user->number * ROUNDS + user->writes++,
			   held, fake_kernel_write);
	if (!done)
		held->seed -= 2;
}

static void *use(void *argument)
{
	struct user *user = argument;

	for (int round = 0; round < ROUNDS; round++) {
		struct held *held = &user->held[roll(user, HELD)];

		switch (held->address ? roll(user, 16) : 0) {
		case 0:
			renew(user, held);
			break;
		case 1:
			rewrite(user, held);
			break;
		case 2:
			copy(user, held, false);
			break;
		case 3:
			left = roll(user, 8) ? PLENTY : 0;
			gb_engine.pressure_after = 0;
			/* fall through */
		case 4:
			gb_engine_idle(0);
			break;
		case 5:
			gb_staging_idle(0);
			break;
		case 6:
		case 7:
			run(user, READER, &shared[roll(user, SHARED)],
			    fake_kernel_expect);
			break;
		default:
			run(user, READER, held, fake_kernel_expect);
		}
	}
	return NULL;
}

static void threads_use_what_is_away(void **state)
{
	static struct user users[THREADS];
	struct user first = { .stream = STREAM };
	uint64_t uses = 0, refused = 0;

	left = PLENTY;
	world_begin(&(struct world){ .devices = 1,
				     .vram = 16 * G,
				     .ram = 8 * G + 5 * G + 10 * G,
				     .staging = 4 * G,
				     .ram_left = ram_left,
				     .nvme = 64 * G });
	gb_engine_pin(take_working(11 * G));
	take_weights(5 * G);
	fake_set_seed(7);
	for (uint64_t i = 0; i < SHARED; i++)
		renew(&first, &shared[i]);
	memset(users, 0, sizeof(users));
	for (uint64_t i = 0; i < THREADS; i++) {
		users[i].number = users[i].dice = i + 1;
		users[i].stream = fake_stream(0, (int)i + 1);
		for (int k = 0; k < HELD; k++)
			renew(&users[i], &users[i].held[k]);
	}
	fake_run_all();
	for (int i = 0; i < THREADS; i++)
		pthread_create(&users[i].thread, NULL, use, &users[i]);
	for (int i = 0; i < THREADS; i++)
		pthread_join(users[i].thread, NULL);
	left = PLENTY;
	for (int i = 0; i < THREADS; i++) {
		uses += users[i].uses;
		refused += users[i].refused;
	}
	/* Memory is short an eighth of the time, and nothing comes back then. */
	assert_true(refused < uses / 4);
	assert_true(world_stats.device[0].spilled > 20 * G);
	assert_true(world_stats.device[0].stage_hits > 0);
	world_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_use_what_is_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
