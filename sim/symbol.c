/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the code of kernels is: host functions by name, in the program itself,
 * in the objects of GREENBOOST_SIM_KERNELS, in the library of kernels that lies
 * beside this one, or, those that GreenBoost itself runs, in this one.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "module.h"

#define MAX_OBJECTS 16
#define BESIDE	    "libgreenboost_sim_kernels.so"

static void *objects[MAX_OBJECTS];
static int object_count;
static bool opened;

static void open_object(const char *path, bool must)
{
	void *object;

	if (object_count == MAX_OBJECTS)
		return;
	object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (object)
		objects[object_count++] = object;
	else if (must)
		sim_log("GREENBOOST_SIM_KERNELS: %s", dlerror());
}

static void open_beside_and_own(void)
{
	char path[4096];
	const char *slash;
	Dl_info info;

	if (!dladdr((void *)open_object, &info) || !info.dli_fname)
		return;
	slash = strrchr(info.dli_fname, '/');
	snprintf(path, sizeof(path), "%.*s%s",
		 slash ? (int)(slash - info.dli_fname + 1) : 0, info.dli_fname,
		 BESIDE);
	open_object(path, false);
	open_object(info.dli_fname, false);
}

static void open_all(void)
{
	const char *setting = getenv("GREENBOOST_SIM_KERNELS");
	char *copy = strdup(setting ? setting : ""), *item, *rest;

	for (item = strtok_r(copy, ":", &rest); item;
	     item = strtok_r(NULL, ":", &rest))
		open_object(item, true);
	free(copy);
	open_beside_and_own();
	opened = true;
}

void *sim_symbol(const char *prefix, const char *name)
{
	char symbol[512];
	void *found;

	snprintf(symbol, sizeof(symbol), "%s%s", prefix, name);
	found = dlsym(RTLD_DEFAULT, symbol);
	if (!opened)
		open_all();
	for (int i = 0; !found && i < object_count; i++)
		found = dlsym(objects[i], symbol);
	return found;
}
