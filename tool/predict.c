/* SPDX-License-Identifier: GPL-2.0-only */
/* greenboost predict: will it be fast enough, before anything is bought. */
#include "predict.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "memory.h"
#include "model_file.h"
#include "page.h"
#include "tool.h"

#define MIB	    (UINT64_C(1) << 20)
#define TOKENS_MOST (UINT64_C(1) << 24)
#define BATCH_MOST  65536
/* Without --machine: the card that `make demo` shows, too. */
#define MACHINE	    "rtx5070"

struct list {
	uint64_t value[GB_PREDICT_MOST];
	unsigned int count;
};

struct request {
	const char *model, *machine;
	const struct gb_program *program; /* or NULL: by the model's file */
	struct list vram, prompt, batch;
	uint64_t active, ram, staging, context, chunk;
	unsigned int bits, layers;
	bool has_chunk, json, help;
};

static int set_model(void *request, const char *text)
{
	((struct request *)request)->model = text;
	return 0;
}

static int set_machine(void *request, const char *text)
{
	((struct request *)request)->machine =
		strchr(text, '/') ? gb_absolute_path(text) : text;
	return 0;
}

static int set_size(const char *option, const char *text, uint64_t *bytes)
{
	if (!gb_size_parse(text, bytes) && *bytes && *bytes != GB_SIZE_AUTO &&
	    *bytes <= UINT64_C(1) << 56)
		return 0;
	gb_error("--%s=%s: not a size; write 6g, 800m, 64k or plain bytes",
		 option, text);
	return -EINVAL;
}

static int set_active(void *request, const char *text)
{
	return set_size("active", text, &((struct request *)request)->active);
}

static int set_ram(void *request, const char *text)
{
	return set_size("ram", text, &((struct request *)request)->ram);
}

static int set_staging(void *request, const char *text)
{
	uint64_t *staging = &((struct request *)request)->staging;

	*staging = 0;
	if (!strcmp(text, "off"))
		return 0;
	*staging = GB_SIZE_AUTO;
	return !strcmp(text, "auto") ? 0 : set_size("staging", text, staging);
}

static int set_number(const char *option, const char *text, uint64_t least,
		      uint64_t most, uint64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoull(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && !errno &&
	    *number >= least && *number <= most)
		return 0;
	gb_error("--%s: '%s' is not a number from %llu to %llu", option, text,
		 (unsigned long long)least, (unsigned long long)most);
	return -EINVAL;
}

/* Words between commas; @parse reads one. */
static int set_list(struct list *list, const char *option, const char *text,
		    int (*parse)(const char *option, const char *text,
				 uint64_t *value))
{
	char *words = gb_print("%s", text), *rest = words, *word;
	int ret = 0;

	list->count = 0;
	while (!ret && (word = strsep(&rest, ","))) {
		if (list->count == GB_PREDICT_MOST) {
			gb_error("--%s: more than %d", option, GB_PREDICT_MOST);
			ret = -EINVAL;
		} else {
			ret = parse(option, word, &list->value[list->count++]);
		}
	}
	free(words);
	return ret;
}

static int parse_tokens(const char *option, const char *text, uint64_t *value)
{
	return set_number(option, text, 1, TOKENS_MOST, value);
}

static int parse_batch(const char *option, const char *text, uint64_t *value)
{
	return set_number(option, text, 1, BATCH_MOST, value);
}

static int set_vram(void *request, const char *text)
{
	return set_list(&((struct request *)request)->vram, "vram", text, set_size);
}

static int set_prompt(void *request, const char *text)
{
	return set_list(&((struct request *)request)->prompt, "prompt", text,
			parse_tokens);
}

static int set_batch(void *request, const char *text)
{
	return set_list(&((struct request *)request)->batch, "batch", text,
			parse_batch);
}

static int set_context(void *request, const char *text)
{
	return set_number("context", text, 1, TOKENS_MOST,
			  &((struct request *)request)->context);
}

static int set_chunk(void *request, const char *text)
{
	((struct request *)request)->has_chunk = true;
	return set_number("chunk", text, 0, TOKENS_MOST,
			  &((struct request *)request)->chunk);
}

static int set_bits(void *request, const char *text)
{
	uint64_t bits = 0;
	int ret = set_number("bits", text, 1, 64, &bits);

	((struct request *)request)->bits = (unsigned int)bits;
	return ret;
}

static int set_layers(void *request, const char *text)
{
	uint64_t layers = 0;
	int ret = set_number("layers", text, 1, GB_SHAPE_LAYERS, &layers);

	((struct request *)request)->layers = (unsigned int)layers;
	return ret;
}

static int set_program(void *request, const char *text)
{
	((struct request *)request)->program = gb_program_find(text);
	if (((struct request *)request)->program)
		return 0;
	gb_error("--program=%s: write one of torch, fused, graph", text);
	return -EINVAL;
}

static int set_json(void *request, const char *text)
{
	((struct request *)request)->json = true;
	return 0;
}

static int set_help(void *request, const char *text)
{
	((struct request *)request)->help = true;
	return 0;
}

