/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rows of measurements: what was measured, and what the clock says.
 */
#ifndef TESTS_CLOCK_ROW_H
#define TESTS_CLOCK_ROW_H

#include "clock.h"

/* How far a modelled figure may lie from the measured one. */
#define TOLERANCE 0.10

struct row {
	const char *name, *unit;
	double low, high; /* measured; the same where one figure was given */
	double (*model)(const struct sim_profile *profile, double a, double b);
	double a, b; /* what the row varies, handed to the model */
};

/* End-to-end rows, in llama.c. The last one has no name. */
extern const struct row llama_rows[];

#endif
