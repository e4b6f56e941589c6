// SPDX-License-Identifier: GPL-2.0-only
/* The spill file: its space, and directories that are not as one would like. */
#include "test.h"

#include <sys/stat.h>

static uint64_t blocks_of(const struct gb_spill *spill)
{
	struct stat now;

	assert_int_equal(fstat(spill->fd, &now), 0);
	return (uint64_t)now.st_blocks * 512;
}

static void begin(struct gb_spill *spill, uint64_t capacity)
{
	assert_int_equal(gb_spill_init(spill, folder(), capacity), 0);
}

static void space_is_there_before_it_is_handed_out(void **unused)
{
	struct gb_spill spill;
	uint64_t offset;

	begin(&spill, 1024 * MIB);
	assert_int_equal(blocks_of(&spill), 0);
	assert_int_equal(gb_spill_take(&spill, 2 * MIB, &offset), 0);
	if (spill.reserves)
		assert_true(blocks_of(&spill) >= GB_SPILL_STEP);
	gb_spill_finish(&spill);
}

static void space_goes_back(void **unused)
{
	struct gb_spill spill;
	uint64_t offset[8];

	begin(&spill, 1024 * MIB);
	for (int i = 0; i < 8; i++)
		assert_int_equal(gb_spill_take(&spill, 64 * MIB, &offset[i]), 0);
	for (int i = 0; i < 8; i++)
		gb_spill_give(&spill, offset[i], 64 * MIB);
	assert_int_equal(spill.used, 0);
	/* What the file system itself needs for the map is little. */
	assert_true(blocks_of(&spill) <= GB_SPILL_STEP + MIB);
	gb_spill_finish(&spill);
}

static void capacity_is_kept(void **unused)
{
	struct gb_spill spill;
	uint64_t offset[3];

	begin(&spill, 128 * MIB);
	assert_int_equal(gb_spill_take(&spill, 64 * MIB, &offset[0]), 0);
	assert_int_equal(gb_spill_take(&spill, 64 * MIB, &offset[1]), 0);
	assert_int_equal(gb_spill_take(&spill, PAGE, &offset[2]), -ENOSPC);
	gb_spill_give(&spill, offset[0], 64 * MIB);
	assert_int_equal(gb_spill_take(&spill, 64 * MIB, &offset[2]), 0);
	gb_spill_finish(&spill);
}

/* Every second piece is free; together they are what is asked for. */
static void pieces_do_not_use_capacity_up(void **unused)
{
	struct gb_spill spill;
	uint64_t offset[16], large;

	begin(&spill, 16 * MIB);
	for (int i = 0; i < 16; i++)
		assert_int_equal(gb_spill_take(&spill, MIB, &offset[i]), 0);
	for (int i = 0; i < 16; i += 2)
		gb_spill_give(&spill, offset[i], MIB);
	assert_int_equal(gb_spill_take(&spill, 8 * MIB, &large), 0);
	assert_true(blocks_of(&spill) <= 17 * MIB);
	gb_spill_finish(&spill);
}

static void a_full_disk_changes_nothing(void **unused)
{
	struct gb_spill spill;
	uint64_t offset;

	begin(&spill, 1024 * MIB);
	fault.fallocate = ENOSPC;
	assert_int_equal(gb_spill_take(&spill, 64 * MIB, &offset), -ENOSPC);
	assert_int_equal(spill.used, 0);
	assert_int_equal(spill.end, 0);
	assert_int_equal(blocks_of(&spill), 0);
	fault.fallocate = 0;
	assert_int_equal(gb_spill_take(&spill, 64 * MIB, &offset), 0);
	/* What is reserved already does not care. */
	fault.fallocate = ENOSPC;
	assert_int_equal(gb_spill_take(&spill, 64 * MIB, &offset), 0);
	gb_spill_finish(&spill);
}

/* The same for a place in the middle of the file. */
static void a_full_disk_forgets_no_hole(void **unused)
{
	struct gb_spill spill;
	uint64_t offset[2], again;

	begin(&spill, 2048 * MIB);
	for (int i = 0; i < 2; i++)
		assert_int_equal(gb_spill_take(&spill, 300 * MIB, &offset[i]), 0);
	gb_spill_give(&spill, offset[0], 300 * MIB);
	fault.fallocate = ENOSPC;
	assert_int_equal(gb_spill_take(&spill, 300 * MIB, &again), -ENOSPC);
	fault.fallocate = EDQUOT; /* of the user: as good as full */
	assert_int_equal(gb_spill_take(&spill, 300 * MIB, &again), -ENOSPC);
	fault.fallocate = 0;
	assert_int_equal(gb_spill_take(&spill, 300 * MIB, &again), 0);
	assert_int_equal(again, offset[0]);
	gb_spill_finish(&spill);
}

