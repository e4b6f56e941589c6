/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Staging as a whole, over the fake driver: what launches are given, and what
 * becomes of homes. Kernels find a fault by themselves where they meet other
 * bytes than they should.
 */
#include "launched.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "staging/state.h"

#define FUNCTION 77
#define STAMP	 4096 /* bytes that kernels look at */
#define PIECES	 6

static uint64_t piece[PIECES];
static struct gb_stats_device *const stats = &world_stats.device[0];

/* Pieces of a granule, all of them in RAM; a ring of four. */
static void begin(void)
{
	world_begin(&(struct world){
		.devices = 1, .vram = 16 * G, .ram = 16 * G, .staging = 4 * G });
	/* It stays in VRAM, and this leaves it for the ring and the hashes. */
	gb_engine_pin(take_working(11 * G));
	take_weights(5 * G);
	for (int i = 0; i < PIECES; i++) {
		piece[i] = take_weights(G);
		fill(piece[i], STAMP, (uint64_t)i);
		assert_int_equal(granules_in(FAKE_RAM, piece[i]), 1);
	}
}

static void launch_begin(struct launched *l, uint64_t stream,
			 const uint64_t *addresses, uint32_t count)
{
	launch_name(l, stream, FUNCTION, addresses, count);
	assert_int_equal(gb_engine_enter(), 0);
	l->staged = gb_staging_begin(&l->launch);
}

static struct launched read_at(uint64_t stream, uint64_t address, uint64_t seed)
{
	struct launched l;

	launch_begin(&l, stream, &address, 1);
	fake_kernel_expect(stream, l.word[0].to, STAMP, seed);
	launch_end(&l);
	return l;
}

static struct launched write_at(uint64_t stream, uint64_t address, uint64_t seed)
{
	struct launched l;

	launch_begin(&l, stream, &address, 1);
	fake_kernel_write(stream, l.word[0].to, STAMP, seed);
	launch_end(&l);
	return l;
}

static bool is_copy(const struct launched *l)
{
	return l->word[0].to != l->word[0].address;
}

/* Until the function is trusted to read only, and the copy looked at enough. */
static void gain_trust(int which)
{
	for (int i = 0; i < 30; i++) {
		read_at(STREAM, piece[which], (uint64_t)which);
		fake_run_all();
	}
}

/* However much is asked for. */
static void a_ring_leaves_vram_for_what_launches_work_on(void **state)
{
	world_begin(&(struct world){
		.devices = 1, .vram = 16 * G, .ram = 16 * G, .staging = 15 * G });
	gb_engine_pin(take_working(2 * G));
	piece[0] = take_weights(15 * G);
	fill(piece[0], STAMP, 5);
	assert_true(granules_in(FAKE_RAM, piece[0]) > 0);
	read_at(STREAM, piece[0], 5);
	assert_int_equal(gb_staging_of(&gb_engine.device[0])->ring.bytes, 12 * G);
	world_end();
}

static void a_launch_reads_a_copy_in_vram(void **state)
{
	struct launched l;

	begin();
	l = read_at(STREAM, piece[0], 0);
	assert_true(is_copy(&l));
	assert_int_equal(fake_place(l.word[0].to), FAKE_VRAM);
	assert_int_equal(stats->staged, G);
	assert_int_equal(stats->stage_misses, 1);
	read_at(STREAM, piece[0], 0);
	assert_int_equal(stats->staged, G);
	assert_int_equal(stats->stage_hits, 1);
	world_end();
}

static const struct gb_stats_use *use_of(uint64_t address)
{
	uint32_t granule = (uint32_t)((address - gb_engine.device[0].base) / G) + 1;

	for (int i = 0; i < GB_USES; i++)
		if (world_page.uses[0][i].granule == granule)
			return &world_page.uses[0][i];
	fail_msg("nothing is told of it");
	return NULL;
}

static void what_becomes_of_each_allocation_is_told(void **state)
{
	const struct gb_stats_use *use;
	uint64_t large;

	begin();
	for (int pass = 0; pass < 4; pass++)
		for (int i = 0; i < PIECES; i++) {
			read_at(STREAM, piece[i], (uint64_t)i);
			read_at(STREAM, piece[i], (uint64_t)i);
			fake_run_all();
		}
	use = use_of(piece[2]);
	assert_true(use->copies > 1 && use->ahead > 0 && use->copies > use->ahead);
	/* The second of each pair at least, unless it was the first. */
	assert_int_equal(use->hits, 4);
	assert_int_equal(use->direct, 0);
	drop(piece[2]);
	assert_int_equal(use->copies + use->hits + use->ahead, 0);
	large = take_weights(3 * G);
	fill(large, STAMP, 9);
	read_at(STREAM, large, 9);
	assert_int_equal(use_of(large)->direct, 1);
	world_end();
}

