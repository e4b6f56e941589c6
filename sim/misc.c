/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls that belong nowhere else. */
#include "unsupported.h"

CUresult sim_unsupported(const char *symbol)
{
	CUresult rc = sim_enter(symbol, SIM_NO_CTX | SIM_AFTER_DEATH);

	return sim_leave(symbol, rc ? rc : CUDA_ERROR_NOT_SUPPORTED);
}

SIM_API(cuProfilerStart, SIM_NO_CTX, (void), ())
{
	return CUDA_SUCCESS;
}

SIM_API(cuProfilerStop, SIM_NO_CTX, (void), ())
{
	return CUDA_SUCCESS;
}

SIM_API(cuFlushGPUDirectRDMAWrites, SIM_NO_CTX, (int target, int scope),
	(target, scope))
{
	return CUDA_SUCCESS;
}
