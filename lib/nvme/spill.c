// SPDX-License-Identifier: GPL-2.0-only
#include "spill.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "../log.h"

bool gb_spill_go_direct(int fd)
{
	_Alignas(GB_DIRECT_ALIGN) char page[GB_DIRECT_ALIGN];
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_DIRECT))
		return false;
	/* Some accept the flag and then no request, or only larger ones. */
	if (pread(fd, page, sizeof(page), 0) == (ssize_t)sizeof(page))
		return true;
	fcntl(fd, F_SETFL, flags);
	return false;
}

/* For file systems without O_TMPFILE: has a name for a moment. */
static int open_named(const char *directory)
{
	char *path;
	int fd;

	if (asprintf(&path, "%s/greenboost-XXXXXX", directory) < 0)
		return -ENOMEM;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	else if (unlink(path))
		gb_log_warn("cannot remove %s (%m)", path);
	free(path);
	return fd;
}

static int open_nameless(const char *directory)
{
	int fd = open(directory, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	/* The latter two: kernels, and FUSE servers, that do not know it. */
	if (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)
		return open_named(directory);
	return -errno;
}

static bool lies_in_memory(int fd)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) &&
	       (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}

/* Whoever makes a file longer than this gets a signal that ends the program. */
static bool may_be_long(uint64_t bytes)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_FSIZE, &limit) || bytes <= limit.rlim_cur;
}

static bool try_direct(int fd)
{
	bool direct = may_be_long(GB_DIRECT_ALIGN) &&
		      !ftruncate(fd, GB_DIRECT_ALIGN) && gb_spill_go_direct(fd);

	/* What fails here shows when space is reserved. */
	if (ftruncate(fd, 0))
		gb_log_debug("cannot empty the spill file (%m)");
	return direct;
}

int gb_spill_init(struct gb_spill *spill, const char *directory, uint64_t capacity)
{
	int fd = open_nameless(directory);

	if (fd < 0)
		return fd;
	*spill = (struct gb_spill){
		.fd = fd,
		.direct = try_direct(fd),
		.reserves = true,
		.capacity = capacity & ~(GB_SPILL_UNIT - 1),
	};
	gb_runs_init(&spill->ready);
	gb_runs_init(&spill->holes);
	if (lies_in_memory(fd))
		gb_log_warn("%s is a file system in memory: what goes there frees none",
			    directory);
	else if (!spill->direct)
		gb_log_warn("the file system of %s cannot read and write past the page cache: slower, and in need of some RAM",
			    directory);
	return 0;
}

void gb_spill_finish(struct gb_spill *spill)
{
	if (spill->fd >= 0)
		close(spill->fd);
	spill->fd = -1;
	gb_runs_finish(&spill->ready);
	gb_runs_finish(&spill->holes);
}

/* No space needed for what lies there any more; the file keeps its size. */
static void punch(struct gb_spill *spill, uint64_t offset, uint64_t bytes)
{
	if (fallocate(spill->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		      (off_t)offset, (off_t)bytes))
		gb_log_once(GB_LOG_INFO,
			    "the file system cannot take space back from the spill file (%m)");
}

static void add_or_lose(struct gb_runs *runs, uint64_t offset, uint64_t bytes)
{
	if (gb_runs_add(runs, offset, bytes))
		gb_log_warn("no memory: %llu KiB of the spill file are lost",
			    (unsigned long long)(bytes >> 10));
}

static void give_up_ready(struct gb_spill *spill)
{
	uint64_t offset, bytes;

	while (gb_runs_pop(&spill->ready, &offset, &bytes)) {
		punch(spill, offset, bytes);
		add_or_lose(&spill->holes, offset, bytes);
	}
}

/* Full is full, whoever says so: disk, quota or limit. */
static int full_or(int error)
{
	return error == EDQUOT || error == EFBIG ? -ENOSPC : -error;
}

static int fallocate_or_extend(struct gb_spill *spill, uint64_t offset, uint64_t bytes)
{
	if (!may_be_long(offset + bytes))
		return -ENOSPC;
	while (spill->reserves) {
		if (!fallocate(spill->fd, 0, (off_t)offset, (off_t)bytes))
			return 0;
		if (errno == EINTR)
			continue;
		if (errno != EOPNOTSUPP && errno != ENOSYS)
			return full_or(errno);
		spill->reserves = false;
		gb_log_warn("the file system of the spill file cannot reserve space: a full disk will show late");
	}
	if (offset + bytes > spill->end &&
	    ftruncate(spill->fd, (off_t)(offset + bytes)))
		return full_or(errno);
	return 0;
}

/* Reserves @bytes where there is room in the file; as they are then ready. */
static int reserve(struct gb_spill *spill, uint64_t bytes)
{
	uint64_t offset;
	bool hole = gb_runs_take(&spill->holes, bytes, &offset);
	int error;

	if (!hole)
		offset = spill->end;
	error = fallocate_or_extend(spill, offset, bytes);
	if (error) {
		/* A part of it may have been reserved before that failed. */
		punch(spill, offset, bytes);
		if (hole)
			add_or_lose(&spill->holes, offset, bytes);
		else if (ftruncate(spill->fd, (off_t)offset))
			gb_log_debug("cannot shorten the spill file (%m)");
		return error;
	}
	if (!hole)
		spill->end = offset + bytes;
	add_or_lose(&spill->ready, offset, bytes);
	return 0;
}

static uint64_t room(const struct gb_spill *spill)
{
	return spill->capacity - spill->used - spill->ready.bytes;
}

static int make_ready(struct gb_spill *spill, uint64_t bytes)
{
	if (room(spill) >= GB_SPILL_STEP && bytes < GB_SPILL_STEP &&
	    !reserve(spill, GB_SPILL_STEP))
		return 0;
	/* Pieces that are too small may take the space that is missing. */
	if (room(spill) >= bytes && !reserve(spill, bytes))
		return 0;
	give_up_ready(spill);
	return room(spill) >= bytes ? reserve(spill, bytes) : -ENOSPC;
}

int gb_spill_take(struct gb_spill *spill, uint64_t bytes, uint64_t *offset)
{
	int error;

	if (!gb_runs_take(&spill->ready, bytes, offset)) {
		error = make_ready(spill, bytes);
		if (error)
			return error;
		if (!gb_runs_take(&spill->ready, bytes, offset))
			return -ENOMEM; /* lost */
	}
	spill->used += bytes;
	return 0;
}

void gb_spill_give(struct gb_spill *spill, uint64_t offset, uint64_t bytes)
{
	spill->used -= bytes;
	if (spill->ready.bytes + bytes <= GB_SPILL_STEP) {
		add_or_lose(&spill->ready, offset, bytes);
		return;
	}
	punch(spill, offset, bytes);
	add_or_lose(&spill->holes, offset, bytes);
}
