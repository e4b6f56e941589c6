/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The prototypes of every hook: a function with the symbol's own name,
 * exported. A hook that nobody has written is a forwarder (forward.S), so a
 * file that defines one needs only to include this and to define it.
 */
#ifndef GB_HOOKS_H
#define GB_HOOKS_H

#include "abi/cuda.h"

#pragma GCC visibility push(default)
#define GB_HOOK(symbol, parameters) CUresult symbol parameters;
#include "hooks.def"
#undef GB_HOOK
#pragma GCC visibility pop

#endif