static void all_words_go_the_same_way(void **state)
{
	struct launched l;

	begin();
	launch_begin(&l, STREAM,
		     (uint64_t[]){ piece[0] + 5000, piece[1], piece[0], piece[0] + G },
		     4);
	assert_int_equal(l.word[0].to - l.word[2].to, 5000);
	/* The address behind the end, too. */
	assert_int_equal(l.word[3].to - l.word[2].to, G);
	assert_int_not_equal(l.word[2].to, piece[0]);
	assert_int_not_equal(l.word[1].to, piece[1]);
	launch_end(&l);
	world_end();
}

static void a_write_is_carried_home(void **state)
{
	begin();
	write_at(STREAM, piece[0], 50);
	fake_run_all();
	expect(piece[0], STAMP, 50);
	/* It is told at the next launch. */
	read_at(STREAM, piece[1], 1);
	assert_int_equal(stats->reconciled, GB_PAGE);
	world_end();
}

/* One that writes is given the home from then on. */
static void who_writes_is_remembered(void **state)
{
	struct launched l;

	begin();
	write_at(STREAM, piece[0], 50);
	fake_run_all();
	l = write_at(STREAM, piece[1], 51);
	assert_false(is_copy(&l));
	fake_run_all();
	expect(piece[1], STAMP, 51);
	/* Until functions are forgotten. */
	gb_staging_forget_functions();
	l = read_at(STREAM, piece[2], 2);
	assert_true(is_copy(&l));
	world_end();
}

/* Without a check in between: the write is found when somebody looks. */
static void late_write(void (*look)(void))
{
	uint64_t jobs;

	begin();
	gain_trust(0);
	jobs = fake_calls(FAKE_RECONCILE);
	write_at(STREAM, piece[0], 60);
	assert_int_equal(fake_calls(FAKE_RECONCILE), jobs);
	look();
	fake_run_all();
	expect(piece[0], STAMP, 60);
	world_end();
}

/* A copy of the program's, on another stream. */
static void copy_away(uint64_t address, uint64_t seed)
{
	const uint64_t other = fake_stream(0, 1);

	assert_int_equal(gb_engine_enter(), 0);
	gb_staging_access(address, other, false);
	fake_kernel_expect(other, address, STAMP, seed);
	gb_gate_leave();
}

static void copy_first(void)
{
	copy_away(piece[0], 60);
}

static void fill_the_ring(void)
{
	for (int i = 1; i < PIECES; i++)
		read_at(STREAM, piece[i], (uint64_t)i);
}

static void name_it_in_memory(void)
{
	assert_int_equal(gb_engine_enter(), 0);
	gb_staging_escape(piece[0], STREAM);
	gb_gate_leave();
}

static void launch_a_graph(void)
{
	uint32_t devices;

	assert_int_equal(gb_engine_enter(), 0);
	devices = gb_staging_access_all(STREAM, true);
	fake_kernel_expect(STREAM, piece[0], STAMP, 60);
	gb_staging_written_all(STREAM, devices, true);
	gb_gate_leave();
}

static void a_late_write_is_home_before_a_copy(void **state)
{
	late_write(copy_first);
}

static void a_late_write_is_home_when_its_place_is_used_again(void **state)
{
	late_write(fill_the_ring);
}

static void a_late_write_is_home_before_its_address_is_known(void **state)
{
	late_write(name_it_in_memory);
}

static void a_late_write_is_home_before_a_graph(void **state)
{
	late_write(launch_a_graph);
}

static void a_visible_write_ends_the_copy(void **state)
{
	const uint64_t other = fake_stream(0, 1);

	begin();
	read_at(STREAM, piece[0], 0);
	assert_int_equal(gb_engine_enter(), 0);
	assert_true(gb_staging_access(piece[0] + 100, other, true));
	fake_kernel_write(other, piece[0], STAMP, 70);
	gb_staging_written(piece[0] + 100, other);
	gb_gate_leave();
	/* Another stream's write, which the new copy waits for. */
	read_at(STREAM, piece[0], 70);
	assert_int_equal(stats->stage_misses, 2);
	world_end();
}

