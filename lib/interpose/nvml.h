/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * NVML itself, behind our own names: as real.h, for the rows of nvml.def.
 * Without NVML every call gives NVML_ERROR_LIBRARY_NOT_FOUND.
 */
#ifndef GB_NVML_H
#define GB_NVML_H

#include "abi/nvml.h"

/* In the order of the file: forward.S lays the same memory out. */
struct gb_real_nvml {
#define GB_NVML(symbol, parameters) nvmlReturn_t(*symbol) parameters;
#include "nvml.def"
#undef GB_NVML
};

extern struct gb_real_nvml gb_real_nvml __attribute__((visibility("hidden")));

/* The library's own function; written by whichever thread binds it. */
#define GB_REAL_NVML(symbol)                                                   \
	(*__atomic_load_n(&gb_real_nvml.symbol, __ATOMIC_RELAXED))

/* The hooks, under the names that they replace. */
#pragma GCC visibility push(default)
#define GB_NVML(symbol, parameters) nvmlReturn_t symbol parameters;
#include "nvml.def"
#undef GB_NVML
#pragma GCC visibility pop

#endif
