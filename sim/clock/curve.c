/* SPDX-License-Identifier: GPL-2.0-only */
#include "profile.h"

/* The value at @x of the line through points @left and @left + 1. */
static double on_line(const struct sim_curve *curve, unsigned int left, double x)
{
	const double *px = curve->x + left, *py = curve->y + left;

	return py[0] + (x - px[0]) * (py[1] - py[0]) / (px[1] - px[0]);
}

/* The line that @x lies on; the first or the last one where it lies outside. */
static unsigned int line_of(const struct sim_curve *curve, double x)
{
	unsigned int left = 0;

	while (left + 2 < curve->count && x >= curve->x[left + 1])
		left++;
	return left;
}

double sim_curve_rate(const struct sim_curve *curve, double x)
{
	unsigned int last = curve->count - 1;

	if (x <= curve->x[0])
		return curve->y[0] * x / curve->x[0];
	if (x >= curve->x[last])
		return curve->y[last];
	return on_line(curve, line_of(curve, x), x);
}

double sim_curve_cost(const struct sim_curve *curve, double x)
{
	unsigned int last = curve->count - 1;
	unsigned int left = line_of(curve, x);
	double value;

	if (!last)
		return curve->y[0];
	if (curve->y[left + 1] < curve->y[left]) {
		if (x <= curve->x[0])
			return curve->y[0];
		if (x >= curve->x[last])
			return curve->y[last];
	}
	value = on_line(curve, left, x);
	return value > 0.0 ? value : 0.0;
}