/* While a write is on its way to the driver nobody can wait for it. */
static void nothing_is_copied_during_a_write(void **state)
{
	const uint64_t other = fake_stream(0, 1);
	struct launched l;

	begin();
	read_at(STREAM, piece[1], 1);
	assert_int_equal(gb_engine_enter(), 0);
	assert_true(gb_staging_access(piece[0], other, true));
	launch_begin(&l, STREAM, &piece[0], 1);
	assert_false(is_copy(&l));
	launch_end(&l);
	fake_kernel_write(other, piece[0], STAMP, 71);
	gb_staging_written(piece[0], other);
	gb_gate_leave();
	fake_run_all();
	l = read_at(STREAM, piece[0], 71);
	assert_true(is_copy(&l));
	world_end();
}

static void what_has_escaped_is_never_copied(void **state)
{
	struct launched l;

	begin();
	name_it_in_memory();
	l = read_at(STREAM, piece[0], 0);
	assert_false(is_copy(&l));
	l = read_at(STREAM, piece[1], 1);
	assert_true(is_copy(&l));
	world_end();
}

/* More than half of the ring would leave nothing to be ahead with. */
static void large_memory_is_read_where_it_is(void **state)
{
	struct launched l;
	uint64_t large;

	begin();
	large = take_weights(3 * G);
	fill(large, STAMP, 9);
	l = read_at(STREAM, large, 9);
	assert_false(is_copy(&l));
	world_end();
}

static bool is_read_whole(uint64_t address)
{
	return atomic_load(&gb_arena_owner(address)->staged.read_whole);
}

/* Larger than VRAM: all of a model, most likely. Said once. */
static void what_no_part_of_can_be_copied_is_told_of(void **state)
{
	char path[] = "/tmp/greenboost-whole-XXXXXX", line[512];
	uint64_t small, large;
	FILE *log;

	close(mkstemp(path));
	gb_log_init(GB_LOG_WARN, path);
	world_begin(&(struct world){
		.devices = 1, .vram = 16 * G, .ram = 32 * G, .staging = 4 * G });
	gb_engine_pin(take_working(11 * G));
	small = take_weights(6 * G);
	large = take_weights(18 * G);
	fill(small, STAMP, 1);
	fill(large, STAMP, 2);
	log = fopen(path, "r");
	read_at(STREAM, small, 1);
	assert_null(fgets(line, sizeof(line), log));
	clearerr(log);
	read_at(STREAM, large, 2);
	read_at(STREAM, large, 2);
	assert_non_null(fgets(line, sizeof(line), log));
	assert_non_null(strstr(line, "36 MiB are in one allocation"));
	assert_null(fgets(line, sizeof(line), log));
	fclose(log);
	unlink(path);
	gb_log_init(GB_LOG_WARN, "/dev/stderr");
	world_end();
}

static void read_many_times(uint64_t address, uint64_t seed, uint64_t ns)
{
	fake_set_elapsed(ns);
	for (int i = 0; i < 300; i++) {
		read_at(STREAM, address, seed);
		fake_run_all();
	}
	fake_set_elapsed(0);
}

/* And worth VRAM where a kernel takes as long as the link for most of it. */
static void what_is_read_over_the_link_is_noticed(void **state)
{
	uint64_t rows, matrix;

	begin();
	rows = take_weights(3 * G);
	fill(rows, STAMP, 9);
	/* Copies of G take a ms. */
	read_many_times(piece[0], 0, 1000000);
	read_many_times(rows, 9, 1000000);
	assert_false(is_read_whole(rows));
	drop(rows);
	matrix = take_weights(3 * G);
	fill(matrix, STAMP, 10);
	read_many_times(matrix, 10, 3000000);
	assert_true(is_read_whole(matrix));
	/* What has copies is none of this. */
	read_many_times(piece[1], 1, 3000000);
	assert_false(is_read_whole(piece[1]));
	world_end();
}

/* Two threads' launches; the first has not reached the driver yet. */
static void a_pinned_copy_keeps_its_place(void **state)
{
	struct launched first, l;

	begin();
	launch_begin(&first, STREAM, &piece[0], 1);
	assert_true(is_copy(&first));
	for (int i = 1; i < PIECES; i++)
		read_at(fake_stream(0, 1), piece[i], (uint64_t)i);
	/* Another on the same finds it there, and must take it. */
	l = read_at(fake_stream(0, 2), piece[0], 0);
	assert_int_equal(l.word[0].to, first.word[0].to);
	fake_kernel_expect(STREAM, first.word[0].to, STAMP, 0);
	launch_end(&first);
	world_end();
}