const struct gb_flag gb_predict_flags[] = {
	{ "model", GB_FLAG_VALUE, "FILE|SIZE", GB_OFFER_FILES,
	  "the model: a GGUF or safetensors file, the first or the index of several, a folder of safetensors, or how large it is, as 32.1g",
	  set_model },
	{ "active", GB_FLAG_VALUE, "SIZE", GB_OFFER_NOTHING,
	  "what of it a token reads, of a mixture of experts", set_active },
	{ "bits", GB_FLAG_VALUE, "BITS", GB_OFFER_NOTHING,
	  "of a weight, where the model is a SIZE (default: 16)", set_bits },
	{ "machine", GB_FLAG_VALUE, "PROFILE", GB_OFFER_FILES,
	  "h200, rtx4090, rtx5070 (the default), rtx3060, or the file of a profile",
	  set_machine },
	{ "vram", GB_FLAG_VALUE, "SIZE,...", GB_OFFER_NOTHING,
	  "VRAM that the program may fill (default: the card's, less the reserve)",
	  set_vram },
	{ "ram", GB_FLAG_VALUE, "SIZE", GB_OFFER_NOTHING,
	  "RAM that may hold overflow (default: half of the machine's)", set_ram },
	{ "staging", GB_FLAG_VALUE, "SIZE", GB_OFFER_NOTHING,
	  "as in `greenboost run`: auto, off, or a size", set_staging },
	{ "program", GB_FLAG_VALUE, "torch|fused|graph", GB_OFFER_NOTHING,
	  "what runs it: PyTorch in eager mode, one with fused kernels, or that with captured graphs (default: fused for what is quantised, else torch)",
	  set_program },
	{ "prompt", GB_FLAG_VALUE, "TOKENS,...", GB_OFFER_NOTHING,
	  "lengths of prompts (default: 512,2048)", set_prompt },
	{ "chunk", GB_FLAG_VALUE, "TOKENS", GB_OFFER_NOTHING,
	  "of a prompt that go through the model at a time, 0 for all (default: 512, of torch 0)",
	  set_chunk },
	{ "batch", GB_FLAG_VALUE, "SEQUENCES,...", GB_OFFER_NOTHING,
	  "how many are decoded at once (default: 1)", set_batch },
	{ "context", GB_FLAG_VALUE, "TOKENS", GB_OFFER_NOTHING,
	  "that stand before the decoded one (default: 512)", set_context },
	{ "layers", GB_FLAG_VALUE, "COUNT", GB_OFFER_NOTHING,
	  "to simulate (default: what takes some 4 GiB)", set_layers },
	{ "json", GB_FLAG_ALONE, "", GB_OFFER_NOTHING, "print JSON", set_json },
	{ "help", GB_FLAG_ALONE, "", GB_OFFER_NOTHING, "show this", set_help },
	{ NULL },
};

/* A file that is called 6g is ./6g. */
static int read_model(const struct request *request, struct gb_shape *shape)
{
	uint64_t bytes;

	if (gb_size_parse(request->model, &bytes))
		return gb_model_read(shape, request->model, request->active)
			       ? GB_EXIT_FAILURE
			       : 0;
	if (!gb_shape_guess(shape, bytes, request->active, request->bits))
		return 0;
	gb_error("--model=%s: a model has 16m to 65536t of weights, of which a token reads --active, 1/2048 at the least",
		 request->model);
	return GB_EXIT_USAGE;
}

static void add_workloads(struct gb_question *question, const struct list *list,
			  bool decodes)
{
	for (unsigned int i = 0; i < list->count; i++)
		question->workload[question->workloads++] =
			(struct gb_workload){ decodes, list->value[i] };
}

static void make_question(struct gb_question *question,
			  const struct request *request,
			  const struct gb_shape *shape,
			  const struct sim_profile *profile)
{
	const struct gb_program *program = request->program;

	if (!program)
		program = gb_program_find(shape->packed ? "fused" : "torch");
	*question = (struct gb_question){
		.shape = shape,
		.program = program,
		.profile = profile,
		.chunk = request->has_chunk ? request->chunk : program->chunk,
		.context = request->context,
		.ram = request->ram ? request->ram
				    : (uint64_t)profile->ram_mib * MIB / 2,
		.staging = request->staging,
		.layers = request->layers < shape->layers ? request->layers
							  : shape->layers,
	};
	add_workloads(question, &request->prompt, false);
	add_workloads(question, &request->batch, true);
}

/* As the library has it: a thirty-second of the card, 256 MiB to 1 GiB. */
static uint64_t whole_card(const struct sim_profile *profile)
{
	uint64_t bytes = (uint64_t)profile->vram_mib * MIB, reserve = bytes / 32;

	reserve = reserve < 256 * MIB ? 256 * MIB : reserve;
	reserve = reserve > 1024 * MIB ? 1024 * MIB : reserve;
	return bytes > 2 * reserve ? bytes - reserve : bytes / 2;
}

