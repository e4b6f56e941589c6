/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The text of a profile. Numbers are parsed here and not by strtod(), whose
 * decimal point follows the locale of the program that the simulator was loaded
 * into.
 */
#include "profile_text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A row of figures.def; the x range is 0 to 0 for a plain number. */
struct figure {
	const char *key;
	double x_minimum, x_maximum, minimum, maximum;
	bool curve, needed;
	size_t offset;
};

#define MEMBER(key) offsetof(struct sim_profile, key)

static const struct figure figures[] = {
#define NUMBER(key, minimum, maximum, need, help)                              \
	{ #key, 0, 0, minimum, maximum, false, need, MEMBER(key) },
#define CURVE(key, x_minimum, x_maximum, minimum, maximum, help)               \
	{ #key, x_minimum, x_maximum, minimum, maximum, true, true, MEMBER(key) },
#include "figures.def"
#undef NUMBER
#undef CURVE
};

#define FIGURES (sizeof(figures) / sizeof(figures[0]))

struct reader {
	struct sim_profile *profile;
	const char *name;  /* as messages call it */
	unsigned int line; /* from 1; 0: the file as a whole */
	char *error;
	size_t error_size;
	bool titled;
	bool seen[FIGURES];
};

/* Says what is wrong with the line being read; its value is @code. */
#define complain(reader, code, ...)                                            \
	sim_profile_complain((reader)->error, (reader)->error_size,            \
			     (reader)->name, (reader)->line, code, __VA_ARGS__)

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Cuts blanks off both ends of @text, in place. */
static char *trim(char *text)
{
	size_t length;

	while (is_blank(*text))
		text++;
	length = strlen(text);
	while (length && is_blank(text[length - 1]))
		text[--length] = '\0';
	return text;
}

/* Digits, and a point with digits. Returns what follows, NULL if none stand there. */
static const char *read_number(const char *text, double *value)
{
	double scale = 1.0;

	if (!is_digit(*text))
		return NULL;
	for (*value = 0.0; is_digit(*text); text++)
		*value = *value * 10.0 + (*text - '0');
	if (*text != '.')
		return text;
	text++;
	if (!is_digit(*text))
		return NULL;
	for (; is_digit(*text); text++) {
		*value = *value * 10.0 + (*text - '0');
		scale *= 10.0;
	}
	*value /= scale;
	return text;
}

static int check_range(struct reader *reader, const char *key, double value,
		       double minimum, double maximum)
{
	if (value >= minimum && value <= maximum)
		return 0;
	return complain(reader, -ERANGE,
			"%s: %g is outside %g to %g; check the figure and its unit",
			key, value, minimum, maximum);
}

/* Where the figure's value goes. */
static void *member(struct reader *reader, const struct figure *figure)
{
	return (char *)reader->profile + figure->offset;
}

static int set_number(struct reader *reader, const struct figure *figure,
		      const char *text)
{
	double *number = member(reader, figure);
	double value;
	const char *end = read_number(text, &value);

	if (!end || *end)
		return complain(reader, -EINVAL,
				"%s: \"%.40s\" is not a number; write it like 51.2",
				figure->key, text);
	*number = value;
	return check_range(reader, figure->key, value, figure->minimum,
			   figure->maximum);
}

/* Reads one "x:y". Returns what follows, NULL if none stands there. */
static const char *read_point(const char *text, double *x, double *y)
{
	text = read_number(text, x);
	if (!text || *text != ':')
		return NULL;
	text = read_number(text + 1, y);
	return text && (is_blank(*text) || !*text) ? text : NULL;
}

static int add_point(struct reader *reader, const struct figure *figure,
		     struct sim_curve *curve, double x, double y)
{
	int error = check_range(reader, figure->key, x, figure->x_minimum,
				figure->x_maximum);

	if (!error)
		error = check_range(reader, figure->key, y, figure->minimum,
				    figure->maximum);
	if (error)
		return error;
	if (curve->count == SIM_CURVE_POINTS)
		return complain(reader, -EINVAL,
				"%s: more than %d points; leave some out",
				figure->key, SIM_CURVE_POINTS);
	if (curve->count && x <= curve->x[curve->count - 1])
		return complain(reader, -EINVAL,
				"%s: %g does not rise from %g; order the points",
				figure->key, x, curve->x[curve->count - 1]);
	curve->x[curve->count] = x;
	curve->y[curve->count] = y;
	curve->count++;
	return 0;
}

static int set_curve(struct reader *reader, const struct figure *figure,
		     const char *text)
{
	struct sim_curve *curve = member(reader, figure);
	double x, y;
	int error;

	do {
		const char *end = read_point(text, &x, &y);

		if (!end)
			return complain(reader, -EINVAL,
					"%s: \"%.40s\" is not a point; write like 2:15 64:19",
					figure->key, text);
		error = add_point(reader, figure, curve, x, y);
		if (error)
			return error;
		for (text = end; is_blank(*text); text++)
			;
	} while (*text);
	return 0;
}

static int set_title(struct reader *reader, const char *text)
{
	struct sim_profile *profile = reader->profile;

	if (reader->titled)
		return complain(reader, -EINVAL,
				"title stands here twice; keep one");
	if (!*text || strlen(text) >= sizeof(profile->title))
		return complain(reader, -EINVAL,
				"the title has %zu characters; give it 1 to %zu",
				strlen(text), sizeof(profile->title) - 1);
	reader->titled = true;
	strcpy(profile->title, text);
	return 0;
}

static const struct figure *find_figure(const char *key)
{
	size_t i;

	for (i = 0; i < FIGURES; i++)
		if (!strcmp(figures[i].key, key))
			return &figures[i];
	return NULL;
}

static int set_figure(struct reader *reader, const char *key, const char *value,
		      const char *source)
{
	const struct figure *figure = find_figure(key);

	if (!figure)
		return complain(reader, -EINVAL,
				"\"%.40s\" is no figure of a profile; compare with a shipped one",
				key);
	if (reader->seen[figure - figures])
		return complain(reader, -EINVAL,
				"%s stands here twice; keep one", key);
	if (!source || !*source)
		return complain(reader, -EINVAL,
				"%s has no source; add \"# where it comes from\"",
				key);
	reader->seen[figure - figures] = true;
	return figure->curve ? set_curve(reader, figure, value)
			     : set_number(reader, figure, value);
}

static int read_line(struct reader *reader, char *line)
{
	char *source = strchr(line, '#'), *equals;

	if (source) {
		*source = '\0';
		source = trim(source + 1);
	}
	line = trim(line);
	if (!*line)
		return 0;
	equals = strchr(line, '=');
	if (!equals)
		return complain(reader, -EINVAL,
				"\"%.40s\" has no \"=\"; write key = value  # source",
				line);
	*equals = '\0';
	line = trim(line);
	if (!strcmp(line, "title"))
		return set_title(reader, trim(equals + 1));
	return set_figure(reader, line, trim(equals + 1), source);
}

static int check_complete(struct reader *reader)
{
	size_t i;

	reader->line = 0;
	if (!reader->titled)
		return complain(reader, -EINVAL, "title is missing; add it");
	for (i = 0; i < FIGURES; i++)
		if (figures[i].needed && !reader->seen[i])
			return complain(reader, -EINVAL,
					"%s is missing; add it with its source",
					figures[i].key);
	return 0;
}

static int read_lines(struct reader *reader, char *text)
{
	char *line, *rest = text;
	int error;

	while ((line = strsep(&rest, "\n"))) {
		reader->line++;
		error = read_line(reader, line);
		if (error)
			return error;
	}
	return check_complete(reader);
}

/* "h200" of "some/where/h200.profile". */
static void set_name(struct sim_profile *profile, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t length = strlen(name);
	size_t ending = strlen(SIM_PROFILE_ENDING);

	if (length > ending && !strcmp(name + length - ending, SIM_PROFILE_ENDING))
		length -= ending;
	snprintf(profile->name, sizeof(profile->name), "%.*s", (int)length, name);
}

int sim_profile_parse(struct sim_profile *profile, const char *name,
		      const char *text, char *error, size_t size)
{
	struct reader reader = {
		.profile = profile, .name = name, .error = error, .error_size = size
	};
	char *copy;
	int result;

	memset(profile, 0, sizeof(*profile));
	set_name(profile, name);
	copy = strdup(text);
	if (!copy)
		return complain(&reader, -ENOMEM, "out of memory");
	result = read_lines(&reader, copy);
	free(copy);
	return result;
}
