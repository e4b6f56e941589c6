/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random calls by several processes at once. A process does the same for the
 * same seed; how the processes mix is the machine's luck. Nothing that they do
 * may break the kernel, show foreign memory, or stay behind.
 */
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "device.h"
#include "module.h"
#include "test.h"

enum { HELD = 12, STEPS = 4000, PROCESSES = 3, MOST_GRANULES = 6 };

/* What one process holds. Descriptors are -1 and mappings NULL where free. */
struct fuzzer {
	uint64_t random;
	int devices[HELD], buffers[HELD], events[HELD];
	struct {
		uint8_t *memory;
		uint64_t size;
	} maps[HELD];
};

static uint64_t next(struct fuzzer *fuzzer)
{
	fuzzer->random ^= fuzzer->random << 13;
	fuzzer->random ^= fuzzer->random >> 7;
	fuzzer->random ^= fuzzer->random << 17;
	return fuzzer->random;
}

static uint64_t below(struct fuzzer *fuzzer, uint64_t end)
{
	return next(fuzzer) % end;
}

/* Numbers near which something may change its mind. */
static uint64_t odd_number(struct fuzzer *fuzzer)
{
	static const uint64_t bases[] = {
		0,
		1,
		4096,
		GRANULE,
		UINT32_MAX,
		INT64_MAX,
		UINT64_MAX,
		(uint64_t)1 << 40,
		(uint64_t)1 << 32,
		0x8000000000000000u,
	};
	uint64_t base = bases[below(fuzzer, sizeof(bases) / sizeof(*bases))];

	return base + below(fuzzer, 5) - 2;
}

static int *any(struct fuzzer *fuzzer, int *held)
{
	return &held[below(fuzzer, HELD)];
}

static void replace(int *held, int fd)
{
	if (*held >= 0)
		close(*held);
	*held = fd;
}

static void open_device(struct fuzzer *fuzzer)
{
	int device = device_open();
	struct greenboost_hello hello = { .version = 1, .version_min = 1 };

	if (device >= 0 && below(fuzzer, 8))
		ioctl(device, GREENBOOST_IOC_HELLO, &hello);
	replace(any(fuzzer, fuzzer->devices), device);
}

static void take_buffer(struct fuzzer *fuzzer)
{
	uint64_t size = (1 + below(fuzzer, MOST_GRANULES)) * GRANULE;

	replace(any(fuzzer, fuzzer->buffers),
		device_alloc_flags(*any(fuzzer, fuzzer->devices), size,
				   below(fuzzer, 4), (int)below(fuzzer, 3) - 1));
}

static void take_odd_buffer(struct fuzzer *fuzzer)
{
	int buffer = device_alloc_flags(
		*any(fuzzer, fuzzer->devices), odd_number(fuzzer),
		(uint32_t)odd_number(fuzzer), (int32_t)odd_number(fuzzer));

	if (buffer >= 0)
		close(buffer);
}

/* A known call with an argument of anything, or an argument from anywhere. */
static void call_anything(struct fuzzer *fuzzer)
{
	static const unsigned long calls[] = {
		GREENBOOST_IOC_HELLO,	  GREENBOOST_IOC_INFO,
		GREENBOOST_IOC_LIMITS,	  GREENBOOST_IOC_SET_LIMIT,
		GREENBOOST_IOC_SUBSCRIBE, GREENBOOST_IOC_UNSUBSCRIBE,
		GREENBOOST_IOC_PRESSURE,
	};
	uint64_t argument[32] = { 0 };
	uint64_t which = below(fuzzer, 9);
	unsigned long number = which < 7 ? calls[which] : next(fuzzer);
	void *pointer = argument;

	for (uint64_t i = below(fuzzer, 4); i; i--)
		argument[below(fuzzer, 32)] = odd_number(fuzzer);
	if (below(fuzzer, 8) == 0)
		pointer = (void *)odd_number(fuzzer);
	/* ALLOC would give a descriptor that nobody closes. */
	if (number != GREENBOOST_IOC_ALLOC)
		ioctl(*any(fuzzer, fuzzer->devices), number, pointer);
}

