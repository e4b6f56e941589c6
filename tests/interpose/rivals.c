// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions that are not the driver's, though their names begin like its own or
 * are the very same.
 */
#include "rivals.h"

int cudaMalloc(void)
{
	return RIVAL;
}

int cudnnCreate(void)
{
	return RIVAL;
}

int cublasCreate_v2(void)
{
	return RIVAL;
}

int nvmlInit_v2(void)
{
	return RIVAL;
}

int curl_easy_init(void)
{
	return RIVAL;
}

int cu(void)
{
	return RIVAL;
}

int cuMemAlloc_v2(void)
{
	return RIVAL;
}
