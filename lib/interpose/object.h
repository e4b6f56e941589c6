/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loaded objects (the program, its libraries), looked at without the loader's
 * help: no lock is taken, nothing is allocated, dlerror and errno stay as they
 * are. So all of this may be called from inside dlsym.
 *
 * An object is its struct link_map, which is also what dlopen returns with
 * glibc. It is valid while the object stays loaded.
 */
#ifndef GB_OBJECT_H
#define GB_OBJECT_H

#include <link.h>
#include <stdbool.h>

/* The object that @address lies in, or NULL. */
const struct link_map *gb_object_at(const void *address);

/* This library. */
const struct link_map *gb_object_self(void);

/* Whether the object calls itself @soname. */
bool gb_object_is(const struct link_map *object, const char *soname);

/*
 * The function that the object itself, not its dependencies, exports under
 * @name, or NULL. Symbol versions are not looked at: of several the first wins.
 */
void *gb_object_symbol(const struct link_map *object, const char *name);

#endif