static void subscribe(struct fuzzer *fuzzer)
{
	struct greenboost_subscribe subscribe = { 0 };
	int *event = any(fuzzer, fuzzer->events);

	if (*event < 0 || below(fuzzer, 4) == 0)
		replace(event, eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
	subscribe.eventfd = *event;
	ioctl(*any(fuzzer, fuzzer->devices),
	      below(fuzzer, 2) ? GREENBOOST_IOC_SUBSCRIBE : GREENBOOST_IOC_UNSUBSCRIBE,
	      &subscribe);
}

static void unmap(struct fuzzer *fuzzer)
{
	uint64_t i = below(fuzzer, HELD), at, size;

	if (!fuzzer->maps[i].memory)
		return;
	size = fuzzer->maps[i].size;
	at = below(fuzzer, size / 4096) * 4096;
	/* A part first, at times, and then the whole. */
	if (below(fuzzer, 2))
		munmap(fuzzer->maps[i].memory + at, size - at);
	munmap(fuzzer->maps[i].memory, size);
	fuzzer->maps[i].memory = NULL;
}

static void map_buffer(struct fuzzer *fuzzer)
{
	uint64_t i = below(fuzzer, HELD);
	uint64_t size = (1 + below(fuzzer, MOST_GRANULES * 512)) * 4096;
	off_t at = (off_t)(below(fuzzer, 4) ? 0 : below(fuzzer, 2048) * 4096);
	void *memory;

	if (fuzzer->maps[i].memory)
		return;
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
		      MAP_SHARED | (below(fuzzer, 3) ? 0 : MAP_POPULATE),
		      *any(fuzzer, fuzzer->buffers), at);
	if (memory == MAP_FAILED)
		return;
	fuzzer->maps[i].memory = memory;
	fuzzer->maps[i].size = size;
}

/* Every word that a fuzzer writes has this; so all else is foreign. */
#define OURS 0x6762667a7a000000u

/* Some word of it, which has to be zero or what a fuzzer wrote. */
static void touch(struct fuzzer *fuzzer)
{
	uint64_t i = below(fuzzer, HELD);
	uint64_t *word;

	if (!fuzzer->maps[i].memory)
		return;
	word = (uint64_t *)(fuzzer->maps[i].memory +
			    below(fuzzer, fuzzer->maps[i].size / 8) * 8);
	if (*word && (*word & ~(uint64_t)0xffffff) != OURS)
		FAIL("foreign data: %llx", (unsigned long long)*word);
	*word = OURS | (next(fuzzer) & 0xffffff);
}

static void change_mapping(struct fuzzer *fuzzer)
{
	static const int advice[] = { MADV_DONTNEED,	  MADV_PAGEOUT,
				      MADV_HUGEPAGE,	  MADV_NOHUGEPAGE,
				      MADV_POPULATE_READ, MADV_COLD };
	uint64_t i = below(fuzzer, HELD), at, size;
	uint8_t *memory = fuzzer->maps[i].memory;

	if (!memory)
		return;
	at = below(fuzzer, fuzzer->maps[i].size / 4096) * 4096;
	size = fuzzer->maps[i].size - at;
	switch (below(fuzzer, 3)) {
	case 0:
		madvise(memory + at, size, advice[below(fuzzer, 6)]);
		break;
	case 1:
		mprotect(memory + at, size, PROT_READ);
		mprotect(memory + at, size, PROT_READ | PROT_WRITE);
		break;
	default:
		memory = mremap(memory, fuzzer->maps[i].size,
				fuzzer->maps[i].size, MREMAP_MAYMOVE);
		if (memory != MAP_FAILED)
			fuzzer->maps[i].memory = memory;
	}
}

