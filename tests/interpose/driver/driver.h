/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests know of their driver beyond the driver's own interface. */
#ifndef TESTS_DRIVER_H
#define TESTS_DRIVER_H

#include "abi/cuda.h"

#define DRIVER_VERSION 13000
#define DRIVER_NEWER   ((CUresult)4242)

CUresult cuGetProcAddress(const char *base, void **function, int version,
			  uint64_t flags);
CUresult cuGetProcAddress_v2(const char *base, void **function, int version,
			     uint64_t flags,
			     CUdriverProcAddressQueryResult *status);
CUresult cuInit(unsigned int flags);
CUresult cuParamSetf(CUfunction function, int offset, float value);
CUresult cuTensorMapEncodeTiled(CUtensorMap *map, int type, uint32_t rank,
				void *address, const uint64_t *size,
				const uint64_t *strides, const uint32_t *box,
				const uint32_t *steps, int interleave,
				int swizzle, int promotion, int fill);
CUresult cuGetExportTable(const void **table, const CUuuid *id);

/* In no list of ours: a function of a driver that is newer than we are. */
CUresult cuNewerThanGreenBoost(void);

#endif
