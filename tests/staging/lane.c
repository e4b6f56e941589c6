/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbered work of streams, over the fake driver. */
#include "../engine/test.h"

#include <pthread.h>

#include "staging/lane.h"

#define LEGACY	   1
#define PER_THREAD 2

static struct gb_lanes lanes;
static uint64_t copy_stream;

static int setup(void **state)
{
	usual_setup(state);
	assert_int_equal(fake_driver.stream_create(0, &copy_stream), 0);
	assert_int_equal(gb_lanes_init(&lanes, copy_stream), 0);
	return 0;
}

static int teardown(void **state)
{
	fake_run_all();
	gb_lanes_finish(&lanes);
	fake_driver.stream_destroy(copy_stream);
	return usual_teardown(state);
}

static struct gb_lane *lane_of(int number)
{
	return gb_lane_get(&lanes, fake_stream(0, number), 1);
}

static struct gb_point mark(struct gb_lane *lane)
{
	struct gb_point point;

	assert_int_equal(gb_lane_mark(lane, &point), 0);
	return point;
}

static void wait_for(struct gb_lane *lane, struct gb_point point)
{
	assert_int_equal(gb_lane_wait(&lanes, lane, point), 0);
}

static unsigned int waits(void)
{
	return fake_calls(FAKE_STREAM_WAIT);
}

static void a_stream_has_one_lane(void **state)
{
	struct gb_lane *lane = lane_of(0);

	assert_non_null(lane);
	assert_ptr_equal(lane_of(0), lane);
	assert_ptr_not_equal(lane_of(1), lane);
	assert_ptr_not_equal(gb_lane_get(&lanes, lane->stream, 2), lane);
	assert_ptr_not_equal(lane, lanes.copy);
}

static void points_pass_with_the_work(void **state)
{
	struct gb_lane *lane = lane_of(0);
	uint64_t address = take(G);
	struct gb_point first, second;

	fake_kernel_write(lane->stream, address, 64, 1);
	first = mark(lane);
	fake_kernel_write(lane->stream, address, 64, 2);
	second = mark(lane);
	assert_true(second.number > first.number);
	assert_false(gb_point_has_passed(first));
	assert_int_equal(gb_point_await(first), 0);
	assert_true(gb_point_is_known_to_have_passed(first));
	assert_false(gb_point_has_passed(second));
	fake_run_all();
	assert_false(gb_point_is_known_to_have_passed(second));
	assert_true(gb_point_has_passed(second));
	assert_true(gb_point_is_known_to_have_passed(second));
	drop(address);
}

static void nothing_has_passed_always(void **state)
{
	const struct gb_point nothing = { NULL, 0 };

	assert_true(gb_point_has_passed(nothing));
	assert_int_equal(gb_point_await(nothing), 0);
	wait_for(lane_of(0), nothing);
	assert_int_equal(waits(), 0);
}

/* The writer's work comes first however the waiting stream is driven. */
static void a_wait_orders_two_streams(void **state)
{
	struct gb_lane *writer = lane_of(0), *reader = lane_of(1);
	uint64_t address = take(G);

	fake_kernel_write(writer->stream, address, 4096, 9);
	wait_for(reader, mark(writer));
	fake_kernel_expect(reader->stream, address, 4096, 9);
	assert_int_equal(gb_point_await(mark(reader)), 0);
	drop(address);
}

static void known_waits_are_no_calls(void **state)
{
	struct gb_lane *lane = lane_of(0), *other = lane_of(1);
	uint64_t address = take(G);
	struct gb_point early, late;

	fake_kernel_write(copy_stream, address, 64, 1);
	early = mark(lanes.copy);
	late = mark(lanes.copy);
	wait_for(lane, late);
	assert_int_equal(waits(), 1);
	wait_for(lane, late);
	wait_for(lane, early);
	assert_int_equal(waits(), 1);
	wait_for(other, early);
	assert_int_equal(waits(), 2);
	wait_for(other, late);
	assert_int_equal(waits(), 3);
	/* And the other way. */
	early = mark(lane);
	wait_for(lanes.copy, early);
	wait_for(lanes.copy, early);
	assert_int_equal(waits(), 4);
	/* A stream never waits for itself, and for nothing that has passed. */
	wait_for(lane, early);
	assert_int_equal(gb_point_await(early), 0);
	wait_for(other, early);
	assert_int_equal(waits(), 4);
	drop(address);
}

