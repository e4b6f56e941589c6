/* SPDX-License-Identifier: GPL-2.0-only */
/* Arguments that no call can take: what is read before anything is done. */
#include <dirent.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "device.h"
#include "test.h"

/* Every call, with its reserved fields as pairs of offset and bytes. */
struct call {
	unsigned long number;
	size_t size;
	struct {
		size_t at, bytes;
	} reserved[2];
};

#define RESERVED(type, field)                                                   \
	{                                                                       \
		offsetof(struct type, field), sizeof(((struct type *)0)->field) \
	}
#define CALL(number_, type, ...)                                                \
	{                                                                       \
		.number = (number_), .size = sizeof(struct type), .reserved = { \
			__VA_ARGS__                                             \
		}                                                               \
	}

static const struct call calls[] = {
	CALL(GREENBOOST_IOC_HELLO, greenboost_hello,
	     RESERVED(greenboost_hello, reserved)),
	CALL(GREENBOOST_IOC_INFO, greenboost_info,
	     RESERVED(greenboost_info, reserved)),
	CALL(GREENBOOST_IOC_ALLOC, greenboost_alloc,
	     RESERVED(greenboost_alloc, reserved),
	     RESERVED(greenboost_alloc, reserved32)),
	CALL(GREENBOOST_IOC_LIMITS, greenboost_limits,
	     RESERVED(greenboost_limits, reserved)),
	CALL(GREENBOOST_IOC_SET_LIMIT, greenboost_set_limit,
	     RESERVED(greenboost_set_limit, reserved)),
	CALL(GREENBOOST_IOC_SUBSCRIBE, greenboost_subscribe,
	     RESERVED(greenboost_subscribe, reserved)),
	CALL(GREENBOOST_IOC_UNSUBSCRIBE, greenboost_subscribe,
	     RESERVED(greenboost_subscribe, reserved)),
	CALL(GREENBOOST_IOC_PRESSURE, greenboost_pressure,
	     RESERVED(greenboost_pressure, reserved)),
};

#define FOR_EACH_CALL(call)                                                    \
	for (const struct call *call = calls;                                  \
	     call < calls + sizeof(calls) / sizeof(*calls); call++)

/* An argument with which the call succeeds, but UNSUBSCRIBE. */
static void make_valid(const struct call *call, void *argument)
{
	memset(argument, 0, call->size);
	if (call->number == GREENBOOST_IOC_HELLO) {
		struct greenboost_hello *hello = argument;

		hello->version = hello->version_min = 1;
	} else if (call->number == GREENBOOST_IOC_ALLOC) {
		struct greenboost_alloc *alloc = argument;

		alloc->size = GRANULE;
		alloc->node = GREENBOOST_NODE_ANY;
	} else if (call->number == GREENBOOST_IOC_SET_LIMIT) {
		struct greenboost_set_limit *set = argument;

		set->file_limit = GREENBOOST_NO_LIMIT;
	} else if (call->number == GREENBOOST_IOC_SUBSCRIBE) {
		struct greenboost_subscribe *subscribe = argument;

		subscribe->eventfd = eventfd(0, 0);
	}
}

static int open_descriptors(void)
{
	DIR *all = opendir("/proc/self/fd");
	int count = 0;

	if (!all)
		FAIL("no /proc");
	while (readdir(all))
		count++;
	closedir(all);
	return count;
}

TEST(valid_arguments_are_taken)
{
	int device = must_hello();
	uint64_t argument[32];

	FOR_EACH_CALL(call)
	{
		make_valid(call, argument);
		if (call->number == GREENBOOST_IOC_UNSUBSCRIBE)
			continue;
		if (ioctl(device, call->number, argument))
			FAIL("call %lu", _IOC_NR(call->number));
	}
}

TEST(reserved_fields_have_to_be_zero)
{
	int device = must_hello();
	uint8_t argument[256] __attribute__((aligned(8)));

	FOR_EACH_CALL(call)
	for (size_t r = 0; r < 2; r++)
		for (size_t i = 0; i < call->reserved[r].bytes; i++) {
			make_valid(call, argument);
			argument[call->reserved[r].at + i] = 0x80;
			errno = 0;
			if (ioctl(device, call->number, argument) != -1 ||
			    errno != EINVAL)
				FAIL("call %lu takes byte %zu",
				     _IOC_NR(call->number),
				     call->reserved[r].at + i);
		}
	CHECK_EQUAL(device_used(), 0);
}

