/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PLUGIN_H
#define PLUGIN_H

#include "abi/cuda.h"

/* The function @name of the driver that @file is. */
void *plugin_look_up(const char *file, const char *name);

#endif
