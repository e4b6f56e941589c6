/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A library that GreenBoost stands in front of: the CUDA driver, and NVML. It
 * is found and bound at the first call that needs it.
 */
#ifndef GB_LIBRARY_H
#define GB_LIBRARY_H

#include <link.h>
#include <stdbool.h>

struct gb_library {
	const char *soname;
	const char *variable; /* names its path in the environment, or NULL */
	const char *audited;  /* its name for the auditor (audit.h), or NULL */
	const char *probe;    /* a function that it always has */
	const char *names; /* one a slot, each ended by \0, then an empty one */
	void **slots;	   /* resolvers at first; see forward.S */
	void *missing;	   /* stands in for a function that it lacks */
	void *(*absent)(void *const *slot); /* while there is no library */
	/* Set once, in this order, for good; atomic. */
	const struct link_map *object;
	bool bound; /* every slot is filled */
};

extern struct gb_library gb_cuda;
extern struct gb_library gb_nvml;

/*
 * Finds the library and fills its slots. Takes no lock: threads that arrive
 * together do the same work with the same result. Returns whether it is bound.
 * Keeps errno.
 */
bool gb_library_bind(struct gb_library *library);

/*
 * What a resolver calls: the function to go on with for the call that has come
 * through @slot. It is @slot's own, or while there is no library, the stand-in
 * that says so.
 */
void *gb_library_first(struct gb_library *library, void **slot);

/* Whether @object is this library, bound or not, and not GreenBoost. */
bool gb_library_is(const struct gb_library *library, const struct link_map *object);

#endif
