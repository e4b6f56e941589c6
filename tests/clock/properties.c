/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What must hold for any profile and any sequence of operations.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "timeline.h"

#define MIB (1024.0 * 1024.0)

static const char *const names[] = { "h200", "rtx5070", "rtx4090", "rtx3060" };

#define NAMES (sizeof(names) / sizeof(names[0]))

static struct sim_profile load(const char *name)
{
	struct sim_profile profile;
	char error[512];

	if (sim_profile_load(&profile, name, error, sizeof(error)))
		fail_msg("%s", error);
	return profile;
}

static struct sim_clock *start(const char *name)
{
	struct sim_profile profile = load(name);
	struct sim_clock *clock = sim_clock_create(&profile, 2);

	assert_non_null(clock);
	return clock;
}

/* A small generator, so that the sequences are the same everywhere. */
static uint64_t draw(uint64_t *state, uint64_t below)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (*state >> 33) % below;
}

/* Each kind of operation by size; the fields that a caller would fill. */
static struct sim_span operate(struct sim_clock *clock, struct sim_stream *stream,
			       unsigned int kind, uint64_t bytes)
{
	struct sim_copy copy = { SIM_VRAM, SIM_VRAM, bytes, 1 - stream->device };
	struct sim_kernel kernel = { 0 };

	switch (kind) {
	case 0:
		copy.from = SIM_PINNED;
		return sim_clock_copy(clock, stream, &copy);
	case 1:
		copy.to = SIM_PINNED;
		return sim_clock_copy(clock, stream, &copy);
	case 2:
		copy.from = SIM_PAGEABLE;
		return sim_clock_copy(clock, stream, &copy);
	case 3:
		copy.to = SIM_PEER;
		return sim_clock_copy(clock, stream, &copy);
	case 4:
		kernel.link_read = bytes;
		return sim_clock_kernel(clock, stream, &kernel);
	case 5:
		kernel.link_written = bytes;
		kernel.vram_read = bytes;
		return sim_clock_kernel(clock, stream, &kernel);
	case 6:
		kernel.matrix_flop = (double)bytes * 1e3;
		kernel.sm_share = 0.4;
		return sim_clock_kernel(clock, stream, &kernel);
	case 7:
		return sim_clock_memset(clock, stream, SIM_VRAM, bytes);
	case 8:
		return sim_clock_host_copy(clock, stream, 1, bytes, 4);
	case 9:
		return sim_clock_disk_read(clock, stream, bytes);
	case 10:
		return sim_clock_disk_write(clock, stream, bytes);
	default:
		return sim_clock_copy(clock, stream, &copy);
	}
}

#define KINDS 12

static uint64_t alone(const char *name, unsigned int kind, uint64_t bytes)
{
	struct sim_clock *clock = start(name);
	struct sim_stream stream = { 0 };
	struct sim_span span = operate(clock, &stream, kind, bytes);

	assert_true(span.start == 0);
	assert_true(stream.tail == span.end);
	sim_clock_destroy(clock);
	return span.end;
}

static void more_bytes_never_take_less_time(void **state)
{
	unsigned int n, kind;
	uint64_t bytes;

	for (n = 0; n < NAMES; n++)
		for (kind = 0; kind < KINDS; kind++) {
			uint64_t last = 0;

			for (bytes = 1; bytes < (uint64_t)1 << 40; bytes *= 3) {
				uint64_t ns = alone(names[n], kind, bytes);

				assert_true(ns >= last && ns > 0);
				last = ns;
			}
			assert_true(last > alone(names[n], kind, 1));
		}
}

static void calls_cost_more_for_more_bytes(void **state)
{
	struct sim_profile profile = load("rtx5070");
	int call;
	uint64_t bytes;

	for (call = 0; call < SIM_CALL_COUNT; call++) {
		uint64_t last = 0;

		if (call == SIM_CALL_DEVICE_MAP)
			continue; /* measured: 2 us for 2 MiB, 1 us for 64 */
		for (bytes = 0; bytes < (uint64_t)1 << 40; bytes = bytes * 3 + 1) {
			uint64_t ns = sim_call_cost(&profile, call, bytes);

			assert_true(ns >= last);
			last = ns;
		}
		assert_true(last > 0);
	}
}

