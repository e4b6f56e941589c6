// SPDX-License-Identifier: GPL-2.0-only
#include "pool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../engine/types.h"
#include "../log.h"

/*
 * The device. Opened by gb_pool_open, and anew under gb_engine.lock where the
 * program has closed the descriptor: some close all that they do not know.
 */
static struct {
	int fd;
	dev_t device; /* what @fd is open on: so we know it again */
	ino_t inode;
	unsigned int refusals; /* kinds that have been told, as bits */
} pool = { .fd = -1 };

static bool is_ours(void)
{
	struct stat now;

	return pool.fd >= 0 && !fstat(pool.fd, &now) &&
	       now.st_dev == pool.device && now.st_ino == pool.inode;
}

static int hello(int fd)
{
	struct greenboost_hello hello = {
		.version = GREENBOOST_VERSION,
		.version_min = GREENBOOST_VERSION,
	};

	if (!ioctl(fd, GREENBOOST_IOC_HELLO, &hello))
		return 0;
	if (errno == EPROTONOSUPPORT)
		gb_log_warn("the kernel module speaks versions %u to %u, the library %u: one of them is too old, and the module is not used",
			    hello.version_min, hello.version, GREENBOOST_VERSION);
	else
		gb_log_warn("the kernel module does not answer, and is not used: %m");
	return -EOPNOTSUPP;
}

static int remember(int fd)
{
	struct stat now;

	if (fstat(fd, &now))
		return -EOPNOTSUPP;
	pool.device = now.st_dev;
	pool.inode = now.st_ino;
	pool.fd = fd;
	return 0;
}

/* Nobody misses what is not installed; all else has a reason. */
static void tell_why_closed(int error)
{
	enum gb_log_level level = error == ENOENT || error == ENXIO || error == ENODEV
					  ? GB_LOG_DEBUG
					  : GB_LOG_INFO;

	gb_log(level, "the kernel module is not used: %s: %s%s",
	       GREENBOOST_DEVICE, strerror(error),
	       error == EACCES ? "; who is in the group greenboost may" : "");
}

static int open_device(void)
{
	int error, fd = open(GREENBOOST_DEVICE, O_RDWR | O_CLOEXEC);

	pool.fd = -1;
	if (fd < 0) {
		tell_why_closed(errno);
		return -EOPNOTSUPP;
	}
	error = hello(fd);
	if (!error)
		error = remember(fd);
	if (error)
		close(fd);
	return error;
}

struct refusal {
	int error;
	const char *why;
};

static const struct refusal refusals[] = {
	{ EPERM, "RLIMIT_MEMLOCK is reached" },
	{ EDQUOT, "this user's or process's limit is reached" },
	{ ENOSPC, "its limit is reached, or the machine is short of memory" },
	{ ENOMEM, "no contiguous memory is left" },
	{ EMFILE, "the process has no descriptor left" },
};

/* Once for each kind: the extents to come will meet the same. */
static void tell_refusal(int error)
{
	unsigned int count = sizeof(refusals) / sizeof(refusals[0]), i = 0;

	while (i < count && refusals[i].error != error)
		i++;
	if (pool.refusals & 1u << i)
		return;
	pool.refusals |= 1u << i;
	gb_log_info("the kernel module gives no memory, other RAM is used: %s",
		    i < count ? refusals[i].why : strerror(error));
}

static int pool_alloc(uint64_t bytes)
{
	struct greenboost_alloc alloc = {
		.size = bytes,
		.node = GREENBOOST_NODE_ANY,
	};

	if (!is_ours() && open_device())
		return -EOPNOTSUPP;
	if (!ioctl(pool.fd, GREENBOOST_IOC_ALLOC, &alloc))
		return alloc.fd;
	tell_refusal(errno);
	return -ENOMEM;
}

static enum greenboost_level pool_level(void)
{
	struct greenboost_pressure pressure = { 0 };

	if ((!is_ours() && open_device()) ||
	    ioctl(pool.fd, GREENBOOST_IOC_PRESSURE, &pressure))
		return GREENBOOST_LEVEL_NORMAL;
	return pressure.level;
}

static const struct gb_pool_ops module = {
	.alloc = pool_alloc,
	.level = pool_level,
};

/* May this process lock as much as one extent is? Most users' limit is 8 MiB. */
static bool may_lock(void)
{
	struct greenboost_limits limits = { 0 };

	if (ioctl(pool.fd, GREENBOOST_IOC_LIMITS, &limits))
		return true; /* the allocation will tell */
	if (limits.memlock_limit >= GB_EXTENT_MAX)
		return true;
	gb_log_info("the kernel module is not used: RLIMIT_MEMLOCK is %llu KiB (see ulimit -l)",
		    (unsigned long long)(limits.memlock_limit >> 10));
	return false;
}

const struct gb_pool_ops *gb_pool_open(void)
{
	if (open_device())
		return NULL;
	if (may_lock())
		return &module;
	close(pool.fd);
	pool.fd = -1;
	return NULL;
}

void gb_pool_fork_child(void)
{
	if (is_ours())
		close(pool.fd);
	pool.fd = -1;
}
