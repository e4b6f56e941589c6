// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <dirent.h>
#include <sys/stat.h>

const char *folder(void)
{
	static char path[64];

	if (!path[0])
		snprintf(path, sizeof(path), "nvme-test-%d", getpid());
	if (mkdir(path, 0700))
		assert_int_equal(errno, EEXIST);
	return path;
}

struct gb_store *store_on(enum way way)
{
	struct gb_store *store;
	bool before = fault.no_direct;

	fault.no_direct |= way == BY_CACHE;
	assert_int_equal(gb_store_create(&store,
					 &(struct gb_store_setup){
						 .directory = folder(),
						 .capacity = 1024 * MIB,
						 .writes = UINT64_MAX,
						 .queue.threads = way != BY_RING,
					 }),
			 0);
	fault.no_direct = before;
	return store;
}

void fill(void *memory, uint64_t bytes, uint64_t seed)
{
	uint64_t *word = memory;

	for (uint64_t i = 0; i < bytes / 8; i++) {
		seed = seed * 6364136223846793005 + 1442695040888963407;
		word[i] = seed ^ seed >> 29;
	}
}

void *memory_with(uint64_t bytes, uint64_t seed)
{
	void *memory =
		aligned_alloc(GB_DIRECT_ALIGN, (bytes + GB_DIRECT_ALIGN - 1) &
						       ~(GB_DIRECT_ALIGN - 1));

	assert_non_null(memory);
	fill(memory, bytes, seed);
	return memory;
}

int put(struct gb_store *store, const void *memory, uint64_t bytes,
	struct gb_stored **stored)
{
	struct gb_job job = { 0 };
	int error =
		gb_store_put(store, memory, bytes, GB_STORE_EVICT, &job, stored);

	return error ? error : gb_store_wait(&job);
}

int get(struct gb_store *store, struct gb_stored *stored, uint64_t from,
	uint64_t bytes, void *memory)
{
	struct gb_job job = { 0 };
	int error = gb_store_get(store, stored, from, bytes, memory,
				 GB_STORE_LAUNCH, &job);

	return error ? error : gb_store_wait(&job);
}

struct gb_store_stats stats_of(struct gb_store *store)
{
	struct gb_store_stats stats;

	gb_store_get_stats(store, &stats);
	return stats;
}

int find_descriptor(const char *name)
{
	for (int fd = 3; fd < 100; fd++) {
		char link[64], target[4096];
		ssize_t length;

		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		length = readlink(link, target, sizeof(target) - 1);
		if (length < 0)
			continue;
		target[length] = 0;
		if (strstr(target, folder()) && strstr(target, name))
			return fd;
	}
	return -1;
}

int files_left(void)
{
	DIR *dir = opendir(folder());
	int count = 0;

	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir));)
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

int clear(void **unused)
{
	fault_clear();
	return rmdir(folder()) && errno != ENOENT ? -1 : 0;
}
