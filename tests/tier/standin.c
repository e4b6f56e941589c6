/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device in the place of the kernel module's, inside one process: stands in
 * front of open and ioctl, and gives memory files where the module would give
 * buffers. Linked into a test, or preloaded under a program that the library is
 * preloaded into, so that what runs is the library as it is:
 *
 *	LD_PRELOAD=libpool_standin.so greenboost run -- PROGRAM
 *
 * GREENBOOST_STANDIN has words, by commas, for what is to be otherwise:
 *
 *	absent, denied	there is no device; it may not be opened
 *	version		its contract is a newer one
 *	memlock=BYTES	what the caller may lock
 *	limit=BYTES	what it gives in all, to this process
 *	refuse=ERRNO	it gives nothing
 *	level=NUMBER	how short of memory it calls the machine
 *	huge		its memory is huge pages (vm.nr_hugepages), as the module's is
 *
 * With GREENBOOST_STANDIN_LOG it appends a line to that file for each buffer.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "greenboost/uapi.h"

#ifndef MFD_HUGE_2MB
#define MFD_HUGE_2MB (21u << 26)
#endif

#define DEVICE "greenboost-standin"
#define BUFFER "greenboost-buffer"
#define API    __attribute__((visibility("default")))

/*
 * The mode is in its register, or something else is, which open ignores then:
 * the calling conventions of x86-64 and arm64 pass it alike with dots and without.
 */
API int standin_open(const char *path, int flags, mode_t mode) __asm__("open");
API int standin_open64(const char *path, int flags, mode_t mode) __asm__("open64");
API int ioctl(int fd, unsigned long request, ...);

/* What stands behind "word=", or 1 for the word alone, or @otherwise. */
static uint64_t setting(const char *word, uint64_t otherwise)
{
	const char *at = getenv("GREENBOOST_STANDIN");
	size_t length = strlen(word);

	for (; at && *at; at += strcspn(at, ","), at += *at == ',') {
		if (strncmp(at, word, length))
			continue;
		if (at[length] == '=')
			return strtoull(at + length + 1, NULL, 10);
		if (!at[length] || at[length] == ',')
			return 1;
	}
	return otherwise;
}

static int fail(int error)
{
	errno = error;
	return -1;
}

static int open_device(void)
{
	if (setting("absent", 0))
		return fail(ENOENT);
	if (setting("denied", 0))
		return fail(EACCES);
	return memfd_create(DEVICE, MFD_CLOEXEC);
}

static int open_any(const char *path, int flags, mode_t mode)
{
	if (!strcmp(path, GREENBOOST_DEVICE))
		return open_device();
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int standin_open(const char *path, int flags, mode_t mode)
{
	return open_any(path, flags, mode);
}

int standin_open64(const char *path, int flags, mode_t mode)
{
	return open_any(path, flags, mode);
}

static bool is_device(int fd)
{
	char path[32], target[64];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	length = readlink(path, target, sizeof(target) - 1);
	target[length > 0 ? length : 0] = '\0';
	return strstr(target, DEVICE) != NULL;
}

/* Of this process's mappings. */
static uint64_t given(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long long from, to, sum = 0;
	char line[512];

	while (maps && fgets(line, sizeof(line), maps))
		if (strstr(line, BUFFER) &&
		    sscanf(line, "%llx-%llx", &from, &to) == 2)
			sum += to - from;
	if (maps)
		fclose(maps);
	return sum;
}

static void log_buffer(uint64_t bytes)
{
	const char *path = getenv("GREENBOOST_STANDIN_LOG");
	FILE *file = path ? fopen(path, "ae") : NULL;

	if (!file)
		return;
	fprintf(file, "%llu\n", (unsigned long long)bytes);
	fclose(file);
}

/* The descriptor has said HELLO when its file has a byte. */
static bool is_greeted(int fd)
{
	struct stat now;

	return !fstat(fd, &now) && now.st_size > 0;
}

static int hello(int fd, struct greenboost_hello *hello)
{
	uint32_t version = (uint32_t)(GREENBOOST_VERSION + setting("version", 0));

	if (hello->version < version) {
		hello->version = hello->version_min = version;
		return fail(EPROTONOSUPPORT);
	}
	return ftruncate(fd, 1);
}

static int alloc(struct greenboost_alloc *alloc)
{
	unsigned int huge = setting("huge", 0) ? MFD_HUGETLB | MFD_HUGE_2MB : 0;
	int fd;

	if (!alloc->size || alloc->size % GREENBOOST_GRANULE_BYTES ||
	    alloc->flags || alloc->node != GREENBOOST_NODE_ANY)
		return fail(EINVAL);
	if (setting("refuse", 0))
		return fail((int)setting("refuse", 0));
	if (setting("level", 0) == GREENBOOST_LEVEL_CRITICAL ||
	    given() + alloc->size > setting("limit", UINT64_MAX))
		return fail(ENOSPC);
	fd = memfd_create(BUFFER, MFD_CLOEXEC | huge);
	if (fd < 0)
		return -1;
	if (ftruncate(fd, (off_t)alloc->size) ||
	    fallocate(fd, 0, 0, (off_t)alloc->size)) {
		close(fd);
		return fail(ENOMEM);
	}
	log_buffer(alloc->size);
	alloc->fd = fd;
	return 0;
}

static int call(int fd, unsigned long request, void *argument)
{
	if (request == GREENBOOST_IOC_HELLO)
		return hello(fd, argument);
	if (!is_greeted(fd))
		return fail(EPROTO);
	switch (request) {
	case GREENBOOST_IOC_ALLOC:
		return alloc(argument);
	case GREENBOOST_IOC_LIMITS:
		((struct greenboost_limits *)argument)->memlock_limit =
			setting("memlock", GREENBOOST_NO_LIMIT);
		return 0;
	case GREENBOOST_IOC_PRESSURE:
		((struct greenboost_pressure *)argument)->level =
			(uint32_t)setting("level", 0);
		return 0;
	default:
		return fail(ENOTTY);
	}
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list more;
	void *argument;

	va_start(more, request);
	argument = va_arg(more, void *);
	va_end(more);
	if (is_device(fd))
		return call(fd, request, argument);
	return (int)syscall(SYS_ioctl, fd, request, argument);
}
