/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that has gone on to the NVMe disk: who leaves RAM, how launches use
 * what is away, and what brings it home. Kernels find a fault by themselves
 * where they meet other bytes than they should.
 */
#include "launched.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "staging/staging.h"
#include "tier/nvme.h"

#define FUNCTION 77
#define WRITER	 78
#define LITTLE	 79
#define PIECES	 16
#define LARGE	 (5 * G) /* too large to be staged, so it stays in RAM */

static uint64_t piece[PIECES];
static struct gb_stats_device *const stats = &world_stats.device[0];

/* What the pieces hold: each page of the driver's differs. */
static void fill_piece(int i)
{
	fill(piece[i], G, 100 + (uint64_t)i);
}

/*
 * A ring of four granules in VRAM and nothing else; of RAM, eight granules for
 * guests, five for what cannot leave, and @homes for the rest.
 */
static void begin_with(uint64_t homes, uint64_t nvme, uint64_t writes)
{
	world_begin(&(struct world){ .devices = 1,
				     .vram = 16 * G,
				     .ram = 13 * G + homes,
				     .staging = 4 * G,
				     .nvme = nvme,
				     .writes = writes });
	assert_int_equal(gb_engine.device[0].ram_aside, 8 * G);
	memset(piece, 0, sizeof(piece));
	gb_engine_pin(take_working(11 * G));
	take_weights(LARGE);
}

static bool is_away(int i)
{
	return gb_arena_owner(piece[i])->away;
}

static int count_away(void)
{
	int count = 0;

	for (int i = 0; i < PIECES; i++)
		count += piece[i] && is_away(i);
	return count;
}

static int any_away(void)
{
	for (int i = 0; i < PIECES; i++)
		if (piece[i] && is_away(i))
			return i;
	fail_msg("nothing is away");
	return -1;
}

static int any_at_home(void)
{
	for (int i = 0; i < PIECES; i++)
		if (piece[i] && !is_away(i))
			return i;
	fail_msg("everything is away");
	return -1;
}

/* As the hook does it. */
static int launch_begin(struct launched *l, uint64_t function,
			const uint64_t *addresses, uint32_t count)
{
	launch_name(l, STREAM, function, addresses, count);
	for (l->stranded = 0;; l->stranded++) {
		int error = gb_engine_enter();

		if (error)
			return error;
		l->staged = gb_staging_begin(&l->launch);
		if (!l->launch.stranded)
			return 0;
		gb_gate_leave();
		error = gb_engine_bring_home(addresses, count);
		if (error)
			return error;
	}
}

static struct launched read_by(uint64_t function, int i, uint64_t seed)
{
	struct launched l;

	assert_int_equal(launch_begin(&l, function, &piece[i], 1), 0);
	fake_kernel_expect(STREAM, l.word[0].to, G, seed);
	launch_end(&l);
	return l;
}

static struct launched read_seed(int i, uint64_t seed)
{
	return read_by(FUNCTION, i, seed);
}

static struct launched read_piece(int i)
{
	return read_seed(i, 100 + (uint64_t)i);
}

static struct launched write_piece(int i, uint64_t seed)
{
	struct launched l;

	assert_int_equal(launch_begin(&l, WRITER, &piece[i], 1), 0);
	fake_kernel_write(STREAM, l.word[0].to, G, seed);
	launch_end(&l);
	return l;
}

static void enter_at_home(int i)
{
	assert_int_equal(gb_engine_enter_at_home(&piece[i], 1), 0);
	gb_gate_leave();
}

/* Room for six of the pieces in RAM, once the ring has pushed out the large one. */
static void begin(void)
{
	begin_with(6 * G, 64 * G, 0);
	for (int i = 0; i < PIECES; i++) {
		piece[i] = take_weights(G);
		fill_piece(i);
	}
	read_piece(0);
}

