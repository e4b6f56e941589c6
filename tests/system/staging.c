/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random programs whose kernels read, write, write now and then, and are given
 * their memory in every way, between copies and fills of the same memory, on
 * several streams and sometimes by four threads at once. A program orders its
 * work by events and streams alone, as far as it must, so its results are one.
 *
 * usage: staging FIRST COUNT
 *
 * Runs the programs of COUNT seeds, and prints a line for each. In the
 * environment CLIENT_WEIGHTS says how much memory there is beside that is filled
 * once and then read, nearly always, as a model's is, CLIENT_BALLAST how many MiB of
 * VRAM are kept from being of use to them, and CLIENT_STEPS how many steps each makes,
 * so that the one that goes wrong can be found; with CLIENT_TRACE it prints them, and
 * with CLIENT_THREADS every program is of four threads.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "staging.h"
#include "staging_kernels.ptx.h"

#define MEMORIES 6
#define WORKERS	 4

CUcontext contexts[2];
static CUmodule module[2];
static int devices = 1;
static int steps = 90, weights;
static bool tracing, threads;

static struct program {
	uint64_t dice;
	struct memory memory[MEMORIES], constant, weight[WEIGHTS];
	struct worker worker[WORKERS];
	int workers;
	bool lists; /* it puts addresses into memory */
} program;

uint32_t roll(struct worker *worker, uint32_t limit)
{
	return next_random(&worker->dice) % limit;
}

static uint32_t roll_program(uint32_t limit)
{
	return next_random(&program.dice) % limit;
}

struct region *pick(struct worker *worker)
{
	return worker->mine[roll(worker, (uint32_t)worker->count)];
}

/* ---- what it does, to be read ---- */

static const struct memory *holder(CUdeviceptr at)
{
	for (int i = 0; i < MEMORIES; i++)
		if (at >= program.memory[i].at &&
		    at <= program.memory[i].at + program.memory[i].bytes)
			return &program.memory[i];
	return NULL;
}

int memory_at(CUdeviceptr at)
{
	const struct memory *memory = holder(at);

	return memory ? (int)(memory - program.memory) : -1;
}

size_t offset_of(CUdeviceptr at)
{
	const struct memory *memory = holder(at);

	return memory ? at - memory->at : 0;
}

void note(const struct worker *worker, int stream, const char *format, ...)
{
	char text[200];
	va_list list;

	if (!tracing)
		return;
	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	printf("~%d.%d%s %s\n", worker->number, stream,
	       worker->capturing ? " captured" : "", text);
	fflush(stdout);
}

/* ---- order ---- */

static void wait_for(struct worker *worker, int stream, CUevent event)
{
	MUST(cu.StreamWaitEvent(worker->stream[stream], event, 0));
}

/* Its last write. */
static CUevent written(const struct region *region)
{
	return region->written[region->writer == PEER];
}

static void begin_one(struct worker *worker, int stream, const struct use *use)
{
	struct region *region = use->region;

	if (region->writer >= 0 && region->writer != stream)
		wait_for(worker, stream, written(region));
	for (int i = 0; use->write && i < ALL_STREAMS; i++)
		if (region->reading[i] && i != stream)
			wait_for(worker, stream, region->read[i]);
}

void use_begin(struct worker *worker, int stream, const struct use *use, int count)
{
	for (int i = 0; !worker->capturing && i < count; i++)
		begin_one(worker, stream, &use[i]);
}

static void end_one(struct worker *worker, int stream, const struct use *use)
{
	struct region *region = use->region;

	if (!use->write) {
		region->reading[stream] = true;
		MUST(cu.EventRecord(region->read[stream], worker->stream[stream]));
		return;
	}
	region->writer = stream;
	memset(region->reading, 0, sizeof(region->reading));
	MUST(cu.EventRecord(written(region), worker->stream[stream]));
}

