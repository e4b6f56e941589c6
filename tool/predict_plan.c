/* SPDX-License-Identifier: GPL-2.0-only */
/* How to try a model at a smaller scale, and what that says of the whole. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "options.h"
#include "predict.h"

#define MIB    (UINT64_C(1) << 20)
/* Fewer layers say little: what only the first and last do would weigh. */
#define FEWEST 3
/* Enough of them; more only take time. */
#define ENOUGH (UINT64_C(4) << 30)

/*
 * torch: PyTorch and transformers in eager mode. Host time is that of 32 layers
 * on the machine of bench/results/2026-11-22-nvidia-h200-4ba967620e0f.json: a
 * token in 19.9 ms where all fits (decode-plain), of which the GPU waits 0.88
 * ms for the next (lead). The traffic of the unfused operations is that of
 * width 4096 (docs/simulated-time.md). Activations are the residual stream and
 * its norm in 16 and 32 bits, and four times the widest product in 16.
 *
 * fused, graph: one kernel for each product and for attention, nothing between
 * them; a prompt goes 512 tokens at a time, llama.cpp's own default.
 */
const struct gb_program gb_programs[] = {
	{ "torch", 19.0e6 / 32, 0.88e6 / 32, 1.70e6 / 4096, 12, 8, true, false, 0 },
	{ "fused", 0, 0, 0, 4, 4, false, false, 512 },
	{ "graph", 0, 0, 0, 4, 4, false, true, 512 },
	{ NULL },
};

const struct gb_program *gb_program_find(const char *name)
{
	const struct gb_program *program = gb_programs;

	while (program->name && strcmp(program->name, name))
		program++;
	return program->name ? program : NULL;
}

uint64_t gb_plan_tokens(const struct gb_question *question,
			const struct gb_workload *workload)
{
	uint64_t tokens = workload->amount;

	if (!workload->decodes && question->chunk && question->chunk < tokens)
		return question->chunk;
	return tokens;
}

static void find_sizes(struct gb_plan *plan, const struct gb_question *question)
{
	const struct gb_shape *shape = question->shape;
	const struct gb_program *program = question->program;
	uint64_t tokens = 0, inner = shape->hidden;

	plan->slots = 0;
	for (unsigned int i = 0; i < question->workloads; i++) {
		const struct gb_workload *workload = &question->workload[i];
		uint64_t at_once = gb_plan_tokens(question, workload);
		uint64_t seen = workload->decodes
					? workload->amount * question->context
					: workload->amount;

		tokens = at_once > tokens ? at_once : tokens;
		plan->slots = seen > plan->slots ? seen : plan->slots;
	}
	for (unsigned int i = 0; i < shape->parts; i++) {
		uint64_t rows = shape->part[i].rows;

		if (shape->part[i].experts)
			rows *= shape->experts_used;
		inner = rows > inner ? rows : inner;
	}
	plan->room = (uint64_t)((program->wide * (double)shape->hidden +
				 program->inner * (double)inner) *
				(double)tokens);
	if (plan->room < 4 * MIB)
		plan->room = 4 * MIB;
}

uint64_t gb_plan_layer(const struct gb_shape *shape)
{
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < shape->parts; i++)
		bytes += shape->part[i].bytes / shape->layers;
	return bytes;
}

uint64_t gb_plan_weights(const struct gb_question *question)
{
	const struct gb_shape *shape = question->shape;

	return gb_shape_bytes(shape) -
	       (question->program->table ? 0 : shape->table.bytes);
}

/* As the library would choose it for the whole: docs/staging.md. */
static uint64_t find_ring(uint64_t asked, uint64_t vram)
{
	uint64_t ring = asked, most = vram / 4;

	if (asked == GB_SIZE_AUTO) {
		ring = vram / 16;
		ring = ring < 256 * MIB ? 256 * MIB : ring;
		ring = ring > 2048 * MIB ? 2048 * MIB : ring;
	} else {
		most *= 3;
	}
	return ring > most ? most : ring;
}

/*
 * With so many layers, what belongs to none is as much too large for a copy in
 * @ring as it really is; 0: it really is not.
 */
static unsigned int layers_that_keep(const struct gb_shape *shape,
				     uint64_t bytes, uint64_t ring)
{
	if (!ring || 2 * bytes <= ring)
		return 0;
	return (unsigned int)(shape->layers * ring / (2 * bytes)) + 1;
}

static unsigned int fitting(const struct gb_shape *shape, double layer,
			    uint64_t fixed, uint64_t memory)
{
	double layers =
		memory > fixed ? ((double)memory - (double)fixed) / layer : 0;

	return layers < shape->layers ? (unsigned int)layers : shape->layers;
}

static unsigned int choose_layers(const struct gb_shape *shape, double layer,
				  const struct gb_plan *plan, uint64_t memory)
{
	uint64_t enough = ENOUGH < memory ? ENOUGH : memory;
	uint64_t more = 2 * ENOUGH < memory ? 2 * ENOUGH : memory;
	uint64_t fixed = plan->room + plan->ring;
	unsigned int fewest = shape->layers < FEWEST ? shape->layers : FEWEST;
	unsigned int layers = fitting(shape, layer, fixed, enough);
	unsigned int table =
		layers_that_keep(shape, shape->table.bytes, plan->ring);
	unsigned int head = layers_that_keep(shape, shape->head.bytes, plan->ring);
	unsigned int both = table > head ? table : head;

	if (layers < both && both <= fitting(shape, layer, fixed, more))
		layers = both;
	return layers < fewest ? fewest : layers;
}

