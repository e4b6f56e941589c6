// SPDX-License-Identifier: GPL-2.0-only
/*
 * A plugin that uses the driver. Opened with RTLD_DEEPBIND it finds libc's
 * dlsym before ours, and the driver's functions before ours.
 */
#include "plugin.h"

#include <dlfcn.h>
#include <stddef.h>

#ifdef PLUGIN_LINKED
CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes);

void *plugin_look_up(const char *file, const char *name)
{
	return (void *)cuMemAlloc_v2;
}
#else
void *plugin_look_up(const char *file, const char *name)
{
	void *handle = dlopen(file, RTLD_LAZY | RTLD_LOCAL);

	return handle ? dlsym(handle, name) : NULL;
}
#endif