void use_end(struct worker *worker, int stream, const struct use *use, int count)
{
	for (int i = 0; !worker->capturing && i < count; i++)
		end_one(worker, stream, &use[i]);
}

/* ---- streams ---- */

/* The first is for captures, which may not meet the default stream. */
static CUstream new_stream(struct worker *worker, int stream)
{
	CUstream made;

	MUST(cu.StreamCreate(&made, stream == 0 || roll(worker, 4)
					    ? CU_STREAM_NON_BLOCKING
					    : CU_STREAM_DEFAULT));
	return made;
}

/* What the stream did to the region, before another took its place. */
static void come_behind(struct worker *worker, int stream, const struct region *region)
{
	if (region->writer == stream)
		wait_for(worker, stream, written(region));
	if (region->reading[stream])
		wait_for(worker, stream, region->read[stream]);
}

/* With work in it; another takes its place, and comes behind that work. */
static void replace_stream(struct worker *worker, int stream)
{
	CUstream old = worker->stream[stream];

	note(worker, stream, "replace");
	worker->stream[stream] = new_stream(worker, stream);
	for (int i = 0; i < worker->count; i++)
		come_behind(worker, stream, worker->mine[i]);
	for (int i = 0; i < worker->weights; i++)
		come_behind(worker, stream, worker->weight[i]);
	come_behind(worker, stream, &worker->constant);
	MUST(cu.StreamDestroy(old));
}

/* ---- memory ---- */

static size_t any_size(void)
{
	size_t bytes = 2 * MIB;

	switch (roll_program(8)) {
	case 0:
		return bytes + 2 * MIB;
	case 1:
		return bytes + roll_program(MIB);
	case 2:
		return bytes + MIB + 24;
	}
	return bytes;
}

static void cut(struct memory *memory)
{
	size_t each = (memory->bytes / (size_t)memory->cuts) & ~(size_t)7, from = 0;

	for (int i = 0; i < memory->cuts; i++) {
		struct region *region = &memory->region[i];

		region->memory = memory;
		region->at = memory->at + from;
		region->bytes = i + 1 < memory->cuts ? each : memory->bytes - from;
		region->writer = -1;
		memset(region->reading, 0, sizeof(region->reading));
		from += each;
	}
}

/* Now and then it fails on purpose (staging.py). */
static CUevent new_event(void)
{
	CUevent event;
	int tries = 1;

	while (cu.EventCreate(&event, CU_EVENT_DISABLE_TIMING))
		CHECK(tries++ < 4);
	return event;
}

static void create_events(struct region *region)
{
	for (int i = 0; i < devices; i++) {
		MUST(cu.CtxSetCurrent(contexts[i]));
		region->written[i] = new_event();
	}
	for (int i = 0; i < PEER + devices - 1; i++) {
		MUST(cu.CtxSetCurrent(contexts[i == PEER]));
		region->read[i] = new_event();
	}
	MUST(cu.CtxSetCurrent(contexts[0]));
}

static void destroy_events(struct region *region)
{
	for (int i = 0; i < devices; i++)
		MUST(cu.EventDestroy(region->written[i]));
	for (int i = 0; i < PEER + devices - 1; i++)
		MUST(cu.EventDestroy(region->read[i]));
}

static void memory_create(struct memory *memory, int cuts)
{
	memory->bytes = any_size();
	memory->cuts = cuts;
	MUST(cu.CtxSetCurrent(contexts[memory->device]));
	MUST(cu.MemAlloc(&memory->at, memory->bytes));
	MUST(cu.CtxSetCurrent(contexts[0]));
	cut(memory);
	for (int i = 0; i < cuts; i++)
		create_events(&memory->region[i]);
}

static void memory_destroy(struct memory *memory)
{
	for (int i = 0; i < memory->cuts; i++)
		destroy_events(&memory->region[i]);
	MUST(cu.MemFree(memory->at));
}

/* ---- graphs ---- */

