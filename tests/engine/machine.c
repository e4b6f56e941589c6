/* SPDX-License-Identifier: GPL-2.0-only */
/* What a machine has to give, as its files in /proc and /sys say. */
#include "test.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "machine.h"

#define MIB (UINT64_C(1) << 20)

static char root[64];

static int begin(void **state)
{
	strcpy(root, "/tmp/greenboost-machine-XXXXXX");
	return !mkdtemp(root);
}

static int drop_one(const char *path, const struct stat *status, int kind,
		    struct FTW *at)
{
	return remove(path);
}

static int finish(void **state)
{
	return nftw(root, drop_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A file of the machine, with all the folders above it. */
static void put(const char *path, const char *text)
{
	char whole[512];
	FILE *file;

	snprintf(whole, sizeof(whole), "%s/%s", root, path);
	for (char *slash = strchr(whole + strlen(root) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(whole, 0700);
		*slash = '/';
	}
	file = fopen(whole, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void put_meminfo(void)
{
	put("proc/meminfo", "MemTotal:        4096000 kB\n"
			    "MemFree:          100000 kB\n"
			    "MemAvailable:    2048000 kB\n"
			    "Buffers:          500000 kB\n");
}

#define AVAILABLE (UINT64_C(2048000) << 10)

static void assert_room(uint64_t bytes)
{
	assert_true(gb_machine_ram_below(root, 0) == bytes);
}

static void nothing_is_known_of_a_machine_without_files(void **state)
{
	assert_room(0);
}

static void without_cgroups_all_that_is_available_counts(void **state)
{
	put_meminfo();
	assert_room(AVAILABLE);
	put("proc/self/cgroup", "0::/\n");
	assert_room(AVAILABLE);
	put("proc/self/cgroup", "");
	assert_room(AVAILABLE);
	put("proc/self/cgroup", "nonsense\n\n1:memory\n::::\n");
	assert_room(AVAILABLE);
}

static void the_limit_of_the_cgroup_binds(void **state)
{
	put_meminfo();
	put("proc/self/cgroup", "0::/user/job\n");
	put("sys/fs/cgroup/user/job/memory.max", "104857600\n");
	put("sys/fs/cgroup/user/job/memory.current", "10485760\n");
	assert_room(90 * MIB);
	put("sys/fs/cgroup/user/job/memory.current", "204857600\n");
	assert_room(0);
	put("sys/fs/cgroup/user/job/memory.max", "max\n");
	assert_room(AVAILABLE);
	put("sys/fs/cgroup/user/job/memory.max", "999999999999999\n");
	assert_room(AVAILABLE);
}

static void a_parents_limit_binds_too(void **state)
{
	put_meminfo();
	put("proc/self/cgroup", "0::/user/job\n");
	put("sys/fs/cgroup/user/job/memory.max", "max\n");
	put("sys/fs/cgroup/user/job/memory.current", "1048576\n");
	put("sys/fs/cgroup/user/memory.max", "104857600\n");
	put("sys/fs/cgroup/user/memory.current", "20971520\n");
	assert_room(80 * MIB);
	put("sys/fs/cgroup/memory.max", "52428800\n");
	put("sys/fs/cgroup/memory.current", "0\n");
	assert_room(50 * MIB);
}

static void page_cache_that_can_go_is_room(void **state)
{
	put_meminfo();
	put("proc/self/cgroup", "0::/job\n");
	put("sys/fs/cgroup/job/memory.max", "104857600\n");
	put("sys/fs/cgroup/job/memory.current", "94371840\n");
	put("sys/fs/cgroup/job/memory.stat", "anon 1\nfile 62914560\n"
					     "active_file 10485760\n"
					     "inactive_file 52428800\n"
					     "slab 5\n");
	assert_room(60 * MIB);
	put("sys/fs/cgroup/job/memory.stat", "inactive_file 999999999999\n");
	assert_room(100 * MIB);
	put("sys/fs/cgroup/job/memory.stat", "total_inactive_file 52428800\n");
	assert_room(10 * MIB);
}

static void version_1_is_read_as_well(void **state)
{
	put_meminfo();
	put("proc/self/cgroup", "12:cpu,cpuacct:/other\n"
				"5:memory:/docker/0123\n"
				"1:name=systemd:/docker/0123\n");
	put("sys/fs/cgroup/memory/docker/0123/memory.limit_in_bytes", "104857600\n");
	put("sys/fs/cgroup/memory/docker/0123/memory.usage_in_bytes", "4194304\n");
	assert_room(96 * MIB);
}

/* In a container the path is the host's, and the limits are at the mount. */
static void a_path_that_does_not_exist_leads_to_the_mount(void **state)
{
	put_meminfo();
	put("proc/self/cgroup", "5:memory:/docker/0123");
	put("sys/fs/cgroup/memory/memory.limit_in_bytes", "104857600\n");
	put("sys/fs/cgroup/memory/memory.usage_in_bytes", "0\n");
	assert_room(100 * MIB);
}

/* Such a program is not short of memory. */
static void without_descriptors_nothing_is_known(void **state)
{
	struct rlimit before, none;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_true(gb_machine_ram_left() == UINT64_MAX);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_true(gb_machine_ram_left() < UINT64_MAX);
}

static void this_machine_has_something(void **state)
{
	assert_true(gb_machine_ram_available() > MIB);
	assert_true(gb_machine_cores() >= 1);
	assert_true(gb_machine_cores() <=
		    (unsigned int)sysconf(_SC_NPROCESSORS_CONF));
}

#define machine_test(function)                                                 \
	cmocka_unit_test_setup_teardown(function, begin, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		machine_test(nothing_is_known_of_a_machine_without_files),
		machine_test(without_cgroups_all_that_is_available_counts),
		machine_test(the_limit_of_the_cgroup_binds),
		machine_test(a_parents_limit_binds_too),
		machine_test(page_cache_that_can_go_is_room),
		machine_test(version_1_is_read_as_well),
		machine_test(a_path_that_does_not_exist_leads_to_the_mount),
		cmocka_unit_test(without_descriptors_nothing_is_known),
		cmocka_unit_test(this_machine_has_something),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
