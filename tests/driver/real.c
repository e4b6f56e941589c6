/* SPDX-License-Identifier: GPL-2.0-only */
#include "real.h"

/* Weak, for a real driver in the simulated one's place, which may lack some. */
#define GB_HOOK(symbol, parameters)                                            \
	__attribute__((weak)) CUresult symbol parameters;
#define GB_CALL GB_HOOK
#include "../../lib/interpose/calls.def"
#include "../../lib/interpose/hooks.def"
#undef GB_HOOK
#undef GB_CALL

struct gb_real gb_real = {
#define GB_HOOK(symbol, parameters) .symbol = symbol,
#define GB_CALL			    GB_HOOK
#include "../../lib/interpose/calls.def"
#include "../../lib/interpose/hooks.def"
#undef GB_HOOK
#undef GB_CALL
};

static CUresult not_supported(void)
{
	return CUDA_ERROR_NOT_SUPPORTED;
}

void real_remove(void *slot)
{
	*(void **)slot = not_supported;
}

bool gb_real_has(void *const *slot)
{
	return *slot && *slot != not_supported;
}
