/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The forms of the status that programs read. greenboost-status(1) specifies
 * both, and docs/status.schema.json the first; members and columns may be added
 * at the end, none changes its meaning.
 */
#ifndef GB_EXPORT_H
#define GB_EXPORT_H

#include <stdio.h>

#include "memory.h"
#include "sample.h"

/* Of the JSON form; grows when a member changes its meaning or goes. */
#define GB_EXPORT_VERSION 1
/* The most cells of a map that it shows. */
#define GB_EXPORT_CELLS	  256
/* Allocations of a device that are named one by one. */
#define GB_EXPORT_BUSIEST 16

/* @memory may be NULL: not told. */
void gb_export_json(const struct gb_sample *sample,
		    const struct gb_memory *memory, FILE *out);
/* @text in quotes; what is no UTF-8 becomes U+FFFD. */
void gb_export_json_text(const char *text, FILE *out);

void gb_export_tsv(const struct gb_sample *sample, FILE *out);

#endif