static void drop_graph(struct graph *graph)
{
	if (graph->exec)
		MUST(cu.GraphExecDestroy(graph->exec));
	graph->exec = NULL;
}

static void drop_graphs_of(struct worker *worker, const struct memory *memory)
{
	for (int i = 0; i < GRAPHS; i++)
		for (int j = 0; j < worker->graph[i].count; j++)
			if (worker->graph[i].use[j].region->memory == memory)
				drop_graph(&worker->graph[i]);
}

/* Work on a few regions, on one stream; the worker has no others meanwhile. */
static void record(struct worker *worker, int stream, struct graph *graph)
{
	struct region *all[REGIONS];
	int count = worker->count;
	CUgraph recorded;

	drop_graph(graph);
	memcpy(all, worker->mine, sizeof(all));
	graph->count = 1 + (int)roll(worker, GRAPH_REGIONS);
	for (int i = 0; i < graph->count; i++) {
		graph->use[i] = (struct use){ pick(worker), true };
		worker->mine[i] = graph->use[i].region;
	}
	worker->count = graph->count;
	worker->capturing = true;
	MUST(cu.StreamBeginCapture(worker->stream[stream],
				   CU_STREAM_CAPTURE_MODE_RELAXED));
	for (uint32_t i = 4 + roll(worker, 12); i > 0; i--) {
		if (roll(worker, 4))
			launch_something(worker, stream);
		else
			copy_something(worker, stream);
	}
	MUST(cu.StreamEndCapture(worker->stream[stream], &recorded));
	worker->capturing = false;
	worker->count = count;
	memcpy(worker->mine, all, sizeof(all));
	MUST(cu.GraphInstantiate(&graph->exec, recorded, 0));
	MUST(cu.GraphDestroy(recorded));
}

static void replay(struct worker *worker, int stream)
{
	struct graph *graph = &worker->graph[roll(worker, GRAPHS)];

	if (!graph->exec)
		record(worker, 0, graph);
	for (uint32_t i = roll(worker, 3); i < 3; i++) {
		note(worker, stream, "replay %d", (int)(graph - worker->graph));
		use_begin(worker, stream, graph->use, graph->count);
		MUST(cu.GraphLaunch(graph->exec, worker->stream[stream]));
		use_end(worker, stream, graph->use, graph->count);
	}
}

/* ---- steps of a program ---- */

/* That waits for the GPU whose memory it is, and not for the other. */
static void free_at_once(struct worker *worker, const struct memory *memory)
{
	if (worker->stream[PEER])
		MUST(cu.StreamSynchronize(worker->stream[PEER]));
	MUST(cu.MemFree(memory->at));
}

/* Freed with work on it, maybe, and allocated again; all of it is the worker's. */
static void renew(struct worker *worker, int stream)
{
	struct memory *memory = pick(worker)->memory;
	CUstream in = worker->stream[stream];
	bool in_order = memory->pooled && roll(worker, 4);

	if (memory->shared)
		return;
	note(worker, stream, "renew %d, %zu bytes%s", memory_at(memory->at),
	     memory->bytes, in_order ? ", in order" : "");
	drop_graphs_of(worker, memory);
	for (int i = 0; in_order && i < memory->cuts; i++) {
		const struct use use = { &memory->region[i], true };

		use_begin(worker, stream, &use, 1);
	}
	if (in_order)
		MUST(cu.MemFreeAsync(memory->at, in));
	else
		free_at_once(worker, memory);
	memory->pooled = roll(worker, 2);
	if (memory->pooled)
		MUST(cu.MemAllocAsync(&memory->at, memory->bytes, in));
	else
		MUST(cu.MemAlloc(&memory->at, memory->bytes));
	cut(memory);
	for (int i = 0; i < memory->cuts; i++)
		make_new(worker, stream, &memory->region[i]);
}

