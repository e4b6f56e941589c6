// SPDX-License-Identifier: GPL-2.0-only
#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "uring.h"

struct fault fault;
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;

ssize_t __real_pread64(int fd, void *memory, size_t bytes, off_t at);
ssize_t __wrap_pread64(int fd, void *memory, size_t bytes, off_t at);
ssize_t __real_pwrite64(int fd, const void *memory, size_t bytes, off_t at);
ssize_t __wrap_pwrite64(int fd, const void *memory, size_t bytes, off_t at);
int __real_fallocate64(int fd, int mode, off_t at, off_t bytes);
int __wrap_fallocate64(int fd, int mode, off_t at, off_t bytes);
int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __real_fcntl64(int fd, int command, ...);
int __wrap_fcntl64(int fd, int command, ...);
int __real_pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *lock,
				  const struct timespec *until);
int __wrap_pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *lock,
				  const struct timespec *until);
int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
int __real_sync_file_range(int fd, off_t at, off_t bytes, unsigned int flags);
int __wrap_sync_file_range(int fd, off_t at, off_t bytes, unsigned int flags);
bool __real_gb_uring_next(struct gb_uring *ring, uint64_t *tag, int *result);
bool __wrap_gb_uring_next(struct gb_uring *ring, uint64_t *tag, int *result);
int __real_gb_uring_submit(struct gb_uring *ring, bool wait);
int __wrap_gb_uring_submit(struct gb_uring *ring, bool wait);
void __wrap_gb_log(enum gb_log_level level, const char *format, ...);

void fault_clear(void)
{
	fault.every = fault.error = fault.wait_ms = 0;
	fault.fallocate = fault.writeback = fault.ring = fault.open = 0;
	fault.random = fault.impatient = false;
	fault.no_direct = fault.no_query = fault.no_map_files = false;
	fault.transfers = fault.hits = fault.logged = 0;
	pthread_mutex_lock(&log_lock);
	fault.last[0] = 0;
	pthread_mutex_unlock(&log_lock);
}

static bool hit(void)
{
	int number = ++fault.transfers, every = fault.every;

	if (fault.wait_ms)
		usleep((unsigned int)fault.wait_ms * 1000);
	if (fault.random)
		number = (int)((uint32_t)number * UINT32_C(2654435761) >> 12);
	if (!every || number % every)
		return false;
	fault.hits++;
	return true;
}

/* Some of it, in steps that no alignment likes. */
static size_t some(size_t bytes)
{
	return bytes < 3 ? bytes : bytes / 2 + 1;
}

ssize_t __wrap_pread64(int fd, void *memory, size_t bytes, off_t at)
{
	if (!hit())
		return __real_pread64(fd, memory, bytes, at);
	errno = fault.error;
	if (errno)
		return -1;
	ssize_t got = __real_pread64(fd, memory, bytes, at);

	return got > 0 ? (ssize_t)some((size_t)got) : got;
}

ssize_t __wrap_pwrite64(int fd, const void *memory, size_t bytes, off_t at)
{
	if (!hit())
		return __real_pwrite64(fd, memory, bytes, at);
	errno = fault.error;
	if (errno)
		return -1;
	ssize_t put = __real_pwrite64(fd, memory, bytes, at);

	return put > 0 ? (ssize_t)some((size_t)put) : put;
}

int __wrap_fallocate64(int fd, int mode, off_t at, off_t bytes)
{
	errno = fault.fallocate;
	if (errno && !(mode & FALLOC_FL_PUNCH_HOLE))
		return -1;
	return __real_fallocate64(fd, mode, at, bytes);
}

int __wrap_open64(const char *path, int flags, ...)
{
	va_list arguments;
	int mode;

	va_start(arguments, flags);
	mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(arguments, int) : 0;
	va_end(arguments);
	errno = fault.open;
	if (errno && (flags & O_TMPFILE) == O_TMPFILE)
		return -1;
	errno = EPERM;
	if (fault.no_map_files && strstr(path, "/map_files/"))
		return -1;
	return __real_open64(path, flags, mode);
}

int __wrap_fcntl64(int fd, int command, ...)
{
	va_list arguments;
	long value;

	va_start(arguments, command);
	value = va_arg(arguments, long);
	va_end(arguments);
	errno = EINVAL;
	if (fault.no_direct && command == F_SETFL && value & O_DIRECT)
		return -1;
	return __real_fcntl64(fd, command, value);
}

int __wrap_pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *lock,
				  const struct timespec *until)
{
	static const struct timespec past;

	return __real_pthread_cond_timedwait(condition, lock,
					     fault.impatient ? &past : until);
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	void *argument;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	errno = ENOTTY;
	return fault.no_query ? -1 : __real_ioctl(fd, request, argument);
}

int __wrap_sync_file_range(int fd, off_t at, off_t bytes, unsigned int flags)
{
	errno = fault.writeback;
	return errno ? -1 : __real_sync_file_range(fd, at, bytes, flags);
}

/* What the kernel says of a request, once it has done it. */
bool __wrap_gb_uring_next(struct gb_uring *ring, uint64_t *tag, int *result)
{
	if (!__real_gb_uring_next(ring, tag, result))
		return false;
	if (*tag == UINT64_MAX || !hit())
		return true;
	if (fault.error)
		*result = -fault.error;
	else if (*result > 0)
		*result = (int)some((size_t)*result);
	return true;
}

int __wrap_gb_uring_submit(struct gb_uring *ring, bool wait)
{
	return fault.ring ? -fault.ring : __real_gb_uring_submit(ring, wait);
}

void __wrap_gb_log(enum gb_log_level level, const char *format, ...)
{
	int saved = errno;
	va_list arguments;

	if (level > GB_LOG_WARN)
		return;
	fault.logged++;
	pthread_mutex_lock(&log_lock);
	errno = saved; /* for %m */
	va_start(arguments, format);
	vsnprintf(fault.last, sizeof(fault.last), format, arguments);
	va_end(arguments);
	pthread_mutex_unlock(&log_lock);
	errno = saved;
}