static void what_is_too_much_for_ram_goes_to_the_disk(void **state)
{
	begin();
	assert_int_equal(count_away(), 10);
	assert_int_equal(world_stats.nvme_used, 10 * G);
	gb_nvme_tell(&world_stats);
	assert_int_equal(world_stats.nvme_file, 10 * G);
	assert_int_equal(stats->spilled, 10 * G);
	check_all();
	world_end();
}

static void launches_read_what_is_away(void **state)
{
	begin();
	for (int pass = 0; pass < 4; pass++)
		for (int i = 0; i < PIECES; i++) {
			struct launched l = read_piece(i);

			assert_int_equal(l.stranded, 0);
			assert_int_equal(fake_place(l.word[0].to), FAKE_VRAM);
		}
	/* What was away is that still, and the rest is in RAM: no exchange. */
	assert_int_equal(count_away(), 10);
	assert_int_equal(stats->returned, 0);
	assert_int_equal(stats->spilled, 10 * G);
	/* All of it told as it happens. */
	assert_true(world_stats.nvme_read >= 10 * G);
	/* In the first pass nobody knew what to read ahead. */
	assert_true(world_stats.nvme_wait_ns > 0);
	world_end();
}

/* The disk works ahead once the order is known. */
static void reads_run_ahead(void **state)
{
	begin();
	for (int pass = 0; pass < 6; pass++) {
		for (int i = 0; i < PIECES; i++)
			read_piece(i);
		fake_run_all();
		gb_staging_idle(0);
	}
	assert_true(stats->prefetch_hits > 2 * PIECES);
	world_end();
}

/* A copy of a piece takes a ms, and so do all kernels so far. */
static void measure(void)
{
	fake_set_elapsed(1000000);
	for (int i = 0; i < PIECES; i++) {
		read_piece(i);
		fake_run_all();
		gb_staging_idle(0); /* learns it */
	}
	fake_set_elapsed(0);
}

/* This one reads little: no copy is worth its while. */
static struct launched read_little(int i)
{
	struct launched l;

	fake_set_elapsed(300000);
	l = read_by(LITTLE, i, 100 + (uint64_t)i);
	fake_run_all();
	fake_set_elapsed(0);
	return l;
}

/* From the disk that is no choice, and what is away is read ahead. */
static void what_was_read_directly_is_read_ahead(void **state)
{
	struct launched l;
	int directly = 0;
	uint64_t hits;

	begin();
	measure();
	for (int pass = 0; pass < 4; pass++)
		for (int i = 0; i < PIECES; i++) {
			if (is_away(i))
				continue;
			l = read_little(i);
			directly += fake_place(l.word[0].to) == FAKE_RAM;
		}
	/* All but those that still have a copy. */
	assert_true(directly >= 4);
	/* They change places with the others. */
	for (int i = 0, n = count_away(); i < PIECES && n; i++)
		if (is_away(i)) {
			enter_at_home(i);
			n--;
		}
	hits = stats->prefetch_hits;
	for (int pass = 0; pass < 6; pass++) {
		for (int i = 0; i < PIECES; i++)
			if (is_away(i))
				read_little(i);
		gb_staging_idle(0);
	}
	/* The first two passes learn the order. */
	assert_true(stats->prefetch_hits - hits > 36);
	world_end();
}

static void a_copy_finds_it_at_home(void **state)
{
	int i;

	begin();
	i = any_away();
	enter_at_home(i);
	assert_false(is_away(i));
	expect(piece[i], G, 100 + (uint64_t)i);
	/* Somebody else has made room. */
	assert_int_equal(count_away(), 10);
	for (int k = 0; k < PIECES; k++)
		read_piece(k);
	world_end();
}

static void what_comes_home_with_a_copy_in_vram_is_the_same(void **state)
{
	int i;

	begin();
	i = any_away();
	read_piece(i);
	enter_at_home(i);
	expect(piece[i], G, 100 + (uint64_t)i);
	read_piece(i);
	world_end();
}

