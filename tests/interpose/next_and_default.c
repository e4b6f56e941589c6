// SPDX-License-Identifier: GPL-2.0-only
/*
 * RTLD_NEXT and RTLD_DEFAULT depend on who asks. The program is linked with the
 * library "first"; "second" is opened, local to itself or global.
 */
#include "callers.h"
#include "client.h"

typedef const char *name_function(void);
typedef void *look_up_function(void *, const char *);

static void next_is_after_the_caller(void)
{
	name_function *next = first_look_up(RTLD_NEXT, "shared_name");

	CHECK(strcmp(shared_name(), "first") == 0);
	CHECK(next && strcmp(next(), "second") == 0);
	/* Asked twice, the answer is the same. */
	CHECK(first_look_up(RTLD_NEXT, "shared_name") == (void *)next);
	/* And there is no other after the second. */
	CHECK(!second_look_up(RTLD_NEXT, "shared_name"));
}

static void default_is_the_callers(const char *path)
{
	void *handle = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
	look_up_function *look_up = dlsym(handle, "third_look_up");
	name_function *own;

	if (!look_up) {
		CHECK(look_up);
		return;
	}
	own = look_up(RTLD_DEFAULT, "third_own");
	CHECK(own && strcmp(own(), "third") == 0);
	CHECK(!dlsym(RTLD_DEFAULT, "third_own"));
}

int main(int argc, char **argv)
{
	void *handle;

	next_is_after_the_caller();
	default_is_the_callers(argv[1]);
	/* We export the driver's names, so a search of everything finds ours. */
	CHECK(is_ours(dlsym(RTLD_DEFAULT, "cuInit")));
	handle = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_GLOBAL);
	CHECK(handle);
	CHECK(is_ours(first_look_up(RTLD_DEFAULT, "cuMemAlloc_v2")));
	/* What comes after us is the driver, also for an interposer's eyes. */
	CHECK(is_ours(first_look_up(handle, "cuMemAlloc_v2")));
	return result();
}
