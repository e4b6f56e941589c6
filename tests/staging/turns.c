/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Graphs have copies that nobody else sees, in a ring that they share. So they
 * take turns: with one another, with what writes the memory that they copy, and
 * with work that may reach any memory. On the GPU by waits in their streams, and
 * in the program's threads by waiting until the driver has been given the other.
 */
#include "launched.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "staging/state.h"

#define STAMP 4096
#define OTHER fake_stream(0, 1)

static uint64_t memory;

static void begin(void)
{
	world_begin(&(struct world){
		.devices = 1, .vram = 16 * G, .ram = 16 * G, .staging = 4 * G });
	gb_engine_pin(take_working(11 * G));
	take_weights(5 * G);
	memory = take_weights(G);
	assert_int_equal(granules_in(FAKE_RAM, memory), 1);
	/* Streams are run in the order in which they were used first. */
	fake_kernel_write(STREAM, memory, STAMP, 1);
	fake_run_all();
	gb_staging_prepare(0);
	assert_non_null(gb_staging_of(&gb_engine.device[0]));
	assert_int_equal(gb_engine_enter(), 0);
	/* As if a capture had made copies of it. */
	atomic_store(&gb_arena_owner(memory)->captured, true);
}

static void end(void)
{
	gb_gate_leave();
	world_end();
}

static void graph_writes(uint64_t stream, uint64_t seed)
{
	uint32_t devices = gb_staging_access_all(stream, true);

	fake_kernel_write(stream, memory, STAMP, seed);
	gb_staging_written_all(stream, devices, true);
}

static void graph_expects(uint64_t stream, uint64_t seed)
{
	uint32_t devices = gb_staging_access_all(stream, true);

	fake_kernel_expect(stream, memory, STAMP, seed);
	gb_staging_written_all(stream, devices, true);
}

static void one_graph_after_the_other(void **state)
{
	begin();
	graph_writes(OTHER, 50);
	graph_expects(STREAM, 50);
	fake_run_all();
	end();
}

/* Nobody waits for what a held stream will do, other than a graph for a graph. */
static void also_where_the_first_waits_for_the_program(void **state)
{
	begin();
	/* What it waits for. */
	fake_kernel_write(OTHER, memory, STAMP, 2);
	gb_staging_hold(OTHER);
	graph_writes(OTHER, 51);
	graph_expects(STREAM, 51);
	fake_run_all();
	end();
}

static void write_expecting(uint64_t stream, uint64_t seed)
{
	gb_staging_access(memory, stream, true);
	fake_kernel_expect(stream, memory, STAMP, seed);
	gb_staging_written(memory, stream);
}

static void a_write_after_a_graph(void **state)
{
	begin();
	graph_writes(OTHER, 52);
	write_expecting(STREAM, 52);
	fake_run_all();
	end();
}

static void a_graph_after_a_write(void **state)
{
	begin();
	assert_true(gb_staging_access(memory, OTHER, true));
	fake_kernel_write(OTHER, memory, STAMP, 53);
	gb_staging_written(memory, OTHER);
	graph_expects(STREAM, 53);
	fake_run_all();
	end();
}

/* ---- threads ---- */

static struct {
	void (*work)(uint64_t stream, uint64_t seed);
	_Atomic bool done;
} later;

static void unseen_expecting(uint64_t stream, uint64_t seed)
{
	uint32_t devices = gb_staging_access_all(stream, false);

	fake_kernel_expect(stream, memory, STAMP, seed);
	gb_staging_written_all(stream, devices, false);
}

static void *do_later(void *unused)
{
	later.work(STREAM, 60);
	atomic_store(&later.done, true);
	return NULL;
}

static void give_it_time(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
}

/* What was begun in this thread goes first, however long it takes. */
static void begun_first(void (*work)(uint64_t stream, uint64_t seed),
			bool graph, bool write)
{
	uint32_t devices = 0;
	pthread_t thread;

	begin();
	if (write)
		assert_true(gb_staging_access(memory, OTHER, true));
	else
		devices = gb_staging_access_all(OTHER, graph);
	later.work = work;
	atomic_store(&later.done, false);
	assert_int_equal(pthread_create(&thread, NULL, do_later, NULL), 0);
	give_it_time();
	assert_false(atomic_load(&later.done));
	fake_kernel_write(OTHER, memory, STAMP, 60);
	if (write)
		gb_staging_written(memory, OTHER);
	else
		gb_staging_written_all(OTHER, devices, graph);
	pthread_join(thread, NULL);
	fake_run_all();
	end();
}

static void a_graph_waits_for_a_graph_on_its_way(void **state)
{
	begun_first(graph_expects, true, false);
}

static void a_write_waits_for_a_graph_on_its_way(void **state)
{
	begun_first(write_expecting, true, false);
}

static void unseen_work_waits_for_a_graph_on_its_way(void **state)
{
	begun_first(unseen_expecting, true, false);
}

static void a_graph_waits_for_a_write_on_its_way(void **state)
{
	begun_first(graph_expects, false, true);
}

static void a_graph_waits_for_unseen_work_on_its_way(void **state)
{
	begun_first(graph_expects, false, false);
}

static void launch_expecting(uint64_t stream, uint64_t seed)
{
	struct launched l;

	launch_name(&l, stream, 77, &memory, 1);
	assert_int_equal(gb_engine_enter(), 0);
	l.staged = gb_staging_begin(&l.launch);
	fake_kernel_expect(stream, l.word[0].to, STAMP, seed);
	launch_end(&l);
}