/*
 * Budgets at scale. The library gives the ring that is asked for three quarters
 * of VRAM at the most; where it is more, at a very small scale, it has to be
 * smaller than it really is, and what holds layers keeps its share. Where VRAM
 * holds no more than what does not scale, it is that.
 */
static void scale_budgets(struct gb_plan *plan, uint64_t vram, uint64_t ram,
			  unsigned int parts)
{
	uint64_t fixed = plan->room + plan->ring, rest;
	/* With what each allocation is rounded up by. */
	uint64_t most = plan->needed + 2 * MIB * plan->layers * (parts + 2);

	plan->ram = (uint64_t)((double)ram / plan->factor);
	/* More is of no use, and this machine may not have it. */
	if (plan->ram > most)
		plan->ram = most;
	plan->vram = vram;
	if (vram <= fixed)
		return;
	rest = plan->room + (uint64_t)((double)(vram - fixed) / plan->factor);
	if (plan->ring > 3 * rest)
		plan->ring = 3 * rest;
	plan->vram = rest + plan->ring;
}

int gb_plan_make(struct gb_plan *plan, const struct gb_question *question,
		 uint64_t vram, uint64_t memory)
{
	const struct gb_shape *shape = question->shape;
	uint64_t bytes;
	double layer;

	find_sizes(plan, question);
	bytes = gb_plan_weights(question) +
		shape->cache * plan->slots * shape->layers;
	layer = (double)bytes / shape->layers;
	plan->total = bytes + plan->room;
	plan->ring = plan->total > vram ? find_ring(question->staging, vram) : 0;
	plan->layers = question->layers
			       ? question->layers
			       : choose_layers(shape, layer, plan, memory);
	plan->factor = (double)shape->layers / plan->layers;
	plan->needed = (uint64_t)(layer * plan->layers) + plan->room + plan->ring;
	scale_budgets(plan, vram, question->ram, shape->parts);
	return plan->needed <= memory ? 0 : -ENOMEM;
}

/*
 * What a pass has to bring, at the least, of @away bytes that are not in VRAM:
 * what no pass reads may be first there, and then of the banks what is not read.
 */
static double read_of(const struct gb_question *question, uint64_t away,
		      uint64_t tokens)
{
	const struct gb_shape *shape = question->shape;
	double left = (double)away, banks = (double)gb_shape_bank_bytes(shape);
	double cold = (double)shape->other;

	if (question->program->table)
		cold += (double)shape->table.bytes;
	left = fmax(0, left - cold);
	banks = fmin(left, banks);
	return banks * gb_shape_bank_share(shape, tokens) + left - banks;
}

void gb_predict_reckon(struct gb_prediction *prediction,
		       const struct gb_question *question,
		       const struct gb_plan *plan, const struct gb_run *run,
		       const struct gb_run *plain)
{
	const struct gb_workload *workload = &prediction->workload;
	uint64_t tokens = gb_plan_tokens(question, workload);
	double passes =
		workload->decodes ? 1 : (double)workload->amount / (double)tokens;
	double amount = (double)workload->amount / passes;
	double seconds = (double)run->ns * plan->factor / 1e9;
	double alone = (double)plain->ns * plan->factor / 1e9;
	double link;

	prediction->fits = true;
	prediction->total = plan->total;
	prediction->in_ram = (uint64_t)((double)run->ram * plan->factor);
	if (prediction->in_ram > prediction->total)
		prediction->in_ram = prediction->total;
	link = read_of(question, prediction->in_ram, tokens) /
	       (question->profile->link_up_gb_per_s * 1e9);
	prediction->rate = amount / seconds;
	prediction->plain = amount / alone;
	prediction->bound = amount / fmax(alone, link);
}

/*
 * The library needs a part of VRAM and RAM for what is on its way, so more will
 * lie on the disk; and it keeps there what it reads last, as well as it can.
 */
void gb_predict_reckon_disk(struct gb_prediction *prediction,
			    const struct gb_question *question,
			    const struct gb_plan *plan)
{
	const struct gb_workload *workload = &prediction->workload;
	const struct sim_profile *profile = question->profile;
	uint64_t tokens = gb_plan_tokens(question, workload);
	double at_once = fmin((double)workload->amount, (double)tokens);
	uint64_t held = prediction->vram + question->ram;
	double link, disk;

	prediction->total = plan->total;
	if (plan->total <= held || plan->total - held > gb_plan_weights(question))
		return;
	prediction->on_nvme = plan->total - held;
	prediction->in_ram = question->ram;
	prediction->nvme_read = read_of(question, prediction->on_nvme, tokens);
	disk = prediction->nvme_read / (profile->disk_read_gb_per_s * 1e9);
	link = read_of(question, question->ram + prediction->on_nvme, tokens) /
	       (profile->link_up_gb_per_s * 1e9);
	if (fmax(disk, link) > 0)
		prediction->bound = at_once / fmax(disk, link);
}
