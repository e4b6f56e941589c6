// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which look-ups by name are answered with a hook. This runs inside every dlsym
 * of the process, from the first one that a sanitizer makes, so it takes no
 * lock, allocates nothing, writes no log, calls nothing of libc's but dlsym
 * itself, and leaves errno and dlerror as that would.
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>

#include "library.h"
#include "object.h"
#include "text.h"

typedef void *dlsym_function(void *handle, const char *name);

/* Called by dlsym.S. */
void *gb_dlsym_filter(void **handle, const char *name, const void *caller);
extern dlsym_function *gb_dlsym_real __attribute__((visibility("hidden")));

dlsym_function *gb_dlsym_real;

/* No dlsym of libc's: impossible where there was a libc to link with. */
static void *no_dlsym(void *handle, const char *name)
{
	return NULL;
}

/* libc's own, taken from libc's symbols: asking for it by name would find us. */
static void find_real(void)
{
	const struct link_map *libc = gb_object_at((void *)_dl_find_object);
	dlsym_function *real = NULL;

	if (libc)
		real = (dlsym_function *)gb_object_symbol(libc, "dlsym");
	__atomic_store_n(&gb_dlsym_real, real ? real : no_dlsym, __ATOMIC_RELAXED);
}

/* "cuInit", not "cudaMalloc", "cublasCreate" or "cudnnCreate". */
static struct gb_library *library_of(const char *name)
{
	static const struct {
		const char *prefix;
		struct gb_library *library;
	} table[] = {
		{ "cu", &gb_cuda },
		{ "nvml", &gb_nvml },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const char *rest = gb_text_after(name, table[i].prefix);

		if (rest && *rest >= 'A' && *rest <= 'Z')
			return table[i].library;
	}
	return NULL;
}

/* Has libc look in the library itself for the name that @handle was asked for. */
static void *ask_library(struct gb_library *library, void **handle)
{
	if (gb_library_bind(library))
		*handle = (void *)__atomic_load_n(&library->object,
						  __ATOMIC_ACQUIRE);
	return NULL;
}

/*
 * The driver asks for a function of its own. It gets what it would get without
 * us: never a hook, even where the loader would give it one of ours.
 */
static void *answer_inside(struct gb_library *library, void **handle,
			   const char *name)
{
	const struct link_map *self = gb_object_self();
	void *found;

	if (*handle == self)
		return ask_library(library, handle);
	if (!gb_object_symbol(self, name))
		return NULL;
	if (*handle != RTLD_DEFAULT && *handle != RTLD_NEXT) {
		found = gb_dlsym_real(*handle, name);
		if (!found || gb_object_at(found) != self)
			return NULL;
	}
	return ask_library(library, handle);
}

/*
 * A hook for what the caller would have found in the driver, and for that
 * alone. The handle is ours where the auditor has put us in the driver's place;
 * then a function that is newer than we are must come from the driver.
 */
static void *answer(struct gb_library *library, void **handle, const char *name)
{
	const struct link_map *self = gb_object_self(), *object;
	void *hook = gb_object_symbol(self, name);
	void *found;

	if (*handle == RTLD_DEFAULT || *handle == RTLD_NEXT)
		return NULL;
	if (*handle == self)
		return hook ? NULL : ask_library(library, handle);
	if (!hook)
		return NULL;
	found = gb_dlsym_real(*handle, name);
	object = found ? gb_object_at(found) : NULL;
	return object && gb_library_is(library, object) ? hook : NULL;
}

void *gb_dlsym_filter(void **handle, const char *name, const void *caller)
{
	const struct link_map *from;
	struct gb_library *library;

	if (!__atomic_load_n(&gb_dlsym_real, __ATOMIC_RELAXED))
		find_real();
	library = name ? library_of(name) : NULL;
	if (!library)
		return NULL;
	from = gb_object_at(caller);
	if (from && gb_library_is(library, from))
		return answer_inside(library, handle, name);
	return answer(library, handle, name);
}
