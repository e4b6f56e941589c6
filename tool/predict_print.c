/* SPDX-License-Identifier: GPL-2.0-only */
/* Predictions as a table, and as JSON. */
#include <inttypes.h>
#include <stdlib.h>

#include "options.h"
#include "predict.h"
#include "tool.h"

/* Of the JSON form; grows when a member changes its meaning or goes. */
#define VERSION 1

static const char *size(uint64_t bytes, char *buffer)
{
	return gb_size_format(bytes, buffer, GB_SIZE_TEXT);
}

/* Three digits are more than a prediction knows. */
static const char *rate(double tokens, char *buffer, size_t room)
{
	if (tokens > 0)
		snprintf(buffer, room, "%.*f",
			 tokens < 10	? 2
			 : tokens < 100 ? 1
					: 0,
			 tokens);
	else
		snprintf(buffer, room, "?");
	return buffer;
}

/* Is any of it? */
static bool is_simulated(const struct gb_answer *answer)
{
	for (size_t i = 0; i < answer->count; i++)
		if (answer->prediction[i].fits)
			return true;
	return false;
}

static void print_head(const struct gb_answer *answer, FILE *out)
{
	const struct gb_question *question = answer->question;
	const struct gb_shape *shape = question->shape;
	char bytes[GB_SIZE_TEXT], active[GB_SIZE_TEXT];

	fprintf(out, "Model    %s: %u layers, %s of weights", answer->model,
		shape->layers, size(gb_shape_bytes(shape), bytes));
	if (shape->experts_used)
		fprintf(out, ", of which a token reads %s",
			size(gb_shape_active(shape), active));
	fprintf(out, "\nMachine  %s, link %.3g GB/s\n",
		question->profile->title, question->profile->link_up_gb_per_s);
	fprintf(out, "Program  %s; decoding behind %" PRIu64 " tokens\n",
		question->program->name, question->context);
	if (is_simulated(answer))
		fprintf(out, "Simulated with %u of %u layers.\n",
			answer->layers, shape->layers);
	fputc('\n', out);
}

/* VRAM and RAM do not hold it. */
static void print_beyond(const struct gb_prediction *prediction, FILE *out)
{
	char vram[GB_SIZE_TEXT], ram[GB_SIZE_TEXT], nvme[GB_SIZE_TEXT], bound[24];

	size(prediction->vram, vram);
	if (!prediction->on_nvme) {
		fprintf(out, "%10s  does not fit: %s in all\n", vram,
			size(prediction->total, ram));
		return;
	}
	fprintf(out, "%10s  %10s  %10s  %8s  %8s  %s on NVMe\n", vram, vram,
		size(prediction->in_ram, ram), "?",
		rate(prediction->bound, bound, sizeof(bound)),
		size(prediction->on_nvme, nvme));
}

/* What those rows mean. */
static void print_disk(const struct gb_answer *answer, FILE *out)
{
	const struct gb_prediction *most = NULL;
	char read[GB_SIZE_TEXT];

	for (size_t i = 0; i < answer->count; i++)
		if (answer->prediction[i].on_nvme &&
		    (!most || answer->prediction[i].nvme_read > most->nvme_read))
			most = &answer->prediction[i];
	if (!most)
		return;
	fprintf(out,
		"\nOn NVMe is what VRAM and RAM do not hold (greenboost run --nvme-path), and the disk is\n"
		"not simulated. A pass reads up to %s of it again, at %.3g GB/s; the bound is that, or\n"
		"the link's, and no prediction: it will be slower.\n",
		size((uint64_t)most->nvme_read, read),
		answer->question->profile->disk_read_gb_per_s);
}

