/* SPDX-License-Identifier: GPL-2.0-only */
#include "client.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.ptx.h"

#define ASK_PER_THREAD 2

struct calls cu;

typedef CUresult get_address(const char *, void **, int, uint64_t,
			     CUdriverProcAddressQueryResult *);

void find_driver(void)
{
	void *driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
	uint64_t flags = getenv("CLIENT_PER_THREAD") ? ASK_PER_THREAD : 0;
	get_address *get;

	if (!driver) {
		fprintf(stderr, "no driver: %s\n", dlerror());
		exit(2);
	}
	*(void **)&get = dlsym(driver, "cuGetProcAddress_v2");
#define FIND(member, name, version, symbol)                                        \
	if (get(#name, (void **)&cu.member, version, flags, NULL) || !cu.member) { \
		fprintf(stderr, "no %s of version %d\n", #name, version);          \
		exit(2);                                                           \
	}
	CALLS(FIND)
#undef FIND
}

CUcontext open_device(int ordinal)
{
	CUcontext context;

	MUST(cu.DevicePrimaryCtxRetain(&context, ordinal));
	MUST(cu.CtxSetCurrent(context));
	return context;
}

void open_gpu(void)
{
	find_driver();
	MUST(cu.Init(0));
	open_device(0);
}

CUresult say(const char *text, CUresult rc)
{
	printf("%s = %d\n", text, (int)rc);
	fflush(stdout);
	return rc;
}

/* The first thread that gets here says why; any other waits for the end. */
static void begin_to_end(void)
{
	static pthread_mutex_t ending = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&ending);
}

void must(const char *text, CUresult rc)
{
	if (!rc)
		return;
	begin_to_end();
	say(text, rc);
	exit(3);
}

void check(const char *text, bool truth, int line)
{
	if (truth)
		return;
	begin_to_end();
	printf("line %d: not so: %s\n", line, text);
	fflush(stdout);
	exit(4);
}

void make_pattern(void *to, size_t bytes, uint64_t seed)
{
	unsigned char *at = to;

	for (size_t i = 0; i < bytes / 8; i++) {
		uint64_t x = (i + seed * 77777) * 0x9e3779b97f4a7c15u;

		x ^= x >> 31;
		memcpy(at + 8 * i, &x, 8);
	}
	for (size_t i = bytes & ~(size_t)7; i < bytes; i++)
		at[i] = (unsigned char)(i + seed);
}

static uint64_t word_at(const unsigned char *at)
{
	uint64_t word;

	memcpy(&word, at, 8);
	return word;
}

static uint64_t mix(uint64_t sum, uint64_t word)
{
	sum = (sum ^ word) * 0x100000001b3u;
	return sum ^ sum >> 29;
}

/* Four sums, of every fourth word each: they do not wait for each other. */
uint64_t checksum(const void *data, size_t bytes)
{
	const unsigned char *at = data, *end = at + bytes;
	uint64_t a = bytes, b = 1, c = 2, d = 3;

	for (; end - at >= 32; at += 32) {
		a = mix(a, word_at(at));
		b = mix(b, word_at(at + 8));
		c = mix(c, word_at(at + 16));
		d = mix(d, word_at(at + 24));
	}
	while (at < end)
		a = mix(a, *at++);
	return mix(mix(a, b), mix(c, d));
}

void *pageable(size_t bytes, uint64_t seed)
{
	void *memory = malloc(bytes);

	CHECK(memory != NULL);
	make_pattern(memory, bytes, seed);
	return memory;
}

void *pinned(size_t bytes, uint64_t seed)
{
	void *memory;

	MUST(cu.MemAllocHost(&memory, bytes));
	make_pattern(memory, bytes, seed);
	return memory;
}

CUdeviceptr uploaded(size_t bytes, uint64_t seed)
{
	void *from = pageable(bytes, seed);
	CUdeviceptr to;

	MUST(cu.MemAlloc(&to, bytes));
	MUST(cu.MemcpyHtoD(to, from, bytes));
	/* The call has read all, and may not have written all yet. */
	MUST(cu.CtxSynchronize());
	free(from);
	return to;
}

CUdeviceptr cleared(size_t bytes)
{
	CUdeviceptr to;

	MUST(cu.MemAlloc(&to, bytes));
	MUST(cu.MemsetD8(to, 0, bytes));
	MUST(cu.CtxSynchronize());
	return to;
}

void show(const char *name, CUdeviceptr from, size_t bytes)
{
	static __thread void *copy;
	static __thread size_t room;
	CUresult rc;

	/* Kept, since touching fresh memory costs more than the copy. */
	if (room < bytes + 1) {
		free(copy);
		room = bytes + 1;
		copy = malloc(room);
	}
	CHECK(copy != NULL);
	rc = cu.MemcpyDtoH(copy, from, bytes);

	if (rc)
		printf("%s cannot be read: %d\n", name, (int)rc);
	else
		printf("%s: %016llx\n", name,
		       (unsigned long long)checksum(copy, bytes));
	fflush(stdout);
}

void show_within(const char *name, CUdeviceptr base, size_t size, size_t from,
		 size_t bytes)
{
	size_t begin = from < 64 ? 0 : from - 64;
	size_t end = bytes > size || from + bytes + 64 > size ? size
							      : from + bytes + 64;

	if (begin < end)
		show(name, base + begin, end - begin);
}

CUresult try_kernels(CUmodule *module)
{
	return cu.ModuleLoadData(module, kernels_ptx);
}

CUmodule load_kernels(void)
{
	CUmodule module;

	MUST(try_kernels(&module));
	return module;
}

CUfunction kernel(CUmodule module, const char *name)
{
	CUfunction function;

	MUST(cu.ModuleGetFunction(&function, module, name));
	return function;
}

uint32_t next_random(uint64_t *state)
{
	*state = *state * 0x5851f42d4c957f2du + 0x14057b7ef767814fu;
	return (uint32_t)(*state >> 33);
}
