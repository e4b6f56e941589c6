/* SPDX-License-Identifier: GPL-2.0-only */
/* Stands for each library that the tool looks for: it has only to be there. */
#ifdef STUB_DRIVER
#include <stdlib.h>

int cuDriverGetVersion(int *version);

__attribute__((visibility("default"))) int cuDriverGetVersion(int *version)
{
	const char *text = getenv("STUB_DRIVER_VERSION");

	*version = text ? atoi(text) : 13000;
	return 0;
}
#endif
