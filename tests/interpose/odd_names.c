// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names that are no names end as they would without us, a crash included: the
 * same child asks our dlsym and then libc's.
 */
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"

typedef void *look_up_function(void *, const char *);

static int status_of(look_up_function *look_up, void *handle, const char *name)
{
	static const struct rlimit none;
	pid_t child = fork();
	int status = -1;

	if (child == 0) {
		setrlimit(RLIMIT_CORE, &none);
		alarm(10);
		/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker) */
		_exit(look_up(handle, name) ? 1 : 2);
	}
	waitpid(child, &status, 0);
	return status;
}

int main(void)
{
	void *driver = dlopen("libcuda.so.1", RTLD_LAZY);
	void *handles[] = { driver, dlopen(NULL, RTLD_LAZY), RTLD_DEFAULT };
	const char *names[] = { NULL, "", "c", "cu", "cuA", "nvml", "nvmlX" };

	for (size_t h = 0; h < 3; h++)
		for (size_t n = 0; n < 7; n++)
			CHECK(status_of(dlsym, handles[h], names[n]) ==
			      status_of(libc_dlsym, handles[h], names[n]));
	/* dlvsym is libc's own: the driver has no versions to ask for. */
	CHECK(is_drivers(dlvsym(driver, "cuInit", "GLIBC_2.2.5")) || dlerror());
	return result();
}
