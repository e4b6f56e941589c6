/* SPDX-License-Identifier: GPL-2.0-only */
#include "plot.h"

#include <math.h>

#define LEFT  GB_PLOT_LEFT
#define RIGHT 16.0
#define ABOVE GB_PLOT_ABOVE
#define BELOW 30.0

static double x_of(const struct gb_plot *plot, double seconds)
{
	return LEFT + GB_PLOT_WIDTH * seconds / plot->seconds;
}

static double y_of(const struct gb_plot *plot, double value)
{
	double share = value / plot->top;

	share = share > 1 ? 1 : share < 0 ? 0 : share;
	return ABOVE + plot->height * (plot->down ? share : 1 - share);
}

void gb_plot_text(const char *text, FILE *out)
{
	for (; *text; text++) {
		if (*text == '&')
			fputs("&amp;", out);
		else if (*text == '<')
			fputs("&lt;", out);
		else if (*text == '>')
			fputs("&gt;", out);
		else if (*text == '"')
			fputs("&quot;", out);
		else
			fputc((unsigned char)*text < ' ' || *text == 0x7f ? '?'
									  : *text,
			      out);
	}
}

/* 1, 2 or 5 times a power of ten, the least that @value does not exceed. */
static double round_up(double value)
{
	static const double steps[] = { 1, 2, 5, 10 };
	double base = pow(10, floor(log10(value)));
	int i = 0;

	while (steps[i] * base < value * (1 - 1e-9) && i < 3)
		i++;
	return steps[i] * base;
}

double gb_plot_round(double value)
{
	double step;

	if (!(value > 0) || !isfinite(value))
		return 1;
	/* Not more than a quarter of the plot stays empty. */
	step = round_up(value / 8);
	return step * ceil(value / step * (1 - 1e-9));
}

static void put_grid(const struct gb_plot *plot)
{
	double step = round_up(plot->top / 5), value;

	for (int i = 0; (value = i * step) <= plot->top * (1 + 1e-9); i++) {
		double y = y_of(plot, value);

		fprintf(plot->out,
			"<path class=\"grid\" d=\"M%.1f %.1fH%.1f\"/><text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%g</text>\n",
			LEFT, y, LEFT + GB_PLOT_WIDTH, LEFT - 6, y + 4, value);
	}
	/* The last one would run into the unit's. */
	step = round_up(plot->seconds / 10);
	for (int i = 0; (value = i * step) <= plot->seconds * 0.93; i++)
		fprintf(plot->out,
			"<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%g</text>\n",
			x_of(plot, value), ABOVE + plot->height + 17, value);
	fprintf(plot->out,
		"<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">s</text>\n",
		LEFT + GB_PLOT_WIDTH, ABOVE + plot->height + 17);
	fprintf(plot->out, "<text x=\"4\" y=\"%.1f\">%s</text>\n",
		ABOVE + plot->height + 17, plot->unit);
}

void gb_plot_begin(const struct gb_plot *plot, const char *label)
{
	fprintf(plot->out, "<svg viewBox=\"0 0 %g %g\" role=\"img\" aria-label=\"",
		LEFT + GB_PLOT_WIDTH + RIGHT, ABOVE + plot->height + BELOW);
	gb_plot_text(label, plot->out);
	fputs("\">\n", plot->out);
	put_grid(plot);
}

void gb_plot_end(const struct gb_plot *plot)
{
	fputs("</svg>\n", plot->out);
}

void gb_plot_area(const struct gb_plot *plot, const char *class, size_t count,
		  const double *seconds, const double *low, const double *high)
{
	if (!count)
		return;
	fprintf(plot->out, "<path class=\"area c-%s\" d=\"M", class);
	for (size_t i = 0; i < count; i++)
		fprintf(plot->out, "%.1f %.1f ", x_of(plot, seconds[i]),
			y_of(plot, high[i]));
	for (size_t i = count; i-- > 0;)
		fprintf(plot->out, "%.1f %.1f ", x_of(plot, seconds[i]),
			y_of(plot, low ? low[i] : 0));
	fputs("z\"/>\n", plot->out);
}

void gb_plot_steps(const struct gb_plot *plot, const char *class, size_t count,
		   const double *seconds, const double *value)
{
	if (!count)
		return;
	fprintf(plot->out, "<path class=\"line c-%s\" d=\"M%.1f %.1f", class,
		x_of(plot, seconds[0]), y_of(plot, value[0]));
	for (size_t i = 1; i < count; i++)
		fprintf(plot->out, "H%.1fV%.1f", x_of(plot, seconds[i]),
			y_of(plot, value[i]));
	fprintf(plot->out, "\"/>\n");
}

void gb_plot_limit(const struct gb_plot *plot, double value, const char *name)
{
	double y = y_of(plot, value);

	fprintf(plot->out,
		"<path class=\"limit\" d=\"M%.1f %.1fH%.1f\"/><text class=\"name\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">",
		LEFT, y, LEFT + GB_PLOT_WIDTH, LEFT + GB_PLOT_WIDTH - 4, y - 4);
	gb_plot_text(name, plot->out);
	fputs("</text>\n", plot->out);
}
