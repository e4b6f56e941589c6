/* SPDX-License-Identifier: GPL-2.0-only */
/* Facts, links and remarks of machines that are folders of files. */
#include "test.h"

#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "facts.h"
#include "link.h"
#include "page.h"
#include "pool.h"
#include "remarks.h"
#include "tool.h"

static char root[] = "/tmp/gb-facts-XXXXXX";

static int make_root(void **state)
{
	strcpy(root, "/tmp/gb-facts-XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int erase(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(path);
}

static int remove_root(void **state)
{
	return nftw(root, erase, 16, FTW_DEPTH | FTW_PHYS);
}

/* A file of the machine, with the folders on the way to it. */
static void put(const char *name, const char *text)
{
	char *path = gb_print("%s%s", root, name);
	FILE *file;

	for (char *slash = path + strlen(root); (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	free(path);
}

static struct gb_facts read_facts(void)
{
	struct gb_facts facts;

	gb_facts_read(&facts, root);
	return facts;
}

static bool has(const struct gb_remarks *remarks, const char *kind, const char *text)
{
	for (unsigned int i = 0; i < remarks->count; i++) {
		if (!strcmp(remarks->remark[i].kind, kind))
			return strstr(remarks->remark[i].text, text) != NULL;
	}
	return false;
}

static bool is_remarked(const struct gb_facts *facts, const char *kind,
			const char *text)
{
	struct gb_remarks remarks = { 0 };
	bool found;

	gb_remark_facts(&remarks, facts);
	found = has(&remarks, kind, text);
	gb_remarks_finish(&remarks);
	return found;
}

static void test_nothing_is_known_of_an_empty_machine(void **state)
{
	struct gb_facts facts = read_facts();
	struct gb_remarks remarks = { 0 };

	assert_string_equal(facts.kernel, "");
	assert_string_equal(facts.driver, "");
	assert_string_equal(facts.container, "");
	assert_string_equal(facts.thp, "");
	assert_int_equal(facts.module, GB_MODULE_ABSENT);
	assert_true(facts.cgroup_max == GB_UNKNOWN);
	assert_true(facts.cgroup_high == GB_UNKNOWN);
	assert_true(facts.memory.total == GB_UNKNOWN);
	assert_true(facts.swap_total == GB_UNKNOWN);
	assert_int_equal(facts.nodes, 1);
	assert_true(facts.cores >= 1);
	gb_remark_facts(&remarks, &facts);
	assert_int_equal(remarks.count, 0);
}

static void test_a_machine(void **state)
{
	struct gb_facts facts;

	put("/proc/sys/kernel/osrelease", "6.12.0-generic\n");
	put("/proc/driver/nvidia/version",
	    "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.159.04  Release Build\n"
	    "GCC version:  gcc version 12.2.0\n");
	put("/proc/meminfo", "MemTotal:       65536000 kB\n"
			     "MemAvailable:   60000000 kB\n"
			     "SwapTotal:       8388608 kB\n"
			     "SwapFree:        4194304 kB\n");
	put("/sys/kernel/mm/transparent_hugepage/enabled",
	    "always [madvise] never\n");
	put("/sys/devices/system/node/online", "0-1,4\n");
	facts = read_facts();
	assert_string_equal(facts.kernel, "6.12.0-generic");
	assert_string_equal(facts.driver, "580.159.04");
	assert_string_equal(facts.thp, "madvise");
	assert_true(facts.memory.total == UINT64_C(65536000) * 1024);
	assert_true(facts.memory.available == UINT64_C(60000000) * 1024);
	assert_true(facts.swap_total == UINT64_C(8) << 30);
	assert_true(facts.swap_free == UINT64_C(4) << 30);
	assert_int_equal(facts.nodes, 3);
	assert_false(facts.wsl);
}

static void test_the_closed_driver_of_another_form(void **state)
{
	put("/proc/driver/nvidia/version",
	    "NVRM version: NVIDIA UNIX x86_64 Kernel Module  470.82.01  Wed Oct 27 21:21:55 UTC 2021\n");
	assert_string_equal(read_facts().driver, "470.82.01");
	put("/proc/driver/nvidia/version", "damaged\n");
	assert_string_equal(read_facts().driver, "");
}

static void test_wsl(void **state)
{
	struct gb_facts facts;

	put("/proc/sys/kernel/osrelease", "5.15.167.4-microsoft-standard-WSL2\n");
	facts = read_facts();
	assert_true(facts.wsl);
	assert_true(is_remarked(&facts, "wsl", "--ram"));
}

static void test_containers(void **state)
{
	put("/run/systemd/container", "lxc\n");
	assert_string_equal(read_facts().container, "container");
	put("/.dockerenv", "");
	assert_string_equal(read_facts().container, "docker");
	put("/run/.containerenv", "");
	assert_string_equal(read_facts().container, "podman");
}

static void test_the_module(void **state)
{
	struct gb_facts facts;

	put("/sys/class/greenboost/greenboost/version", "1\n");
	facts = read_facts();
	assert_int_equal(facts.module, GB_MODULE_SILENT);
	assert_true(is_remarked(&facts, "module-silent", "is not there."));
	strcpy(facts.container, "docker");
	assert_true(is_remarked(&facts, "module-silent", "--device"));
	put("/dev/greenboost", "");
	assert_int_equal(read_facts().module, GB_MODULE_USABLE);
}

static void test_a_module_that_may_not_be_used(void **state)
{
	struct gb_facts facts;
	char *path = gb_print("%s/dev/greenboost", root);

	put("/dev/greenboost", "");
	assert_int_equal(chmod(path, 0), 0);
	free(path);
	facts = read_facts();
	/* Root may open it all the same. */
	if (geteuid())
		assert_int_equal(facts.module, GB_MODULE_DENIED);
	facts.module = GB_MODULE_DENIED;
	assert_true(is_remarked(&facts, "module-denied", "may not be opened"));
}

static void test_the_tightest_control_group_counts(void **state)
{
	struct gb_facts facts;

	put("/proc/self/cgroup", "0::/user.slice/session/program\n");
	put("/proc/meminfo", "MemTotal: 65536000 kB\n");
	put("/sys/fs/cgroup/user.slice/memory.max", "8589934592\n");
	put("/sys/fs/cgroup/user.slice/memory.high", "max\n");
	put("/sys/fs/cgroup/user.slice/session/memory.max", "max\n");
	put("/sys/fs/cgroup/user.slice/session/program/memory.max", "17179869184\n");
	facts = read_facts();
	assert_true(facts.cgroup_max == UINT64_C(8) << 30);
	assert_true(facts.cgroup_high == GB_UNKNOWN);
	assert_true(is_remarked(&facts, "cgroup-limit",
				"8.00 GiB of RAM (memory.max)"));
	put("/sys/fs/cgroup/user.slice/session/program/memory.high", "4294967296\n");
	facts = read_facts();
	assert_true(facts.cgroup_high == UINT64_C(4) << 30);
	assert_true(is_remarked(&facts, "cgroup-limit", "memory.high"));
}

static void test_a_control_group_seen_from_inside(void **state)
{
	struct gb_facts facts;

	put("/proc/self/cgroup", "0::/\n");
	put("/sys/fs/cgroup/memory.max", "1073741824\n");
	facts = read_facts();
	assert_true(facts.cgroup_max == UINT64_C(1) << 30);
	/* A limit above the machine's RAM limits nothing. */
	facts.memory.total = UINT64_C(1) << 30;
	assert_false(is_remarked(&facts, "cgroup-limit", ""));
}

static void test_huge_pages_that_are_off(void **state)
{
	struct gb_facts facts;

	put("/sys/kernel/mm/transparent_hugepage/enabled",
	    "always madvise [never]\n");
	facts = read_facts();
	assert_string_equal(facts.thp, "never");
	assert_true(is_remarked(&facts, "no-huge-pages", "madvise"));
}

#define SLOT "/sys/devices/pci0000:00/0000:00:01.0/"
#define CARD SLOT "0000:01:00.0/"

/* As sysfs has it: the port's folder has the card's, found through a link. */
static struct gb_link make_link(const char *now, const char *width,
				const char *slot, const char *slot_width)
{
	char *path = gb_print("%s/sys/bus/pci/devices/0000:01:00.0", root);
	struct gb_link link;

	put(CARD "current_link_speed", now);
	put(CARD "current_link_width", width);
	put(CARD "max_link_speed", "16.0 GT/s PCIe\n");
	put(CARD "max_link_width", "16\n");
	put(CARD "numa_node", "1\n");
	if (slot) {
		put(SLOT "max_link_speed", slot);
		put(SLOT "max_link_width", slot_width);
	}
	put("/sys/bus/pci/devices/none", "");
	if (symlink("../../../devices/pci0000:00/0000:00:01.0/0000:01:00.0", path))
		assert_int_equal(errno, EEXIST);
	free(path);
	gb_link_read(&link, root, "0000:01:00.0");
	return link;
}

static void assert_remark_of(const struct gb_link *link, bool has_worked,
			     const char *kind, const char *text)
{
	struct gb_remarks remarks = { 0 };

	gb_remark_link(&remarks, 0, link, has_worked);
	assert_int_equal(remarks.count, kind ? 1 : 0);
	if (kind)
		assert_true(has(&remarks, kind, text));
	gb_remarks_finish(&remarks);
}

static void assert_link_remark(const struct gb_link *link, const char *kind,
			       const char *text)
{
	assert_remark_of(link, true, kind, text);
}

static void test_a_link_as_it_should_be(void **state)
{
	struct gb_link link =
		make_link("16.0 GT/s PCIe\n", "16\n", "16.0 GT/s PCIe\n", "16\n");

	assert_int_equal(link.now.generation, 4);
	assert_int_equal(link.now.width, 16);
	assert_int_equal(link.node, 1);
	assert_link_remark(&link, NULL, NULL);
}

static void test_a_link_trained_to_fewer_lanes(void **state)
{
	struct gb_link link =
		make_link("16.0 GT/s PCIe\n", "4\n", "16.0 GT/s PCIe\n", "16\n");

	assert_link_remark(&link, "link-trained-down",
			   "PCIe 4.0 x4, though card and slot can do 4.0 x16");
}

static void test_a_link_trained_to_an_older_generation(void **state)
{
	struct gb_link link =
		make_link("8.0 GT/s PCIe\n", "16\n", "32.0 GT/s PCIe\n", "16\n");

	assert_link_remark(&link, "link-trained-down",
			   "PCIe 3.0 x16, though card and slot can do 4.0 x16");
}

static void test_an_idle_link_is_judged_by_its_lanes(void **state)
{
	struct gb_link link =
		make_link("2.5 GT/s PCIe\n", "16\n", "16.0 GT/s PCIe\n", "16\n");

	assert_remark_of(&link, false, NULL, NULL);
	assert_remark_of(&link, true, "link-trained-down", "PCIe 1.0 x16");
	link = make_link("2.5 GT/s PCIe\n", "4\n", "16.0 GT/s PCIe\n", "16\n");
	assert_remark_of(&link, false, "link-trained-down", "x4, though");
}

static void test_a_slot_of_fewer_lanes(void **state)
{
	struct gb_link link =
		make_link("16.0 GT/s PCIe\n", "4\n", "16.0 GT/s PCIe\n", "4\n");

	assert_link_remark(&link, "slot-limits", "its slot is 4.0 x4");
}

static void test_an_older_slot(void **state)
{
	struct gb_link link =
		make_link("8.0 GT/s PCIe\n", "16\n", "8.0 GT/s PCIe\n", "16\n");

	assert_link_remark(&link, "slot-limits", "its slot is 3.0 x16");
}

static void test_a_slot_of_which_nothing_is_known(void **state)
{
	struct gb_link link = make_link("8.0 GT/s PCIe\n", "16\n", NULL, NULL);

	assert_link_remark(&link, "link-below-card", "PCIe 3.0 x16");
}

static void test_links_that_cannot_be_read(void **state)
{
	struct gb_link link = make_link("Unknown\n", "0\n", "Unknown\n", "255\n");

	assert_int_equal(link.now.width, 0);
	assert_int_equal(link.slot.width, 0);
	assert_link_remark(&link, NULL, NULL);
	gb_link_read(&link, root, "0000:99:00.0");
	assert_int_equal(link.card.width, 0);
	assert_int_equal(link.node, -1);
	assert_link_remark(&link, NULL, NULL);
}

static void test_what_links_carry(void **state)
{
	static const struct {
		struct gb_link_form form;
		double low, high; /* GB/s */
		const char *source;
	} links[] = {
		{ { 5, 16 }, 55.3, 55.3, "row L1" },
		{ { 4, 16 }, 25.1, 25.1, "measured by others" },
		{ { 3, 16 }, 12, 13, "computed" }, /* what is seen on such boards */
		{ { 4, 8 }, 12, 13, "computed" },
		{ { 4, 4 }, 6, 6.6, "computed" },
		{ { 3, 4 }, 3, 3.3, "computed" },
		{ { 2, 1 }, 0.39, 0.41, "computed" },
		{ { 1, 16 }, 3.1, 3.3, "computed" },
		{ { 6, 16 }, 95, 100, "computed" },
	};
	const char *source;

	for (size_t i = 0; i < COUNT(links); i++) {
		double rate = gb_link_rate(links[i].form, &source) / 1e9;

		assert_true(rate >= links[i].low - 1e-9 &&
			    rate <= links[i].high + 1e-9);
		assert_non_null(strstr(source, links[i].source));
	}
	assert_true(gb_link_rate((struct gb_link_form){ 0, 0 }, &source) == 0);
	assert_true(gb_link_rate((struct gb_link_form){ 99, 16 }, &source) == 0);
}

static void test_rates_against_what_the_hardware_gives(void **state)
{
	static const struct {
		struct gb_rates rates;
		unsigned int nodes;
		const char *kind, *text; /* NULL: nothing to remark */
	} rows[] = {
		{ { .up = 24e9, .direct = 22e9, .ram = 60e9 }, 1, NULL, NULL },
		{ { .up = 12e9, .direct = 11e9, .ram = 60e9 },
		  1,
		  "link-slow",
		  "12.0 GB/s, 48 % of the 25.1 GB/s that PCIe 4.0 x16 gives" },
		{ { .up = 12e9, .direct = 11e9, .ram = 60e9 }, 2, "link-slow", "NUMA" },
		{ { .up = 25e9, .direct = 11.5e9, .ram = 60e9 }, 1, "direct-slow", "46 %" },
		{ { .up = 25e9, .direct = 24e9, .ram = 18e9 }, 1, "ram-slow", "18.0" },
		{ { .disk = 5e9, .disk_cached = true }, 1, "disk-cached", "O_DIRECT" },
		{ { 0 }, 1, NULL, NULL },
	};
	struct gb_link link = { { 4, 16 }, { 4, 16 }, { 4, 16 }, 0 };

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct gb_facts facts = { .nodes = rows[i].nodes };
		struct gb_remarks remarks = { 0 };

		gb_remark_rates(&remarks, &rows[i].rates, &link, &facts);
		assert_int_equal(remarks.count, rows[i].kind ? 1 : 0);
		if (rows[i].kind)
			assert_true(has(&remarks, rows[i].kind, rows[i].text));
		gb_remarks_finish(&remarks);
	}
}

static void test_more_remarks_than_there_is_room_for(void **state)
{
	struct gb_remarks remarks = { 0 };

	for (unsigned int i = 0; i < 2 * GB_REMARKS_MAX; i++)
		gb_remark(&remarks, "some", "number %u", i);
	assert_int_equal(remarks.count, GB_REMARKS_MAX);
	gb_remarks_finish(&remarks);
	assert_int_equal(remarks.count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_root, remove_root)

static struct gb_pool_state read_pool(void)
{
	struct gb_pool_state pool;

	gb_pool_read(&pool, root);
	return pool;
}

static void put_pool(const char *name, const char *text)
{
	char *path = gb_print("%s/%s", GB_POOL_FOLDER, name);

	put(path, text);
	free(path);
}

static void test_the_modules_pool(void **state)
{
	struct gb_pool_state pool = read_pool();

	assert_false(pool.there);
	put_pool("version", "1\n");
	pool = read_pool();
	assert_true(pool.there);
	assert_int_equal(pool.used, GB_UNKNOWN);
	assert_int_equal(pool.level, GB_POOL_LEVELS);
	put_pool("used_bytes", "12884901888\n");
	put_pool("limit_bytes", "none\n");
	put_pool("reserve_bytes", "4194304\n");
	put_pool("level", "elevated\n");
	pool = read_pool();
	assert_int_equal(pool.used, UINT64_C(12) << 30);
	assert_int_equal(pool.limit, GB_UNKNOWN);
	assert_int_equal(pool.reserve, 4 << 20);
	assert_string_equal(gb_pool_level_name(pool.level), "elevated");
	put_pool("level", "of another kind\n");
	put_pool("used_bytes", "12x\n");
	pool = read_pool();
	assert_int_equal(pool.used, GB_UNKNOWN);
	assert_string_equal(gb_pool_level_name(pool.level), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_is_known_of_an_empty_machine),
		TEST(test_a_machine),
		TEST(test_the_closed_driver_of_another_form),
		TEST(test_wsl),
		TEST(test_containers),
		TEST(test_the_module),
		TEST(test_the_modules_pool),
		TEST(test_a_module_that_may_not_be_used),
		TEST(test_the_tightest_control_group_counts),
		TEST(test_a_control_group_seen_from_inside),
		TEST(test_huge_pages_that_are_off),
		TEST(test_a_link_as_it_should_be),
		TEST(test_a_link_trained_to_fewer_lanes),
		TEST(test_a_link_trained_to_an_older_generation),
		TEST(test_an_idle_link_is_judged_by_its_lanes),
		TEST(test_a_slot_of_fewer_lanes),
		TEST(test_an_older_slot),
		TEST(test_a_slot_of_which_nothing_is_known),
		TEST(test_links_that_cannot_be_read),
		TEST(test_what_links_carry),
		TEST(test_rates_against_what_the_hardware_gives),
		TEST(test_more_remarks_than_there_is_room_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
