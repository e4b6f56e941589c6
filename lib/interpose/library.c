// SPDX-License-Identifier: GPL-2.0-only
#include "library.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "object.h"

static const struct link_map *object_of(void *handle)
{
	struct link_map *object = NULL;

	if (!handle || dlinfo(handle, RTLD_DI_LINKMAP, &object))
		return NULL;
	return object;
}

static bool is_library(const struct gb_library *library, const struct link_map *object)
{
	return object && object != gb_object_self() &&
	       gb_object_symbol(object, library->probe);
}

/*
 * Opens @name for good, if that gives the library itself: the slots will point
 * into it, and so do the program's copies.
 */
static const struct link_map *try(const struct gb_library *library, const char *name)
{
	void *handle = dlopen(name, RTLD_LAZY | RTLD_NODELETE);
	const struct link_map *object = object_of(handle);

	return is_library(library, object) ? object : NULL;
}

/*
 * Whether there is an auditor that gives us to whoever asks for the library
 * (audit.c). Having asked, we are known by that name, before the library comes
 * and has it too.
 */
static bool is_audited(const struct gb_library *library)
{
	void *handle = dlopen(library->soname, RTLD_LAZY | RTLD_NOLOAD);
	bool audited = object_of(handle) == gb_object_self();

	if (handle)
		dlclose(handle);
	return audited;
}

/* For the auditor, a path as nobody else spells it; see audit.c. */
static const struct link_map *try_path(const struct gb_library *library,
				       const char *path, bool audited)
{
	char spelled[PATH_MAX + 1];

	if (!audited || *path != '/')
		return try(library, path);
	if (snprintf(spelled, sizeof(spelled), "/%s", path) > PATH_MAX)
		return NULL;
	return try(library, spelled);
}

/*
 * The one that the user names; else the one that the program has loaded, under
 * whatever path, which the loader knows by its soname; else the system's. A
 * path that cannot be used counts as none: the program gets what it would get
 * without us.
 */
static const struct link_map *find(const struct gb_library *library)
{
	bool audited = library->audited && is_audited(library);
	const struct link_map *object = NULL;
	const char *path = NULL;

	if (library->variable)
		path = secure_getenv(library->variable);
	if (path && *path)
		object = try_path(library, path, audited);
	if (object)
		return object;
	return try(library, audited ? library->audited : library->soname);
}

static void fill(const struct gb_library *library, const struct link_map *object)
{
	const char *name = library->names;
	void **slot = library->slots;
	void *function;

	for (; *name; name += strlen(name) + 1, slot++) {
		function = gb_object_symbol(object, name);
		__atomic_store_n(slot, function ? function : library->missing,
				 __ATOMIC_RELAXED);
	}
}

/* Two threads may find two libraries: all use the one that is set first. */
static const struct link_map *choose(struct gb_library *library)
{
	const struct link_map *chosen, *found;

	chosen = __atomic_load_n(&library->object, __ATOMIC_ACQUIRE);
	if (chosen)
		return chosen;
	found = find(library);
	if (found &&
	    __atomic_compare_exchange_n(&library->object, &chosen, found, false,
					__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return found;
	return chosen;
}

bool gb_library_bind(struct gb_library *library)
{
	const struct link_map *object;
	int error = errno;

	if (__atomic_load_n(&library->bound, __ATOMIC_ACQUIRE))
		return true;
	object = choose(library);
	if (object) {
		fill(library, object);
		__atomic_store_n(&library->bound, true, __ATOMIC_RELEASE);
	}
	/* What our attempts left there is none of the program's business. */
	dlerror();
	errno = error;
	return object;
}

void *gb_library_first(struct gb_library *library, void **slot)
{
	if (!gb_library_bind(library))
		return library->absent(slot);
	return __atomic_load_n(slot, __ATOMIC_RELAXED);
}

bool gb_library_is(const struct gb_library *library, const struct link_map *object)
{
	if (object == __atomic_load_n(&library->object, __ATOMIC_ACQUIRE))
		return true;
	return object != gb_object_self() && gb_object_is(object, library->soname);
}
