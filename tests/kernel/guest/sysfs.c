/* SPDX-License-Identifier: GPL-2.0-only */
/* What the module shows in /sys, against what was asked of it. */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "device.h"
#include "level.h"
#include "module.h"
#include "test.h"

/* Where the initramfs has the document of the files. */
#define ABI "/sysfs-class-greenboost"

TEST(files_agree_with_buffers_to_the_byte)
{
	int device = must_hello(), first, second;

	CHECK_EQUAL(module_number("used_bytes"), 0);
	first = must_alloc(device, 6 * MIB);
	second = must_alloc(device, 10 * MIB);
	CHECK_EQUAL(module_number("used_bytes"), 16 * MIB);
	CHECK_EQUAL(module_number("buffers"), 2);
	CHECK_EQUAL(module_number("used_bytes"), must_info(device).used_bytes);
	CHECK(module_number("peak_bytes") >= 16 * MIB);
	CHECK_EQUAL(module_number("node0/used_bytes") +
			    module_number("node1/used_bytes"),
		    16 * MIB);
	CHECK_EQUAL(module_number("limit_bytes"), must_info(device).limit_bytes);
	close(first);
	CHECK(EVENTUALLY(module_number("used_bytes") == 10 * MIB));
	CHECK_EQUAL(module_number("buffers"), 1);
	close(second);
	CHECK(EVENTUALLY(module_number("buffers") == 0));
	CHECK_EQUAL(module_number("node0/used_bytes") +
			    module_number("node1/used_bytes"),
		    0);
}

TEST(nodes_agree_with_where_buffers_lie)
{
	int device = must_hello();

	CHECK(device_alloc_flags(device, 4 * MIB, GREENBOOST_ALLOC_BIND, 0) >= 0);
	CHECK(device_alloc_flags(device, 6 * MIB, GREENBOOST_ALLOC_BIND, 1) >= 0);
	CHECK_EQUAL(module_number("node0/used_bytes"), 4 * MIB);
	CHECK_EQUAL(module_number("node1/used_bytes"), 6 * MIB);
}

TEST(open_files_are_counted)
{
	uint64_t before = module_number("open_files");
	int device = must_hello();

	CHECK_EQUAL(module_number("open_files"), before + 1);
	close(device);
	CHECK(EVENTUALLY(module_number("open_files") == before));
}

TEST(reserve_is_what_the_machine_gave)
{
	uint64_t filled = module_fill_reserve(16 * MIB);

	CHECK_EQUAL(module_number("reserve_target_bytes"), 16 * MIB);
	CHECK_EQUAL(module_number("node0/reserve_bytes") +
			    module_number("node1/reserve_bytes"),
		    filled);
	CHECK_EQUAL(must_info(must_hello()).reserve_bytes, filled);
	MUST(file_write(module_file("reserve_target_bytes"), "0"));
	CHECK(EVENTUALLY(module_number("reserve_bytes") == 0));
	CHECK_EQUAL(module_number("used_bytes"), 0);
}

/* What each refusal counts as. */
static const struct {
	const char *counter;
	uint64_t size;
	uint32_t flags;
	int32_t node;
} refusals[] = {
	{ "refused_argument", 1, 0, GREENBOOST_NODE_ANY },
	{ "refused_argument", GRANULE, 1u << 31, GREENBOOST_NODE_ANY },
	{ "refused_size", (uint64_t)1 << 50, 0, GREENBOOST_NODE_ANY },
	{ "refused_node", GRANULE, GREENBOOST_ALLOC_BIND, 5 },
	{ "refused_file", 8 * MIB, 0, GREENBOOST_NODE_ANY },
};

static uint64_t counter(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "counters/%s", name);
	return module_number(path);
}

TEST(every_refusal_is_counted_where_it_belongs)
{
	struct greenboost_set_limit limit = { .file_limit = 4 * MIB };
	int device = must_hello();
	uint64_t before;

	MUST(ioctl(device, GREENBOOST_IOC_SET_LIMIT, &limit));
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		before = counter(refusals[i].counter);
		CHECK(device_alloc_flags(device, refusals[i].size,
					 refusals[i].flags, refusals[i].node) < 0);
		if (counter(refusals[i].counter) != before + 1)
			FAIL("%s does not count it", refusals[i].counter);
	}
	before = counter("refused_pointer");
	REFUSED(ioctl(device, GREENBOOST_IOC_ALLOC, NULL), EFAULT);
	CHECK_EQUAL(counter("refused_pointer"), before + 1);
	before = counter("refused_call");
	REFUSED(ioctl(device, _IO(GREENBOOST_IOC_TYPE, 77)), ENOTTY);
	CHECK_EQUAL(counter("refused_call"), before + 1);
}

TEST(allocations_and_frees_are_counted)
{
	uint64_t allocations = counter("allocations");
	uint64_t bytes = counter("allocated_bytes");
	uint64_t frees = counter("frees");

	close(must_alloc(must_hello(), 6 * MIB));
	CHECK(EVENTUALLY(counter("frees") == frees + 1));
	CHECK_EQUAL(counter("allocations"), allocations + 1);
	CHECK_EQUAL(counter("allocated_bytes"), bytes + 6 * MIB);
}

