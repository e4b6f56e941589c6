/* SPDX-License-Identifier: GPL-2.0-only */
/* Who is told of a change of the level: eventfds, poll, sysfs and udev. */
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "device.h"
#include "level.h"
#include "module.h"
#include "test.h"

static int subscribe_as(unsigned long call, int device, int fd)
{
	struct greenboost_subscribe subscribe = { .eventfd = fd };

	return ioctl(device, call, &subscribe);
}

static int subscribe(int device, int fd)
{
	return subscribe_as(GREENBOOST_IOC_SUBSCRIBE, device, fd);
}

static int unsubscribe(int device, int fd)
{
	return subscribe_as(GREENBOOST_IOC_UNSUBSCRIBE, device, fd);
}

static int new_eventfd(void)
{
	return (int)MUST(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
}

/* How often it was told, since the last time. */
static uint64_t told(int fd)
{
	uint64_t count = 0;

	if (read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		FAIL("cannot read an eventfd");
	return count;
}

static int polled(int fd, int events)
{
	struct pollfd one = { .fd = fd, .events = (short)events };

	return MUST(poll(&one, 1, 0)) ? one.revents : 0;
}

TEST(eventfd_is_told_of_each_change)
{
	int device = must_hello(), event = new_eventfd();

	level_pause();
	MUST(subscribe(device, event));
	CHECK_EQUAL(told(event), 0);
	level_set(GREENBOOST_LEVEL_ELEVATED);
	CHECK_EQUAL(told(event), 1);
	level_set(GREENBOOST_LEVEL_ELEVATED);
	CHECK_EQUAL(told(event), 0);
	level_set(GREENBOOST_LEVEL_NORMAL);
	CHECK_EQUAL(told(event), 1);
	/* By steps of one: a jump is two changes. */
	level_set(GREENBOOST_LEVEL_CRITICAL);
	CHECK_EQUAL(told(event), 2);
}

TEST(subscriber_hears_the_level_it_began_at)
{
	struct greenboost_subscribe subscription = { 0 };
	int device = must_hello();

	level_pause();
	level_set(GREENBOOST_LEVEL_ELEVATED);
	subscription.eventfd = new_eventfd();
	MUST(ioctl(device, GREENBOOST_IOC_SUBSCRIBE, &subscription));
	CHECK_EQUAL(subscription.level, GREENBOOST_LEVEL_ELEVATED);
	CHECK_EQUAL(subscription.level_changes, must_info(device).level_changes);
	CHECK(subscription.level_changes > 0);
}

TEST(unsubscribed_eventfd_is_told_no_more)
{
	int device = must_hello(), event = new_eventfd();
	int copy = (int)MUST(dup(event));

	level_pause();
	MUST(subscribe(device, event));
	REFUSED(subscribe(device, event), EEXIST);
	REFUSED(subscribe(device, copy), EEXIST);
	MUST(unsubscribe(device, copy));
	level_set(GREENBOOST_LEVEL_ELEVATED);
	CHECK_EQUAL(told(event), 0);
	REFUSED(unsubscribe(device, event), ENOENT);
}

TEST(only_eventfds_can_be_subscribed)
{
	int device = must_hello(), other = must_hello();
	int event = new_eventfd(), ends[2];

	MUST(pipe(ends));
	REFUSED(subscribe(device, -1), EBADF);
	REFUSED(subscribe(device, 999), EBADF);
	REFUSED(subscribe(device, ends[0]), EINVAL);
	REFUSED(subscribe(device, device), EINVAL);
	REFUSED(subscribe(device, must_alloc(device, GRANULE)), EINVAL);
	REFUSED(unsubscribe(device, -1), EBADF);
	REFUSED(unsubscribe(device, ends[0]), EINVAL);
	REFUSED(unsubscribe(device, event), ENOENT);
	MUST(subscribe(device, event));
	REFUSED(unsubscribe(other, event), ENOENT);
	MUST(subscribe(other, event));
}

TEST(subscriptions_of_a_file_are_limited)
{
	int device = must_hello(), last = -1;

	for (int i = 0; i < GREENBOOST_SUBSCRIBE_MAX; i++) {
		last = new_eventfd();
		MUST(subscribe(device, last));
	}
	REFUSED(subscribe(device, new_eventfd()), EMFILE);
	MUST(unsubscribe(device, last));
	MUST(subscribe(device, new_eventfd()));
	MUST(subscribe(must_hello(), new_eventfd()));
}

TEST(subscription_ends_with_the_open_file)
{
	int device = must_hello(), event = new_eventfd();

	level_pause();
	MUST(subscribe(device, event));
	close(device);
	level_set(GREENBOOST_LEVEL_ELEVATED);
	CHECK_EQUAL(told(event), 0);
}

/* The subscription holds the eventfd: nothing is written to what is gone. */
TEST(closed_eventfd_can_be_told)
{
	int device = must_hello(), event = new_eventfd();

	level_pause();
	MUST(subscribe(device, event));
	close(event);
	for (int i = 0; i < 20; i++)
		level_set(i % 3);
}

TEST(killed_subscriber_is_forgotten)
{
	int end;

	level_pause();
	for (int turn = 0; turn < 10; turn++) {
		int child = test_fork_pair(&end);

		if (child == 0) {
			MUST(subscribe(must_hello(), new_eventfd()));
			test_tell(end);
			pause();
		}
		test_await(end);
		level_set(turn % 3);
		test_kill(child);
		level_set((turn + 1) % 3);
	}
}

TEST(poll_reports_a_change_until_it_was_looked_at)
{
	int device = must_hello(), other = must_hello();

	level_pause();
	must_pressure(device);
	must_pressure(other);
	CHECK_EQUAL(polled(device, POLLIN), 0);
	level_set(GREENBOOST_LEVEL_ELEVATED);
	CHECK_EQUAL(polled(device, POLLIN), POLLIN);
	CHECK_EQUAL(polled(device, POLLIN), POLLIN);
	CHECK_EQUAL(must_pressure(device).level, GREENBOOST_LEVEL_ELEVATED);
	CHECK_EQUAL(polled(device, POLLIN), 0);
	CHECK_EQUAL(polled(other, POLLIN), POLLIN);
}

TEST(change_wakes_who_waits)
{
	struct pollfd one = { .events = POLLIN };
	int end, child;

	level_pause();
	child = test_fork_pair(&end);
	if (child == 0) {
		one.fd = must_hello();
		must_pressure(one.fd);
		test_tell(end);
		CHECK_EQUAL(poll(&one, 1, 20000), 1);
		_exit(0);
	}
	test_await(end);
	usleep(200000);
	level_set(GREENBOOST_LEVEL_CRITICAL);
	CHECK_CHILD(child);
}

TEST(file_of_the_level_can_be_waited_for)
{
	int file = (int)MUST(open(module_file("level"), O_RDONLY));
	char text[32];

	level_pause();
	MUST(read(file, text, sizeof(text)));
	CHECK(!(polled(file, POLLPRI) & POLLPRI));
	level_set(GREENBOOST_LEVEL_ELEVATED);
	CHECK(polled(file, POLLPRI) & POLLPRI);
}

TEST(udev_is_told_of_a_change)
{
	struct sockaddr_nl all = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int udev = (int)MUST(socket(AF_NETLINK, SOCK_DGRAM | SOCK_NONBLOCK,
				    NETLINK_KOBJECT_UEVENT));
	char text[4096];
	ssize_t length;

	level_pause();
	MUST(bind(udev, (struct sockaddr *)&all, sizeof(all)));
	level_set(GREENBOOST_LEVEL_CRITICAL);
	level_set(GREENBOOST_LEVEL_NORMAL);
	while ((length = recv(udev, text, sizeof(text) - 1, 0)) > 0) {
		text[length] = '\0';
		if (strstr(text, "change@") && strstr(text, "greenboost") &&
		    memmem(text, (size_t)length, "GREENBOOST_LEVEL=critical", 25))
			return;
	}
	FAIL("no uevent came");
}

TEST(critical_level_refuses_buffers_and_drops_the_reserve)
{
	int device;

	module_fill_reserve(32 * MIB);
	device = must_hello();
	level_pause();
	level_set(GREENBOOST_LEVEL_CRITICAL);
	CHECK_EQUAL(must_info(device).reserve_bytes, 0);
	REFUSED(device_alloc(device, GRANULE), ENOSPC);
	level_set(GREENBOOST_LEVEL_ELEVATED);
	must_alloc(device, GRANULE);
	level_set(GREENBOOST_LEVEL_NORMAL);
	CHECK(EVENTUALLY(must_info(device).reserve_bytes >= 16 * MIB));
}

TEST(paused_watchdog_looks_no_more_and_resumes)
{
	uint64_t looks;

	level_hurry();
	looks = module_number("counters/watchdog_looks");
	CHECK(EVENTUALLY(module_number("counters/watchdog_looks") > looks + 5));
	module_set("watchdog_paused", "1");
	usleep(200000);
	looks = module_number("counters/watchdog_looks");
	usleep(500000);
	CHECK_EQUAL(module_number("counters/watchdog_looks"), looks);
	module_set("watchdog_paused", "0");
	CHECK(EVENTUALLY(module_number("counters/watchdog_looks") > looks + 5));
}

/* The marks are moved instead of the memory. */
TEST(watchdog_raises_and_lowers_by_the_marks)
{
	int device = must_hello(), event = new_eventfd();

	level_hurry();
	MUST(subscribe(device, event));
	module_set("elevated_percent", "90");
	CHECK(EVENTUALLY(level_now() == GREENBOOST_LEVEL_ELEVATED));
	CHECK_EQUAL(must_pressure(device).causes, GREENBOOST_CAUSE_MEMORY);
	module_set("critical_percent", "90");
	CHECK(EVENTUALLY(level_now() == GREENBOOST_LEVEL_CRITICAL));
	REFUSED(device_alloc(device, GRANULE), ENOSPC);
	module_set("critical_percent", "1");
	CHECK(EVENTUALLY(level_now() == GREENBOOST_LEVEL_ELEVATED));
	module_set("elevated_percent", "2");
	CHECK(EVENTUALLY(level_now() == GREENBOOST_LEVEL_NORMAL));
	CHECK_EQUAL(told(event), 4);
	CHECK_EQUAL(must_pressure(device).causes, 0);
}

TEST(full_pool_is_elevated)
{
	int device, buffer;

	module_reinsert("limit_mib=64");
	level_hurry();
	device = must_hello();
	buffer = must_alloc(device, 64 * MIB);
	CHECK(EVENTUALLY(must_pressure(device).causes == GREENBOOST_CAUSE_POOL));
	CHECK_EQUAL(level_now(), GREENBOOST_LEVEL_ELEVATED);
	close(buffer);
	CHECK(EVENTUALLY(level_now() == GREENBOOST_LEVEL_NORMAL));
}

/* Threads of the kernel that do not freeze keep a machine from suspending. */
TEST(watchdog_survives_a_suspend_of_the_machine)
{
	uint64_t looks;

	if (file_write("/sys/power/pm_test", "freezer") ||
	    access("/sys/power/state", W_OK))
		test_skip("this kernel cannot test suspending");
	level_hurry();
	if (file_write("/sys/power/state", "freeze"))
		FAIL("the machine does not freeze");
	looks = module_number("counters/watchdog_looks");
	CHECK(EVENTUALLY(module_number("counters/watchdog_looks") > looks + 5));
	file_write("/sys/power/pm_test", "none");
}
