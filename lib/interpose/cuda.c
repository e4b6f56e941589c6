// SPDX-License-Identifier: GPL-2.0-only
/* The CUDA driver as a library that is stood in front of. */
#include "real.h"

#include <stddef.h>

#include "audit.h"
#include "library.h"

extern const char gb_cuda_names[] __attribute__((visibility("hidden")));

static CUresult not_supported(void)
{
	return CUDA_ERROR_NOT_SUPPORTED;
}

static CUresult no_device(void)
{
	return CUDA_ERROR_NO_DEVICE;
}

static CUresult not_initialized(void)
{
	return CUDA_ERROR_NOT_INITIALIZED;
}

static void *absent(void *const *slot)
{
	return slot == (void *const *)&gb_real.cuInit ? no_device : not_initialized;
}

struct gb_library gb_cuda = {
	.soname = "libcuda.so.1",
	.variable = "GREENBOOST_DRIVER",
	.audited = GB_AUDIT_DRIVER,
	.probe = "cuInit",
	.names = gb_cuda_names,
	.slots = (void **)&gb_real,
	.missing = not_supported,
	.absent = absent,
};

bool gb_real_has(void *const *slot)
{
	return gb_library_bind(&gb_cuda) &&
	       __atomic_load_n(slot, __ATOMIC_RELAXED) != gb_cuda.missing;
}

bool gb_real_bind(void)
{
	return gb_library_bind(&gb_cuda);
}

const char *gb_real_path(void)
{
	const struct link_map *object;

	object = __atomic_load_n(&gb_cuda.object, __ATOMIC_ACQUIRE);
	return object ? object->l_name : NULL;
}