/* A point whose ticket is used again is waited for as a later one. */
static void old_points_are_never_forgotten(void **state)
{
	struct gb_lane *writer = lane_of(0), *reader = lane_of(1);
	uint64_t address = take(G);
	struct gb_point first;

	fake_kernel_write(writer->stream, address, 64, 1);
	first = mark(writer);
	for (uint64_t i = 0; i < 3 * GB_LANE_TICKETS; i++)
		mark(writer);
	assert_false(gb_point_has_passed(first));
	wait_for(reader, first);
	fake_kernel_expect(reader->stream, address, 64, 1);
	assert_int_equal(gb_point_await(mark(reader)), 0);
	drop(address);
}

static void a_closed_lane_is_used_again_once_quiet(void **state)
{
	struct gb_lane *lane = lane_of(0);
	uint64_t address = take(G);
	struct gb_point point;

	fake_kernel_write(lane->stream, address, 64, 1);
	point = mark(lane);
	gb_lane_close(&lanes, lane->stream);
	/* Its work goes on: points keep their meaning. */
	assert_ptr_not_equal(lane_of(2), lane);
	assert_false(gb_point_has_passed(point));
	fake_run_all();
	assert_ptr_equal(lane_of(3), lane);
	assert_true(gb_point_has_passed(point));
	/* Numbers go on too, or old points would come alive. */
	assert_true(mark(lane).number > point.number);
	drop(address);
}

/* Of the streams of many threads; a launch of the first has yet to be marked. */
static void a_lane_with_a_launch_is_not_used_again(void **state)
{
	struct gb_lane *lane = lane_of(0);

	lane->launches++;
	for (int i = 1; i < 100; i++)
		assert_ptr_not_equal(lane_of(i), lane);
	lane->launches--;
	gb_lane_close(&lanes, lane->stream);
	assert_ptr_equal(lane_of(100), lane);
}

static void a_lane_that_comes_again_knows_of_no_waits(void **state)
{
	struct gb_lane *lane = lane_of(0);
	uint64_t address = take(G);
	struct gb_point point;

	fake_kernel_write(copy_stream, address, 64, 1);
	point = mark(lanes.copy);
	wait_for(lane, point);
	mark(lane);
	gb_lane_close(&lanes, lane->stream);
	fake_driver.ticket_wait(lane->tickets[1]);
	fake_kernel_write(copy_stream, address, 64, 2);
	point = mark(lanes.copy);
	assert_ptr_equal(lane_of(1), lane);
	wait_for(lane, point);
	fake_kernel_expect(lane->stream, address, 64, 2);
	assert_int_equal(gb_point_await(mark(lane)), 0);
	drop(address);
}

static void a_context_takes_its_lanes_along(void **state)
{
	struct gb_lane *gone = gb_lane_get(&lanes, fake_stream(0, 0), 5);
	struct gb_lane *stays = gb_lane_get(&lanes, fake_stream(0, 1), 6);
	struct gb_point point = mark(gone);

	mark(stays);
	for (int i = 0; i < GB_LANE_TICKETS; i++)
		if (gone->tickets[i]) /* as the driver does */
			fake_driver.ticket_drop(gone->tickets[i]);
	gb_lanes_leave(&lanes, 5, true);
	assert_true(gb_point_is_known_to_have_passed(point));
	assert_false(stays->closed);
	assert_false(lanes.copy->closed);
	mark(gb_lane_get(&lanes, fake_stream(0, 2), 6));
}

/* Before it ends: the driver gets the tickets back, and may give the context more. */
static void a_context_is_left_before_it_ends(void **state)
{
	struct gb_lane *left = gb_lane_get(&lanes, fake_stream(0, 0), 5);
	struct gb_lane *stays = gb_lane_get(&lanes, fake_stream(0, 1), 6);
	struct gb_point point = mark(left);
	gb_ticket ticket = left->tickets[point.number];

	fake_run_all();
	mark(stays);
	gb_lanes_leave(&lanes, 5, false);
	assert_int_equal(left->tickets[point.number], 0);
	assert_true(gb_point_is_known_to_have_passed(point));
	assert_true(left->closed);
	assert_false(stays->closed);
	mark(gb_lane_get(&lanes, fake_stream(0, 0), 5));
	assert_int_equal(ticket,
			 gb_lane_get(&lanes, fake_stream(0, 0), 5)->tickets[2]);
}

