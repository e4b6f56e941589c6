// SPDX-License-Identifier: GPL-2.0-only
/*
 * The one hook of the library that these tests preload: it stands for all, and
 * can be told from the driver's function behind it.
 */
#include "hooks.h"
#include "real.h"

#include <stdlib.h>

#include "client.h"

CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes)
{
	*address = HOOK_WAS_HERE;
	setenv("HOOK_WAS_CALLED", "1", 1);
	return GB_REAL(cuMemAlloc_v2)(address, bytes);
}
