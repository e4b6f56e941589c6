/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of NVML's binary interface that GreenBoost answers: how much memory
 * a GPU has. Facts of the interface, as include/abi/cuda.h holds CUDA's.
 */
#ifndef ABI_NVML_H
#define ABI_NVML_H

#include <stdint.h>

typedef struct nvmlDevice_st *nvmlDevice_t;

typedef enum nvmlReturn_enum {
	NVML_SUCCESS = 0,
	NVML_ERROR_LIBRARY_NOT_FOUND = 12,
	NVML_ERROR_FUNCTION_NOT_FOUND = 13,
} nvmlReturn_t;

/* Bytes; used includes what the driver reserves. */
typedef struct nvmlMemory_st {
	unsigned long long total, free, used;
} nvmlMemory_t;

/* Bytes; used leaves out what is reserved. */
typedef struct nvmlMemory_v2_st {
	unsigned int version;
	unsigned long long total, reserved, free, used;
} nvmlMemory_v2_t;

/* "GPU-" and a UUID in its text form, with the zero behind it. */
#define NVML_UUID_SIZE 96

#endif
