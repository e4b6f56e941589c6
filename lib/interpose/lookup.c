// SPDX-License-Identifier: GPL-2.0-only
/*
 * cuGetProcAddress, which gives a program most of its entry points. The driver
 * answers first; then the address that it gave is exchanged for the hook of the
 * symbol at that address. So names, versions and per-thread variants are the
 * driver's business alone: every address that it gives is that of a symbol that
 * it exports (no exception in 674 names, 46 versions and all flags of driver
 * 580).
 */
#include "hooks.h"
#include "real.h"

#include <stddef.h>

static void *const hooks[] = {
#define GB_HOOK(symbol, parameters) (void *)symbol,
#include "hooks.def"
#undef GB_HOOK
};

enum { HOOK_COUNT = sizeof(hooks) / sizeof(hooks[0]) };

/* The driver's functions lie in the same order as the hooks. */
static void *hooked(void *function)
{
	void *const *real = (void *const *)&gb_real;

	for (size_t i = 0; i < HOOK_COUNT; i++)
		if (__atomic_load_n(&real[i], __ATOMIC_RELAXED) == function)
			return hooks[i];
	return function;
}

CUresult cuGetProcAddress(const char *symbol, void **function, int version,
			  uint64_t flags)
{
	CUresult rc = GB_REAL(cuGetProcAddress)(symbol, function, version, flags);

	if (rc == CUDA_SUCCESS && *function)
		*function = hooked(*function);
	return rc;
}

CUresult cuGetProcAddress_v2(const char *symbol, void **function, int version,
			     uint64_t flags, CUdriverProcAddressQueryResult *status)
{
	CUresult rc = GB_REAL(cuGetProcAddress_v2)(symbol, function, version,
						   flags, status);

	if (rc == CUDA_SUCCESS && *function)
		*function = hooked(*function);
	return rc;
}
