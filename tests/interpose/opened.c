// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program that opens the driver itself: opened NAME [local|global]. What it
 * finds by name are hooks and forwarders; what it does not find it does not
 * find as without us.
 */
#include <errno.h>

#include "client.h"
#include "driver.h"

static void finds_hooks(void *handle)
{
	static const char *const names[] = { "cuInit", "cuMemAlloc_v2",
					     "cuLaunchKernel", "cuLaunchKernel_ptsz",
					     "cuMemcpyHtoD_v2_ptds" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		CHECK(is_ours(dlsym(handle, names[i])));
	CHECK(is_hook(dlsym(handle, "cuMemAlloc_v2"),
		      libc_dlsym(handle, "cuMemAlloc_v2")));
}

static void old_interface_passes(void *handle)
{
	CUresult (*ours)(void) = dlsym(handle, "cuMemAlloc");
	CUresult (*real)(void) = libc_dlsym(handle, "cuMemAlloc");

	CHECK(ours() == real());
}

/* Triton's way: whatever dlerror says after a look-up is a failure. */
static void leaves_no_error(void *handle)
{
	errno = EXDEV;
	dlerror();
	CHECK(dlsym(handle, "cuMemAlloc_v2"));
	CHECK(!dlerror());
	/* An older error does not outlive a look-up that succeeds. */
	CHECK(!dlsym(handle, "noSuchFunction"));
	CHECK(dlsym(handle, "cuMemFree_v2"));
	CHECK(!dlerror());
	CHECK(errno == EXDEV);
}

static void misses_as_libc_does(void *handle, const char *name)
{
	char *ours, *libcs;

	dlerror();
	CHECK(!dlsym(handle, name));
	ours = dlerror();
	ours = ours ? strdup(ours) : NULL;
	CHECK(!dlerror());
	CHECK(!libc_dlsym(handle, name));
	libcs = dlerror();
	CHECK(ours && libcs && strcmp(ours, libcs) == 0);
	free(ours);
}

int main(int argc, char **argv)
{
	int scope = argc > 2 && strcmp(argv[2], "global") == 0 ? RTLD_GLOBAL
							       : RTLD_LOCAL;
	void *handle = dlopen(argv[1], RTLD_LAZY | scope);
	CUresult (*newer)(void);

	if (!handle) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
	/* Before the first call and after it. */
	for (int bound = 0; bound < 2; bound++) {
		leaves_no_error(handle);
		misses_as_libc_does(handle, "");
		misses_as_libc_does(handle, "cu");
		misses_as_libc_does(handle, "cuNoSuchFunction");
		misses_as_libc_does(handle, "cuMemAlloc_v9");
		newer = dlsym(handle, "cuNewerThanGreenBoost");
		CHECK(newer && newer() == DRIVER_NEWER);
		finds_hooks(handle);
		old_interface_passes(handle);
	}
	return result();
}
