/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that fails. The kernel, told to by /proc/self/fail-nth, fails the n-th
 * time that the process asks it for memory, or that it copies from or to the
 * process. Each call is made with n = 1, 2, 3... until it is made without a
 * failure, and so every place in it has failed once. Then it has to be refused
 * as the contract says, or to have done without, and to have left nothing.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "device.h"
#include "fragments.h"
#include "module.h"
#include "test.h"

#define FAIL_NTH "/proc/thread-self/fail-nth"

/* Every kind of failure, of every allocation, without words about it. */
static void prepare(void)
{
	static const char *const settings[][2] = {
		{ "failslab/verbose", "0" },
		{ "failslab/ignore-gfp-wait", "N" },
		{ "fail_page_alloc/verbose", "0" },
		{ "fail_page_alloc/ignore-gfp-wait", "N" },
		{ "fail_page_alloc/ignore-gfp-highmem", "N" },
		{ "fail_page_alloc/min-order", "0" },
		{ "fail_usercopy/verbose", "0" },
	};
	char path[128];

	if (access(FAIL_NTH, W_OK))
		test_skip("this kernel fails nothing on demand");
	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s",
			 settings[i][0]);
		MUST(file_write(path, settings[i][1]));
	}
}

static int control;

/*
 * The n-th fails from here on; with 0, none. What is still to fail may be the
 * writing itself, once.
 */
static void fail_nth(int n)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%d", n);

	if (pwrite(control, text, (size_t)length, 0) != length)
		CHECK_EQUAL(pwrite(control, text, (size_t)length, 0), length);
}

/* Has it failed by now? When only this fails, nothing has before. */
static bool has_failed(void)
{
	char text[16] = "";

	return pread(control, text, sizeof(text) - 1, 0) > 0 && atoi(text) == 0;
}

/* One call: 0 or -1 with errno. Undoes what it did. */
typedef int (*call)(void);

static int device, buffer, event;

static bool is_documented(int error)
{
	return error == ENOMEM || error == EFAULT;
}

/* How many failures it took until one call came through unharmed. */
static int walk(const char *name, call one, call undo)
{
	uint64_t used = device_used();

	control = (int)MUST(open(FAIL_NTH, O_RDWR));
	for (int n = 1; n < 2000; n++) {
		int answer, error;
		bool failed;

		fail_nth(n);
		answer = one();
		error = errno;
		failed = has_failed();
		fail_nth(0);
		if (undo && answer == 0)
			MUST(undo());
		if (!failed) {
			if (answer)
				FAIL("%s fails without a failure (%d)", name, error);
			close(control);
			return n - 1;
		}
		if (answer && !is_documented(error))
			FAIL("%s answers errno %d at the %dth", name, error, n);
		if (!EVENTUALLY(device_used() == used))
			FAIL("%s leaves %lld bytes at the %dth", name,
			     (long long)(device_used() - used), n);
	}
	FAIL("%s never ends", name);
}

static int call_open(void)
{
	int opened = device_open();

	return opened < 0 ? -1 : close(opened);
}

static int call_hello(void)
{
	struct greenboost_hello hello = { .version = 1, .version_min = 1 };

	return ioctl(device, GREENBOOST_IOC_HELLO, &hello);
}

static int call_info(void)
{
	struct greenboost_info info = { 0 };

	return ioctl(device, GREENBOOST_IOC_INFO, &info);
}

static int call_limits(void)
{
	struct greenboost_limits limits = { 0 };

	return ioctl(device, GREENBOOST_IOC_LIMITS, &limits);
}

static int call_pressure(void)
{
	struct greenboost_pressure pressure = { 0 };

	return ioctl(device, GREENBOOST_IOC_PRESSURE, &pressure);
}

static int alloc_and_close(uint64_t size, uint32_t flags)
{
	int made = device_alloc_flags(device, size, flags, GREENBOOST_NODE_ANY);

	return made < 0 ? -1 : close(made);
}

static int call_alloc(void)
{
	return alloc_and_close(2 * GRANULE, 0);
}

static int call_alloc_many(void)
{
	return alloc_and_close(20 * GRANULE, 0);
}

static int call_subscribe(void)
{
	struct greenboost_subscribe subscribe = { .eventfd = event };

	return ioctl(device, GREENBOOST_IOC_SUBSCRIBE, &subscribe);
}

static int call_unsubscribe(void)
{
	struct greenboost_subscribe subscribe = { .eventfd = event };

	return ioctl(device, GREENBOOST_IOC_UNSUBSCRIBE, &subscribe);
}

static int call_map(void)
{
	void *memory = mmap(NULL, 2 * GRANULE, PROT_READ | PROT_WRITE,
			    MAP_SHARED, buffer, 0);

	return memory == MAP_FAILED ? -1 : munmap(memory, 2 * GRANULE);
}