static void a_disk_fuller_than_a_step_gives_what_is_needed(void **unused)
{
	struct gb_spill spill;
	uint64_t offset;

	begin(&spill, 3 * MIB);
	assert_int_equal(gb_spill_take(&spill, 2 * MIB, &offset), 0);
	assert_true(blocks_of(&spill) <= 3 * MIB);
	gb_spill_finish(&spill);
}

static void a_file_system_that_cannot_reserve_is_said_once(void **unused)
{
	struct gb_spill spill;
	uint64_t offset;
	struct stat now;

	begin(&spill, 1024 * MIB);
	fault.logged = 0; /* what there was to say of the folder */
	fault.fallocate = EOPNOTSUPP;
	assert_int_equal(gb_spill_take(&spill, 64 * MIB, &offset), 0);
	assert_int_equal(gb_spill_take(&spill, 512 * MIB, &offset), 0);
	assert_int_equal(fault.logged, 1);
	assert_false(spill.reserves);
	assert_int_equal(fstat(spill.fd, &now), 0);
	assert_true((uint64_t)now.st_size >= offset + 512 * MIB);
	gb_spill_finish(&spill);
}

static void without_tmpfile_no_name_is_left(void **unused)
{
	static const int errors[] = { EOPNOTSUPP, EISDIR, EINVAL };
	struct gb_spill spill;

	for (size_t i = 0; i < COUNT(errors); i++) {
		fault.open = errors[i];
		begin(&spill, MIB);
		assert_int_equal(files_left(), 0);
		gb_spill_finish(&spill);
	}
}

static void without_direct_it_is_said(void **unused)
{
	struct gb_spill spill;

	fault.no_direct = true;
	begin(&spill, MIB);
	assert_false(spill.direct);
	assert_int_equal(fault.logged, 1);
	gb_spill_finish(&spill);
}

static void memory_is_no_disk(void **unused)
{
	struct gb_spill spill;

	if (gb_spill_init(&spill, "/dev/shm", MIB))
		skip();
	assert_int_equal(fault.logged, 1);
	assert_non_null(strstr(fault.last, "in memory"));
	gb_spill_finish(&spill);
}

static void a_directory_that_cannot_be_used_says_why(void **unused)
{
	struct gb_spill spill;

	assert_int_equal(gb_spill_init(&spill, "/nowhere/at/all", MIB), -ENOENT);
	assert_int_equal(gb_spill_init(&spill, "/dev/null", MIB), -ENOTDIR);
	fault.open = EROFS;
	assert_int_equal(gb_spill_init(&spill, folder(), MIB), -EROFS);
	fault.open = EACCES;
	assert_int_equal(gb_spill_init(&spill, folder(), MIB), -EACCES);
	fault.open = ENOSPC; /* no inode left */
	assert_int_equal(gb_spill_init(&spill, folder(), MIB), -ENOSPC);
	assert_int_equal(find_descriptor(""), -1);
}

/* One that is not root's, as root may write everywhere. */
static void a_directory_without_write_permission(void **unused)
{
	struct gb_spill spill;
	int error;

	if (!geteuid() && seteuid(65534))
		skip();
	error = gb_spill_init(&spill, "/", MIB);
	if (getuid() != geteuid())
		assert_int_equal(seteuid(getuid()), 0);
	assert_int_equal(error, access("/", W_OK) && errno == EROFS ? -EROFS
								    : -EACCES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(space_is_there_before_it_is_handed_out,
					  clear),
		cmocka_unit_test_teardown(space_goes_back, clear),
		cmocka_unit_test_teardown(capacity_is_kept, clear),
		cmocka_unit_test_teardown(pieces_do_not_use_capacity_up, clear),
		cmocka_unit_test_teardown(a_full_disk_changes_nothing, clear),
		cmocka_unit_test_teardown(a_full_disk_forgets_no_hole, clear),
		cmocka_unit_test_teardown(
			a_disk_fuller_than_a_step_gives_what_is_needed, clear),
		cmocka_unit_test_teardown(
			a_file_system_that_cannot_reserve_is_said_once, clear),
		cmocka_unit_test_teardown(without_tmpfile_no_name_is_left, clear),
		cmocka_unit_test_teardown(without_direct_it_is_said, clear),
		cmocka_unit_test_teardown(memory_is_no_disk, clear),
		cmocka_unit_test_teardown(
			a_directory_that_cannot_be_used_says_why, clear),
		cmocka_unit_test_teardown(a_directory_without_write_permission, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