static void a_launch_waits_for_a_graph_on_its_way(void **state)
{
	begun_first(launch_expecting, true, false);
}

static void write_later(uint64_t stream, uint64_t seed)
{
	gb_staging_access(memory, stream, true);
	fake_kernel_write(stream, memory, STAMP, seed);
	gb_staging_written(memory, stream);
}

/* The graph is with the driver; who waits for that comes behind another thread's launch. */
static void end_graph_and_make_copy(void)
{
	struct gb_staging *staging = gb_staging_of(&gb_engine.device[0]);

	pthread_mutex_lock(&staging->lock);
	staging->launching = false;
	staging->writing--;
	pthread_cond_broadcast(&staging->changed);
	assert_int_equal(gb_slot_fill(staging, gb_arena_owner(memory), false), 0);
	fake_run_all();
	pthread_mutex_unlock(&staging->lock);
}

static void a_write_drops_a_copy_made_while_it_waited(void **state)
{
	pthread_t thread;

	begin();
	assert_int_equal(gb_staging_access_all(OTHER, true), 1);
	later.work = write_later;
	assert_int_equal(pthread_create(&thread, NULL, do_later, NULL), 0);
	give_it_time();
	end_graph_and_make_copy();
	pthread_join(thread, NULL);
	fake_run_all();
	launch_expecting(STREAM, 60);
	fake_run_all();
	end();
}

static void graph_alone(uint64_t stream, uint64_t seed)
{
	static _Atomic int under_way;
	uint32_t devices = gb_staging_access_all(stream, true);

	if (atomic_fetch_add(&under_way, 1))
		fake_fault("two graphs are on their way to the driver");
	give_it_time();
	atomic_fetch_sub(&under_way, 1);
	gb_staging_written_all(stream, devices, true);
}

/* Both wait for a launch on its way to a copy, but not at once. */
static void two_graphs_wait_for_a_launch(void **state)
{
	pthread_t thread[2];
	struct launched l;

	begin();
	launch_name(&l, OTHER, 77, &memory, 1);
	assert_int_equal(gb_engine_enter(), 0);
	l.staged = gb_staging_begin(&l.launch);
	assert_true(l.word[0].to != memory);
	later.work = graph_alone;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, do_later, NULL),
				 0);
	give_it_time();
	launch_end(&l);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	fake_run_all();
	end();
}

/* ---- two GPUs ---- */

static uint64_t of_device[2];

static void begin_two(void)
{
	world_begin(&(struct world){
		.devices = 2, .vram = 16 * G, .ram = 16 * G, .staging = 4 * G });
	for (int i = 0; i < 2; i++) {
		uint64_t working = take_on(i, 11 * G), weights = take_on(i, 5 * G);

		assert_int_equal(gb_engine_touch(working, GB_TOUCH_WORK), 0);
		gb_engine_pin(working);
		assert_int_equal(gb_engine_touch(weights, GB_TOUCH_UPLOAD), 0);
		of_device[i] = take_on(i, G);
		assert_int_equal(gb_engine_touch(of_device[i], GB_TOUCH_UPLOAD), 0);
		assert_int_equal(granules_in(FAKE_RAM, of_device[i]), 1);
		gb_staging_prepare(i);
		assert_non_null(gb_staging_of(&gb_engine.device[i]));
		atomic_store(&gb_arena_owner(of_device[i])->captured, true);
	}
	assert_int_equal(gb_engine_enter(), 0);
}

static void launch_graph(uint64_t stream, uint64_t seed)
{
	uint32_t devices = gb_staging_access_all(stream, true);

	gb_staging_written_all(stream, devices, true);
}

/*
 * It waits for a write of the second's memory. Whose write that is has to write
 * the first's too before he lets go, as in a batch of copies, or in a launch on
 * one GPU that names the other's memory.
 */
static void a_graph_has_no_turn_while_it_waits(void **state)
{
	pthread_t thread;

	begin_two();
	assert_true(gb_staging_access(of_device[1], OTHER, true));
	later.work = launch_graph;
	atomic_store(&later.done, false);
	assert_int_equal(pthread_create(&thread, NULL, do_later, NULL), 0);
	give_it_time();
	assert_false(atomic_load(&later.done));
	alarm(8); /* in place of waiting for ever */
	assert_true(gb_staging_access(of_device[0], OTHER, true));
	gb_staging_written(of_device[0], OTHER);
	gb_staging_written(of_device[1], OTHER);
	pthread_join(thread, NULL);
	alarm(0);
	fake_run_all();
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_graph_after_the_other),
		cmocka_unit_test(also_where_the_first_waits_for_the_program),
		cmocka_unit_test(a_write_after_a_graph),
		cmocka_unit_test(a_graph_after_a_write),
		cmocka_unit_test(a_graph_waits_for_a_graph_on_its_way),
		cmocka_unit_test(a_write_waits_for_a_graph_on_its_way),
		cmocka_unit_test(unseen_work_waits_for_a_graph_on_its_way),
		cmocka_unit_test(a_graph_waits_for_a_write_on_its_way),
		cmocka_unit_test(a_graph_waits_for_unseen_work_on_its_way),
		cmocka_unit_test(a_launch_waits_for_a_graph_on_its_way),
		cmocka_unit_test(a_write_drops_a_copy_made_while_it_waited),
		cmocka_unit_test(two_graphs_wait_for_a_launch),
		cmocka_unit_test(a_graph_has_no_turn_while_it_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