/* What the kernel changed is in the guest only, and must outlive it. */
static void a_write_to_what_is_away_is_kept(void **state)
{
	int i;

	begin();
	i = any_away();
	write_piece(i, 7);
	for (int k = 0; k < PIECES; k++)
		if (k != i)
			read_piece(k);
	read_seed(i, 7);
	fake_run_all();
	enter_at_home(i);
	expect(piece[i], G, 7);
	assert_int_equal(gb_arena_owner(piece[i])->kind, GB_KIND_WORKING);
	world_end();
}

/* Its guest, which cannot go, comes home instead of being in the way for ever. */
static void a_write_does_not_hold_up_the_others(void **state)
{
	uint64_t returned;
	int i, stranded = 0;

	begin();
	i = any_away();
	write_piece(i, 7);
	fake_run_all();
	for (int pass = 0; pass < 4; pass++) {
		returned = stats->returned;
		stranded = 0;
		for (int k = 0; k < PIECES; k++)
			if (k != i)
				stranded += read_piece(k).stranded;
		fake_run_all();
	}
	assert_int_equal(stranded, 0);
	assert_int_equal(stats->returned, returned);
	assert_false(is_away(i));
	expect(piece[i], G, 7);
	world_end();
}

/* The copy that fails is one of the guest, which alone has what was written. */
static void a_write_outlives_a_copy_that_fails(void **state)
{
	int i;

	begin();
	i = any_away();
	write_piece(i, 7);
	for (int k = 0; k < PIECES; k++)
		if (!is_away(k))
			read_piece(k);
	fake_run_all();
	assert_null(gb_arena_owner(piece[i])->staged.slot);
	fake_fail(FAKE_STREAM_COPY, 1, 1, -ENOMEM);
	read_seed(i, 7);
	assert_int_equal(fake_failed(), 1);
	fake_run_all();
	enter_at_home(i);
	expect(piece[i], G, 7);
	world_end();
}

static void a_write_outlives_the_end_of_staging(void **state)
{
	int i;

	begin();
	i = any_away();
	write_piece(i, 7);
	gb_engine_leave_context(0, 0, GB_HOLDS_BUFFERS);
	assert_false(is_away(i));
	expect(piece[i], G, 7);
	read_seed(i, 7);
	world_end();
}

/* What is on its way from guests to VRAM then has done with their memory. */
static void the_end_of_staging_waits_for_what_is_copied_ahead(void **state)
{
	begin();
	for (int pass = 0; pass < 3; pass++) {
		for (int i = 0; i < PIECES; i++)
			read_piece(i);
		fake_run_all();
	}
	gb_staging_idle(0);
	usleep(20000); /* for the disk */
	gb_staging_idle(0);
	gb_engine_leave_context(0, 0, GB_HOLDS_BUFFERS);
	check_all();
	for (int i = 0; i < PIECES; i++)
		read_piece(i);
	world_end();
}

/* Known to write, the kernel wants it at home, and it does not leave again. */
static void what_is_written_stays(void **state)
{
	int first, second;

	begin();
	first = any_away();
	write_piece(first, 7);
	fake_run_all();
	enter_at_home(first);
	second = any_away();
	assert_int_equal(write_piece(second, 8).stranded, 1);
	fake_run_all();
	expect(piece[second], G, 8);
	for (int k = 0; k < PIECES; k++)
		enter_at_home(k);
	assert_false(is_away(first) || is_away(second));
	world_end();
}

/* The ring cannot hold five at once: they come home. */
static void more_than_the_ring_holds_comes_home(void **state)
{
	uint64_t all[5];
	struct launched l;
	int count = 0;

	begin();
	for (int i = 0; i < PIECES && count < 5; i++)
		if (is_away(i))
			all[count++] = piece[i];
	assert_int_equal(launch_begin(&l, FUNCTION, all, 5), 0);
	assert_int_equal(l.stranded, 1);
	for (int i = 0; i < 5; i++) {
		uint64_t seed = 0;

		for (int k = 0; k < PIECES; k++)
			if (piece[k] == all[i])
				seed = 100 + (uint64_t)k;
		fake_kernel_expect(STREAM, l.word[i].to, G, seed);
	}
	launch_end(&l);
	world_end();
}

