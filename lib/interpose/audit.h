/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the library and the auditor (audit.c) have agreed on. The auditor lives
 * in a linker namespace of its own, so all that can pass between them is the
 * name of a file to open.
 */
#ifndef GB_AUDIT_H
#define GB_AUDIT_H

/* The library: what the auditor gives for the driver. */
#define GB_AUDIT_LIBRARY "libgreenboost_cuda.so"

/* Asks for the driver itself; without the auditor there is no such file. */
#define GB_AUDIT_DRIVER "greenboost:libcuda.so.1"

#endif
