// SPDX-License-Identifier: GPL-2.0-only
/*
 * The auditor, an LD_AUDIT library: it gives the preloaded library to whoever
 * opens the CUDA driver's file, so that callers whose look-ups never pass our
 * dlsym (libraries loaded with RTLD_DEEPBIND) find the hooks as well. Without
 * the preloaded library in the process it changes nothing, and no file is
 * replaced that is not there.
 *
 * The loader compares a name with those of the loaded objects before it asks
 * us, and takes the first that fits. Two things follow:
 *   - A bare "libcuda.so.1" is replaced not when it is asked for but when the
 *     search has led to a file: so the loader learns that the library, which
 *     comes early among its objects, has that name too, and finds it before the
 *     driver ever after.
 *   - The driver itself must be loaded under a path that nobody else spells.
 *
 * The loader calls all of this under its own lock.
 */
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit.h"

/* What a loaded object is to us: its cookie. */
enum {
	CLIENT,	 /* is given the library for the driver */
	LIBRARY, /* the library itself */
	INSIDE,	 /* the driver's own, or of another namespace */
};

/* The loader's lock guards both. */
static char library[PATH_MAX]; /* empty while it is not in the process */
static char driver[PATH_MAX];  /* the first file that was replaced */

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* libcuda.so, libcuda.so.1, libcuda.so.580.65.06 */
static bool is_driver_name(const char *base)
{
	static const char name[] = "libcuda.so";

	return starts_with(base, name) &&
	       (base[sizeof(name) - 1] == '\0' || base[sizeof(name) - 1] == '.');
}

/* A file of this machine's kind; a search may come upon a 32-bit driver. */
static bool is_loadable(const char *path)
{
	Elf64_Ehdr header;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return false;
	got = read(fd, &header, sizeof(header));
	close(fd);
	return got == sizeof(header) &&
	       memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
	       header.e_ident[EI_CLASS] == ELFCLASS64 &&
	       header.e_machine == EM_X86_64;
}

/* Another spelling of an absolute path. */
static char *respell(const char *path)
{
	static char spelled[PATH_MAX + 1];

	snprintf(spelled, sizeof(spelled), "%s%s", *path == '/' ? "/" : "", path);
	return spelled;
}

/* What the loader calls is exported; the rest is hidden. */
#pragma GCC visibility push(default)

unsigned int la_version(unsigned int version)
{
	return version < LAV_CURRENT ? version : LAV_CURRENT;
}

unsigned int la_objopen(struct link_map *object, Lmid_t namespace, uintptr_t *cookie)
{
	const char *base = base_of(object->l_name);

	*cookie = CLIENT;
	if (namespace != LM_ID_BASE) {
		*cookie = INSIDE;
	} else if (strcmp(base, GB_AUDIT_LIBRARY) == 0) {
		*cookie = LIBRARY;
		snprintf(library, sizeof(library), "%s", object->l_name);
	} else if (is_driver_name(base) || starts_with(base, "libnvidia-")) {
		*cookie = INSIDE;
	}
	return 0;
}

char *la_objsearch(const char *name, uintptr_t *cookie, unsigned int phase)
{
	if (!*library || *cookie == INSIDE)
		return (char *)name;
	if (*cookie == LIBRARY && phase == LA_SER_ORIG) {
		if (strcmp(name, GB_AUDIT_DRIVER) == 0)
			return *driver ? respell(driver) : NULL;
		if (strchr(name, '/'))
			return (char *)name;
	}
	if (!strchr(name, '/') || !is_driver_name(base_of(name)) ||
	    !is_loadable(name))
		return (char *)name;
	if (!*driver)
		snprintf(driver, sizeof(driver), "%s", name);
	return library;
}

#pragma GCC visibility pop
