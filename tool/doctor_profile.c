/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The measured machine as a hardware profile. What was not measured is that of
 * the known machine whose VRAM is the most alike, and says so.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"
#include "page.h"
#include "profile.h"
#include "tool.h"

static const char *const known[] = { "h200", "rtx4090", "rtx5070", "rtx3060" };

#define MEASURED      "measured by greenboost doctor"
#define IN_PROPORTION "estimate: in proportion to what was measured"
#define TOLD	      "as the machine says"

struct figure {
	const char *key;
	double value; /* 0: not known here */
	const char *source;
};

struct page {
	FILE *out;
	const struct sim_profile *base;
	const struct figure *figure; /* a key of NULL ends them */
	double gather;		     /* rates of gathers, against the base's */
};

/* How unlike two rates are, whichever is the larger. */
static double distance(double a, double b)
{
	return fabs(log(a / b));
}

static int find_base(struct sim_profile *base, double vram)
{
	char why[256] = "";
	bool found = false;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct sim_profile each;

		if (sim_profile_load(&each, known[i], why, sizeof(why)))
			continue;
		if (!found || distance(each.vram_read_gb_per_s, vram) <
				      distance(base->vram_read_gb_per_s, vram))
			*base = each;
		found = true;
	}
	if (!found)
		gb_error("no profile to complete this one with: %s", why);
	return found ? 0 : -ENOENT;
}

static void put_number(const struct page *page, const char *key, double value)
{
	const struct figure *figure = page->figure;

	while (figure->key && (strcmp(figure->key, key) || figure->value <= 0))
		figure++;
	if (figure->key)
		fprintf(page->out, "%s = %.6g  # %s\n", key, figure->value,
			figure->source);
	else if (value > 0)
		fprintf(page->out, "%s = %.6g  # estimate: as of %s\n", key,
			value, page->base->name);
}

static void put_curve(const struct page *page, const char *key,
		      const struct sim_curve *curve)
{
	bool is_gather = !strcmp(key, "zerocopy_gather_gb_per_s");

	fprintf(page->out, "%s =", key);
	for (unsigned int i = 0; i < curve->count; i++)
		fprintf(page->out, " %.10g:%.6g", curve->x[i],
			curve->y[i] * (is_gather ? page->gather : 1));
	if (is_gather)
		fprintf(page->out, "  # %s\n", IN_PROPORTION);
	else
		fprintf(page->out, "  # estimate: as of %s\n", page->base->name);
}

static void put_figures(const struct page *page)
{
	const struct sim_profile *base = page->base;

#define NUMBER(key, minimum, maximum, need, help)                              \
	put_number(page, #key, base->key);
#define CURVE(key, x_minimum, x_maximum, minimum, maximum, help)               \
	put_curve(page, #key, &base->key);
#include "figures.def"
#undef NUMBER
#undef CURVE
}

static void put_page(const struct gb_diagnosis *d,
		     const struct sim_profile *base, FILE *out)
{
	const struct gb_card *card = &d->gpu[d->index].card;
	const struct gb_rates *rates = &d->rates;
	double link = rates->up / 1e9 / base->link_up_gb_per_s;
	double back = rates->down / 1e9 / base->link_down_gb_per_s;
	double vram = rates->vram / 1e9 / base->vram_read_gb_per_s;
	uint64_t ram = d->facts.memory.total;
	const struct figure figures[] = {
		{ "vram_mib", floor((double)card->vram_total / (1 << 20)), TOLD },
		{ "compute_capability",
		  card->capability[0] + card->capability[1] / 10.0, TOLD },
		{ "sm_count", card->multiprocessors, TOLD },
		{ "vram_read_gb_per_s", rates->vram / 1e9, MEASURED },
		{ "vram_copy_gb_per_s", base->vram_copy_gb_per_s * vram,
		  IN_PROPORTION },
		{ "link_up_gb_per_s", rates->up / 1e9, MEASURED },
		{ "link_down_gb_per_s", rates->down / 1e9, MEASURED },
		{ "link_duplex_gb_per_s", base->link_duplex_gb_per_s * link,
		  IN_PROPORTION },
		{ "zerocopy_read_gb_per_s", rates->direct / 1e9, MEASURED },
		{ "zerocopy_write_gb_per_s",
		  base->zerocopy_write_gb_per_s * back, IN_PROPORTION },
		{ "register_4k_gb_per_s", rates->pin / 1e9, MEASURED },
		{ "register_thp_gb_per_s", rates->pin_huge / 1e9, MEASURED },
		{ "ram_mib",
		  ram == GB_UNKNOWN || d->simulated ? 0 : floor((double)ram / (1 << 20)),
		  TOLD },
		{ "ram_gb_per_s", rates->ram / 1e9, MEASURED },
		{ "disk_read_gb_per_s",
		  rates->disk_cached ? 0 : rates->disk / 1e9, MEASURED },
		{ NULL },
	};
	struct page page = { out, base, figures,
			     rates->direct / 1e9 / base->zerocopy_read_gb_per_s };

	fprintf(out,
		"# Made by greenboost doctor. What is an estimate as of another machine was not\n"
		"# measured: replace what you know better, the arithmetic above all.\n"
		"title = %s\n\n",
		card->name);
	put_figures(&page);
}

/* Writes @text, of which it has been seen that it can be read again. */
static int write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");
	int ret = 0;

	if (!file || fputs(text, file) < 0)
		ret = -errno;
	if (file && fclose(file) && !ret)
		ret = -errno;
	if (ret)
		gb_error("%s: %s", path, strerror(-ret));
	return ret;
}

int gb_doctor_write_profile(const struct gb_diagnosis *d, const char *path)
{
	struct sim_profile base, made;
	char why[256], *text = NULL;
	size_t size;
	FILE *out;
	int ret;

	if (d->rates.vram <= 0 || d->rates.direct <= 0) {
		gb_error("%s is not written: the GPU was not measured", path);
		return -ENODATA;
	}
	ret = find_base(&base, d->rates.vram / 1e9);
	if (ret)
		return ret;
	out = open_memstream(&text, &size);
	if (!out)
		return -ENOMEM;
	put_page(d, &base, out);
	fclose(out);
	/* Figures that no machine can have, as without virtual time. */
	ret = sim_profile_parse(&made, path, text, why, sizeof(why));
	if (ret)
		gb_error("%s is not written: %s", path, why);
	else
		ret = write_file(path, text);
	free(text);
	return ret;
}