static void load_modules(void)
{
	for (int i = 0; i < devices; i++) {
		MUST(cu.CtxSetCurrent(contexts[i]));
		MUST(cu.ModuleLoadData(&module[i], staging_kernels_ptx));
		find_functions(i, module[i]);
	}
	MUST(cu.CtxSetCurrent(contexts[0]));
}

/* Their functions come again, under their own or each other's handles. */
static void reload_modules(void)
{
	for (int i = 0; i < devices; i++) {
		MUST(cu.CtxSetCurrent(contexts[i]));
		MUST(cu.CtxSynchronize());
		MUST(cu.ModuleUnload(module[i]));
	}
	load_modules();
}

static void reload(struct worker *worker)
{
	note(worker, DEFAULT, "reload");
	for (int i = 0; i < GRAPHS; i++)
		drop_graph(&worker->graph[i]);
	reload_modules();
}

static void pause(struct worker *worker, int stream)
{
	const struct region *region = pick(worker);

	note(worker, stream, "pause");
	switch (roll(worker, 4)) {
	case 0:
		MUST(cu.StreamSynchronize(worker->stream[stream]));
		break;
	case 1:
		if (region->writer >= 0)
			MUST(cu.EventSynchronize(written(region)));
		break;
	case 2:
		if (worker->alone)
			MUST(cu.CtxSynchronize());
		break;
	default:
		cu.StreamQuery(worker->stream[stream]);
	}
}

static void rare_step(struct worker *worker, int stream)
{
	switch (roll(worker, 7)) {
	case 0:
		replace_stream(worker, (int)roll(worker, STREAMS));
		break;
	case 1:
		renew(worker, stream);
		break;
	case 2:
		if (worker->alone && !roll(worker, 4))
			reload(worker);
		break;
	case 3:
		sweep(worker, stream);
		break;
	case 4:
		replay(worker, stream);
		break;
	case 5:
		form_habit(worker, stream);
		break;
	default:
		if (program.lists)
			launch_listed(worker, stream, worker->mine[0]);
	}
}

/* The other GPU, which may use this one's memory. */
static void step_of_peer(struct worker *worker)
{
	MUST(cu.CtxSetCurrent(contexts[1]));
	launch_something(worker, PEER);
	MUST(cu.CtxSetCurrent(contexts[0]));
}

/* Given back, with all work on it done, and made anew. */
static void renew_weight(struct worker *worker, int stream, struct region *weight)
{
	struct memory *memory = weight->memory;

	note(worker, stream, "renew a weight");
	free_at_once(worker, memory);
	MUST(cu.MemAlloc(&memory->at, memory->bytes));
	cut(memory);
	load(worker, stream, weight);
}

static void step_on_weights(struct worker *worker, int stream)
{
	struct region *weight =
		worker->weight[roll(worker, (uint32_t)worker->weights)];
	uint32_t what = roll(worker, 40);

	if (what < 5)
		sweep_weights(worker, stream);
	else if (what < 34)
		launch_weight(worker, stream, weight);
	else if (what < 37)
		take_down(worker, stream, weight, part_of(worker, weight));
	else if (what < 38)
		renew_weight(worker, stream, weight);
	else if (what < 39)
		load(worker, stream, weight);
	else
		poke_weight(worker, stream, weight);
}

static void step(struct worker *worker)
{
	int stream = (int)roll(worker, STREAMS + 1);
	uint32_t what;

	if (worker->weights && roll(worker, 4)) {
		step_on_weights(worker, stream);
		return;
	}
	what = roll(worker, 16);

	if (worker->stream[PEER] && !roll(worker, 5))
		step_of_peer(worker);
	else if (what < 10)
		launch_something(worker, stream);
	else if (what < 13)
		copy_something(worker, stream);
	else if (what < 14)
		pause(worker, stream);
	else
		rare_step(worker, stream);
}

/* ---- a worker ---- */