static void use_buffer(struct fuzzer *fuzzer)
{
	struct dma_buf_sync sync = { .flags = below(fuzzer, 16) };
	int *buffer = any(fuzzer, fuzzer->buffers);

	switch (below(fuzzer, 4)) {
	case 0:
		ioctl(*buffer, DMA_BUF_IOCTL_SYNC, &sync);
		break;
	case 1:
		ioctl(*buffer, DMA_BUF_SET_NAME, "fuzz");
		break;
	case 2:
		replace(any(fuzzer, fuzzer->buffers),
			fcntl(*buffer, F_DUPFD_CLOEXEC, 3));
		break;
	default:
		replace(buffer, -1);
	}
}

/* What administrators do while programs run. */
static void administrate(struct fuzzer *fuzzer)
{
	static const char *const files[] = {
		"/sys/class/greenboost/greenboost/reserve_target_bytes",
		"/sys/class/greenboost/greenboost/user_limit_bytes",
		"/sys/module/greenboost/parameters/watchdog_ms",
		"/sys/module/greenboost/parameters/elevated_percent",
		"/sys/module/greenboost/parameters/watchdog_paused",
		"/sys/kernel/debug/greenboost/level",
		"/proc/sys/vm/drop_caches",
	};
	static const char *const values[] = {
		"0",	    "1",
		"2",	    "10",
		"33554432", "none",
		"elevated", "critical",
		"normal",   "18446744073709551615",
	};

	file_write(files[below(fuzzer, 7)], values[below(fuzzer, 10)]);
}

static void read_files(struct fuzzer *fuzzer)
{
	static const char *const files[] = {
		"/sys/class/greenboost/greenboost/pool_info",
		"/sys/kernel/debug/greenboost/buffers",
		"/sys/kernel/debug/greenboost/accounts",
		"/sys/kernel/debug/dma_buf/bufinfo",
	};
	char text[4096];

	file_read(files[below(fuzzer, 4)], text, sizeof(text));
}

/* A child with all that its parent holds, which goes at once or by a kill. */
static void fork_once(struct fuzzer *fuzzer)
{
	int child = fork();

	if (child == 0) {
		for (int i = 0; i < 5; i++)
			touch(fuzzer);
		if (below(fuzzer, 2))
			_exit(0);
		pause();
	}
	if (child > 0)
		test_kill(child);
}

static void (*const steps[])(struct fuzzer *) = {
	open_device,   take_buffer,    take_buffer, take_odd_buffer,
	call_anything, call_anything,  subscribe,   unmap,
	map_buffer,    map_buffer,     touch,	    touch,
	touch,	       change_mapping, use_buffer,  use_buffer,
	administrate,  read_files,     fork_once,
};

static void fuzz(uint64_t seed)
{
	struct fuzzer fuzzer = { .random = (seed + 1) * 0x9e3779b97f4a7c15u };

	memset(fuzzer.devices, -1, sizeof(fuzzer.devices));
	memset(fuzzer.buffers, -1, sizeof(fuzzer.buffers));
	memset(fuzzer.events, -1, sizeof(fuzzer.events));
	for (int i = 0; i < HELD / 2; i++)
		open_device(&fuzzer);
	for (int step = 0; step < STEPS; step++)
		steps[below(&fuzzer, sizeof(steps) / sizeof(*steps))](&fuzzer);
}

SLOW_TEST(random_calls_break_nothing, 60)
{
	int children[PROCESSES];

	test_note("seed %llu", (unsigned long long)test_seed);
	test_changes_module();
	for (int i = 0; i < PROCESSES; i++) {
		children[i] = test_fork();
		if (children[i] == 0) {
			fuzz(test_seed * PROCESSES + (uint64_t)i);
			_exit(0);
		}
	}
	for (int i = 0; i < PROCESSES; i++)
		CHECK_CHILD(children[i]);
	CHECK(EVENTUALLY(device_used() == 0));
}