TEST(limits_are_set_by_their_files)
{
	int device = must_hello();
	char text[32];

	test_changes_module();
	MUST(file_write(module_file("user_limit_bytes"), "4194304\n"));
	REFUSED(device_alloc(device, 6 * MIB), EDQUOT);
	CHECK_EQUAL(module_number("user_limit_bytes"), 4 * MIB);
	MUST(file_write(module_file("user_limit_bytes"), "none"));
	must_alloc(device, 6 * MIB);
	MUST(file_read(module_file("user_limit_bytes"), text, sizeof(text)));
	CHECK(!strcmp(text, "none\n"));
	MUST(file_write(module_file("limit_bytes"), "8388608"));
	REFUSED(device_alloc(device, 4 * MIB), ENOSPC);
	MUST(file_write(module_file("file_limit_bytes"), "2097152"));
	CHECK_EQUAL(must_limits(must_hello()).file_limit, 2 * MIB);
	REFUSED(file_write(module_file("limit_bytes"), "much"), EINVAL);
	REFUSED(file_write(module_file("limit_bytes"), "-1"), EINVAL);
	REFUSED(file_write(module_file("limit_bytes"), "99999999999999999999999"),
		ERANGE);
	REFUSED(file_write(module_file("limit_bytes"), "1 2"), EINVAL);
}

TEST(parameters_out_of_range_are_refused)
{
	static const char *const bad[][2] = {
		{ "watchdog_ms", "0" },	      { "watchdog_ms", "60001" },
		{ "watchdog_ms", "x" },	      { "elevated_percent", "0" },
		{ "elevated_percent", "91" }, { "pool_percent", "101" },
		{ "calm_looks", "0" },	      { "hysteresis_percent", "51" },
		{ "stall_percent", "-1" },
	};
	char path[128];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(path, sizeof(path),
			 "/sys/module/greenboost/parameters/%s", bad[i][0]);
		errno = 0;
		if (!file_write(path, bad[i][1]))
			FAIL("%s takes %s", bad[i][0], bad[i][1]);
	}
}

TEST(ordinary_users_can_read_and_not_write)
{
	become_user(1000);
	module_number("used_bytes");
	REFUSED(file_write(module_file("limit_bytes"), "0"), EACCES);
	REFUSED(file_write("/sys/module/greenboost/parameters/watchdog_paused", "1"),
		EACCES);
}

TEST(pool_info_is_for_people)
{
	char text[4096];

	must_alloc(must_hello(), 6 * MIB);
	CHECK(file_read(module_file("pool_info"), text, sizeof(text)) > 100);
	CHECK(strstr(text, "level"));
	CHECK(strstr(text, "6 MiB"));
}

/* Reading every file while all changes finds no lock taken twice. */
TEST(every_file_can_be_read)
{
	static const char *const folders[] = {
		"/sys/class/greenboost/greenboost",
		"/sys/class/greenboost/greenboost/counters",
		"/sys/class/greenboost/greenboost/node0",
		"/sys/kernel/debug/greenboost",
		"/sys/module/greenboost/parameters",
	};
	char path[512], text[8192];
	struct dirent *entry;
	int files = 0;

	must_alloc(must_hello(), 6 * MIB);
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		DIR *folder = opendir(folders[i]);

		if (!folder)
			FAIL("no %s", folders[i]);
		while ((entry = readdir(folder))) {
			snprintf(path, sizeof(path), "%s/%s", folders[i],
				 entry->d_name);
			files += file_read(path, text, sizeof(text)) >= 0;
		}
		closedir(folder);
	}
	CHECK(files > 50);
}

/* The names that the document gives: "What: /sys/class/.../NAME". */
static bool is_documented(const char *document, const char *name)
{
	char line[400];

	snprintf(line, sizeof(line), "/sys/class/greenboost/greenboost/%s\n", name);
	return strstr(document, line);
}

static void check_documented(const char *document, const char *folder,
			     const char *prefix)
{
	struct dirent *entry;
	struct stat status;
	char path[512], name[300];
	DIR *all = opendir(folder);

	if (!all)
		FAIL("no %s", folder);
	while ((entry = readdir(all))) {
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		snprintf(name, sizeof(name), "%s%s", prefix, entry->d_name);
		if (lstat(path, &status) || !S_ISREG(status.st_mode) ||
		    !strcmp(name, "uevent"))
			continue;
		if (!is_documented(document, name))
			FAIL("%s is not documented", name);
	}
	closedir(all);
}

TEST(every_file_is_documented)
{
	static char document[65536];

	if (file_read(ABI, document, sizeof(document)) < 0)
		FAIL("no document of the files");
	check_documented(document, "/sys/class/greenboost/greenboost", "");
	check_documented(document, "/sys/class/greenboost/greenboost/counters",
			 "counters/");
	check_documented(document, "/sys/class/greenboost/greenboost/node0",
			 "nodeN/");
}

/* And the other way: what the document names is there. */
TEST(every_documented_file_exists)
{
	static const char what[] = "/sys/class/greenboost/greenboost/";
	static char document[65536];
	char path[256];
	int names = 0;

	if (file_read(ABI, document, sizeof(document)) < 0)
		FAIL("no document of the files");
	for (char *at = strstr(document, what); at; at = strstr(at + 1, what)) {
		char *node;

		snprintf(path, sizeof(path), "%.*s", (int)strcspn(at, " \t\n"), at);
		node = strstr(path, "/nodeN/");
		if (node)
			node[5] = '0';
		if (strchr(path, '<') || strchr(path, '*'))
			continue;
		if (access(path, R_OK))
			FAIL("%s is documented and not there", path);
		names++;
	}
	CHECK(names > 20);
}