/* It was to be timed, and what it named had to come home first. */
static void a_launch_that_waited_is_timed_the_next_time(void **state)
{
	int at_home, count = 1;
	struct launched l;
	uint64_t all[6];

	begin();
	measure();
	at_home = any_at_home();
	all[0] = piece[at_home];
	for (int i = 0; i < PIECES && count < 6; i++)
		if (is_away(i))
			all[count++] = piece[i];
	assert_int_equal(launch_begin(&l, LITTLE, all, 6), 0);
	assert_int_equal(l.stranded, 1);
	launch_end(&l);
	fake_run_all();
	for (int i = 0; i < 4; i++) {
		enter_at_home(at_home);
		l = read_little(at_home);
	}
	assert_int_equal(fake_place(l.word[0].to), FAKE_RAM);
	world_end();
}

static void what_nobody_sees_wants_all_at_home(void **state)
{
	begin();
	assert_int_equal(gb_engine_enter_all_home(), -ENOMEM);
	check_all();
	for (int i = 0; i < PIECES; i++)
		if (i % 8) {
			drop(piece[i]);
			piece[i] = 0;
		}
	assert_int_equal(gb_engine_enter_all_home(), 0);
	gb_gate_leave();
	assert_int_equal(count_away(), 0);
	expect(piece[0], G, 100);
	expect(piece[8], G, 108);
	world_end();
}

static void what_graphs_name_stays_at_home(void **state)
{
	int i;

	begin();
	i = any_away();
	gb_engine_note_graph(&piece[i], 1);
	enter_at_home(i);
	for (int k = 0; k < PIECES; k++)
		enter_at_home(k);
	assert_false(is_away(i));
	world_end();
}

static void what_is_known_by_an_address_in_memory_stays(void **state)
{
	int i;

	begin();
	i = any_at_home();
	gb_staging_escape(piece[i], STREAM);
	for (int k = 0; k < PIECES; k++)
		enter_at_home(k);
	assert_false(is_away(i));
	world_end();
}

/* There is no VRAM that anybody would give up for it, and nothing is lost. */
static void pinning_wants_it_at_home(void **state)
{
	int i;

	begin();
	i = any_away();
	assert_int_equal(gb_engine_pin(piece[i]), -ENOMEM);
	assert_int_equal(granules_in(FAKE_RAM, piece[i]), 1);
	expect(piece[i], G, 100 + (uint64_t)i);
	world_end();
}

static void it_can_be_freed_wherever_it_is(void **state)
{
	begin();
	for (int i = 0; i < PIECES; i++)
		read_piece(i);
	/* Some are being read, some have a copy, some are where they were. */
	gb_staging_idle(0);
	for (int i = 0; i < PIECES; i++)
		drop(piece[i]);
	assert_int_equal(world_stats.nvme_used, 0);
	gb_nvme_tell(&world_stats);
	assert_int_equal(world_stats.nvme_file, 0);
	world_end();
}

static void when_the_disk_is_full_the_program_hears_it(void **state)
{
	uint64_t free_bytes, total;

	begin_with(3 * G, 3 * G, 0);
	gb_engine_memory(0, &free_bytes, &total);
	assert_int_equal(total, 16 * G + 16 * G + 3 * G);
	assert_int_equal(free_bytes, 6 * G);
	for (int i = 0; i < 6; i++) {
		assert_int_equal(allocate(7 * G), -ENOMEM);
		piece[i] = take_weights(G);
		gb_engine_memory(0, &free_bytes, &total);
		assert_int_equal(free_bytes, (uint64_t)(5 - i) * G);
	}
	assert_int_equal(allocate(G), -ENOMEM);
	world_end();
}