/* Both check it, and the checks must not meet (fake_stream.c). */
static void checks_of_one_copy_take_turns(void **state)
{
	struct launched first, second;
	uint64_t jobs;

	begin();
	launch_begin(&first, STREAM, &piece[0], 1);
	launch_begin(&second, fake_stream(0, 1), &piece[0], 1);
	assert_true(is_copy(&first));
	assert_int_equal(second.word[0].to, first.word[0].to);
	jobs = fake_calls(FAKE_RECONCILE);
	launch_end(&first);
	launch_end(&second);
	assert_int_equal(fake_calls(FAKE_RECONCILE), jobs + 2);
	world_end();
}

static void freed_memory_leaves_nothing_behind(void **state)
{
	uint64_t again;

	begin();
	read_at(STREAM, piece[0], 0);
	drop(piece[0]);
	again = take_weights(G);
	fill(again, STAMP, 33);
	read_at(STREAM, again, 33);
	world_end();
}

static void what_comes_next_is_brought_ahead(void **state)
{
	begin();
	for (int pass = 0; pass < 4; pass++)
		for (int i = 0; i < PIECES; i++) {
			read_at(STREAM, piece[i], (uint64_t)i);
			fake_run_all();
		}
	assert_true(stats->prefetch_hits > 0);
	world_end();
}

static void pass_over_all(void)
{
	for (int i = 0; i < PIECES; i++) {
		read_at(STREAM, piece[i], (uint64_t)i);
		fake_run_all();
	}
}

/* The ring is full of what comes next, and this is one more, in RAM as well. */
static uint64_t begin_with_all_ahead(void)
{
	uint64_t other;

	begin();
	other = take_weights(G);
	fill(other, STAMP, 50);
	for (int pass = 0; pass < 6; pass++)
		pass_over_all();
	gb_engine_idle(0);
	fake_run_all();
	return other;
}

/* A copy makes way, but the one that is used last: else each is missed in its turn. */
static void what_nobody_expected_costs_one_copy_of_what_comes_next(void **state)
{
	uint64_t other = begin_with_all_ahead();
	uint64_t misses = stats->stage_misses, copies = stats->staged / G;

	read_at(STREAM, other, 50);
	fake_run_all();
	pass_over_all();
	assert_int_equal(stats->stage_misses, misses + 1);
	/* All pieces, what follows them, the other, and the one that made way. */
	assert_in_range(stats->staged / G - copies, 2, PIECES + 2);
	world_end();
}

/* The same of two that one launch reads, of which the first is what comes next. */
static void what_comes_next_is_read_beside_what_nobody_expected(void **state)
{
	uint64_t other = begin_with_all_ahead();
	struct launched l;

	launch_begin(&l, STREAM, (uint64_t[]){ piece[0], other }, 2);
	assert_true(l.word[0].to != piece[0] && l.word[1].to != other);
	fake_kernel_expect(STREAM, l.word[0].to, STAMP, 0);
	fake_kernel_expect(STREAM, l.word[1].to, STAMP, 50);
	launch_end(&l);
	fake_run_all();
	world_end();
}

static void end_copy(uint64_t address)
{
	assert_true(gb_staging_access(address, STREAM, true));
	gb_staging_written(address, STREAM);
}

/*
 * Copies brought ahead while each piece but the first is read together with
 * that, which each launch writes for the next if it @hands_on.
 */
static uint64_t ahead_beside_the_first(bool hands_on)
{
	uint64_t before = stats->prefetch_hits;

	for (int i = 1; i < PIECES; i++) {
		struct launched l;

		launch_begin(&l, STREAM, (uint64_t[]){ piece[i], piece[0] }, 2);
		fake_kernel_expect(STREAM, l.word[0].to, STAMP, (uint64_t)i);
		launch_end(&l);
		if (hands_on)
			end_copy(piece[0]);
		fake_run_all();
	}
	return stats->prefetch_hits - before;
}

/*
 * An input, or a bias: it is what comes next of nothing. In a ring of four its
 * own copy goes with every fourth, and with it what is known for one launch.
 */
static void what_every_launch_reads_does_not_hide_what_comes_next(void **state)
{
	uint64_t ahead = 0;

	begin();
	for (int pass = 0; pass < 6; pass++)
		ahead_beside_the_first(false);
	for (int pass = 0; pass < 4; pass++)
		ahead += ahead_beside_the_first(false);
	assert_true(ahead >= 2 * (PIECES - 1));
	world_end();
}

