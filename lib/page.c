// SPDX-License-Identifier: GPL-2.0-only
#include "page.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "driver/cuda.h"
#include "log.h"

/* Where even anonymous memory cannot be had. */
static struct gb_stats nowhere;

/* Field 22 of /proc/self/stat, counted from behind the command's name. */
static uint64_t start_ticks(void)
{
	char text[1024], *at;
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return 0;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[got > 0 ? got : 0] = '\0';
	at = strrchr(text, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at + 1, NULL, 10) : 0;
}

static void read_command(char *command, size_t size)
{
	int fd = open("/proc/self/comm", O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return;
	got = read(fd, command, size - 1);
	close(fd);
	if (got > 0)
		command[strcspn(command, "\n")] = '\0';
}

static int open_page(struct gb_page *page, const struct gb_options *options)
{
	char folder[PATH_MAX - 32];
	int error = gb_runtime_dir(options, folder, sizeof(folder));

	if (error) {
		errno = -error;
		return -1;
	}
	snprintf(page->path, sizeof(page->path), "%s/%d.stats", folder, getpid());
	unlink(page->path); /* of a dead process that had this number */
	return open(page->path,
		    O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/*
 * Takes the file system's blocks now: a write into a mapping that finds none
 * later would be SIGBUS, and a file beyond the limit of RLIMIT_FSIZE SIGXFSZ.
 */
static int take_blocks(int fd, size_t bytes)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_FSIZE, &limit) && limit.rlim_cur < bytes) {
		errno = EFBIG;
		return -1;
	}
	if (ftruncate(fd, (off_t)bytes))
		return -1;
	if (!fallocate(fd, 0, 0, (off_t)bytes) || errno == EOPNOTSUPP)
		return 0;
	return -1;
}

static struct gb_stats *map_bytes(int fd, size_t bytes)
{
	void *memory;

	if (fd >= 0 && take_blocks(fd, bytes))
		return NULL;
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		      fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

/* With the devices' maps and uses behind it where there is room for them. */
static struct gb_stats *map_page(int fd, uint32_t devices)
{
	const size_t offset = (sizeof(struct gb_stats) + 4095) & ~(size_t)4095;
	const size_t uses = offset + devices * GB_MAP_GRANULES;
	struct gb_stats *stats = NULL;

	if (fd >= 0)
		stats = map_bytes(fd, uses + devices * GB_USES *
						      sizeof(struct gb_stats_use));
	if (stats) {
		stats->map_offset = offset;
		stats->uses_offset = uses;
	} else
		stats = map_bytes(fd, sizeof(*stats));
	return stats;
}

static void describe(struct gb_stats *stats, uint32_t devices)
{
	stats->version = GB_STATS_VERSION;
	stats->size = sizeof(*stats);
	stats->pid = (uint32_t)getpid();
	stats->device_count = devices;
	stats->start_ticks = start_ticks();
	read_command(stats->command, sizeof(stats->command));
	for (uint32_t i = 0; i < stats->device_count; i++)
		gb_driver_device_name((int)i, stats->device[i].name,
				      sizeof(stats->device[i].name));
	__atomic_store_n(&stats->magic, GB_STATS_MAGIC, __ATOMIC_RELEASE);
}

void gb_page_create(struct gb_page *page, const struct gb_options *options,
		    int devices)
{
	uint32_t count =
		(uint32_t)(devices < GB_STATS_DEVICES ? devices : GB_STATS_DEVICES);
	int fd = open_page(page, options);

	page->owner = getpid();
	page->stats = map_page(fd, count);
	if (fd < 0 || !page->stats) {
		/* Worth a warning where somebody has asked for the place. */
		gb_log(options->runtime_dir[0] ? GB_LOG_WARN : GB_LOG_INFO,
		       "no statistics page (%s): status will not show this process",
		       strerror(errno));
		if (fd >= 0)
			unlink(page->path);
		page->path[0] = '\0';
	}
	if (fd >= 0)
		close(fd);
	if (!page->stats)
		page->stats = map_page(-1, count);
	if (!page->stats)
		page->stats = &nowhere;
	describe(page->stats, count);
}

void gb_page_remove(struct gb_page *page)
{
	if (page->path[0] && page->owner == getpid())
		unlink(page->path);
	page->path[0] = '\0';
}

void gb_page_forget(struct gb_page *page)
{
	page->path[0] = '\0';
	page->stats = &nowhere;
}
