/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdbool.h>

#include "fake_pool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define NAME "greenboost-fake-pool"

static struct {
	uint64_t limit;
	enum greenboost_level level;
	unsigned int allocations;
	unsigned int nth; /* 0: no damage is ordered */
	enum fake_pool_damage damage;
} fake;

void fake_pool_start(uint64_t limit)
{
	memset(&fake, 0, sizeof(fake));
	fake.limit = limit;
}

void fake_pool_set_level(enum greenboost_level level)
{
	fake.level = level;
}

void fake_pool_fail(unsigned int nth, enum fake_pool_damage damage)
{
	fake.nth = nth;
	fake.damage = damage;
}

bool fake_pool_failed(void)
{
	bool failed = !fake.nth;

	fake.nth = 0;
	return failed;
}

uint64_t fake_pool_mapped(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long long from, to, sum = 0;
	char line[512];

	while (maps && fgets(line, sizeof(line), maps))
		if (strstr(line, NAME) && sscanf(line, "%llx-%llx", &from, &to) == 2)
			sum += to - from;
	if (maps)
		fclose(maps);
	return sum;
}

unsigned int fake_pool_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	struct dirent *entry;
	unsigned int count = 0;
	char target[128];

	while (folder && (entry = readdir(folder))) {
		ssize_t length = readlinkat(dirfd(folder), entry->d_name,
					    target, sizeof(target) - 1);

		target[length > 0 ? length : 0] = '\0';
		count += strstr(target, NAME) != NULL;
	}
	if (folder)
		closedir(folder);
	return count;
}

unsigned int fake_pool_allocations(void)
{
	return fake.allocations;
}

static int damaged(void)
{
	switch (fake.damage) {
	case FAKE_POOL_REFUSES:
		return -ENOMEM;
	case FAKE_POOL_GONE:
		return -EOPNOTSUPP;
	default:
		return open("/dev", O_RDONLY | O_CLOEXEC);
	}
}

static int alloc(uint64_t bytes)
{
	int fd;

	fake.allocations++;
	if (fake.nth && !--fake.nth)
		return damaged();
	if (fake.level == GREENBOOST_LEVEL_CRITICAL ||
	    fake_pool_mapped() + bytes > fake.limit)
		return -ENOMEM;
	fd = memfd_create(NAME, MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, (off_t)bytes))
		abort();
	return fd;
}

static enum greenboost_level level(void)
{
	return fake.level;
}

const struct gb_pool_ops fake_pool = { .alloc = alloc, .level = level };
