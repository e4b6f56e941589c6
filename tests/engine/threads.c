/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads that allocate, fill, use and free memory while it moves. Each knows
 * what its own memory must hold; kernels check it, late and in stream order.
 * Meant to be run with the thread sanitizer as well.
 */
#include "test.h"

#include <pthread.h>
#include <stdlib.h>

#define THREADS 6
#define HELD	4
#define ROUNDS	150
#define STAMP	UINT64_C(512)

struct held {
	uint64_t address, granules, seed;
};

struct user {
	pthread_t thread;
	unsigned int number;
	int device;
	uint64_t stream, dice;
	struct held held[HELD];
	int used, refused;
};

static uint64_t roll(struct user *user, uint64_t sides)
{
	user->dice = user->dice * UINT64_C(6364136223846793005) + 1;
	return (user->dice >> 33) % sides;
}

/* Runs @kernel on a few bytes of each granule, through the gate. */
static void run(struct user *user, const struct held *held,
		void (*kernel)(uint64_t, uint64_t, uint64_t, uint64_t))
{
	gb_engine_note_launch(user->device);
	gb_engine_name(held->address);
	if (gb_engine_enter()) {
		fake_fault("a launch was refused");
		return;
	}
	fake_inside(1);
	for (uint64_t i = 0; i < held->granules; i++) {
		if (!fake_may_access(user->device, held->address + i * G))
			fake_fault("inside the gate, and memory is missing");
		kernel(user->stream, held->address + i * G, STAMP, held->seed + i);
	}
	fake_inside(-1);
	gb_gate_leave();
}

static void acquire(struct user *user, struct held *held)
{
	held->granules = 1 + roll(user, 3);
	if (gb_engine_allocate(user->device, held->granules * G - roll(user, G),
			       1, 0, &held->address)) {
		user->refused++;
		return;
	}
	held->seed = user->number * 1000000 + roll(user, 1000) * 1000;
	user->used++;
	if (roll(user, 2))
		gb_engine_touch(held->address, GB_TOUCH_UPLOAD);
	run(user, held, fake_kernel_write);
}

static void let_go(struct user *user, struct held *held)
{
	gb_ticket ticket = 0;
	int error;

	run(user, held, fake_kernel_expect);
	if (roll(user, 2)) {
		error = fake_driver.mark(user->stream, &ticket);
		error |= gb_engine_free_after(held->address, ticket);
	} else {
		error = gb_engine_free(held->address);
	}
	if (error)
		fake_fault("freeing went wrong: %d", error);
	held->address = 0;
}

static void *use(void *argument)
{
	struct user *user = argument;

	for (int round = 0; round < ROUNDS; round++) {
		struct held *held = &user->held[roll(user, HELD)];

		if (!held->address)
			acquire(user, held);
		else if (!roll(user, 3))
			let_go(user, held);
		else
			run(user, held, fake_kernel_expect);
		if (!roll(user, 8))
			gb_engine_idle(user->device);
		if (!roll(user, 30))
			gb_engine_give_way(user->device, G);
	}
	for (int i = 0; i < HELD; i++)
		if (user->held[i].address)
			let_go(user, &user->held[i]);
	return NULL;
}

static void use_memory(int devices)
{
	static struct user users[THREADS];
	uint64_t moves = 0;
	int used = 0;

	memset(users, 0, sizeof(users));
	world_begin(&(struct world){ .devices = devices,
				     .vram = 16 * G / (uint64_t)devices,
				     .ram = 16 * G,
				     .threads = 2 });
	fake_set_seed(7);
	for (unsigned int i = 0; i < THREADS; i++) {
		users[i].number = i;
		users[i].dice = i;
		users[i].device = (int)i % devices;
		users[i].stream = fake_stream(users[i].device, (int)i);
		pthread_create(&users[i].thread, NULL, use, &users[i]);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(users[i].thread, NULL);
		used += users[i].used;
	}
	assert_true(used > THREADS * ROUNDS / 20);
	for (int i = 0; i < devices; i++)
		moves += world_stats.device[i].moves;
	assert_true(moves > 0);
	world_end();
}

static void threads_share_a_device(void **state)
{
	use_memory(1);
}

static void threads_use_two_devices(void **state)
{
	use_memory(2);
}

static void *upload_own(void *argument)
{
	struct user *user = argument;
	uint64_t bytes = 4 * G + 12345;
	char *from = malloc(bytes);

	for (int round = 0; round < 12; round++) {
		uint64_t address;

		fake_fill_pattern(from, 0, bytes, user->number + 100);
		if (gb_engine_allocate(0, bytes, 1, 0, &address))
			continue;
		if (gb_engine_upload(address, from, bytes, user->stream) != 1)
			fake_fault("an upload was left to the driver");
		memset(from, 0xee, bytes); /* the program may */
		if (gb_engine_enter())
			fake_fault("a launch was refused");
		fake_kernel_expect(user->stream, address, bytes, user->number + 100);
		gb_gate_leave();
		if (gb_engine_free(address))
			fake_fault("freeing went wrong");
	}
	free(from);
	return NULL;
}

static void threads_upload_while_memory_moves(void **state)
{
	static struct user users[4];

	world_begin(&(struct world){
		.devices = 1, .vram = 10 * G, .ram = 20 * G, .threads = 3 });
	fake_set_seed(3);
	for (unsigned int i = 0; i < 4; i++) {
		users[i].number = i;
		users[i].stream = fake_stream(0, (int)i);
		pthread_create(&users[i].thread, NULL, upload_own, &users[i]);
	}
	for (int i = 0; i < 20; i++) {
		uint64_t work;

		if (gb_engine_allocate(0, 4 * G, 1, 0, &work))
			continue;
		gb_engine_touch(work, GB_TOUCH_WORK);
		gb_engine_idle(0);
		gb_engine_free(work);
	}
	for (int i = 0; i < 4; i++)
		pthread_join(users[i].thread, NULL);
	world_end();
}

static void *start_device(void *argument)
{
	int local = 0;

	/* An address of nobody's is nobody's at any time. */
	for (int i = 0; i < 1000; i++)
		if (gb_arena_owner((uint64_t)&local))
			fake_fault("a stack is taken for an arena");
	if (!gb_engine_device(*(int *)argument))
		fake_fault("a device did not start");
	return NULL;
}

static void devices_start_while_addresses_are_looked_up(void **state)
{
	static int numbers[] = { 0, 1, 2, 3 };

	for (int round = 0; round < 20; round++) {
		pthread_t thread[8];

		fake_start(4, 4 * G, 4 * G);
		gb_engine_init(&(struct gb_engine_setup){ .driver = &fake_driver,
							  .device_count = 4,
							  .vram = GB_SIZE_AUTO,
							  .ram = 4 * G,
							  .threads = 1,
							  .stats = &world_stats });
		for (int i = 0; i < 8; i++)
			pthread_create(&thread[i], NULL, start_device,
				       &numbers[i % 4]);
		for (int i = 0; i < 8; i++)
			pthread_join(thread[i], NULL);
		gb_engine_finish();
		assert_int_equal(fake_stop(), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_share_a_device),
		cmocka_unit_test(threads_use_two_devices),
		cmocka_unit_test(threads_upload_while_memory_moves),
		cmocka_unit_test(devices_start_while_addresses_are_looked_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
