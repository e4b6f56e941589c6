/* SPDX-License-Identifier: GPL-2.0-only */
/* The gate: who is inside, who waits, and whose flag it is. */
#include "test.h"

#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

static _Atomic int stage;

static void wait_for_stage(int wanted)
{
	while (atomic_load(&stage) < wanted)
		sched_yield();
}

/* Stages: 1 the thread is inside, 2 it may leave, 3 it has left. */
static void *pass(void *unused)
{
	assert_int_equal(gb_gate_enter() & GB_ATTENTION_STOP, 0);
	atomic_store(&stage, 1);
	wait_for_stage(2);
	atomic_store(&stage, 3);
	gb_gate_leave();
	return NULL;
}

static void *let_go_later(void *unused)
{
	usleep(20000);
	atomic_store(&stage, 2);
	return NULL;
}

static void closing_waits_for_whoever_is_inside(void **state)
{
	pthread_t passer, other;

	atomic_store(&stage, 0);
	pthread_create(&passer, NULL, pass, NULL);
	wait_for_stage(1);
	pthread_create(&other, NULL, let_go_later, NULL);
	assert_int_equal(gb_gate_close(), 0);
	assert_int_equal(atomic_load(&stage), 3);
	gb_gate_open();
	pthread_join(passer, NULL);
	pthread_join(other, NULL);
}

static void closed_twice_is_opened_twice(void **state)
{
	assert_int_equal(gb_gate_close(), 0);
	assert_int_equal(gb_gate_close(), 0);
	gb_gate_open();
	assert_true(gb_gate_enter() & GB_ATTENTION_CLOSED);
	gb_gate_leave();
	gb_gate_open();
	assert_false(gb_gate_enter() & GB_ATTENTION_CLOSED);
	gb_gate_leave();
}

static void whoever_comes_to_a_closed_gate_is_told(void **state)
{
	assert_int_equal(gb_gate_close(), 0);
	assert_true(gb_gate_enter() & GB_ATTENTION_CLOSED);
	gb_gate_leave();
	gb_gate_open();
	assert_false(gb_gate_enter() & GB_ATTENTION_CLOSED);
	gb_gate_leave();
}

static void nobody_closes_the_gate_on_himself(void **state)
{
	gb_gate_enter();
	assert_int_equal(gb_gate_close(), -EAGAIN);
	gb_gate_enter();
	gb_gate_leave();
	assert_int_equal(gb_gate_close(), -EAGAIN);
	gb_gate_leave();
	assert_int_equal(gb_gate_close(), 0);
	gb_gate_open();
}

static void *remember_flag(void *flag)
{
	gb_gate_enter();
	gb_gate_leave();
	*(struct gb_passer **)flag = gb_passer;
	return NULL;
}

static void a_flag_is_used_again_after_its_thread(void **state)
{
	struct gb_passer *first = NULL, *second = NULL;
	pthread_t thread;

	pthread_create(&thread, NULL, remember_flag, &first);
	pthread_join(thread, NULL);
	for (int i = 0; i < 100; i++) {
		pthread_create(&thread, NULL, remember_flag, &second);
		pthread_join(thread, NULL);
		assert_ptr_equal(first, second);
	}
	assert_ptr_not_equal(first, gb_passer);
}

static struct gb_passer *before, *after;

/* A destructor that runs after the gate's own, as its key is younger. */
static void pass_late(void *unused)
{
	after = gb_passer;
	gb_gate_enter();
	gb_gate_leave();
}

static void *pass_and_end(void *key)
{
	gb_gate_enter();
	gb_gate_leave();
	before = gb_passer;
	pthread_setspecific(*(pthread_key_t *)key, key);
	return NULL;
}

static void an_ending_thread_gives_its_flag_up_for_good(void **state)
{
	pthread_t thread;
	pthread_key_t key;

	gb_gate_enter();
	gb_gate_leave();
	pthread_key_create(&key, pass_late);
	pthread_create(&thread, NULL, pass_and_end, &key);
	pthread_join(thread, NULL);
	assert_non_null(before);
	assert_null(after);
	pthread_key_delete(key);
	assert_int_equal(gb_gate_close(), 0);
	gb_gate_open();
}

/* In the child: nobody is inside, and no address is ours. */
static int be_the_child(uint64_t address)
{
	uint64_t none;
	char byte = 0;

	gb_engine_fork_child();
	if (gb_gate_close())
		return 1;
	gb_gate_open();
	if (gb_arena_device(address) || gb_arena_owner(address))
		return 2;
	if (gb_engine_allocate(0, G, 0, 0, &none) != -EOPNOTSUPP)
		return 3;
	if (gb_engine_free(address) != -EINVAL ||
	    gb_engine_upload(address, &byte, 1, 1) ||
	    gb_engine_touch(address, GB_TOUCH_WORK) || gb_engine_enter())
		return 4;
	gb_gate_leave();
	gb_engine_idle(0);
	gb_engine_note_launch(0);
	gb_engine_name(address);
	gb_engine_free_context(0, 0);
	gb_engine_count_direct(0, 4096);
	gb_engine_count_ram(4096);
	if (world_stats.ram_direct)
		return 6; /* the page is the parent's */
	if (gb_engine_make_room(0, G) || !gb_engine_has_room(0, G))
		return 5;
	return 0;
}

static void a_forked_child_has_no_engine(void **state)
{
	uint64_t address = take_weights(40 * G), more = take(4 * G);
	pthread_t passer;
	int status;
	pid_t child;

	atomic_store(&stage, 0);
	assert_int_equal(gb_engine_touch(more, GB_TOUCH_WORK), 0);
	pthread_create(&passer, NULL, pass, NULL);
	wait_for_stage(1);
	child = fork();
	if (!child) {
		alarm(10);
		_exit(be_the_child(address));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	atomic_store(&stage, 2);
	pthread_join(passer, NULL);
	check_all();
	assert_int_equal(granules_in(FAKE_RAM, address) > 0, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		usual_test(closing_waits_for_whoever_is_inside),
		usual_test(whoever_comes_to_a_closed_gate_is_told),
		usual_test(closed_twice_is_opened_twice),
		usual_test(nobody_closes_the_gate_on_himself),
		usual_test(a_flag_is_used_again_after_its_thread),
		usual_test(an_ending_thread_gives_its_flag_up_for_good),
		usual_test(a_forked_child_has_no_engine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