/* What is at home, and was away once, has no need of its place on the disk. */
static void the_disk_is_not_full_of_what_is_at_home(void **state)
{
	begin_with(6 * G, 11 * G, 0);
	for (int i = 0; i < PIECES; i++) {
		piece[i] = take_weights(G);
		fill_piece(i);
	}
	read_piece(0);
	assert_int_equal(count_away(), 10);
	for (int n = 0; n < 5; n++) {
		int i = any_away();

		gb_engine_note_graph(&piece[i], 1);
		enter_at_home(i);
	}
	assert_int_equal(count_away(), 10);
	for (int i = 0; i < PIECES; i++)
		read_piece(i);
	world_end();
}

static void no_more_is_written_than_may_be(void **state)
{
	uint64_t address = 0;

	begin_with(3 * G, 64 * G, 2 * G);
	for (int i = 0; i < 5; i++) {
		piece[i] = take_weights(G);
		fill_piece(i);
		read_piece(i);
	}
	assert_int_equal(count_away(), 2);
	assert_int_equal(world_stats.nvme_writes_left, 0);
	assert_int_equal(gb_engine_allocate(0, G, 1, 0, &address), 0);
	assert_int_equal(gb_engine_touch(address, GB_TOUCH_UPLOAD), -ENOMEM);
	assert_int_equal(gb_engine_free(address), 0);
	for (int i = 0; i < 5; i++)
		read_piece(i);
	world_end();
}

/* What the piece holds between @from and @from + @bytes. */
static void expect_bytes(int i, uint64_t from, const char *wanted, uint64_t bytes)
{
	char *found = malloc(bytes);

	enter_at_home(i);
	assert_true(fake_peek(0, piece[i] + from, found, bytes));
	assert_memory_equal(found, wanted, bytes);
	free(found);
}

/*
 * Zeros are written nowhere, and come back; what is put among them does too.
 * The first piece has none: a kernel reads it, so that staging begins.
 */
static void zeros_cost_no_write(void **state)
{
	const uint64_t from = G / 4 + 100, bytes = G / 2, among = G / 2;
	char *zeros = calloc(1, bytes), *around = malloc(G);
	uint64_t written = 0;

	begin_with(6 * G, 64 * G, 0);
	for (int i = 0; i < PIECES; i++) {
		piece[i] = take_weights(G);
		fill_piece(i);
		assert_true(!i || fake_poke(0, piece[i] + from, zeros, bytes));
	}
	read_piece(0);
	assert_int_equal(count_away(), PIECES - 6);
	for (int i = 0; i < PIECES; i++)
		if (is_away(i))
			written += i ? G - bytes + GB_STORE_PAGE : G;
	gb_nvme_tell(&world_stats);
	assert_int_equal(world_stats.nvme_written, written);
	for (int i = 1; i < PIECES; i++) {
		fake_fill_pattern(around, 0, G, 100 + (uint64_t)i);
		memset(around + from, 0, bytes);
		expect_bytes(i, 0, around, G);
		assert_true(fake_poke(0, piece[i] + among, "x", 1));
	}
	for (int i = 1; i < PIECES; i++) {
		expect_bytes(i, among, "x", 2);
		expect_bytes(i, from, zeros, among - from);
	}
	free(zeros);
	free(around);
	world_end();
}

/* ---- pressure ---- */

static uint64_t left;

static uint64_t ram_left(void)
{
	return left;
}

/* It is asked for ten times a second at most. */
static void look(void)
{
	gb_engine.pressure_after = 0;
	gb_engine_idle(0);
	check_all();
}

