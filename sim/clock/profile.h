/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A hardware profile: the figures of one machine that the clock reckons with,
 * read from a text file of "key = value  # source" lines. figures.def is the
 * table of all keys, with their units, ranges and meaning.
 *
 * A struct sim_profile is plain data, constant after sim_profile_load(); any
 * thread may read it.
 */
#ifndef SIM_PROFILE_H
#define SIM_PROFILE_H

#include <stddef.h>

#define SIM_CURVE_POINTS 8

/* A figure that depends on another one: "x:y x:y ...", x rising. */
struct sim_curve {
	unsigned int count;
	double x[SIM_CURVE_POINTS], y[SIM_CURVE_POINTS];
};

/* One member a row of figures.def, in the unit that the row's key ends in. */
struct sim_profile {
	char name[64];	/* file name without folder and ending: "h200" */
	char title[96]; /* the card's name, as CUDA would give it */
#define NUMBER(key, minimum, maximum, need, help) double key;
#define CURVE(key, x_minimum, x_maximum, minimum, maximum, help)               \
	struct sim_curve key;
#include "figures.def"
#undef NUMBER
#undef CURVE
};

/*
 * Reads a profile. @name is a path where it contains a slash, else the name of
 * a file NAME.profile in the first of these folders that has one:
 * $GREENBOOST_SIM_PROFILE_DIR, the installed one, the source tree's.
 *
 * Returns 0, or -ENOENT, -EINVAL (a line that does not parse, an unknown,
 * repeated or missing key), -ERANGE (a figure outside its row's range) or the
 * error of reading the file; then @error (of @size bytes, may be NULL) holds
 * one line, without a newline, that names the file, the line and what to do.
 */
int sim_profile_load(struct sim_profile *profile, const char *name, char *error,
		     size_t size);

/* The same from text in memory; @name is what messages call it. */
int sim_profile_parse(struct sim_profile *profile, const char *name,
		      const char *text, char *error, size_t size);

/*
 * The value at @x: straight lines between the points; before the first point
 * its value in proportion to x (rates: half the row, half the rate); after the
 * last point its value.
 */
double sim_curve_rate(const struct sim_curve *curve, double x);

/*
 * The value at @x, for costs: straight lines between the points, and the first
 * and the last line drawn on beyond them, except that a cost which falls with
 * x stays where it is. Never below 0.
 */
double sim_curve_cost(const struct sim_curve *curve, double x);

#endif
