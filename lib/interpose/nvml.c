// SPDX-License-Identifier: GPL-2.0-only
/* NVML as a library that is stood in front of. */
#include "nvml.h"

#include <stddef.h>

#include "library.h"

extern const char gb_nvml_names[] __attribute__((visibility("hidden")));

static int function_not_found(void)
{
	return NVML_ERROR_FUNCTION_NOT_FOUND;
}

static int library_not_found(void)
{
	return NVML_ERROR_LIBRARY_NOT_FOUND;
}

static void *absent(void *const *slot)
{
	return library_not_found;
}

struct gb_library gb_nvml = {
	.soname = "libnvidia-ml.so.1",
	.probe = "nvmlInit_v2",
	.names = gb_nvml_names,
	.slots = (void **)&gb_real_nvml,
	.missing = function_not_found,
	.absent = absent,
};
