// SPDX-License-Identifier: GPL-2.0-only
/*
 * A host loads a plugin with RTLD_DEEPBIND: deepbind PLUGIN hook|driver
 * first|later FILE... The plugin opens the driver under each of the names,
 * before the host has made a call (first) or after it (later), and finds a
 * hook, as with the auditor, or the driver's function, as without.
 */
#include "client.h"

typedef void *look_up_function(const char *file, const char *name);

static void host_uses_cuda(void)
{
	CUresult (*init)(unsigned int) = dlsym(RTLD_DEFAULT, "cuInit");

	CHECK(init(0) == CUDA_SUCCESS);
}

int main(int argc, char **argv)
{
	bool hook = strcmp(argv[2], "hook") == 0;
	look_up_function *look_up;
	void *plugin;

	if (strcmp(argv[3], "later") == 0)
		host_uses_cuda();
	plugin = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
	if (!plugin) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
	look_up = dlsym(plugin, "plugin_look_up");
	for (int i = 4; i < argc; i++) {
		memory_function *alloc = look_up(argv[i], "cuMemAlloc_v2");
		CUdeviceptr address = 0;

		CHECK(hook ? is_ours(alloc) : is_drivers(alloc));
		CHECK(alloc && alloc(&address, 1) >= 1000);
		CHECK((address == HOOK_WAS_HERE) == hook);
	}
	host_uses_cuda();
	return result();
}