/* Others take the machine's memory, and give it back. */
static void memory_makes_room_for_others(void **state)
{
	left = UINT64_C(64) << 30;
	world_begin(&(struct world){ .devices = 1,
				     .vram = 16 * G,
				     .ram = 40 * G,
				     .staging = 4 * G,
				     .nvme = 64 * G,
				     .ram_left = ram_left });
	memset(piece, 0, sizeof(piece));
	gb_engine_pin(take_working(11 * G));
	take_weights(LARGE);
	for (int i = 0; i < PIECES; i++) {
		piece[i] = take_weights(G);
		fill_piece(i);
	}
	read_piece(0);
	left = UINT64_C(129) << 20;
	look();
	assert_int_equal(count_away(), 0);
	left = UINT64_C(127) << 20;
	look();
	assert_int_equal(count_away(), PIECES);
	for (int i = 0; i < PIECES; i++)
		read_piece(i);
	/* No more comes to RAM than before, while that lasts. */
	assert_int_equal(gb_budget_ram_room(), 40 * G - 8 * G - LARGE - PIECES * G);
	/* Where that cannot be told any more it is taken to last. */
	left = UINT64_MAX;
	look();
	assert_int_equal(gb_budget_ram_room(), 40 * G - 8 * G - LARGE - PIECES * G);
	left = UINT64_C(64) << 30;
	look();
	assert_true(count_away() < PIECES);
	for (int i = 0; i < PIECES; i++)
		read_piece(i);
	world_end();
}

/* ---- files ---- */

static char *model;