TEST(unknown_calls_are_no_calls)
{
	int device = must_hello();
	uint64_t argument[512] = { 0 };

	for (unsigned int nr = 8; nr < 256; nr++)
		REFUSED(ioctl(device,
			      _IOC(_IOC_READ | _IOC_WRITE, GREENBOOST_IOC_TYPE,
				   nr, 32),
			      argument),
			ENOTTY);
	FOR_EACH_CALL(call)
	{
		unsigned int nr = _IOC_NR(call->number);

		REFUSED(ioctl(device,
			      _IOC(_IOC_DIR(call->number), GREENBOOST_IOC_TYPE,
				   nr, call->size + 8),
			      argument),
			ENOTTY);
		REFUSED(ioctl(device,
			      _IOC(_IOC_DIR(call->number), GREENBOOST_IOC_TYPE,
				   nr, call->size - 8),
			      argument),
			ENOTTY);
		REFUSED(ioctl(device, _IOC(_IOC_NONE, GREENBOOST_IOC_TYPE, nr, 0),
			      argument),
			ENOTTY);
		REFUSED(ioctl(device,
			      _IOC(_IOC_DIR(call->number), 'g', nr, call->size),
			      argument),
			ENOTTY);
	}
}

TEST(pointers_to_nowhere_are_refused)
{
	int device = must_hello();
	uint8_t *hole = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(hole != MAP_FAILED);
	MUST(munmap(hole + 4096, 4096));
	FOR_EACH_CALL(call)
	{
		void *bad[] = { NULL,
				(void *)8,
				hole + 4096,
				hole + 4096 - 8 /* begins well */,
				(void *)0xffff888000000000u,
				(void *)0x7ffffffff000u,
				(void *)-1L };

		for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
			REFUSED(ioctl(device, call->number, bad[i]), EFAULT);
	}
	CHECK_EQUAL(device_used(), 0);
}

/* The answer cannot be written: what was done has to be undone. */
TEST(answer_that_cannot_be_written_leaves_nothing)
{
	int device = must_hello();
	uint8_t *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct greenboost_subscribe subscribe;
	int before;

	CHECK(page != MAP_FAILED);
	FOR_EACH_CALL(call)
	{
		if (!(_IOC_DIR(call->number) & _IOC_READ) ||
		    call->number == GREENBOOST_IOC_UNSUBSCRIBE)
			continue;
		MUST(mprotect(page, 4096, PROT_READ | PROT_WRITE));
		make_valid(call, page);
		memcpy(&subscribe, page, sizeof(subscribe));
		MUST(mprotect(page, 4096, PROT_READ));
		before = open_descriptors();
		REFUSED(ioctl(device, call->number, page), EFAULT);
		CHECK_EQUAL(open_descriptors(), before);
		if (call->number == GREENBOOST_IOC_SUBSCRIBE)
			REFUSED(ioctl(device, GREENBOOST_IOC_UNSUBSCRIBE, &subscribe),
				ENOENT);
	}
	CHECK(EVENTUALLY(device_used() == 0));
}

TEST(device_is_no_file_to_read_write_or_map)
{
	int device = must_hello();
	char byte = 0;

	REFUSED(read(device, &byte, 1), EINVAL);
	REFUSED(write(device, &byte, 1), EINVAL);
	REFUSED(mmap(NULL, 4096, PROT_READ, MAP_SHARED, device, 0), ENODEV);
}

TEST(calls_on_other_descriptors_are_refused)
{
	int buffer = must_alloc(must_hello(), GRANULE);
	int zero = (int)MUST(open("/dev/zero", O_RDWR));
	uint64_t argument[32];

	FOR_EACH_CALL(call)
	{
		make_valid(call, argument);
		REFUSED(ioctl(999, call->number, argument), EBADF);
		make_valid(call, argument);
		REFUSED(ioctl(zero, call->number, argument), ENOTTY);
		make_valid(call, argument);
		REFUSED(ioctl(buffer, call->number, argument), ENOTTY);
	}
}

/* A system call as a 32-bit program makes it. */
static int call_32(int number, int a, unsigned long b, void *c)
{
	int answer;

	__asm__ volatile("int $0x80"
			 : "=a"(answer)
			 : "a"(number), "b"(a), "c"(b), "d"(c)
			 : "memory", "r8", "r9", "r10", "r11");
	return answer;
}

static bool has_32_bit_calls(void)
{
	enum { GETPID = 20 };
	int status, pid = test_fork();

	if (pid == 0)
		_exit(call_32(GETPID, 0, 0, NULL) != getpid());
	MUST(waitpid(pid, &status, 0));
	return status == 0;
}

TEST(programs_of_32_bits_are_served)
{
	enum { IOCTL = 54 };
	int device = must_hello();
	struct greenboost_alloc *alloc;

	if (!has_32_bit_calls())
		test_skip("this kernel runs no 32-bit programs");
	alloc = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	CHECK(alloc != MAP_FAILED);
	alloc->size = GRANULE;
	alloc->node = GREENBOOST_NODE_ANY;
	CHECK_EQUAL(call_32(IOCTL, device, GREENBOOST_IOC_ALLOC, alloc), 0);
	must_map(alloc->fd, GRANULE);
	alloc->size = 1;
	CHECK_EQUAL(call_32(IOCTL, device, GREENBOOST_IOC_ALLOC, alloc), -EINVAL);
}
