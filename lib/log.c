// SPDX-License-Identifier: GPL-2.0-only
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Set once by gb_log_init; read without a lock. */
static _Atomic enum gb_log_level threshold = GB_LOG_WARN;
static _Atomic int output = STDERR_FILENO;

static const char *const level_names[] = {
	[GB_LOG_ERROR] = "error",
	[GB_LOG_WARN] = "warning",
	[GB_LOG_INFO] = "info",
	[GB_LOG_DEBUG] = "debug",
};

void gb_log_init(enum gb_log_level level, const char *file)
{
	atomic_store(&threshold, level);
	if (level == GB_LOG_OFF || !file || !*file)
		return;
	int fd = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	if (fd >= 0)
		atomic_store(&output, fd);
	else
		gb_log_warn("cannot write the log to %s (%m): using standard error",
			    file);
}

bool gb_log_wants(enum gb_log_level level)
{
	return level <= atomic_load_explicit(&threshold, memory_order_relaxed);
}

void gb_log(enum gb_log_level level, const char *format, ...)
{
	int saved = errno;
	char line[512];
	va_list arguments;
	size_t length;
	int put;

	if (!gb_log_wants(level))
		return;
	put = snprintf(line, sizeof(line), "greenboost[%d] %s: ", getpid(),
		       level_names[level]);
	length = (size_t)put;
	errno = saved; /* for %m */
	va_start(arguments, format);
	put = vsnprintf(line + length, sizeof(line) - length - 1, format, arguments);
	va_end(arguments);
	if (put > 0)
		length += (size_t)put;
	if (length > sizeof(line) - 2)
		length = sizeof(line) - 2;
	line[length++] = '\n';
	if (write(atomic_load(&output), line, length) < 0)
		(void)0; /* nowhere to say it */
	errno = saved;
}

const char *gb_error_text(int error)
{
	switch (-error) {
	case 0:
		return "no error";
	case ENOMEM:
		return "out of memory";
	case EINVAL:
		return "invalid value";
	case EBUSY:
		return "busy";
	case EOPNOTSUPP:
		return "not supported";
	case ENOENT:
		return "no such thing";
	case ESHUTDOWN:
		return "driver shutting down";
	case EAGAIN:
		return "not possible now";
	case ENOSPC:
		return "no space on the disk";
	case EDQUOT:
		return "as much was written as may be";
	case EIO:
		return "the device fails";
	case ESTALE:
		return "a file has changed";
	case EILSEQ:
		return "other bytes than were written";
	default:
		return "driver or device error";
	}
}