/* The highest rate in bytes a ns that the profile allows an operation. */
static double limit_of(const struct sim_profile *profile, unsigned int kind)
{
	switch (kind) {
	case 0:
		return profile->link_up_gb_per_s;
	case 1:
		return profile->link_down_gb_per_s;
	case 2:
		return profile->pageable_up_gb_per_s;
	case 3:
		return profile->peer_gb_per_s > 0 ? profile->peer_gb_per_s
						  : profile->link_up_gb_per_s;
	case 4:
		return profile->zerocopy_read_gb_per_s;
	case 5:
		return profile->zerocopy_write_gb_per_s;
	case 6:
		return profile->matrix_tflop_per_s * 0.4;
	case 9:
		return profile->disk_read_gb_per_s;
	case 10:
		return profile->disk_write_gb_per_s;
	case 11:
		return profile->vram_copy_gb_per_s / 2;
	default:
		return 2 * profile->vram_copy_gb_per_s;
	}
}

static void nothing_beats_its_resource(void **state)
{
	unsigned int n, kind;
	uint64_t bytes;

	for (n = 0; n < NAMES; n++) {
		struct sim_profile profile = load(names[n]);

		for (kind = 0; kind < KINDS; kind++)
			for (bytes = 1; bytes < (uint64_t)1 << 40; bytes *= 7)
				assert_true((double)bytes <=
					    (double)alone(names[n], kind, bytes) *
						    limit_of(&profile, kind) *
						    (1 + 1e-9));
	}
}

static void assert_ledgers(const struct sim_clock *clock)
{
	unsigned int d, r;

	for (r = 0; r < SIM_HOST_RESOURCES; r++)
		assert_true(sim_ledger_is_valid(&clock->host[r]));
	for (d = 0; d < clock->devices; d++)
		for (r = 0; r < SIM_DEVICE_RESOURCES; r++)
			assert_true(sim_ledger_is_valid(
				&clock->device[d].resource[r]));
}

#define STREAMS 6

/* Random operations on streams that wait for one another; returns a digest. */
static uint64_t random_run(struct sim_clock *clock, uint64_t seed, unsigned int count)
{
	struct sim_stream streams[STREAMS];
	uint64_t digest = seed;
	unsigned int i;

	for (i = 0; i < STREAMS; i++)
		streams[i] = (struct sim_stream){ i % 2, 0 };
	for (i = 0; i < count; i++) {
		struct sim_stream *stream = &streams[draw(&seed, STREAMS)];
		uint64_t tail, bytes = (uint64_t)1 << draw(&seed, 31);
		struct sim_span span;

		if (!draw(&seed, 8))
			sim_stream_wait(stream, streams[draw(&seed, STREAMS)].tail);
		tail = stream->tail;
		span = operate(clock, stream, (unsigned int)draw(&seed, KINDS),
			       bytes + draw(&seed, bytes));
		assert_true(span.start >= tail && span.end > span.start);
		assert_true(stream->tail == span.end);
		digest = (digest ^ span.start) * 1099511628211u;
		digest = (digest ^ span.end) * 1099511628211u;
	}
	return digest;
}

static void ledgers_stay_valid_under_random_load(void **state)
{
	uint64_t seed;

	for (seed = 1; seed <= 40; seed++) {
		struct sim_clock *clock = start(names[seed % NAMES]);

		random_run(clock, seed, 400);
		assert_ledgers(clock);
		sim_clock_destroy(clock);
	}
}

static void same_calls_give_same_times(void **state)
{
	uint64_t seed;

	for (seed = 1; seed <= 20; seed++) {
		struct sim_clock *a = start("h200"), *b = start("h200");

		assert_true(random_run(a, seed, 300) == random_run(b, seed, 300));
		sim_clock_destroy(a);
		sim_clock_destroy(b);
	}
}

/*
 * However operations overlap, what crossed a link in a time is at most the
 * link's rate times that time. With copies alone that is exact arithmetic.
 */
