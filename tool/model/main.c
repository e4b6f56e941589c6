/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The program that `greenboost predict` runs on the simulated GPU: an ordinary
 * CUDA program, in which nothing knows of GreenBoost. Reads lines of words. Of
 * the model, one each of
 *
 *	layers|hidden|cache|slots|room|small|layer_ns|token_ns|replays|other N
 *	table|head BYTES ROWS COLUMNS
 *
 * any number of parts, which every layer has, and then its end:
 *
 *	part BYTES ROWS COLUMNS EXPERTS USED
 *	load
 *
 * Behind that, any number of
 *
 *	prefill TOKENS CONTEXT
 *	decode BATCH CONTEXT
 *
 * Answers "loaded" to the first of these three, "done NS RESULT" to the others:
 * the virtual time of a pass, and what it computed. Ends with the input.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"
#include "model.h"

/* The first passes find memory its place, and the median of the last counts. */
#define PASSES 24
#define LAST   9

static const struct {
	const char *name;
	size_t offset;
} numbers[] = {
#define NUMBER(name)                                                           \
	{                                                                      \
#name, offsetof(struct model, name)                            \
	}
	NUMBER(hidden), NUMBER(cache),	  NUMBER(slots),    NUMBER(room),
	NUMBER(small),	NUMBER(layer_ns), NUMBER(token_ns), NUMBER(other),
#undef NUMBER
};

static bool set_number(struct model *model, const char *name, uint64_t value)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		if (strcmp(numbers[i].name, name))
			continue;
		memcpy((char *)model + numbers[i].offset, &value, sizeof(value));
		return true;
	}
	return false;
}

static bool set_part(struct model *model, const char *name, const uint64_t *value)
{
	struct part part = { .bytes = value[0],
			     .rows = value[1],
			     .columns = value[2],
			     .experts = value[3],
			     .used = value[4] };

	if (!strcmp(name, "table"))
		model->table = part;
	else if (!strcmp(name, "head"))
		model->head = part;
	else if (!strcmp(name, "part") && model->parts < MODEL_PARTS)
		model->part[model->parts++] = part;
	else
		return false;
	return true;
}

static int compare(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

static void measure(struct model *model, bool decodes, const uint64_t *value)
{
	uint64_t times[PASSES];

	if (decodes)
		model_prepare_decode(model, value[0], value[1]);
	for (unsigned int i = 0; i < PASSES; i++) {
		uint64_t began = gpu.now();

		if (decodes)
			model_decode(model, value[0], value[1]);
		else
			model_prefill(model, value[0], value[1]);
		times[i] = gpu.now() - began;
	}
	qsort(times + PASSES - LAST, LAST, sizeof(*times), compare);
	printf("done %llu %llu\n", (unsigned long long)times[PASSES - 1 - LAST / 2],
	       (unsigned long long)model_result(model));
}

static bool obey(struct model *model, const char *word, const uint64_t *value)
{
	if (!strcmp(word, "layers") && value[0] <= MODEL_LAYERS) {
		model->layers = (unsigned int)value[0];
	} else if (!strcmp(word, "replays")) {
		model->replays = value[0];
	} else if (!strcmp(word, "load")) {
		model_make(model);
		puts("loaded");
	} else if (!strcmp(word, "prefill") || !strcmp(word, "decode")) {
		measure(model, *word == 'd', value);
	} else {
		return set_number(model, word, value[0]) ||
		       set_part(model, word, value);
	}
	return true;
}

int main(void)
{
	static struct model model;
	char line[256];

	driver_open();
	while (fgets(line, sizeof(line), stdin)) {
		unsigned long long read[5] = { 0 };
		uint64_t value[5];
		char word[16];

		if (sscanf(line, "%15s %llu %llu %llu %llu %llu", word,
			   &read[0], &read[1], &read[2], &read[3], &read[4]) < 1)
			continue;
		for (unsigned int i = 0; i < 5; i++)
			value[i] = read[i];
		if (!obey(&model, word, value))
			errx(2, "not understood: %s", line);
		fflush(stdout);
	}
	return 0;
}
