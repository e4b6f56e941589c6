/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the clients share: programs that use CUDA in one of the ways that
 * programs do, run with the library preloaded. They exit with the number of
 * checks that failed.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/cuda.h"

/* The hook in hook.c leaves this in the address that it was to fill. */
#define HOOK_WAS_HERE ((CUdeviceptr)0x600d)

typedef CUresult memory_function(CUdeviceptr *address, size_t bytes);

static int failures;

#define CHECK(condition)                                                       \
	do {                                                                   \
		if (!(condition)) {                                            \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__,       \
				__LINE__, #condition);                         \
			failures++;                                            \
		}                                                              \
	} while (0)

/* The file name of the object that @function lies in, "" for none. */
static inline const char *file_of(const void *function)
{
	Dl_info info;
	const char *slash;

	if (!function || !dladdr(function, &info))
		return "";
	slash = strrchr(info.dli_fname, '/');
	return slash ? slash + 1 : info.dli_fname;
}

static inline bool is_ours(const void *function)
{
	return strcmp(file_of(function), "libgreenboost_cuda.so") == 0;
}

static inline bool is_drivers(const void *function)
{
	return strncmp(file_of(function), "libcuda.so", 10) == 0;
}

/* libc's own dlsym, which nothing of ours stands in front of. */
static inline void *libc_dlsym(void *handle, const char *name)
{
	static void *(*real)(void *, const char *);

	if (!real)
		real = dlvsym(dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD),
			      "dlsym", "GLIBC_2.2.5");
	if (!real)
		abort();
	return real(handle, name);
}

/* Whether a call through @function runs the hook, and the driver behind it. */
static inline bool is_hook(memory_function *function, memory_function *real)
{
	CUdeviceptr address = 0;

	return function(&address, 1) == real(&address, 1) &&
	       address == HOOK_WAS_HERE;
}

static inline int result(void)
{
	if (failures)
		fprintf(stderr, "%d checks failed\n", failures);
	return failures;
}

#endif
