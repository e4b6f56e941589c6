/* SPDX-License-Identifier: GPL-2.0-only */
#include "model.h"

#include <err.h>
#include <math.h>
#include <stdlib.h>

#include "driver.h"

#define PAGE	4096u
#define WARM_UP 3

static void *allocate(size_t count, size_t bytes)
{
	void *memory = calloc(count, bytes);

	if (!memory)
		errx(EXIT_MEMORY, "no memory for %zu bytes", count * bytes);
	return memory;
}

/* What differs from page to page is enough to tell pages apart. */
static CUdeviceptr upload(uint64_t bytes)
{
	static uint64_t seed;
	uint64_t *data = allocate(1, bytes);
	CUdeviceptr to;

	seed++;
	for (uint64_t at = 0; at < bytes / 8; at += PAGE / 8)
		data[at] = seed * 1000003 + at;
	MUST(MemAlloc(&to, bytes));
	MUST(MemcpyHtoD(to, data, bytes));
	free(data);
	return to;
}

/* Memory that kernels write; of each range they look at the first word. */
static CUdeviceptr cleared(uint64_t bytes)
{
	CUdeviceptr to;

	MUST(MemAlloc(&to, bytes < PAGE ? PAGE : bytes));
	MUST(MemsetD8(to, 0, PAGE));
	return to;
}

static void upload_part(struct part *part, unsigned int layer)
{
	if (!part->at)
		part->at = allocate(MODEL_LAYERS, sizeof(*part->at));
	part->at[layer] = upload(part->bytes);
}

void model_make(struct model *model)
{
	if (model->other)
		upload(model->other);
	if (model->table.bytes)
		upload_part(&model->table, 0);
	for (unsigned int i = 0; i < model->layers; i++)
		for (unsigned int k = 0; k < model->parts; k++)
			upload_part(&model->part[k], i);
	if (model->head.bytes)
		upload_part(&model->head, 0);
	model->keys = allocate(MODEL_LAYERS, sizeof(*model->keys));
	for (unsigned int i = 0; i < model->layers; i++)
		model->keys[i] = cleared(model->cache * model->slots);
	/* One block in two halves; the small operations go over all of it. */
	model->input = cleared(model->room);
	model->output = model->input + model->room / 2 / PAGE * PAGE;
	MUST(MemsetD8(model->output, 0, PAGE));
	MUST(CtxSynchronize());
}

static void product(struct model *model, struct part *part, unsigned int layer,
		    uint64_t m)
{
	void *parameters[] = { &model->output,
			       &model->input,
			       &part->at[layer],
			       &part->bytes,
			       &m,
			       &part->rows,
			       &part->columns };

	driver_launch(gpu.gemm, parameters);
}

/* @count neighbours out of @of, each time others, the same in each run. */
static uint64_t pick(uint64_t count, uint64_t of)
{
	static uint64_t state = 88172645463325252u;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return count < of ? state % (of - count + 1) : 0;
}

static void look_at(struct model *model, CUdeviceptr bank, uint64_t bytes,
		    uint64_t first, uint64_t count, uint64_t times, double flop)
{
	void *parameters[] = { &model->output, &bank,  &bytes, &first,
			       &count,	       &times, &flop };

	driver_launch(gpu.bank, parameters);
}

/*
 * Each token picks its experts by itself, so that many tokens read nearly all.
 * That the picked ones are neighbours makes no difference to memory, where
 * experts lie as they were loaded.
 */
static void experts(struct model *model, struct part *part, unsigned int layer,
		    uint64_t tokens)
{
	double share = 1 - pow(1 - (double)part->used / (double)part->experts,
			       (double)tokens);
	uint64_t count = (uint64_t)(share * (double)part->experts + 0.5);
	uint64_t each, times;

	count = count < part->used ? part->used : count;
	each = tokens * part->used / count;
	times = (each + 255) / 256;
	look_at(model, part->at[layer], part->bytes / part->experts & ~UINT64_C(7),
		pick(count, part->experts), count, times ? times : 1,
		2.0 * (double)(tokens * part->used) *
			(double)(part->rows * part->columns));
}

/* The rows of the table that @tokens tokens have. */
static void embed(struct model *model, uint64_t tokens)
{
	struct part *table = &model->table;
	uint64_t row = (table->bytes / table->rows) & ~UINT64_C(7);
	uint64_t count = tokens < table->rows ? tokens : table->rows;

	if (row)
		look_at(model, table->at[0], row, pick(count, table->rows),
			count, 1, 0);
}

/* @seen: tokens whose keys and values are read; @context: a token's, on average */
static void attend(struct model *model, unsigned int layer, uint64_t tokens,
		   uint64_t seen, uint64_t context)
{
	uint64_t bytes = model->cache * seen, added = model->cache * tokens;
	double flop = 4.0 * (double)model->hidden * (double)tokens * (double)context;
	void *parameters[] = { &model->output, &model->keys[layer], &bytes,
			       &added, &flop };

	driver_launch(gpu.attention, parameters);
}

static void small_operations(struct model *model, uint64_t tokens)
{
	uint64_t bytes = model->small / 2 * tokens;
	double flop = 0;
	void *parameters[] = { &model->input, &model->room, &bytes, &flop };

	if (bytes)
		driver_launch(gpu.rest, parameters);
}

/* With @thinks the program takes its time before each launch. */
static void forward(struct model *model, uint64_t tokens, uint64_t seen,
		    uint64_t context, uint64_t sequences, bool thinks)
{
	if (model->table.bytes)
		embed(model, tokens);
	for (unsigned int i = 0; i < model->layers; i++) {
		for (unsigned int k = 0; k < model->parts; k++) {
			if (thinks)
				gpu.spend(model->layer_ns / model->parts);
			if (model->part[k].experts)
				experts(model, &model->part[k], i, tokens);
			else
				product(model, &model->part[k], i, tokens);
		}
		attend(model, i, tokens, seen, context);
		small_operations(model, tokens);
	}
	if (model->head.bytes)
		product(model, &model->head, 0, sequences);
}

uint64_t model_result(const struct model *model)
{
	uint64_t token;

	MUST(MemcpyDtoHAsync(&token, model->output, sizeof(token), gpu.stream));
	MUST(StreamSynchronize(gpu.stream));
	return token;
}

void model_prefill(struct model *model, uint64_t tokens, uint64_t context)
{
	forward(model, tokens, 2 * context, context, 1, true);
	model_result(model);
}

void model_prepare_decode(struct model *model, uint64_t batch, uint64_t context)
{
	CUgraph graph;

	if (!model->replays)
		return;
	/* After some steps of the ordinary kind, as frameworks do it. */
	for (int i = 0; i < WARM_UP; i++)
		forward(model, batch, batch * context, context, batch, true);
	model_result(model);
	MUST(StreamBeginCapture(gpu.stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
	forward(model, batch, batch * context, context, batch, false);
	MUST(StreamEndCapture(gpu.stream, &graph));
	MUST(GraphInstantiate(&model->step, graph, 0));
}

void model_decode(struct model *model, uint64_t batch, uint64_t context)
{
	if (model->replays)
		MUST(GraphLaunch(model->step, gpu.stream));
	else
		forward(model, batch, batch * context, context, batch, true);
	model_result(model);
	gpu.spend(model->token_ns);
}