/* The copy stream's own, unforeseen: its points have passed, and it is no more. */
static void the_copy_stream_goes_with_its_context(void **state)
{
	struct gb_point point = mark(lanes.copy);
	uint64_t context = lanes.copy->context;

	gb_lanes_leave(&lanes, context, false);
	assert_false(lanes.copy->closed);
	fake_run_all();
	fake_driver.ticket_drop(lanes.copy->tickets[point.number]);
	gb_lanes_leave(&lanes, context, true);
	assert_true(lanes.copy->closed);
	assert_true(gb_point_is_known_to_have_passed(point));
}

static void *get_mine(void *lane)
{
	*(struct gb_lane **)lane = gb_lane_get(&lanes, PER_THREAD, 1);
	return NULL;
}

static void each_thread_has_its_default_stream(void **state)
{
	struct gb_lane *mine = gb_lane_get(&lanes, PER_THREAD, 1), *others[2];
	pthread_t thread;

	for (int i = 0; i < 2; i++) {
		assert_int_equal(
			pthread_create(&thread, NULL, get_mine, &others[i]), 0);
		pthread_join(thread, NULL);
	}
	assert_ptr_equal(gb_lane_get(&lanes, PER_THREAD, 1), mine);
	assert_ptr_not_equal(others[0], mine);
	assert_ptr_not_equal(others[1], mine);
	assert_ptr_not_equal(others[0], others[1]);
}

/* Threads end unseen, so lanes of quiet streams are taken. */
static void threads_that_come_and_go_leave_few(void **state)
{
	struct gb_lane *lane;
	pthread_t thread;

	for (int i = 0; i < 500; i++) {
		assert_int_equal(pthread_create(&thread, NULL, get_mine, &lane), 0);
		pthread_join(thread, NULL);
	}
	assert_in_range(lanes.count, 2, 100);
}

static void failures_are_told(void **state)
{
	struct gb_lane *lane = lane_of(0), *other = lane_of(1);
	uint64_t address = take(G), last;
	struct gb_point point;

	fake_kernel_write(lane->stream, address, 64, 1);
	mark(lane);
	last = lane->last;
	fake_fail(FAKE_RECORD, 1, 1, -ENOMEM);
	assert_int_equal(gb_lane_mark(lane, &point), -ENOMEM);
	assert_int_equal(lane->last, last);
	fake_failed();
	point = mark(lanes.copy);
	fake_fail(FAKE_STREAM_WAIT, 1, 1, -ENOMEM);
	point = mark(lane);
	assert_int_equal(gb_lane_wait(&lanes, other, point), -ENOMEM);
	fake_failed();
	/* It is not taken for done. */
	fake_kernel_write(copy_stream, address, 64, 2);
	point = mark(lanes.copy);
	fake_fail(FAKE_STREAM_WAIT, 1, 1, -ENOMEM);
	assert_int_equal(gb_lane_wait(&lanes, other, point), -ENOMEM);
	fake_failed();
	wait_for(other, point);
	fake_kernel_expect(other->stream, address, 64, 2);
	assert_int_equal(gb_point_await(mark(other)), 0);
	drop(address);
}

/* The default stream's, as the calling thread has it now. */
static struct gb_lane *legacy(void)
{
	struct gb_stream_state state;

	assert_int_equal(fake_driver.stream_state(LEGACY, &state), 0);
	return gb_lane_get(&lanes, LEGACY, state.context);
}

static struct gb_point promise(struct gb_lane *lane)
{
	struct gb_point point;

	assert_int_equal(gb_lane_promise(lane, &point), 0);
	return point;
}

static unsigned int records(void)
{
	return fake_calls(FAKE_RECORD);
}

static void a_promise_is_recorded_when_it_is_asked_for(void **state)
{
	struct gb_lane *writer = legacy(), *reader = lane_of(1);
	uint64_t address = take(G);
	unsigned int before = records();
	struct gb_point point;

	fake_kernel_write(writer->stream, address, 4096, 9);
	point = promise(writer);
	promise(writer);
	assert_int_equal(records(), before);
	assert_false(gb_point_has_passed(point));
	wait_for(reader, point);
	assert_int_equal(records(), before + 1);
	fake_kernel_expect(reader->stream, address, 4096, 9);
	assert_int_equal(gb_point_await(mark(reader)), 0);
	/* Another, asked for by a thread that waits. */
	fake_kernel_write(writer->stream, address, 4096, 10);
	point = promise(writer);
	assert_int_equal(gb_point_await(point), 0);
	assert_true(gb_point_is_known_to_have_passed(point));
	fake_kernel_expect(reader->stream, address, 4096, 10);
	drop(address);
}