/* Results that have found no place in VRAM. */
static void
what_is_written_for_the_next_launch_does_not_hide_what_comes_next(void **state)
{
	begin();
	for (int pass = 0; pass < 6; pass++)
		ahead_beside_the_first(true);
	assert_true(ahead_beside_the_first(true) >= PIECES - 2);
	world_end();
}

/* FUNCTION reads little of what is as large as a piece: so it was measured. */
static void make_direct_the_choice(void)
{
	struct gb_choices *choices = &gb_staging_of(&gb_engine.device[0])->choices;
	uint64_t key = gb_choice_key(FUNCTION, 0, G);

	gb_choices_finish(choices);
	choices->vram_rate = choices->link_rate = 1000;
	gb_choice_get(choices, key);
	gb_choice_learn(choices, key, false, G, 1);
	gb_choice_get(choices, key);
	gb_choice_learn(choices, key, true, G, 1);
}

static void what_is_better_read_directly_is_not_brought_ahead(void **state)
{
	struct launched l;
	uint64_t before;

	begin();
	for (int pass = 0; pass < 4; pass++)
		for (int i = 0; i < PIECES; i++) {
			read_at(STREAM, piece[i], (uint64_t)i);
			fake_run_all();
		}
	make_direct_the_choice();
	/* A copy that is there is used. */
	l = read_at(STREAM, piece[PIECES - 1], PIECES - 1);
	assert_true(is_copy(&l));
	for (int i = 0; i < PIECES; i++)
		read_at(STREAM, piece[i], (uint64_t)i);
	for (int i = 0; i < PIECES; i++)
		end_copy(piece[i]);
	fake_run_all();
	before = stats->staged;
	for (int pass = 0; pass < 3; pass++)
		for (int i = 0; i < PIECES; i++) {
			l = read_at(STREAM, piece[i], (uint64_t)i);
			assert_false(is_copy(&l));
			gb_staging_idle(0);
			fake_run_all();
		}
	assert_int_equal(stats->staged, before);
	world_end();
}

/* By a function that has its copies, unlike FUNCTION. */
static void other_reads(uint64_t stream, uint64_t address, uint64_t seed)
{
	struct launched l;

	launch_name(&l, stream, FUNCTION + 1, &address, 1);
	assert_int_equal(gb_engine_enter(), 0);
	l.staged = gb_staging_begin(&l.launch);
	assert_true(is_copy(&l));
	fake_kernel_expect(stream, l.word[0].to, STAMP, seed);
	launch_end(&l);
}

/* FUNCTION is trusted and reads directly; and then it writes. */
static void no_copy_hides_what_a_trusted_function_writes(void **state)
{
	begin();
	gain_trust(0);
	make_direct_the_choice();
	other_reads(STREAM, piece[1], 1);
	fake_run_all();
	write_at(STREAM, piece[1], 61);
	other_reads(STREAM, piece[1], 61);
	fake_run_all();
	copy_away(piece[1], 61);
	fake_run_all();
	world_end();
}

static void a_copy_waits_for_what_a_trusted_function_writes(void **state)
{
	const uint64_t other = fake_stream(0, 1);
	gb_ticket written;

	begin();
	gain_trust(0);
	make_direct_the_choice();
	for (uint64_t seed = 62; seed < 94; seed++) {
		struct launched l;

		fake_set_seed(seed);
		copy_away(piece[1], seed == 62 ? 1 : seed - 1);
		fake_driver.drain(0);
		end_copy(piece[1]);
		l = write_at(other, piece[1], seed);
		assert_false(is_copy(&l));
		assert_int_equal(fake_driver.mark(other, &written), 0);
		assert_int_equal(fake_driver.stream_wait(STREAM, written), 0);
		other_reads(STREAM, piece[1], seed);
		fake_run_all();
		fake_driver.ticket_drop(written);
	}
	world_end();
}

/* By a function that writes, and is given the home once that is known. */
static void writer_begins(struct launched *l, uint64_t stream, uint64_t address)
{
	launch_name(l, stream, FUNCTION + 2, &address, 1);
	assert_int_equal(gb_engine_enter(), 0);
	l->staged = gb_staging_begin(&l->launch);
}

