// SPDX-License-Identifier: GPL-2.0-only
#include "part.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "spill.h"

/* Answers in a row that brought nothing, before it counts as broken. */
#define TRIES_MAX 64

/* A whole part, and what lies before and behind it up to the alignment. */
#define BUFFER_BYTES (GB_QUEUE_PART + 2 * GB_DIRECT_ALIGN)

/* Where the request wants the part, or NULL. */
static char *memory_of(const struct gb_part *part)
{
	return part->io->memory ? (char *)part->io->memory + part->from : NULL;
}

static bool is_aligned(uint64_t value)
{
	return value % GB_DIRECT_ALIGN == 0;
}

static bool needs_buffer(const struct gb_io *io, const char *memory,
			 uint64_t file_at, uint64_t bytes)
{
	if (io->write)
		return false;
	return !io->memory ||
	       (io->direct && !is_aligned(file_at | (uintptr_t)memory | bytes));
}

/* Not for children: what a disk still writes must not land in a copy. */
static char *make_buffer(void)
{
	void *buffer = mmap(NULL, BUFFER_BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (buffer == MAP_FAILED)
		return NULL;
	madvise(buffer, BUFFER_BYTES, MADV_DONTFORK);
	madvise(buffer, BUFFER_BYTES, MADV_DONTDUMP);
	return buffer;
}

static void go_through_buffer(struct gb_part *part)
{
	uint64_t end = part->file_at + part->bytes;

	if (!part->buffer)
		part->buffer = make_buffer();
	if (!part->buffer) {
		part->error = -ENOMEM;
		return;
	}
	part->buffered = true;
	part->at = part->buffer;
	if (!part->io->direct)
		return;
	part->skip = part->file_at % GB_DIRECT_ALIGN;
	part->spare = -end % GB_DIRECT_ALIGN;
	part->file_at -= part->skip;
	part->left += part->skip + part->spare;
}

void gb_part_begin(struct gb_part *part)
{
	struct gb_io *io = part->io;

	part->at = memory_of(part);
	part->file_at = io->offset + part->from;
	part->left = part->bytes;
	part->spare = part->skip = 0;
	part->buffered = false;
	part->tries = 0;
	part->error = 0;
	if (needs_buffer(io, part->at, part->file_at, part->bytes))
		go_through_buffer(part);
	if (io->write && io->each)
		part->error = io->each(io, part->from, part->at, part->bytes);
	if (part->error)
		part->left = 0;
}

static bool try_again(struct gb_part *part, int error)
{
	if (++part->tries < TRIES_MAX)
		return true;
	part->error = error;
	return false;
}

bool gb_part_landed(struct gb_part *part, int64_t result)
{
	if (result == -EINTR)
		return true;
	if (result == -EAGAIN)
		return try_again(part, (int)result);
	if (result <= 0) {
		part->error = (int)result;
		if (!result)
			part->error = part->io->write ? -EIO : -ENODATA;
		return false;
	}
	if ((uint64_t)result + part->spare >= part->left) {
		part->left = 0;
		return false;
	}
	/* What follows has to be aligned again; some comes twice. */
	if (part->io->direct)
		result &= ~(int64_t)(GB_DIRECT_ALIGN - 1);
	if (!result)
		return try_again(part, part->io->write ? -EIO : -ENODATA);
	part->tries = 0;
	part->at += result;
	part->file_at += (uint64_t)result;
	part->left -= (uint64_t)result;
	return true;
}

/*
 * Of a file that is written by way of the page cache, nothing stays there: that
 * would be the RAM which was to become free. Only now is it known, too, whether
 * the disk took it.
 */
static int leave_cache(const struct gb_io *io, uint64_t from, uint64_t bytes)
{
	off_t offset = (off_t)(io->offset + from);
	int error = 0;

	if (io->write &&
	    sync_file_range(io->fd, offset, (off_t)bytes,
			    SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
				    SYNC_FILE_RANGE_WAIT_AFTER) &&
	    (errno == EIO || errno == ENOSPC || errno == EDQUOT))
		error = -errno;
	posix_fadvise(io->fd, offset, (off_t)bytes, POSIX_FADV_DONTNEED);
	return error;
}

void gb_part_end(struct gb_part *part)
{
	struct gb_io *io = part->io;
	const char *memory = memory_of(part);

	if (part->error)
		return;
	if (io->uncached)
		part->error = leave_cache(io, part->from, part->bytes);
	if (part->error || io->write)
		return;
	if (part->buffered)
		memory = part->buffer + part->skip;
	if (io->each)
		part->error = io->each(io, part->from, memory, part->bytes);
	if (!part->error && part->buffered && io->memory)
		memcpy(memory_of(part), memory, part->bytes);
}

int64_t gb_part_transfer(const struct gb_part *part)
{
	ssize_t done;

	if (part->io->write)
		done = pwrite(part->io->fd, part->at, part->left,
			      (off_t)part->file_at);
	else
		done = pread(part->io->fd, part->at, part->left,
			     (off_t)part->file_at);
	return done < 0 ? -errno : done;
}

void gb_part_finish(struct gb_part *part)
{
	if (part->buffer)
		munmap(part->buffer, BUFFER_BYTES);
	part->buffer = NULL;
}