/* A point that comes later all the same; what came after that is not waited for. */
static void the_next_point_keeps_a_promise(void **state)
{
	struct gb_lane *writer = legacy(), *reader = lane_of(1);
	uint64_t address = take(G);
	struct gb_point point;
	unsigned int before;

	for (int i = 0; i < 3 * GB_LANE_TICKETS; i++)
		mark(writer);
	fake_kernel_write(writer->stream, address, 64, 1);
	point = promise(writer);
	assert_int_equal(mark(writer).number, point.number);
	before = records();
	wait_for(reader, point);
	assert_int_equal(records(), before);
	fake_kernel_expect(reader->stream, address, 64, 1);
	assert_int_equal(gb_point_await(mark(reader)), 0);
	drop(address);
}

/* Such a stream may be captured, or end, before anybody asks. */
static void other_streams_promise_nothing(void **state)
{
	struct gb_lane *all[] = { lane_of(0), gb_lane_get(&lanes, PER_THREAD, 1) };

	for (int i = 0; i < 2; i++) {
		unsigned int before = records();

		promise(all[i]);
		assert_int_equal(records(), before + 1);
	}
}

static void what_cannot_be_recorded_now_is_refused(void **state)
{
	struct gb_lane *elsewhere = gb_lane_get(&lanes, LEGACY, 77);
	struct gb_lane *lane = legacy(), *other = lane_of(1);
	uint64_t address = take(G);
	struct gb_point point = promise(elsewhere);

	assert_int_equal(gb_lane_wait(&lanes, other, point), -EBUSY);
	assert_int_equal(gb_point_await(point), -EBUSY);
	/* The program has begun to wait there for what nobody here can see. */
	fake_kernel_write(lane->stream, address, 64, 1);
	lane->held = mark(lane);
	point = (struct gb_point){ lane, lane->promised = lane->last + 1 };
	assert_int_equal(gb_lane_wait(&lanes, other, point), -EBUSY);
	assert_int_equal(mark(lane).number, point.number);
	fake_run_all();
	/* And then it promises nothing more before that is over. */
	fake_kernel_write(lane->stream, address, 64, 2);
	lane->held = mark(lane);
	promise(lane);
	assert_true(lane->promised <= lane->last);
	fake_run_all();
	drop(address);
}

static void a_context_keeps_its_promises(void **state)
{
	struct gb_lane *lane = gb_lane_get(&lanes, LEGACY, 5);
	struct gb_point point = promise(lane);

	gb_lanes_leave(&lanes, 5, true);
	assert_true(gb_point_is_known_to_have_passed(point));
	/* Its numbers are not given again. */
	lane = gb_lane_get(&lanes, fake_stream(0, 3), 5);
	assert_true(mark(lane).number > point.number || lane != point.lane);
	assert_ptr_equal(lane, point.lane);
}

/* Whose lane is taken from it must not be waited for in another's name. */
static void a_promise_keeps_its_lane(void **state)
{
	struct gb_lane *lane = gb_lane_get(&lanes, LEGACY, 5);

	promise(lane);
	for (int i = 0; i < 100; i++)
		assert_ptr_not_equal(lane_of(i), lane);
}

static void lanes_that_were_never_made_end_quietly(void **state)
{
	struct gb_lanes none = { .copy = NULL };

	gb_lanes_finish(&none);
}

#define lane_test(function)                                                    \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		lane_test(a_stream_has_one_lane),
		lane_test(points_pass_with_the_work),
		lane_test(nothing_has_passed_always),
		lane_test(a_wait_orders_two_streams),
		lane_test(known_waits_are_no_calls),
		lane_test(old_points_are_never_forgotten),
		lane_test(a_closed_lane_is_used_again_once_quiet),
		lane_test(a_lane_with_a_launch_is_not_used_again),
		lane_test(a_lane_that_comes_again_knows_of_no_waits),
		lane_test(a_context_takes_its_lanes_along),
		lane_test(a_context_is_left_before_it_ends),
		lane_test(the_copy_stream_goes_with_its_context),
		lane_test(each_thread_has_its_default_stream),
		lane_test(threads_that_come_and_go_leave_few),
		lane_test(failures_are_told),
		lane_test(a_promise_is_recorded_when_it_is_asked_for),
		lane_test(the_next_point_keeps_a_promise),
		lane_test(other_streams_promise_nothing),
		lane_test(what_cannot_be_recorded_now_is_refused),
		lane_test(a_context_keeps_its_promises),
		lane_test(a_promise_keeps_its_lane),
		lane_test(lanes_that_were_never_made_end_quietly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