static void open_peer(struct worker *worker)
{
	MUST(cu.CtxSetCurrent(contexts[1]));
	MUST(cu.StreamCreate(&worker->stream[PEER], CU_STREAM_NON_BLOCKING));
	MUST(cu.CtxSetCurrent(contexts[0]));
}

static void close_peer(struct worker *worker)
{
	MUST(cu.CtxSetCurrent(contexts[1]));
	MUST(cu.StreamSynchronize(worker->stream[PEER]));
	MUST(cu.StreamDestroy(worker->stream[PEER]));
	MUST(cu.CtxSetCurrent(contexts[0]));
}

static void worker_begin(struct worker *worker)
{
	for (int i = 0; i < STREAMS; i++)
		worker->stream[i] = new_stream(worker, i);
	worker->stream[DEFAULT] = worker->stream[PEER] = NULL;
	if (worker->alone && devices > 1)
		open_peer(worker);
	worker->landing = malloc(host.bytes);
	CHECK(worker->landing != NULL);
	MUST(cu.MemAlloc(&worker->results, RESULTS * 8));
	MUST(cu.MemsetD8(worker->results, 0, RESULTS * 8));
	MUST(cu.StreamSynchronize(NULL));
	worker->favourite = (int)roll(worker, 10);
	worker->period = 17 + roll(worker, 24);
	for (int i = 0; i < worker->count; i++)
		make_new(worker, (int)roll(worker, STREAMS + 1), worker->mine[i]);
	for (int i = 0; i < worker->weights; i++)
		load(worker, (int)roll(worker, STREAMS + 1), worker->weight[i]);
}

static void worker_end(struct worker *worker)
{
	for (int i = 0; i < worker->count; i++)
		take_down(worker, (int)roll(worker, STREAMS + 1), worker->mine[i],
			  (struct part){ worker->mine[i]->at,
					 worker->mine[i]->bytes });
	for (int i = 0; i < worker->weights; i++)
		take_down(worker, (int)roll(worker, STREAMS + 1), worker->weight[i],
			  (struct part){ worker->weight[i]->at,
					 worker->weight[i]->bytes });
	for (int i = 0; i < GRAPHS; i++)
		drop_graph(&worker->graph[i]);
	for (int i = 0; i <= DEFAULT; i++)
		MUST(cu.StreamSynchronize(worker->stream[i]));
	if (worker->stream[PEER])
		close_peer(worker);
	MUST(cu.MemcpyDtoH(worker->landing, worker->results, RESULTS * 8 - 8));
	for (int i = 0; tracing && i < worker->next_result; i++)
		printf("~%d result %d: %016llx\n", worker->number, i,
		       (unsigned long long)((uint64_t *)worker->landing)[i]);
	worker->sum = worker->sum * 31 + checksum(worker->landing, RESULTS * 8 - 8);
	for (int i = 0; i < STREAMS; i++)
		MUST(cu.StreamDestroy(worker->stream[i]));
	MUST(cu.MemFree(worker->results));
	free(worker->landing);
}

static void *work(void *data)
{
	struct worker *worker = data;

	MUST(cu.CtxSetCurrent(contexts[0]));
	worker_begin(worker);
	for (int i = 0; i < steps / program.workers; i++)
		step(worker);
	worker_end(worker);
	return NULL;
}

/* ---- a program ---- */

static void give(struct worker *worker, struct region *region)
{
	CHECK(worker->count < REGIONS);
	worker->mine[worker->count++] = region;
}

/* Memory in one piece has one worker; else each has a part. */
static void deal(int i)
{
	struct memory *memory = &program.memory[i];
	int cuts = roll_program(2) ? 1 : (int)roll_program(2) * 2 + 2;

	memory->shared = program.workers > 1 && cuts > 1;
	if (memory->shared)
		cuts = program.workers;
	if (i == 0 && devices > 1) {
		memory->shared = true; /* stays where it is */
		memory->device = 1;
	}
	memory_create(memory, cuts);
	for (int j = 0; j < cuts; j++)
		give(&program.worker[(i + j) % program.workers],
		     &memory->region[j]);
}

