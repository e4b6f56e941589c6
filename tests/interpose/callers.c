// SPDX-License-Identifier: GPL-2.0-only
/*
 * A library that looks names up on its own behalf, as interposers and plugins
 * do. It is built twice: "first" comes before "second" in the order of search,
 * and RTLD_NEXT asked from the first must find the second's.
 */
#include "callers.h"

#include <dlfcn.h>

const char *SHARED_NAME(void)
{
	return LIBRARY_NAME;
}

/* Here only: RTLD_DEFAULT asked from a library finds it even if it is local. */
const char *OWN_NAME(void)
{
	return LIBRARY_NAME;
}

void *LOOK_UP(void *handle, const char *name)
{
	void *found = dlsym(handle, name);

	/* Not a tail call, which would not return here. */
	__asm__ volatile("" : : "r"(found) : "memory");
	return found;
}
