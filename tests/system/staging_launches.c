/* SPDX-License-Identifier: GPL-2.0-only */
/* Launches that find their memory in every way, and write it or do not. */
#include "staging.h"

enum function {
	FOLD,
	MIX,
	IN_PLACE,
	POKE,
	RARELY,
	TOLD,
	BACKWARDS,
	FOLD_BACK,
	UNTIL,
	IN_STRUCT,
	LISTED,
	HABIT,
	FUNCTIONS,
};

static const char *const names[] = {
	"fold",	     "mix",	  "in_place", "poke",	   "rarely", "told",
	"backwards", "fold_back", "until",    "in_struct", "listed", "habit",
};

static CUfunction functions[2][FUNCTIONS]; /* by GPU */

void find_functions(int device, CUmodule module)
{
	for (int i = 0; i < FUNCTIONS; i++)
		functions[device][i] = kernel(module, names[i]);
}

/* Parameters, each of which begins at a multiple of 8. */
struct call {
	enum function function;
	uint64_t word[12];
	void *value[10];
	unsigned int words, count;
};

static void put(struct call *call, uint64_t word)
{
	call->value[call->count++] = &call->word[call->words];
	call->word[call->words++] = word;
}

static void launch_packed(CUfunction function, struct call *call, CUstream in)
{
	size_t bytes = call->words * sizeof(call->word[0]);
	void *extra[] = { CU_LAUNCH_PARAM_BUFFER_POINTER, call->word,
			  CU_LAUNCH_PARAM_BUFFER_SIZE, &bytes,
			  CU_LAUNCH_PARAM_END };

	MUST(cu.LaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, in, NULL, extra));
}

static void launch(struct worker *worker, int stream, struct call *call)
{
	CUfunction function = functions[stream == PEER][call->function];
	CUstream in = worker->stream[stream];
	CUlaunchConfig config = { 1, 1, 1, 1, 1, 1, 0, in, NULL, 0 };

	note(worker, stream, "launch %s " PLACE ", " PLACE ", next result %d",
	     names[call->function], PLACE_OF(call->word[0]),
	     PLACE_OF(call->word[1]), worker->next_result);
	switch (roll(worker, 6)) {
	case 0:
		launch_packed(function, call, in);
		break;
	case 1:
		MUST(cu.LaunchKernelEx(&config, function, call->value, NULL));
		break;
	case 2:
		MUST(cu.LaunchCooperativeKernel(function, 1, 1, 1, 1, 1, 1, 0,
						in, call->value));
		break;
	default:
		MUST(cu.LaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, in,
				     call->value, NULL));
	}
}

static uint64_t words(const struct region *region)
{
	return region->bytes / 8;
}

/* A word that nobody else writes. What is captured would write it again. */
static CUdeviceptr result(struct worker *worker)
{
	int at = worker->next_result;

	if (at < RESULTS - 1)
		worker->next_result++;
	return worker->results + 8 * (CUdeviceptr)at;
}

/* The last word may be shared by many, and is not looked at. */
static CUdeviceptr any_result(struct worker *worker)
{
	return worker->capturing ? worker->results + 8 * (RESULTS - 1)
				 : result(worker);
}

static void put_region(struct call *call, const struct region *region)
{
	put(call, region->at);
	put(call, words(region));
}

static void launch_one_region(struct worker *worker, int stream,
			      struct call *call, struct region *region)
{
	switch (call->function) {
	case FOLD:
		put(call, any_result(worker));
		put_region(call, region);
		break;
	case RARELY:
		put(call, any_result(worker));
		put_region(call, region);
		put(call, worker->turn++);
		put(call, worker->period);
		break;
	case POKE:
		put(call, region->at);
		put(call, roll(worker, (uint32_t)words(region)));
		put(call, worker->turn++);
		break;
	case IN_PLACE:
		put_region(call, region);
		put(call, worker->turn++);
		break;
	case BACKWARDS:
		put(call, region->at + 8 * words(region));
		put(call, words(region));
		put(call, worker->turn++);
		break;
	case FOLD_BACK:
		put(call, any_result(worker));
		put(call, region->at + 8 * words(region));
		put(call, words(region));
		break;
	default: /* UNTIL */
		put(call, region->at);
		put(call, region->at + 8 * words(region));
		put(call, worker->turn++);
	}
	launch(worker, stream, call);
}

static void launch_two_regions(struct worker *worker, int stream, struct call *call,
			       const struct region *to, const struct region *from)
{
	uint64_t count = words(words(to) < words(from) ? to : from);

	switch (call->function) {
	case MIX:
		put(call, to->at);
		put(call, from->at);
		put(call, count);
		break;
	case TOLD:
		put(call, any_result(worker));
		put_region(call, to);
		put(call, from->at + 8 * roll(worker, (uint32_t)words(from)));
		break;
	default: /* IN_STRUCT */
		put(call, (uint32_t)worker->turn++);
		put(call, to->at);
		call->word[call->words++] = from->at;
		call->word[call->words++] = count;
	}
	launch(worker, stream, call);
}

