// SPDX-License-Identifier: GPL-2.0-only
/* Look-ups in a library that is not the driver are none of our business. */
#include "client.h"
#include "rivals.h"

int main(int argc, char **argv)
{
	static const char *const names[] = { "cudaMalloc",
					     "cudnnCreate",
					     "nvmlInit_v2",
					     "curl_easy_init",
					     "cuMemAlloc_v2",
					     "cublasCreate_v2",
					     "cu" };
	void *rivals = dlopen(argv[1], RTLD_LAZY | RTLD_LOCAL);
	void *driver = dlopen("libcuda.so.1", RTLD_LAZY);

	CHECK(rivals && driver);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int (*function)(void) = dlsym(rivals, names[i]);

		CHECK(function && function() == RIVAL);
	}
	CHECK(is_ours(dlsym(driver, "cuMemAlloc_v2")));
	return result();
}
