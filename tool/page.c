/* SPDX-License-Identifier: GPL-2.0-only */
#include "page.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process.h"

pid_t gb_page_pid(const char *name)
{
	char *end;
	long pid;

	if (*name < '1' || *name > '9')
		return 0;
	errno = 0;
	pid = strtol(name, &end, 10);
	if (errno || pid > INT32_MAX || strcmp(end, ".stats"))
		return 0;
	return pid;
}

int gb_page_open(int folder, const char *name)
{
	struct stat st;
	/* O_NONBLOCK: a FIFO of that name must not hold us up. */
	int fd = openat(folder, name,
			O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return errno == EACCES ? -EPERM : -errno;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_uid == geteuid())
		return fd;
	close(fd);
	return S_ISREG(st.st_mode) ? -EPERM : -EINVAL;
}

static void make_safe(struct gb_stats *page)
{
	page->command[GB_STATS_NAME - 1] = '\0';
	if (page->device_count > GB_STATS_DEVICES)
		page->device_count = GB_STATS_DEVICES;
	for (uint32_t i = 0; i < page->device_count; i++)
		page->device[i].name[GB_STATS_NAME - 1] = '\0';
}

/*
 * read() and not a mapping: touching a mapped page behind the end of a file
 * that somebody cuts short is SIGBUS. The kernel copies aligned words whole, so
 * no value is torn.
 */
int gb_page_read(int fd, pid_t pid, struct gb_stats *page)
{
	ssize_t got = pread(fd, page, sizeof(*page), 0);

	if (got < 0)
		return -errno;
	/* The magic is written last, so without it the rest says nothing. */
	if ((size_t)got < sizeof(page->magic) || !page->magic)
		return -EAGAIN;
	if (page->magic != GB_STATS_MAGIC)
		return -EPROTO;
	if ((size_t)got < offsetof(struct gb_stats, pid))
		return -EAGAIN;
	if (page->version != GB_STATS_VERSION)
		return -EPROTONOSUPPORT;
	if (page->size != sizeof(*page))
		return -EPROTO;
	if ((size_t)got < sizeof(*page))
		return -EAGAIN;
	if (page->pid != (uint32_t)pid)
		return -EPROTO;
	make_safe(page);
	return 0;
}

bool gb_page_is_live(const struct gb_stats *page)
{
	struct gb_process process;
	int ret = gb_process_read(page->pid, &process);

	/* Where nothing can be said, it is not for us to bury it. */
	if (ret)
		return ret != -ESRCH;
	return process.start_ticks == page->start_ticks &&
	       process.state != 'Z' && process.state != 'X';
}

bool gb_process_exists(pid_t pid)
{
	struct gb_process process;

	return gb_process_read(pid, &process) != -ESRCH;
}

/*
 * Between the comparison and the removal a new process of the same number could
 * put its page there and lose it. That takes the whole range of numbers to go
 * round within microseconds, and costs one invisible row.
 */
void gb_page_remove(int folder, const char *name, int fd)
{
	struct stat open_file, named;

	if (fstat(fd, &open_file) ||
	    fstatat(folder, name, &named, AT_SYMLINK_NOFOLLOW))
		return;
	if (open_file.st_dev == named.st_dev && open_file.st_ino == named.st_ino)
		unlinkat(folder, name, 0);
}
