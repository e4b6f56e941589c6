/* SPDX-License-Identifier: GPL-2.0-only */
/* The exchange of versions. */
#include <poll.h>
#include <sys/ioctl.h>

#include "device.h"
#include "test.h"

static int hello(int device, uint32_t version, uint32_t version_min,
		 struct greenboost_hello *answer)
{
	*answer = (struct greenboost_hello){
		.version = version,
		.version_min = version_min,
	};
	return ioctl(device, GREENBOOST_IOC_HELLO, answer);
}

TEST(hello_tells_the_version_of_the_module)
{
	struct greenboost_hello answer;
	int device = (int)MUST(device_open());

	MUST(hello(device, GREENBOOST_VERSION, GREENBOOST_VERSION_MIN, &answer));
	CHECK_EQUAL(answer.version, GREENBOOST_VERSION);
	CHECK_EQUAL(answer.version_min, GREENBOOST_VERSION_MIN);
}

TEST(hello_may_be_repeated)
{
	struct greenboost_hello answer;
	int device = must_hello();

	MUST(hello(device, GREENBOOST_VERSION, GREENBOOST_VERSION_MIN, &answer));
}

TEST(newer_program_that_still_speaks_the_old_is_served)
{
	struct greenboost_hello answer;
	int device = (int)MUST(device_open());

	MUST(hello(device, UINT32_MAX, GREENBOOST_VERSION, &answer));
	CHECK_EQUAL(answer.version, GREENBOOST_VERSION);
	must_info(device);
}

TEST(program_too_new_hears_which_versions_there_are)
{
	struct greenboost_hello answer;
	struct greenboost_info info;
	int device = (int)MUST(device_open());

	REFUSED(hello(device, GREENBOOST_VERSION + 2, GREENBOOST_VERSION + 1, &answer),
		EPROTONOSUPPORT);
	CHECK_EQUAL(answer.version, GREENBOOST_VERSION);
	CHECK_EQUAL(answer.version_min, GREENBOOST_VERSION_MIN);
	REFUSED(ioctl(device, GREENBOOST_IOC_INFO, &info), EPROTO);
}

TEST(hello_that_contradicts_itself_is_refused)
{
	struct greenboost_hello answer;
	int device = (int)MUST(device_open());

	REFUSED(hello(device, 1, 2, &answer), EINVAL);
	REFUSED(hello(device, 1, 0, &answer), EINVAL);
	REFUSED(hello(device, 0, 0, &answer), EINVAL);
}

TEST(nothing_but_poll_is_served_before_hello)
{
	static const unsigned long calls[] = {
		GREENBOOST_IOC_INFO,	  GREENBOOST_IOC_ALLOC,
		GREENBOOST_IOC_LIMITS,	  GREENBOOST_IOC_SET_LIMIT,
		GREENBOOST_IOC_SUBSCRIBE, GREENBOOST_IOC_UNSUBSCRIBE,
		GREENBOOST_IOC_PRESSURE,
	};
	int device = (int)MUST(device_open());
	struct pollfd poll_one = { .fd = device, .events = POLLIN };
	uint64_t argument[32] = { 0 };

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		REFUSED(ioctl(device, calls[i], argument), EPROTO);
	CHECK(poll(&poll_one, 1, 0) >= 0);
	CHECK(!(poll_one.revents & (POLLERR | POLLNVAL)));
}

TEST(hello_counts_for_one_open_file_and_its_duplicates)
{
	struct greenboost_info info;
	int greeted = must_hello();
	int copy = (int)MUST(dup(greeted));
	int other = (int)MUST(device_open());

	must_info(copy);
	REFUSED(ioctl(other, GREENBOOST_IOC_INFO, &info), EPROTO);
}
