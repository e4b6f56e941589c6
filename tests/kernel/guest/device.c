/* SPDX-License-Identifier: GPL-2.0-only */
#include "device.h"

#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "test.h"

int device_open(void)
{
	return open(GREENBOOST_DEVICE, O_RDWR | O_CLOEXEC);
}

static int say_hello(int device)
{
	struct greenboost_hello hello = {
		.version = GREENBOOST_VERSION,
		.version_min = GREENBOOST_VERSION_MIN,
	};

	return ioctl(device, GREENBOOST_IOC_HELLO, &hello);
}

int must_hello(void)
{
	int device = (int)MUST(device_open());

	MUST(say_hello(device));
	return device;
}

int device_alloc_flags(int device, uint64_t size, uint32_t flags, int32_t node)
{
	struct greenboost_alloc alloc = {
		.size = size,
		.flags = flags,
		.node = node,
		.fd = -1,
	};

	if (ioctl(device, GREENBOOST_IOC_ALLOC, &alloc))
		return -1;
	return alloc.fd;
}

int device_alloc(int device, uint64_t size)
{
	return device_alloc_flags(device, size, 0, GREENBOOST_NODE_ANY);
}

int must_alloc(int device, uint64_t size)
{
	int buffer = device_alloc(device, size);

	if (buffer < 0)
		FAIL("cannot allocate %llu bytes", (unsigned long long)size);
	return buffer;
}

void *must_map(int buffer, uint64_t size)
{
	void *memory =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, buffer, 0);

	if (memory == MAP_FAILED)
		FAIL("cannot map %llu bytes", (unsigned long long)size);
	return memory;
}

struct greenboost_info must_info(int device)
{
	struct greenboost_info info = { 0 };

	MUST(ioctl(device, GREENBOOST_IOC_INFO, &info));
	return info;
}

struct greenboost_limits must_limits(int device)
{
	struct greenboost_limits limits = { 0 };

	MUST(ioctl(device, GREENBOOST_IOC_LIMITS, &limits));
	return limits;
}

struct greenboost_pressure must_pressure(int device)
{
	struct greenboost_pressure pressure = { 0 };

	MUST(ioctl(device, GREENBOOST_IOC_PRESSURE, &pressure));
	return pressure;
}

uint64_t device_used(void)
{
	struct greenboost_info info = { .used_bytes = UINT64_MAX };
	int device = device_open();

	if (device < 0)
		return UINT64_MAX;
	if (say_hello(device) || ioctl(device, GREENBOOST_IOC_INFO, &info))
		info.used_bytes = UINT64_MAX;
	close(device);
	return info.used_bytes;
}

/* An odd multiplier visits every 64-bit value, so no two words are alike. */
static uint64_t word(uint64_t index, uint64_t seed)
{
	return (index + 1) * 0x9e3779b97f4a7c15u ^ seed;
}

void pattern_fill(void *memory, uint64_t size, uint64_t seed)
{
	uint64_t *words = memory;

	for (uint64_t i = 0; i < size / 8; i++)
		words[i] = word(i, seed);
}

int64_t pattern_check(const void *memory, uint64_t size, uint64_t seed)
{
	const uint64_t *words = memory;

	for (uint64_t i = 0; i < size / 8; i++)
		if (words[i] != word(i, seed))
			return (int64_t)(i * 8);
	return -1;
}

int64_t zero_check(const void *memory, uint64_t size)
{
	const uint64_t *words = memory;

	for (uint64_t i = 0; i < size / 8; i++)
		if (words[i])
			return (int64_t)(i * 8);
	return -1;
}

void become_user(unsigned int uid)
{
	MUST(setgroups(0, NULL));
	MUST(setresgid(uid, uid, uid));
	MUST(setresuid(uid, uid, uid));
}

void must_send(int socket, int fd)
{
	char byte = 0, space[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = space,
		.msg_controllen = sizeof(space),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(int));
	MUST(sendmsg(socket, &message, 0));
}

int must_receive(int socket)
{
	char byte, space[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = space,
		.msg_controllen = sizeof(space),
	};
	struct cmsghdr *header;
	int fd;

	MUST(recvmsg(socket, &message, 0));
	header = CMSG_FIRSTHDR(&message);
	if (!header || header->cmsg_type != SCM_RIGHTS)
		FAIL("no descriptor came");
	memcpy(&fd, CMSG_DATA(header), sizeof(int));
	return fd;
}