/* Of a launch that ended the copy what that had is on its way home. */
static void a_copy_waits_for_what_a_failed_launch_has_carried_home(void **state)
{
	const uint64_t other = fake_stream(0, 1);
	struct launched l;

	begin();
	writer_begins(&l, STREAM, piece[1]);
	fake_kernel_write(STREAM, l.word[0].to, STAMP, 50);
	launch_end(&l);
	fake_run_all();
	gain_trust(0);
	write_at(STREAM, piece[0], 60);
	fake_run_all();
	writer_begins(&l, other, piece[0]);
	assert_false(is_copy(&l));
	assert_true(l.staged);
	gb_staging_end(&l.launch, false);
	gb_gate_leave();
	other_reads(STREAM, piece[0], 60);
	fake_run_all();
	world_end();
}

static void a_stream_in_capture_is_left_alone(void **state)
{
	struct launched l;

	begin();
	read_at(STREAM, piece[0], 0);
	fake_run_all();
	fake_capture(true, STREAM);
	launch_begin(&l, STREAM, &piece[1], 1);
	assert_false(is_copy(&l));
	launch_end(&l);
	fake_capture(false, 0);
	world_end();
}

/* Reads and writes, of which the @nth call of @op fails. */
static void run_failing(enum fake_op op, unsigned int nth)
{
	begin();
	fake_fail(op, nth, 1, -ENOMEM);
	for (unsigned int i = 0; i < 8; i++) {
		write_at(STREAM, piece[i % 3], 90 + i);
		read_at(STREAM, piece[3 + i % 3], 3 + i % 3);
	}
	fake_run_all();
	for (unsigned int i = 0; i < 3; i++)
		copy_away(piece[i], i == 2 ? 95 : 96 + i);
	fake_run_all();
	fake_failed();
	if (fake_faults())
		print_error("operation %d, call %u\n", op, nth);
	world_end();
}

static void failures_harm_no_results(void **state)
{
	static const struct {
		enum fake_op op;
		unsigned int calls;
	} faults[] = {
		{ FAKE_STREAM, 4 },	  { FAKE_STREAM_STATE, 9 },
		{ FAKE_STREAM_WAIT, 12 }, { FAKE_STREAM_COPY, 6 },
		{ FAKE_RECORD, 20 },	  { FAKE_RECONCILE, 19 },
		{ FAKE_HOST_ALLOC, 2 },	  { FAKE_DRAIN, 3 },
	};

	for (size_t i = 0; i < COUNT(faults); i++)
		for (unsigned int nth = 1; nth <= faults[i].calls; nth++)
			run_failing(faults[i].op, nth);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ring_leaves_vram_for_what_launches_work_on),
		cmocka_unit_test(a_launch_reads_a_copy_in_vram),
		cmocka_unit_test(what_becomes_of_each_allocation_is_told),
		cmocka_unit_test(all_words_go_the_same_way),
		cmocka_unit_test(a_write_is_carried_home),
		cmocka_unit_test(who_writes_is_remembered),
		cmocka_unit_test(a_late_write_is_home_before_a_copy),
		cmocka_unit_test(a_late_write_is_home_when_its_place_is_used_again),
		cmocka_unit_test(a_late_write_is_home_before_its_address_is_known),
		cmocka_unit_test(a_late_write_is_home_before_a_graph),
		cmocka_unit_test(a_visible_write_ends_the_copy),
		cmocka_unit_test(nothing_is_copied_during_a_write),
		cmocka_unit_test(what_has_escaped_is_never_copied),
		cmocka_unit_test(large_memory_is_read_where_it_is),
		cmocka_unit_test(what_no_part_of_can_be_copied_is_told_of),
		cmocka_unit_test(what_is_read_over_the_link_is_noticed),
		cmocka_unit_test(a_pinned_copy_keeps_its_place),
		cmocka_unit_test(checks_of_one_copy_take_turns),
		cmocka_unit_test(freed_memory_leaves_nothing_behind),
		cmocka_unit_test(what_comes_next_is_brought_ahead),
		cmocka_unit_test(
			what_nobody_expected_costs_one_copy_of_what_comes_next),
		cmocka_unit_test(what_comes_next_is_read_beside_what_nobody_expected),
		cmocka_unit_test(what_every_launch_reads_does_not_hide_what_comes_next),
		cmocka_unit_test(
			what_is_written_for_the_next_launch_does_not_hide_what_comes_next),
		cmocka_unit_test(what_is_better_read_directly_is_not_brought_ahead),
		cmocka_unit_test(no_copy_hides_what_a_trusted_function_writes),
		cmocka_unit_test(a_copy_waits_for_what_a_trusted_function_writes),
		cmocka_unit_test(
			a_copy_waits_for_what_a_failed_launch_has_carried_home),
		cmocka_unit_test(a_stream_in_capture_is_left_alone),
		cmocka_unit_test(failures_harm_no_results),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
