// SPDX-License-Identifier: GPL-2.0-only
/* The functions of the tests' driver that do more than return a number. */
#include <dlfcn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "abi/cuda.h"

#include "driver.h"

/* In the order of their names. */
extern const struct {
	const char *name;
	void *function;
} exports[] __attribute__((visibility("hidden")));
extern const size_t export_count __attribute__((visibility("hidden")));

#ifndef DRIVER_OLD

static void *find(const char *base, const char *suffix, const char *twin)
{
	size_t low = 0, high = export_count;
	char name[128];

	snprintf(name, sizeof(name), "%s%s%s", base, suffix, twin);
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(name, exports[middle].name);

		if (order == 0)
			return exports[middle].function;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* The newest ABI that a version may have; what the versions are is made up. */
static void *find_version(const char *base, int version, const char *twin)
{
	static const struct {
		const char *suffix;
		int since;
	} table[] = {
		{ "_v4", 12050 }, { "_v3", 11040 }, { "_v2", 3020 }, { "", 2000 }
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		void *function = find(base, table[i].suffix, twin);

		if (function && version >= table[i].since)
			return function;
	}
	return NULL;
}

/* Manners as measured on driver 580: cuda-like down to what a miss leaves. */
static CUresult get(const char *base, void **function, int version,
		    uint64_t flags, CUdriverProcAddressQueryResult *status)
{
	static const char *const twins[] = { "_ptsz", "_ptds" };
	void *found = NULL;

	if (version > DRIVER_VERSION || flags > 2)
		return CUDA_ERROR_INVALID_VALUE;
	for (size_t i = 0; flags == 2 && !found && i < 2; i++)
		found = find_version(base, version, twins[i]);
	if (!found)
		found = find_version(base, version, "");
	*status = found		       ? CU_GET_PROC_ADDRESS_SUCCESS
		  : find(base, "", "") ? CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT
				       : CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND;
	*function = found;
	return CUDA_SUCCESS;
}

CUresult cuGetProcAddress_v2(const char *base, void **function, int version,
			     uint64_t flags, CUdriverProcAddressQueryResult *status)
{
	CUdriverProcAddressQueryResult ignored;

	return get(base, function, version, flags, status ? status : &ignored);
}

CUresult cuGetProcAddress(const char *base, void **function, int version,
			  uint64_t flags)
{
	CUdriverProcAddressQueryResult status;
	void *found = NULL;
	CUresult rc = get(base, &found, version, flags, &status);

	if (rc == CUDA_SUCCESS && !found)
		return CUDA_ERROR_NOT_FOUND;
	if (rc == CUDA_SUCCESS)
		*function = found;
	return rc;
}
#endif

CUresult cuInit(unsigned int flags)
{
	return flags ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

/* A float goes in a vector register. */
CUresult cuParamSetf(CUfunction function, int offset, float value)
{
	return offset == 12 && value == 2.5f ? CUDA_SUCCESS
					     : CUDA_ERROR_INVALID_VALUE;
}

/* Twelve arguments: half of them lie on the stack. */
CUresult cuTensorMapEncodeTiled(CUtensorMap *map, int type, uint32_t rank,
				void *address, const uint64_t *size,
				const uint64_t *strides, const uint32_t *box,
				const uint32_t *steps, int interleave,
				int swizzle, int promotion, int fill)
{
	const uintptr_t given[] = { (uintptr_t)map,
				    type,
				    rank,
				    (uintptr_t)address,
				    (uintptr_t)size,
				    (uintptr_t)strides,
				    (uintptr_t)box,
				    (uintptr_t)steps,
				    interleave,
				    swizzle,
				    promotion,
				    fill };

	for (size_t i = 0; i < 12; i++)
		if (given[i] != i + 1)
			return CUDA_ERROR_INVALID_VALUE;
	return CUDA_SUCCESS;
}

/* What the driver finds when it looks for its own functions by name. */
CUresult cuGetExportTable(const void **table, const CUuuid *id)
{
	void *handle = dlopen("libcuda.so.1", RTLD_LAZY);

	table[0] = dlsym(handle, "cuMemAlloc_v2");
	table[1] = dlsym(RTLD_DEFAULT, "cuMemAlloc_v2");
	table[2] = dlsym(dlopen(NULL, RTLD_LAZY), "cuMemAlloc_v2");
	table[3] = dlsym(handle, "cuNewerThanGreenBoost");
	return CUDA_SUCCESS;
}

CUresult cuNewerThanGreenBoost(void)
{
	return DRIVER_NEWER;
}