static void sharing_adds_no_capacity(void **state)
{
	unsigned int n;
	uint64_t seed;

	for (n = 0; n < NAMES; n++)
		for (seed = 1; seed <= 10; seed++) {
			struct sim_clock *clock = start(names[n]);
			struct sim_profile profile = *sim_clock_profile(clock);
			struct sim_stream streams[4] = { 0 };
			uint64_t s = seed, end = 0, i;
			struct sim_usage usage;

			for (i = 0; i < 200; i++) {
				uint64_t bytes = 1 + draw(&s, 1 << 26);
				unsigned int kind = draw(&s, 2) ? 4 : 0;

				kind += (unsigned int)draw(&s, 2);
				end = operate(clock, &streams[i % 4], kind, bytes)
					      .end;
			}
			for (i = 0; i < 4; i++)
				end = streams[i].tail > end ? streams[i].tail : end;
			usage = sim_clock_usage(clock, 0);
			assert_true((double)usage.link_up_bytes <=
				    profile.link_up_gb_per_s * (double)end);
			assert_true((double)usage.link_down_bytes <=
				    profile.link_down_gb_per_s * (double)end);
			assert_true((double)(usage.link_up_bytes +
					     usage.link_down_bytes) <=
				    profile.link_duplex_gb_per_s * (double)end);
			assert_true(usage.link_up_ns <= end);
			assert_true(usage.link_down_ns <= end);
			assert_true(usage.sm_ns <= end);
			sim_clock_destroy(clock);
		}
}

static void copies_in_one_direction_queue(void **state)
{
	struct sim_clock *clock = start("h200");
	struct sim_stream a = { 0 }, b = { 0 };
	struct sim_span first = operate(clock, &a, 0, 64 << 20);
	struct sim_span second = operate(clock, &b, 0, 64 << 20);

	assert_true(second.start >= first.end);
	sim_clock_destroy(clock);
}

static void copies_and_compute_overlap(void **state)
{
	struct sim_clock *clock = start("rtx4090");
	struct sim_stream a = { 0 }, b = { 0 };
	struct sim_kernel busy = { .matrix_flop = 1e12, .vram_read = 1 << 30 };
	struct sim_span copy = operate(clock, &a, 0, 64 << 20);
	struct sim_span kernel = sim_clock_kernel(clock, &b, &busy);

	assert_true(copy.start == 0 && kernel.start == 0);
	assert_true(copy.end == alone("rtx4090", 0, 64 << 20));
	sim_clock_destroy(clock);
}

static void kernels_share_the_sms(void **state)
{
	struct sim_clock *clock = start("h200");
	struct sim_stream a = { 0 }, b = { 0 }, c = { 0 };
	struct sim_kernel part = { .matrix_flop = 1e9, .sm_share = 0.5 };
	struct sim_span first = sim_clock_kernel(clock, &a, &part);
	struct sim_span second = sim_clock_kernel(clock, &b, &part);
	struct sim_span third = sim_clock_kernel(clock, &c, &part);

	assert_true(first.start == 0 && second.start == 0);
	assert_true(third.start >= first.end);
	sim_clock_destroy(clock);
}

/* An operation told of late, but ready early, gets the gap that was left. */
static void gaps_are_filled(void **state)
{
	struct sim_clock *clock = start("h200");
	struct sim_stream late = { 0, 1000000000 }, early = { 0 };
	struct sim_span span = operate(clock, &late, 0, 64 << 20);

	assert_true(span.start == 1000000000);
	span = operate(clock, &early, 0, 64 << 20);
	assert_true(span.start == 0 && span.end < 1000000000);
	sim_clock_destroy(clock);
}

static void passes_multiply_the_bytes(void **state)
{
	struct sim_clock *clock = start("h200");
	struct sim_stream stream = { 0 };
	struct sim_kernel kernel = { .link_read = 1 << 30, .passes = 5 };

	sim_clock_kernel(clock, &stream, &kernel);
	assert_true(sim_clock_usage(clock, 0).link_up_bytes == (uint64_t)5 << 30);
	assert_true(stream.tail > 4.9 * (double)alone("h200", 4, 1 << 30));
	sim_clock_destroy(clock);
}