static void print_row(const struct gb_prediction *prediction, FILE *out)
{
	char vram[GB_SIZE_TEXT], ram[GB_SIZE_TEXT], what[40];
	char tokens[24], bound[24], plain[24];

	snprintf(what, sizeof(what), "%s %" PRIu64,
		 prediction->workload.decodes ? "decode, batch" : "prompt of",
		 prediction->workload.amount);
	fprintf(out, "%-18s  ", what);
	if (!prediction->fits) {
		print_beyond(prediction, out);
		return;
	}
	fprintf(out, "%10s  ", size(prediction->vram, vram));
	fprintf(out, "%10s  ", size(prediction->total - prediction->in_ram, vram));
	fprintf(out, "%10s  %8s  %8s  %4.0f %%  %8s\n",
		size(prediction->in_ram, ram),
		rate(prediction->rate, tokens, sizeof(tokens)),
		rate(prediction->bound, bound, sizeof(bound)),
		100 * prediction->rate / prediction->bound,
		rate(prediction->plain, plain, sizeof(plain)));
}

void gb_answer_print(const struct gb_answer *answer, FILE *out)
{
	print_head(answer, out);
	fprintf(out, "%-18s  %10s  %10s  %10s  %8s  %8s  %6s  %8s\n", "", "budget",
		"in VRAM", "in RAM", "tokens/s", "bound", "of it", "all VRAM");
	for (size_t i = 0; i < answer->count; i++)
		print_row(&answer->prediction[i], out);
	print_disk(answer, out);
}

/* A profile's title and a path are text of others. */
static void print_text(const char *text, FILE *out)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else if ((unsigned char)*text < ' ' || *text == 0x7f)
			fprintf(out, "\\u%04x", *text);
		else
			fputc(*text, out);
	}
	fputc('"', out);
}

static void print_json_row(const struct gb_prediction *prediction, FILE *out)
{
	fprintf(out,
		"    {\"workload\": \"%s\", \"%s\": %" PRIu64
		", \"vram_budget\": %" PRIu64 ", \"fits\": %s, \"total\": %" PRIu64,
		prediction->workload.decodes ? "decode" : "prefill",
		prediction->workload.decodes ? "batch" : "tokens",
		prediction->workload.amount, prediction->vram,
		prediction->fits ? "true" : "false", prediction->total);
	if (prediction->fits)
		fprintf(out,
			", \"in_vram\": %" PRIu64 ", \"in_ram\": %" PRIu64
			", \"tokens_per_second\": %.6g, \"bound\": %.6g, \"all_in_vram\": %.6g",
			prediction->total - prediction->in_ram, prediction->in_ram,
			prediction->rate, prediction->bound, prediction->plain);
	else if (prediction->on_nvme)
		fprintf(out,
			", \"in_ram\": %" PRIu64 ", \"on_nvme\": %" PRIu64
			", \"nvme_read\": %.0f",
			prediction->in_ram, prediction->on_nvme,
			prediction->nvme_read);
	if (!prediction->fits && prediction->bound > 0)
		fprintf(out, ", \"bound\": %.6g", prediction->bound);
	fputc('}', out);
}

void gb_answer_json(const struct gb_answer *answer, FILE *out)
{
	const struct gb_question *question = answer->question;
	const struct gb_shape *shape = question->shape;

	fprintf(out, "{\"version\": %d, \"model\": ", VERSION);
	print_text(answer->model, out);
	fprintf(out,
		", \"layers\": %u, \"simulated_layers\": %u, \"weights\": %" PRIu64
		", \"active\": %" PRIu64 ",\n \"machine\": ",
		shape->layers, answer->layers, gb_shape_bytes(shape),
		gb_shape_active(shape));
	print_text(question->profile->title, out);
	fprintf(out, ", \"program\": \"%s\", \"context\": %" PRIu64 ",\n \"rows\": [\n",
		question->program->name, question->context);
	for (size_t i = 0; i < answer->count; i++) {
		print_json_row(&answer->prediction[i], out);
		fputs(i + 1 < answer->count ? ",\n" : "\n", out);
	}
	fputs(" ]}\n", out);
}
