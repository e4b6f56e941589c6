/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How fast a disk is read: many large reads at a time, past the page cache, of
 * a file that was written just before. Writing it is the larger part of the
 * work, so both are bounded by time.
 */
#include "measure.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "tool.h"

enum { THREADS = 16 };

/* Of one read; a multiple of every sector and page. */
#define BLOCK (UINT64_C(1) << 20)

struct file {
	int fd;
	uint64_t blocks;
	double deadline; /* of now(); afterwards no read begins */
	_Atomic uint64_t next, done;
	_Atomic int error; /* errno, or 0 */
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* A file without a name; where a filesystem has none, one whose name is gone. */
static int make_file(const char *folder)
{
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char *path;

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
		return fd < 0 ? -errno : fd;
	path = gb_print("%s/greenboost-doctor-XXXXXX", folder);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	free(path);
	return fd < 0 ? -errno : fd;
}

/* Noise, so that a filesystem or a disk that compresses has to store it. */
static void fill(uint64_t *word, uint64_t count, uint64_t seed)
{
	uint64_t state = seed * 0x9e3779b97f4a7c15u + 1;

	for (uint64_t i = 0; i < count; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		word[i] = state;
	}
}

/* A quarter of what is free at most. */
static uint64_t size_of(int fd, uint64_t wanted)
{
	struct statvfs disk;
	uint64_t most;

	if (fstatvfs(fd, &disk))
		return 0;
	most = (uint64_t)disk.f_bavail * disk.f_frsize / 4;
	return wanted < most ? wanted : most;
}

static int write_blocks(struct file *file, uint64_t bytes, double seconds)
{
	double end = now() + seconds;
	uint64_t *block = malloc(BLOCK);
	int ret = block ? 0 : -ENOMEM;

	while (!ret && (file->blocks + 1) * BLOCK <= bytes && now() < end) {
		fill(block, BLOCK / sizeof(*block), file->blocks + 1);
		if (write(file->fd, block, BLOCK) != (ssize_t)BLOCK)
			ret = errno ? -errno : -ENOSPC;
		else
			file->blocks++;
	}
	free(block);
	if (!ret && fdatasync(file->fd))
		ret = -errno;
	if (!ret && !file->blocks)
		ret = -ENOSPC;
	return ret;
}

/* The same file without the page cache; some filesystems know no such thing. */
static bool pass_cache(struct file *file)
{
	char *path = gb_print("/proc/self/fd/%d", file->fd);
	int fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);

	free(path);
	if (fd < 0) {
		posix_fadvise(file->fd, 0, 0, POSIX_FADV_DONTNEED);
		return false;
	}
	close(file->fd);
	file->fd = fd;
	return true;
}

static void *read_blocks(void *data)
{
	struct file *file = data;
	void *block = NULL;

	if (posix_memalign(&block, 4096, BLOCK)) {
		file->error = ENOMEM;
		return NULL;
	}
	while (!file->error && now() < file->deadline) {
		uint64_t at = file->next++ % file->blocks * BLOCK;

		if (pread(file->fd, block, BLOCK, (off_t)at) != (ssize_t)BLOCK)
			file->error = errno ? errno : EIO;
		else
			file->done++;
	}
	free(block);
	return NULL;
}

static int read_all(struct file *file, double seconds, double *rate)
{
	pthread_t thread[THREADS];
	unsigned int started = 0;
	double start = now();

	file->deadline = start + seconds;
	while (started < THREADS &&
	       !pthread_create(&thread[started], NULL, read_blocks, file))
		started++;
	for (unsigned int i = 0; i < started; i++)
		pthread_join(thread[i], NULL);
	if (!started)
		return -EAGAIN;
	if (file->error)
		return -file->error;
	*rate = (double)(file->done * BLOCK) / (now() - start);
	return 0;
}

int gb_measure_disk(struct gb_rates *rates, const struct gb_effort *effort,
		    const char *folder)
{
	struct file file = { .fd = make_file(folder) };
	int ret;

	if (file.fd < 0)
		return file.fd;
	ret = write_blocks(&file, size_of(file.fd, effort->disk_bytes),
			   effort->disk_seconds);
	if (!ret) {
		rates->disk_cached = !pass_cache(&file);
		ret = read_all(&file, effort->disk_seconds, &rates->disk);
	}
	close(file.fd);
	return ret;
}
