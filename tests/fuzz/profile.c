/* SPDX-License-Identifier: GPL-2.0-only */
/* Hardware profiles, which people write by hand. */
#include "profile.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static const char *const shipped[] = { "h200", "rtx3060", "rtx4090", "rtx5070" };

size_t fuzz_sample(unsigned int number, uint8_t *data)
{
	char path[4096];
	size_t size;
	FILE *file;

	if (number >= sizeof(shipped) / sizeof(shipped[0]))
		return 0;
	snprintf(path, sizeof(path), "%s/%s.profile", FUZZ_PROFILES,
		 shipped[number]);
	file = fopen(path, "r");
	assert(file);
	size = fread(data, 1, FUZZ_ROOM, file);
	fclose(file);
	assert(size && size < FUZZ_ROOM);
	return size;
}

static void check_number(double value, double minimum, double maximum)
{
	assert(value == 0 || (value >= minimum && value <= maximum));
}

static void check_curve(const struct sim_curve *curve, double from, double to,
			double minimum, double maximum)
{
	assert(curve->count && curve->count <= SIM_CURVE_POINTS);
	for (unsigned int i = 0; i < curve->count; i++) {
		assert(curve->x[i] >= from && curve->x[i] <= to);
		assert(curve->y[i] >= minimum && curve->y[i] <= maximum);
		assert(!i || curve->x[i] > curve->x[i - 1]);
	}
	for (double x = 0; x < 1e6; x = 2 * x + 1) {
		assert(sim_curve_rate(curve, x) <= maximum);
		assert(sim_curve_cost(curve, x) >= 0);
	}
}

static void check(const struct sim_profile *profile)
{
	assert(*profile->title);
	assert(memchr(profile->title, '\0', sizeof(profile->title)));
	assert(!strcmp(profile->name, "some"));
#define NUMBER(key, minimum, maximum, need, help)                              \
	if (need)                                                              \
		assert(profile->key >= (minimum));                             \
	check_number(profile->key, minimum, maximum);
#define CURVE(key, x_minimum, x_maximum, minimum, maximum, help)               \
	check_curve(&profile->key, x_minimum, x_maximum, minimum, maximum);
#include "figures.def"
#undef NUMBER
#undef CURVE
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sim_profile profile;
	char error[200] = "", *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = '\0';
	if (!sim_profile_parse(&profile, "a/some.profile", text, error,
			       sizeof(error))) {
		assert(!*error);
		check(&profile);
	} else {
		assert(!strncmp(error, "a/some.profile:", 15));
		assert(!strchr(error, '\n') && strlen(error) < sizeof(error));
	}
	free(text);
	return 0;
}
