/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Plots over time as inline SVG. Colours are classes, for the page's style to
 * say: c-NAME of areas, lines and marks.
 */
#ifndef GB_PLOT_H
#define GB_PLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct gb_plot {
	FILE *out;
	double seconds;	  /* the time axis ends there; above 0 */
	double top;	  /* and the other one there; above 0 */
	const char *unit; /* of the other one */
	double height;	  /* of the field within the axes */
	bool down;	  /* the other axis begins at the top */
};

/* The field's width, and its top left corner. */
#define GB_PLOT_WIDTH 760.0
#define GB_PLOT_LEFT  56.0
#define GB_PLOT_ABOVE 14.0

/* @label says to those who do not see it what it shows. */
void gb_plot_begin(const struct gb_plot *plot, const char *label);
void gb_plot_end(const struct gb_plot *plot);

/* The field between @low and @high (NULL: 0), at @count times. */
void gb_plot_area(const struct gb_plot *plot, const char *class, size_t count,
		  const double *seconds, const double *low, const double *high);
/* Steps: @value[i] holds from @seconds[i] on. */
void gb_plot_steps(const struct gb_plot *plot, const char *class, size_t count,
		   const double *seconds, const double *value);
/* A dashed line across, with its name at its right end. */
void gb_plot_limit(const struct gb_plot *plot, double value, const char *name);

/* A round number not below @value, for @top; 1 for nothing. */
double gb_plot_round(double value);

/* Text for HTML: markup in it is none. */
void gb_plot_text(const char *text, FILE *out);

#endif
