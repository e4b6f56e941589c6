/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The store that the administrator names: its file system becomes full, its
 * disk slow. The second NVMe disk of the guest is as slow as QEMU makes it.
 */
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "device.h"
#include "level.h"
#include "module.h"
#include "test.h"

#define SLOW_DISK "/dev/nvme1n1"
#define STORE	  "/mnt"

/* Mounts a fresh file system, in a namespace that goes with the test. */
static void mount_store(void)
{
	if (access(SLOW_DISK, F_OK))
		test_skip("no second disk here");
	MUST(unshare(CLONE_NEWNS));
	CHECK_EQUAL(system("mke2fs " SLOW_DISK " >/dev/null 2>&1"), 0);
	MUST(mount(SLOW_DISK, STORE, "ext4", 0, NULL));
}

/*
 * Naming a store does not keep its file system from being unmounted, but while
 * the watchdog looks at it.
 */
static void unmount_store(void)
{
	if (!EVENTUALLY(umount(STORE) == 0))
		FAIL("the store cannot be unmounted");
}

static uint64_t fill(const char *path, uint64_t bytes)
{
	static uint8_t block[65536];
	int fd = (int)MUST(open(path, O_CREAT | O_WRONLY, 0600));
	uint64_t done = 0;

	while (done < bytes && write(fd, block, sizeof(block)) > 0)
		done += sizeof(block);
	close(fd);
	return done;
}

SLOW_TEST(full_store_is_elevated, 120)
{
	struct greenboost_pressure pressure;
	struct statvfs status;
	int device = must_hello();

	mount_store();
	level_hurry();
	MUST(statvfs(STORE, &status));
	CHECK_EQUAL(must_pressure(device).store_total_bytes, 0);
	module_set("store", STORE);
	CHECK(EVENTUALLY(must_pressure(device).store_total_bytes ==
			 status.f_blocks * status.f_frsize));
	pressure = must_pressure(device);
	CHECK_EQUAL(pressure.store_free_bytes, status.f_bavail * status.f_frsize);
	CHECK_EQUAL(module_number("store_bytes"), pressure.store_total_bytes);
	CHECK_EQUAL(module_number("store_free_bytes"), pressure.store_free_bytes);

	fill(STORE "/full", pressure.store_total_bytes);
	CHECK(EVENTUALLY(must_pressure(device).causes & GREENBOOST_CAUSE_STORE));
	CHECK(level_now() == GREENBOOST_LEVEL_ELEVATED);
	MUST(unlink(STORE "/full"));
	CHECK(EVENTUALLY(!(must_pressure(device).causes & GREENBOOST_CAUSE_STORE)));
	unmount_store();
	/* Another file system is there now, and no error. */
	module_set("store", "\n");
	CHECK(EVENTUALLY(must_pressure(device).store_total_bytes == 0));
}

/* Writes past the page cache, one at a time, until it is killed. */
static void keep_writing(void)
{
	static uint8_t block[4096] __attribute__((aligned(4096)));
	int fd = (int)MUST(open(STORE "/busy", O_CREAT | O_WRONLY | O_DIRECT, 0600));

	for (unsigned int i = 0;; i++)
		pwrite(fd, block, sizeof(block), (off_t)(i % 64) * 4096) < 0
			? usleep(1000)
			: 0;
}

SLOW_TEST(slow_store_is_elevated, 120)
{
	int device = must_hello(), writer, patience = 6;

	if (access("/proc/pressure/io", R_OK))
		test_skip("this kernel tells no stalls");
	mount_store();
	level_hurry();
	module_set("store", STORE);
	module_set("store_stall_percent", "10");
	writer = test_fork();
	if (writer == 0)
		keep_writing();
	while (!EVENTUALLY(must_pressure(device).causes &
			   GREENBOOST_CAUSE_STORE_STALL))
		CHECK(--patience);
	CHECK(must_pressure(device).store_stall > 1000);
	CHECK(level_now() == GREENBOOST_LEVEL_ELEVATED);
	test_kill(writer);
	patience = 6;
	while (!EVENTUALLY(level_now() == GREENBOOST_LEVEL_NORMAL))
		CHECK(--patience);
	module_set("store", "\n");
	unmount_store();
}

TEST(names_that_are_no_store_are_none)
{
	int device = must_hello();

	level_hurry();
	module_set("store", "/nowhere/at/all");
	usleep(200000);
	CHECK_EQUAL(must_pressure(device).store_total_bytes, 0);
	module_set("store", "/proc/version");
	usleep(200000);
	CHECK_EQUAL(must_pressure(device).store_total_bytes, 0);
	REFUSED(file_write("/sys/module/greenboost/parameters/store", "relative"),
		EINVAL);
}