/* What the simulation may take of this machine's memory. */
static uint64_t usable_memory(void)
{
	struct gb_memory memory;

	gb_memory_read(&memory, "");
	return memory.available == GB_UNKNOWN ? UINT64_C(4) << 30
					      : memory.available / 2;
}

static int complain_of_memory(const struct gb_plan *plan, uint64_t memory)
{
	char needed[GB_SIZE_TEXT], there[GB_SIZE_TEXT];

	gb_error("simulating %u layers of this takes %s of memory, and half of what is available here is %s; see --layers and --prompt",
		 plan->layers, gb_size_format(plan->needed, needed, sizeof(needed)),
		 gb_size_format(memory, there, sizeof(there)));
	return GB_EXIT_FAILURE;
}

static bool agree(const struct gb_run *run, const struct gb_run *plain,
		  unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (run[i].result != plain[i].result)
			return false;
	return true;
}

/* Both runs at one VRAM budget; @plain may have been made before. */
static int run_both(const struct gb_question *question, const struct gb_plan *plan,
		    const char *machine, struct gb_run *run,
		    struct gb_run *plain, struct gb_progress *progress)
{
	int ret;

	gb_progress_show(progress);
	ret = gb_predict_run(question, plan, machine, true, run, progress);
	if (!ret)
		ret = gb_predict_run(question, plan, machine, false, plain,
				     progress);
	gb_progress_finish(progress);
	if (!ret && !agree(run, plain, question->workloads)) {
		gb_error("the simulated program computed something else under GreenBoost: this is a fault of GreenBoost; please report it");
		ret = -EILSEQ;
	}
	return ret;
}

static int predict_at(struct gb_answer *answer, uint64_t vram,
		      const char *machine, struct gb_progress *progress)
{
	const struct gb_question *question = answer->question;
	struct gb_run run[2 * GB_PREDICT_MOST] = { 0 };
	struct gb_run plain[2 * GB_PREDICT_MOST] = { 0 };
	uint64_t memory = usable_memory();
	struct gb_plan plan;
	int ret = gb_plan_make(&plan, question, vram, memory);

	if (ret)
		return complain_of_memory(&plan, memory);
	answer->layers = plan.layers;
	ret = plan.total > vram && plan.total - vram > question->ram
		      ? -ENOMEM
		      : run_both(question, &plan, machine, run, plain, progress);
	if (ret && ret != -ENOMEM)
		return GB_EXIT_FAILURE;
	for (unsigned int i = 0; i < question->workloads; i++) {
		struct gb_prediction *row = &answer->prediction[answer->count++];

		*row = (struct gb_prediction){ .workload = question->workload[i],
					       .vram = vram,
					       .total = plan.total };
		if (!ret)
			gb_predict_reckon(row, question, &plan, &run[i], &plain[i]);
		else
			gb_predict_reckon_disk(row, question, &plan);
	}
	return 0;
}

static int predict(const struct request *request, const struct gb_question *question)
{
	struct gb_answer answer = { .question = question, .model = request->model };
	uint64_t card = whole_card(question->profile);
	unsigned int budgets = request->vram.count ? request->vram.count : 1;
	/* Of each budget, with the library and without. */
	struct gb_progress progress = { .what = "simulating",
					.all = 2 * budgets * question->workloads };
	int ret = 0;

	answer.prediction = gb_grow(NULL, budgets * question->workloads,
				    sizeof(*answer.prediction));
	for (unsigned int i = 0; i < budgets && !ret; i++) {
		progress.done = 2 * i * question->workloads;
		ret = predict_at(&answer,
				 request->vram.count ? request->vram.value[i] : card,
				 request->machine, &progress);
	}
	if (!ret && request->json)
		gb_answer_json(&answer, stdout);
	else if (!ret)
		gb_answer_print(&answer, stdout);
	free(answer.prediction);
	return ret;
}

static int answer_request(const struct request *request)
{
	struct gb_shape shape;
	struct sim_profile profile;
	struct gb_question question;
	char why[512];
	int ret;

	if (sim_profile_load(&profile, request->machine, why, sizeof(why))) {
		gb_error("--machine: %s", why);
		return GB_EXIT_USAGE;
	}
	ret = read_model(request, &shape);
	if (ret)
		return ret;
	make_question(&question, request, &shape, &profile);
	return predict(request, &question);
}

int gb_predict_main(int argc, char **argv)
{
	struct request request = {
		.machine = MACHINE,
		.prompt = { { 512, 2048 }, 2 },
		.batch = { { 1 }, 1 },
		.staging = GB_SIZE_AUTO,
		.context = 512,
		.bits = 16,
	};
	int words = gb_flags_parse(gb_predict_flags, &request, argv);

	if (words < 0)
		return GB_EXIT_USAGE;
	if (request.help) {
		gb_command_print(gb_command_find("predict"), stdout);
		return GB_EXIT_OK;
	}
	if (words || !request.model) {
		gb_error("predict needs a model and takes no other word: greenboost predict --model FILE [options]");
		return GB_EXIT_USAGE;
	}
	return answer_request(&request);
}
