/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The engine's table of operations over the real CUDA driver.
 *
 * Any thread. Errors are CUDA's, as -errno (gb_driver_error).
 */
#ifndef GB_DRIVER_CUDA_H
#define GB_DRIVER_CUDA_H

#include <stddef.h>

#include "abi/cuda.h"
#include "../engine/driver.h"
#include "contexts.h"

extern const struct gb_driver_ops gb_driver_cuda;

/* CUresult and -errno (result.c). */
int gb_driver_error(CUresult result);
CUresult gb_driver_result(int error);

/* Devices that the driver shows to this process; 0 where it cannot be told. */
int gb_driver_device_count(void);
void gb_driver_device_name(int device, char *name, size_t size);

/* Host memory near @device, as cuMemCreate wants it named. */
CUmemLocation gb_driver_host_location(int device);

#endif