static bool takes_two(enum function function)
{
	return function == MIX || function == TOLD || function == IN_STRUCT;
}

static bool only_reads(enum function function)
{
	return function == FOLD || function == FOLD_BACK;
}

static struct region *other_than(struct worker *worker, const struct region *region)
{
	struct region *other = pick(worker);

	for (int i = 0; i < 8 && other == region; i++)
		other = pick(worker);
	return other;
}

static void launch_of(struct worker *worker, int stream, enum function function)
{
	struct call call = { .function = function };
	struct region *to = pick(worker), *from = NULL;
	struct use use[2] = { { to, !only_reads(function) } };
	int count = 1;

	if (takes_two(function)) {
		from = other_than(worker, to);
		use[count++] = (struct use){ from, false };
		if (from == to)
			return;
	}
	use_begin(worker, stream, use, count);
	if (from)
		launch_two_regions(worker, stream, &call, to, from);
	else
		launch_one_region(worker, stream, &call, to);
	use_end(worker, stream, use, count);
}

static void fold_constant(struct worker *worker, int stream)
{
	struct call call = { .function = FOLD };
	const struct use use = { &worker->constant, false };

	use_begin(worker, stream, &use, 1);
	launch_one_region(worker, stream, &call, &worker->constant);
	use_end(worker, stream, &use, 1);
}

void launch_something(struct worker *worker, int stream)
{
	if (roll(worker, 2))
		launch_of(worker, stream, (enum function)worker->favourite);
	else if (roll(worker, 4))
		launch_of(worker, stream, (enum function)roll(worker, LISTED));
	else
		fold_constant(worker, stream);
}

static void fold_one(struct worker *worker, int stream, struct region *region)
{
	struct call call = { .function = FOLD };
	const struct use use = { region, false };

	use_begin(worker, stream, &use, 1);
	launch_one_region(worker, stream, &call, region);
	use_end(worker, stream, &use, 1);
}

void sweep_weights(struct worker *worker, int stream)
{
	for (int i = 0; i < worker->weights; i++)
		fold_one(worker, stream, worker->weight[i]);
}

void launch_weight(struct worker *worker, int stream, struct region *weight)
{
	struct call call = { .function = roll(worker, 2) ? MIX : IN_STRUCT };
	const struct use use[] = { { pick(worker), true }, { weight, false } };

	if (roll(worker, 3)) {
		fold_one(worker, stream, weight);
		return;
	}
	use_begin(worker, stream, use, 2);
	launch_two_regions(worker, stream, &call, use[0].region, weight);
	use_end(worker, stream, use, 2);
}

void poke_weight(struct worker *worker, int stream, struct region *weight)
{
	struct call call = { .function = roll(worker, 2) ? RARELY : POKE };
	const struct use use = { weight, true };

	use_begin(worker, stream, &use, 1);
	launch_one_region(worker, stream, &call, weight);
	use_end(worker, stream, &use, 1);
}

/* So often that what comes next is known. */
void sweep(struct worker *worker, int stream)
{
	for (int i = 0; i < 3 * worker->count; i++)
		fold_one(worker, stream, worker->mine[i % worker->count]);
}

static void launch_habit(struct worker *worker, int stream,
			 struct region *region, int parameter, bool writes)
{
	struct call call = { .function = HABIT };
	const struct use use = { region, writes };

	put(&call, any_result(worker));
	for (int i = 0; i < 6; i++)
		put(&call, i == parameter ? region->at : 0);
	put(&call, words(region));
	put(&call, writes);
	use_begin(worker, stream, &use, 1);
	launch(worker, stream, &call);
	use_end(worker, stream, &use, 1);
}

/* It only reads, until that is believed, and some more; then it writes. */
void form_habit(struct worker *worker, int stream)
{
	int parameter = (int)roll(worker, 6), more = 6 + (int)roll(worker, 6);
	struct region *region = pick(worker);

	for (int i = 0; i < 16 + more; i++) {
		launch_habit(worker, stream, region, parameter, false);
		if (i % 6 == 5)
			MUST(cu.StreamSynchronize(worker->stream[stream]));
	}
	launch_habit(worker, stream, region, parameter, true);
	if (roll(worker, 2))
		take_down(worker, stream, region,
			  (struct part){ region->at, region->bytes });
}

void launch_listed(struct worker *worker, int stream, struct region *region)
{
	struct call call = { .function = LISTED };
	const struct use use = { region, true };
	CUdeviceptr list, half = words(region) / 2,
			  at[2] = { region->at, region->at + 8 * half };

	MUST(cu.MemAlloc(&list, sizeof(at)));
	MUST(cu.MemcpyHtoD(list, at, sizeof(at)));
	MUST(cu.StreamSynchronize(NULL));
	put(&call, list);
	put(&call, 2);
	put(&call, half);
	use_begin(worker, stream, &use, 1);
	launch(worker, stream, &call);
	use_end(worker, stream, &use, 1);
	MUST(cu.StreamSynchronize(worker->stream[stream]));
	MUST(cu.MemFree(list));
}