static int call_fault(void)
{
	void *memory = mmap(NULL, 2 * GRANULE, PROT_READ | PROT_WRITE,
			    MAP_SHARED, buffer, 0);
	int answer;

	if (memory == MAP_FAILED)
		return -1;
	/* As a fault, but with an errno in the place of a signal. */
	answer = madvise(memory, 2 * GRANULE, MADV_POPULATE_WRITE);
	munmap(memory, 2 * GRANULE);
	return answer;
}

static const struct {
	const char *name;
	call call;
	int least; /* failures that there must be; else nothing was tested */
	call undo; /* where the next could not succeed otherwise */
} walks[] = {
	{ "open", call_open, 2, NULL },
	{ "HELLO", call_hello, 2, NULL },
	{ "INFO", call_info, 2, NULL },
	{ "LIMITS", call_limits, 2, NULL },
	{ "PRESSURE", call_pressure, 2, NULL },
	{ "ALLOC", call_alloc, 8, NULL },
	{ "ALLOC of many", call_alloc_many, 8, NULL },
	{ "SUBSCRIBE", call_subscribe, 3, call_unsubscribe },
	{ "mmap", call_map, 1, NULL },
	{ "fault", call_fault, 2, NULL },
};

SLOW_TEST(every_allocation_of_every_call_may_fail, 60)
{
	char note[200] = "";
	int count, total = 0;

	prepare();
	module_reinsert("reserve_mib=0");
	device = must_hello();
	buffer = must_alloc(device, 2 * GRANULE);
	event = (int)MUST(eventfd(0, EFD_NONBLOCK));
	for (size_t i = 0; i < sizeof(walks) / sizeof(*walks); i++) {
		count = walk(walks[i].name, walks[i].call, walks[i].undo);
		if (count < walks[i].least)
			FAIL("only %d failures in %s", count, walks[i].name);
		total += count;
		snprintf(note + strlen(note), sizeof(note) - strlen(note),
			 "%s %d, ", walks[i].name, count);
	}
	test_note("%sin all %d", note, total);
}

/*
 * The same for a buffer of single pages, where memory has to be in pieces for
 * them to be taken at all. A granule has 512, of which some are tried.
 */
SLOW_TEST(every_single_page_may_fail, 60)
{
	enum { STRIDE = 29 };
	struct ring *ring = ring_create();
	struct greenboost_alloc alloc;
	int n, refused = 0;
	bool failed = true;

	prepare();
	module_reinsert("limit_mib=4096 reserve_mib=0");
	module_set("watchdog_paused", "1");
	device = must_hello();
	fragment_memory(ring);
	while (device_alloc(device, GRANULE) >= 0)
		;
	control = (int)MUST(open(FAIL_NTH, O_RDWR));
	for (n = 1; failed && n < 5000; n += STRIDE) {
		uint64_t used = device_used();
		int answer;

		alloc = (struct greenboost_alloc){
			.size = GRANULE,
			.flags = GREENBOOST_ALLOC_SMALL_PAGES,
			.node = GREENBOOST_NODE_ANY,
		};
		fail_nth(n);
		answer = ioctl(device, GREENBOOST_IOC_ALLOC, &alloc);
		failed = has_failed();
		fail_nth(0);
		refused += answer != 0;
		if (answer == 0)
			close(alloc.fd);
		CHECK(answer || alloc.small_bytes == GRANULE);
		CHECK(EVENTUALLY(device_used() == used));
	}
	CHECK(refused > 10);
	test_note("%d refused, up to the %dth", refused, n - STRIDE);
	ring_destroy(ring);
}

/*
 * Insertion fails as a whole or succeeds, and leaves nothing when it fails.
 * Most of its hundreds of allocations are of the kernel's own, and each try
 * takes a second, so only some are tried, others for another seed.
 */
SLOW_TEST(every_allocation_of_insertion_may_fail, 120)
{
	enum { STRIDE = 23 };
	int n, tried = 0, refused = 0;
	bool failed;

	prepare();
	test_changes_module();
	CHECK(EVENTUALLY(module_remove() == 0));
	control = (int)MUST(open(FAIL_NTH, O_RDWR));
	for (n = 1 + (int)(test_seed % STRIDE); n < 5000; n += STRIDE) {
		int answer;

		fail_nth(n);
		answer = module_insert("");
		failed = has_failed();
		fail_nth(0);
		refused += answer != 0;
		tried++;
		if (answer == 0 && !EVENTUALLY(module_remove() == 0))
			FAIL("cannot be removed after the %dth", n);
		if (module_is_inserted() || access("/dev/greenboost", F_OK) == 0)
			FAIL("something is left after the %dth", n);
		if (!failed)
			break;
	}
	CHECK(refused > 5);
	test_note("%d of %d refused", refused, tried);
}
