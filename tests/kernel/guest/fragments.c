/* SPDX-License-Identifier: GPL-2.0-only */
#include "fragments.h"

#include <sys/mman.h>

#include "module.h"
#include "test.h"

void fragment_memory(struct ring *ring)
{
	enum { PINS = 2048 };
	static struct iovec pins[PINS];
	/* All of it would end in somebody's being killed for memory. */
	uint64_t size = memory_figure("MemAvailable:") / 4 * 3;
	unsigned int count = 0;
	uint8_t *memory;

	CHECK(size / (512 * 1024) < PINS);
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(memory != MAP_FAILED);
	MUST(madvise(memory, size, MADV_NOHUGEPAGE));
	for (uint64_t at = 0; at < size; at += 4096)
		memory[at] = 1;
	for (uint64_t at = 0; at < size; at += 512 * 1024)
		pins[count++] = (struct iovec){ memory + at, 4096 };
	MUST(ring_register(ring, pins, count));
	MUST(munmap(memory, size));
}