static void a_slow_link_slows_what_crosses_it(void **state)
{
	struct sim_clock *clock = start("h200");
	struct sim_stream stream = { 0 }, other = { 1 };
	double full = (double)alone("h200", 0, 1 << 30);

	sim_clock_slow_link(clock, 0, 0.25);
	operate(clock, &stream, 0, 1 << 30);
	operate(clock, &other, 0, 1 << 30);
	assert_true((double)stream.tail > 3.9 * full);
	assert_true((double)stream.tail < 4.1 * full);
	assert_true((double)other.tail <= full);
	sim_clock_destroy(clock);
}

static void the_host_waits_and_pays(void **state)
{
	struct sim_clock *clock = start("h200");

	sim_clock_call(clock, SIM_CALL_DEVICE_CREATE, 2 << 20);
	assert_true(sim_clock_now(clock) == 15000);
	sim_clock_wait(clock, 10);
	assert_true(sim_clock_now(clock) == 15000);
	sim_clock_wait(clock, 20000);
	assert_true(sim_clock_now(clock) == 20000);
	sim_clock_destroy(clock);
}

static void empty_and_absurd_sizes_end(void **state)
{
	struct sim_clock *clock = start("rtx3060");
	struct sim_stream stream = { 0 };
	struct sim_span span = operate(clock, &stream, 0, 0);
	unsigned int kind;

	assert_true(span.start == 0 && span.end == 0);
	for (kind = 0; kind < KINDS; kind++) {
		span = operate(clock, &stream, kind, UINT64_MAX);
		assert_true(span.end >= span.start);
	}
	assert_ledgers(clock);
	sim_clock_destroy(clock);
}

/* Many more changes than a ledger remembers: old ones go, the rest holds. */
static void long_runs_forget_their_past(void **state)
{
	struct sim_clock *clock = start("h200");
	struct sim_stream copies = { 0 };
	unsigned int i;

	for (i = 0; i < 3 * LEDGER_STEPS; i++) {
		uint64_t tail = copies.tail;

		sim_stream_wait(&copies, tail + 1000);
		assert_true(operate(clock, &copies, 0, 4096).start == tail + 1000);
	}
	assert_true(clock->device[0].resource[SIM_COPY_UP].horizon > 0);
	assert_ledgers(clock);
	sim_clock_destroy(clock);
}

static void curves_are_what_they_say(void **state)
{
	struct sim_curve rate = { 2, { 512, 2048 }, { 30, 51 } };
	struct sim_curve cost = { 2, { 2, 64 }, { 15, 19 } };
	struct sim_curve falling = { 2, { 2, 64 }, { 2, 1 } };
	struct sim_curve point = { 1, { 2 }, { 7 } };

	assert_true(sim_curve_rate(&rate, 256) == 15);
	assert_true(sim_curve_rate(&rate, 1280) == 40.5);
	assert_true(sim_curve_rate(&rate, 1 << 20) == 51);
	assert_true(sim_curve_cost(&cost, 33) == 17);
	assert_true(sim_curve_cost(&cost, 126) == 23);
	assert_true(sim_curve_cost(&falling, 1) == 2);
	assert_true(sim_curve_cost(&falling, 1 << 20) == 1);
	assert_true(sim_curve_cost(&point, 0.5) == 7);
	assert_true(sim_curve_rate(&point, 9) == 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(more_bytes_never_take_less_time),
		cmocka_unit_test(calls_cost_more_for_more_bytes),
		cmocka_unit_test(nothing_beats_its_resource),
		cmocka_unit_test(ledgers_stay_valid_under_random_load),
		cmocka_unit_test(same_calls_give_same_times),
		cmocka_unit_test(sharing_adds_no_capacity),
		cmocka_unit_test(copies_in_one_direction_queue),
		cmocka_unit_test(copies_and_compute_overlap),
		cmocka_unit_test(kernels_share_the_sms),
		cmocka_unit_test(gaps_are_filled),
		cmocka_unit_test(passes_multiply_the_bytes),
		cmocka_unit_test(a_slow_link_slows_what_crosses_it),
		cmocka_unit_test(the_host_waits_and_pays),
		cmocka_unit_test(empty_and_absurd_sizes_end),
		cmocka_unit_test(long_runs_forget_their_past),
		cmocka_unit_test(curves_are_what_they_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
