/* SPDX-License-Identifier: GPL-2.0-only */
#include "disk.h"

#include <fcntl.h>
#include <sys/mman.h>

#include "device.h"
#include "test.h"

int disk_open(void)
{
	int disk = open(DISK, O_RDWR | O_DIRECT | O_CLOEXEC);

	if (disk < 0)
		test_skip("no NVMe disk here");
	return disk;
}

void disk_write(int disk, const void *memory, uint64_t size, uint64_t at)
{
	CHECK_EQUAL(pwrite(disk, memory, size, (off_t)at), size);
}

void disk_read(int disk, void *memory, uint64_t size, uint64_t at)
{
	CHECK_EQUAL(pread(disk, memory, size, (off_t)at), size);
}

static void *ordinary(uint64_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(memory != MAP_FAILED);
	return memory;
}

void disk_check(int disk, uint64_t size, uint64_t at, uint64_t seed)
{
	void *memory = ordinary(size);
	int64_t wrong;

	disk_read(disk, memory, size, at);
	wrong = pattern_check(memory, size, seed);
	if (wrong != -1)
		FAIL("the disk differs at %lld of %llu", (long long)wrong,
		     (unsigned long long)size);
	munmap(memory, size);
}

void disk_fill(int disk, uint64_t size, uint64_t at, uint64_t seed)
{
	void *memory = ordinary(size);

	pattern_fill(memory, size, seed);
	disk_write(disk, memory, size, at);
	munmap(memory, size);
}
