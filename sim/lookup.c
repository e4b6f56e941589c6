/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cuGetProcAddress: name, version and flags to an exported symbol, by the table
 * in versions.def, with the driver's own answers to what it cannot find.
 */
#include <dlfcn.h>
#include <string.h>

#include "sim.h"
#include "versions.h"

enum {
	FLAG_LEGACY = 1,
	FLAG_PER_THREAD = 2,
};

static size_t first_row(const char *name)
{
	size_t low = 0, high = sim_version_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(sim_versions[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static CUdriverProcAddressQueryResult find(const char *name, int version,
					   bool per_thread, void **out)
{
	size_t first = first_row(name), end = first;
	bool has_twin;

	*out = NULL;
	while (end < sim_version_count && !strcmp(sim_versions[end].name, name))
		end++;
	if (end == first)
		return CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND;
	has_twin = sim_versions[end - 1].per_thread;
	for (size_t i = first; i < end; i++)
		if (sim_versions[i].version <= version &&
		    sim_versions[i].per_thread == (per_thread && has_twin))
			*out = (void *)sim_versions[i].function;
	return *out ? CU_GET_PROC_ADDRESS_SUCCESS
		    : CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT;
}

static CUresult check(int version, uint64_t flags)
{
	struct sim_config config;

	if (flags > FLAG_PER_THREAD)
		return CUDA_ERROR_INVALID_VALUE;
	config = sim.config;
	if (!sim.ready)
		sim_config_read(&config);
	return version > config.driver_version ? CUDA_ERROR_INVALID_VALUE
					       : CUDA_SUCCESS;
}

SIM_API(cuGetProcAddress_v2, SIM_ANY_TIME,
	(const char *name, void **out, int version, uint64_t flags,
	 CUdriverProcAddressQueryResult *status),
	(name, out, version, flags, status))
{
	CUdriverProcAddressQueryResult found;
	CUresult rc;

	if (!name || !out)
		return CUDA_ERROR_INVALID_VALUE;
	rc = check(version, flags);
	if (rc)
		return rc;
	found = find(name, version, flags == FLAG_PER_THREAD, out);
	if (status)
		*status = found;
	return CUDA_SUCCESS;
}

SIM_API(cuGetProcAddress, SIM_ANY_TIME,
	(const char *name, void **out, int version, uint64_t flags),
	(name, out, version, flags))
{
	CUdriverProcAddressQueryResult found;
	void *function;
	CUresult rc;

	if (!name || !out)
		return CUDA_ERROR_INVALID_VALUE;
	rc = check(version, flags);
	if (rc)
		return rc;
	found = find(name, version, flags == FLAG_PER_THREAD, &function);
	if (found != CU_GET_PROC_ADDRESS_SUCCESS)
		return CUDA_ERROR_NOT_FOUND;
	*out = function;
	return CUDA_SUCCESS;
}

/* The driver's private tables: there are none. */
SIM_API(cuGetExportTable, SIM_ANY_TIME, (const void **table, const CUuuid *id),
	(table, id))
{
	return CUDA_ERROR_NOT_FOUND;
}