static int make_model(void)
{
	int fd = open(".", O_TMPFILE | O_RDWR, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)(PIECES * G)), 0);
	model = mmap(NULL, PIECES * G, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(model, MAP_FAILED);
	for (uint64_t i = 0; i < PIECES; i++)
		fake_fill_pattern(model + i * G, 0, G, 100 + i);
	munmap(model, PIECES * G);
	model = mmap(NULL, PIECES * G, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_ptr_not_equal(model, MAP_FAILED);
	return fd;
}

/* Uploaded out of the mapped file, which is then unmapped. */
static int begin_from_file(void)
{
	int fd = make_model();

	begin_with(6 * G, 64 * G, 0);
	for (int i = 0; i < PIECES; i++) {
		uint64_t address = take(G);

		piece[i] = address;
		if (!gb_engine_upload(address, model + (uint64_t)i * G, G, STREAM))
			fill_piece(i);
	}
	munmap(model, PIECES * G);
	return fd;
}

static void what_came_from_a_file_costs_no_write(void **state)
{
	int fd = begin_from_file();

	for (int pass = 0; pass < 3; pass++)
		for (int i = 0; i < PIECES; i++)
			read_piece(i);
	assert_int_equal(count_away(), 10);
	enter_at_home(any_away());
	gb_nvme_tell(&world_stats);
	assert_int_equal(world_stats.nvme_written, 0);
	assert_int_equal(world_stats.nvme_file, 0);
	assert_true(world_stats.nvme_read >= 30 * G);
	close(fd);
	world_end();
}

/* It is the program's error to hear, and nobody's numbers are wrong. */
static void a_file_that_changes_is_an_error(void **state)
{
	int fd = begin_from_file(), i = any_away();
	struct launched l;

	assert_int_equal(pwrite(fd, "x", 1, (off_t)((uint64_t)i * G + 70000)), 1);
	assert_int_equal(launch_begin(&l, FUNCTION, &piece[i], 1), -ESTALE);
	assert_int_equal(gb_engine_enter_at_home(&piece[i], 1), -ESTALE);
	check_all();
	assert_int_equal(world_stats.nvme_failures > 0, true);
	/* The others are as they were. */
	for (int k = 0; k < PIECES; k++)
		if (k != i)
			read_piece(k);
	close(fd);
	world_end();
}

/* There is room for it at home, and it is not tried in each idle moment. */
static void what_cannot_come_back_is_left_alone_for_a_while(void **state)
{
	int fd = begin_from_file(), i = any_away();
	uint64_t failures;

	assert_int_equal(pwrite(fd, "x", 1, (off_t)((uint64_t)i * G + 70000)), 1);
	for (int k = 0; k < PIECES; k++)
		if (k != i) {
			drop(piece[k]);
			piece[k] = 0;
		}
	gb_engine_idle(0);
	gb_nvme_tell(&world_stats);
	failures = world_stats.nvme_failures;
	assert_true(failures > 0);
	for (int k = 0; k < 10; k++) {
		usleep(100000);
		gb_engine_idle(0);
	}
	gb_nvme_tell(&world_stats);
	assert_int_equal(world_stats.nvme_failures, failures);
	assert_true(is_away(i));
	close(fd);
	world_end();
}

/* Before anything has left: then the memory is what counts, and is written. */
static void a_file_that_changed_before_is_no_help(void **state)
{
	int fd = make_model();

	begin_with(6 * G, 64 * G, 0);
	for (int i = 0; i < PIECES; i++) {
		piece[i] = take(G);
		if (!gb_engine_upload(piece[i], model + (uint64_t)i * G, G, STREAM))
			fill_piece(i);
		if (i == 3)
			assert_int_equal(pwrite(fd, "x", 1, 70000), 1);
	}
	munmap(model, PIECES * G);
	assert_true(world_stats.nvme_written > 0);
	for (int i = 4; i < PIECES; i++)
		enter_at_home(i);
	for (int i = 0; i < PIECES; i++)
		read_piece(i);
	close(fd);
	world_end();
}

/* A part of a piece, and what the program then put over some of it. */
static void what_was_uploaded_over_counts(void **state)
{
	char *patch = malloc(G);
	int fd = begin_from_file();

	memset(patch, 3, G);
	for (int i = 0; i < PIECES; i++) {
		enter_at_home(i);
		assert_true(fake_poke(0, piece[i] + 5 * GB_PAGE, patch, 3));
	}
	for (int i = 0; i < PIECES; i++) {
		enter_at_home(i);
		assert_true(fake_peek(0, piece[i] + 5 * GB_PAGE, patch + 8, 8));
		assert_memory_equal(patch + 8, patch, 3);
		fake_fill_pattern(patch + 16, 5 * GB_PAGE, 8, 100 + (uint64_t)i);
		assert_memory_equal(patch + 11, patch + 19, 5);
	}
	gb_nvme_tell(&world_stats);
	/* Nothing was written for what lies beside: it is whole parts that are lost. */
	assert_true(world_stats.nvme_written > 0);
	free(patch);
	close(fd);
	world_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_too_much_for_ram_goes_to_the_disk),
		cmocka_unit_test(launches_read_what_is_away),
		cmocka_unit_test(reads_run_ahead),
		cmocka_unit_test(what_was_read_directly_is_read_ahead),
		cmocka_unit_test(a_copy_finds_it_at_home),
		cmocka_unit_test(what_comes_home_with_a_copy_in_vram_is_the_same),
		cmocka_unit_test(a_write_to_what_is_away_is_kept),
		cmocka_unit_test(a_write_does_not_hold_up_the_others),
		cmocka_unit_test(a_write_outlives_a_copy_that_fails),
		cmocka_unit_test(a_write_outlives_the_end_of_staging),
		cmocka_unit_test(the_end_of_staging_waits_for_what_is_copied_ahead),
		cmocka_unit_test(what_is_written_stays),
		cmocka_unit_test(more_than_the_ring_holds_comes_home),
		cmocka_unit_test(a_launch_that_waited_is_timed_the_next_time),
		cmocka_unit_test(what_nobody_sees_wants_all_at_home),
		cmocka_unit_test(what_graphs_name_stays_at_home),
		cmocka_unit_test(what_is_known_by_an_address_in_memory_stays),
		cmocka_unit_test(pinning_wants_it_at_home),
		cmocka_unit_test(it_can_be_freed_wherever_it_is),
		cmocka_unit_test(when_the_disk_is_full_the_program_hears_it),
		cmocka_unit_test(the_disk_is_not_full_of_what_is_at_home),
		cmocka_unit_test(no_more_is_written_than_may_be),
		cmocka_unit_test(zeros_cost_no_write),
		cmocka_unit_test(memory_makes_room_for_others),
		cmocka_unit_test(what_came_from_a_file_costs_no_write),
		cmocka_unit_test(a_file_that_changes_is_an_error),
		cmocka_unit_test(what_cannot_come_back_is_left_alone_for_a_while),
		cmocka_unit_test(a_file_that_changed_before_is_no_help),
		cmocka_unit_test(what_was_uploaded_over_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
