/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Preloaded: a machine without io_uring, whose disk fails. NVME_FAULT=N lets
 * each pread of 64 KiB or more fail with EIO from the Nth on; what is smaller
 * is not of the store's parts. With
 * NVME_FULL there is no space on it.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PART 65536u

static _Atomic long left = -1;

static long begin_at(void)
{
	const char *text = getenv("NVME_FAULT");

	return text ? atol(text) : 1L << 40;
}

ssize_t pread(int fd, void *to, size_t bytes, off_t at)
{
	long none = -1;

	atomic_compare_exchange_strong(&left, &none, begin_at());
	if (bytes >= PART && atomic_fetch_sub(&left, 1) <= 1) {
		atomic_store(&left, 1);
		errno = EIO;
		return -1;
	}
	return syscall(SYS_pread64, fd, to, bytes, at);
}

int fallocate(int fd, int mode, off_t at, off_t bytes)
{
	if (getenv("NVME_FULL") && !(mode & FALLOC_FL_PUNCH_HOLE)) {
		errno = ENOSPC;
		return -1;
	}
	return (int)syscall(SYS_fallocate, fd, mode, at, bytes);
}

long syscall(long number, ...)
{
	static long (*real)(long, ...);
	long word[6];
	va_list list;

	if (number == SYS_io_uring_setup) {
		errno = ENOSYS;
		return -1;
	}
	if (!real)
		real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	va_start(list, number);
	for (int i = 0; i < 6; i++)
		word[i] = va_arg(list, long);
	va_end(list);
	return real(number, word[0], word[1], word[2], word[3], word[4], word[5]);
}
