// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compiles where every row of hooks.def and calls.def has the prototype that
 * the real cuda.h gives the symbol. That define makes it declare each ABI
 * version under its own name.
 */
#define __CUDA_API_VERSION_INTERNAL
#include <cuda.h>

#define SAME(symbol, parameters)                                               \
	_Static_assert(__builtin_types_compatible_p(__typeof__(symbol),        \
						    CUresult parameters),      \
		       #symbol " is not declared so");
#define GB_HOOK(symbol, parameters) SAME(symbol, parameters)
#define GB_CALL(symbol, parameters) SAME(symbol, parameters)
#include "hooks.def"
#include "calls.def"
