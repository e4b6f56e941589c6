/* SPDX-License-Identifier: GPL-2.0-only */
#include "install.h"

#include <libgen.h>
#include <stdlib.h>
#include <unistd.h>

#include "tool.h"

/*
 * Places relative to the tool's folder, in the order in which they are tried:
 * installed, then the build tree. GB_LIBDIR is the build's, "lib" or
 * "lib/x86_64-linux-gnu".
 */
static const struct {
	const char *what;
	const char *place[2];
} parts[] = {
	[GB_PART_LIBRARY] = { "the library",
			      { "../" GB_LIBDIR "/libgreenboost_cuda.so",
				"../lib/libgreenboost_cuda.so" } },
	[GB_PART_AUDIT] = { "the audit library",
			    { "../" GB_LIBDIR "/libgreenboost_audit.so",
			      "../lib/libgreenboost_audit.so" } },
	[GB_PART_SIM] = { "the simulated GPU",
			  { "../" GB_LIBDIR "/greenboost/sim/libcuda.so.1",
			    "../sim/libcuda.so.1" } },
	[GB_PART_MODEL] = { "the model to simulate (built where clang is)",
			    { "../" GB_LIBEXECDIR "/greenboost/model",
			      "../tool/model/model" } },
};

char *gb_install_find(enum gb_part part)
{
	char *self = realpath("/proc/self/exe", NULL);
	const char *folder;

	if (!self) {
		gb_error("cannot find my own place: /proc/self/exe: %m; is /proc mounted?");
		return NULL;
	}
	folder = dirname(self);
	for (unsigned int i = 0; i < 2; i++) {
		char *place = gb_print("%s/%s", folder, parts[part].place[i]);
		char *path = realpath(place, NULL);

		free(place);
		if (path) {
			free(self);
			return path;
		}
	}
	gb_error("%s is not there (looked for %s/%s); build it, or install GreenBoost again",
		 parts[part].what, folder, parts[part].place[0]);
	free(self);
	return NULL;
}