static void deal_weight(int i)
{
	struct worker *worker = &program.worker[i % program.workers];

	memory_create(&program.weight[i], 1);
	worker->weight[worker->weights++] = &program.weight[i].region[0];
}

static void program_begin(uint64_t seed)
{
	memset(&program, 0, sizeof(program));
	program.dice = seed * 0x9e3779b97f4a7c15u;
	program.workers = roll_program(4) && !threads ? 1 : WORKERS;
	program.lists = !roll_program(6);
	for (int i = 0; i < program.workers; i++)
		program.worker[i] = (struct worker){
			.dice = program.dice + (uint64_t)i * 7919,
			.number = i,
			.alone = program.workers == 1,
		};
	if (!roll_program(4))
		reload_modules();
	for (int i = 0; i < MEMORIES; i++)
		deal(i);
	for (int i = 0; i < weights; i++)
		deal_weight(i);
	memory_create(&program.constant, 1);
	MUST(cu.MemcpyHtoD(program.constant.at, host.pageable,
			   program.constant.bytes));
	for (int i = 0; i < program.workers; i++) {
		program.worker[i].constant = program.constant.region[0];
		create_events(&program.worker[i].constant);
	}
	MUST(cu.CtxSynchronize());
}

static void program_end(uint64_t seed)
{
	uint64_t sum = 0;

	for (int i = 0; i < program.workers; i++)
		sum = sum * 31 + program.worker[i].sum;
	for (int i = 0; i < MEMORIES; i++)
		memory_destroy(&program.memory[i]);
	for (int i = 0; i < weights; i++)
		memory_destroy(&program.weight[i]);
	memory_destroy(&program.constant);
	for (int i = 0; i < program.workers; i++)
		destroy_events(&program.worker[i].constant);
	printf("program %llu, workers %d: %016llx\n", (unsigned long long)seed,
	       program.workers, (unsigned long long)sum);
	fflush(stdout);
}

static void run_program(uint64_t seed)
{
	program_begin(seed);
	for (int i = 1; i < program.workers; i++)
		CHECK(!pthread_create(&program.worker[i].thread, NULL, work,
				      &program.worker[i]));
	work(&program.worker[0]);
	for (int i = 1; i < program.workers; i++)
		pthread_join(program.worker[i].thread, NULL);
	program_end(seed);
}

/* ---- all of them ---- */

/* Each GPU may use the other's memory, where there are two. */
static void open_contexts(void)
{
	MUST(cu.DeviceGetCount(&devices));
	if (devices > 2)
		devices = 2;
	for (int i = devices; i-- > 0;)
		contexts[i] = open_device(i);
	for (int i = 0; devices > 1 && i < 2; i++) {
		MUST(cu.CtxSetCurrent(contexts[i]));
		MUST(cu.CtxEnablePeerAccess(contexts[!i], 0));
	}
	MUST(cu.CtxSetCurrent(contexts[0]));
}

int main(int argc, char **argv)
{
	uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	const char *words = getenv("CLIENT_STEPS");

	if (words)
		steps = atoi(words);
	words = getenv("CLIENT_WEIGHTS");
	if (words)
		weights = atoi(words) < WEIGHTS ? atoi(words) : WEIGHTS;
	tracing = getenv("CLIENT_TRACE");
	threads = getenv("CLIENT_THREADS");
	find_driver();
	MUST(cu.Init(0));
	open_contexts();
	load_modules();
	host.bytes = 8 * MIB;
	host.pageable = pageable(host.bytes, 4);
	host.pinned = pinned(host.bytes, 3);
	take_ballast();
	for (uint64_t seed = first; seed < first + count; seed++)
		run_program(seed);
	show_statistics();
	return 0;
}
