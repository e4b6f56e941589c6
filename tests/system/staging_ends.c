/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Contexts that end while memory is staged: in all the ways that there are, as
 * expected and not, with others beside them that go on.
 *
 * usage: staging-ends CASE
 *
 * Behind work the numbers are shown that tell whether anything was staged.
 */
#include <elf.h>
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "staging.h"
#include "staging_kernels.ptx.h"

#define PIECE	   (2 * MIB)
#define WORDS	   (PIECE / 8)
#define PIECES_MAX 24
#define WRITTEN	   3 /* of them: those that a kernel writes stay in RAM */

/* What the program has in one context. */
struct set {
	CUcontext context;
	CUmodule module;
	CUstream stream;
	CUdeviceptr piece[PIECES_MAX], results;
	uint64_t turn;
};

static int pieces = 10;

static void launch(struct set *set, const char *name, void **parameters)
{
	MUST(cu.LaunchKernel(kernel(set->module, name), 1, 1, 1, 1, 1, 1, 0,
			     set->stream, parameters, NULL));
}

static void fold(struct set *set, int piece)
{
	CUdeviceptr to = set->results + 8 * (set->turn % 512);
	uint64_t words = WORDS;
	void *parameters[] = { &to, &set->piece[piece], &words };

	launch(set, "fold", parameters);
}

static void poke(struct set *set, int piece)
{
	uint64_t word = set->turn * 509 % WORDS;
	void *parameters[] = { &set->piece[piece], &word, &set->turn };

	launch(set, "poke", parameters);
}

/* @context is current. With its ballast its memory fills the GPU, and more. */
static void fill(struct set *set, CUcontext context, bool ballast)
{
	memset(set, 0, sizeof(*set));
	set->context = context;
	if (ballast)
		take_ballast();
	MUST(cu.ModuleLoadData(&set->module, staging_kernels_ptx));
	MUST(cu.StreamCreate(&set->stream, CU_STREAM_NON_BLOCKING));
	for (int i = 0; i < pieces; i++)
		set->piece[i] = uploaded(PIECE, (uint64_t)i);
	/* Nothing smaller: what goes past the library needs VRAM, and all may be hot. */
	MUST(cu.MemAlloc(&set->results, PIECE));
	MUST(cu.MemsetD8(set->results, 0, 4096));
	MUST(cu.CtxSynchronize());
}

/* Reads all, writes some, and waits for nothing. */
static void give_work(struct set *set)
{
	for (int i = 0; i < 2 * pieces; i++) {
		fold(set, i % pieces);
		if (i % 3 == 0)
			poke(set, i / 3 % WRITTEN);
		set->turn++;
	}
}

static void show_all(const char *name, struct set *set)
{
	MUST(cu.CtxSetCurrent(set->context));
	MUST(cu.CtxSynchronize());
	for (int i = 0; i < pieces; i++)
		show(name, set->piece[i], PIECE);
	show("results", set->results, 4096);
}

static void work(const char *name, struct set *set)
{
	give_work(set);
	show_all(name, set);
	show_statistics();
}

static void open_primary(struct set *set, bool ballast)
{
	fill(set, open_device(0), ballast);
}

static void open_other(struct set *set, bool ballast)
{
	CUcontext context;

	MUST(cu.CtxCreate(&context, 0, 0));
	fill(set, context, ballast);
}

static void released(void)
{
	struct set set;

	for (int i = 0; i < 3; i++) {
		open_primary(&set, true);
		work("released", &set);
		give_work(&set);
		SAY(cu.DevicePrimaryCtxRelease(0));
	}
}

static void retained_twice(void)
{
	struct set set;

	open_device(0);
	open_primary(&set, true);
	work("held twice", &set);
	SAY(cu.DevicePrimaryCtxRelease(0));
	work("held once", &set);
	SAY(cu.DevicePrimaryCtxRelease(0));
	SAY(cu.DevicePrimaryCtxRelease(0));
	open_primary(&set, true);
	work("anew", &set);
	SAY(cu.DevicePrimaryCtxRelease(0));
}

/* Who holds a context that is reset goes on holding it. */
static void reset(void)
{
	struct set set;

	for (int i = 0; i < 3; i++) {
		open_primary(&set, true);
		work("reset", &set);
		give_work(&set);
		SAY(cu.DevicePrimaryCtxReset(0));
	}
	open_primary(&set, true);
	for (int i = 0; i < 3; i++)
		SAY(cu.DevicePrimaryCtxRelease(0));
	work("still held", &set);
	SAY(cu.DevicePrimaryCtxRelease(0));
	open_primary(&set, true);
	work("anew", &set);
}

static void destroyed(void)
{
	struct set set;

	for (int i = 0; i < 3; i++) {
		open_other(&set, true);
		work("destroyed", &set);
		give_work(&set);
		SAY(cu.CtxDestroy(set.context));
	}
}

/* The older of two carries what is staged for both. */
static void older_ends(void)
{
	struct set older, younger;

	open_primary(&older, true);
	open_other(&younger, false);
	work("younger", &younger);
	MUST(cu.CtxSetCurrent(older.context));
	work("older", &older);
	MUST(cu.CtxSetCurrent(younger.context));
	give_work(&younger);
	SAY(cu.DevicePrimaryCtxRelease(0));
	show_all("younger alone", &younger);
	take_ballast();
	work("younger goes on", &younger);
	open_primary(&older, false);
	work("older again", &older);
	give_work(&older);
	SAY(cu.CtxDestroy(younger.context));
	show_all("older alone", &older);
}

static void younger_ends(void)
{
	struct set older, younger;

	open_other(&older, true);
	open_primary(&younger, false);
	work("younger", &younger);
	MUST(cu.CtxSetCurrent(older.context));
	give_work(&older);
	SAY(cu.DevicePrimaryCtxRelease(0));
	show_all("older alone", &older);
	work("older goes on", &older);
	open_primary(&younger, false);
	work("younger again", &younger);
	SAY(cu.DevicePrimaryCtxReset(0));
	MUST(cu.CtxSetCurrent(older.context));
	work("older goes on", &older);
}

/* Memory whose freeing waits for work of a context that ends before it. */
static void freed_in_order(void)
{
	struct set older, younger;
	CUdeviceptr freed;

	open_other(&older, true);
	open_other(&younger, false);
	MUST(cu.CtxSetCurrent(older.context));
	for (int i = 0; i < 3; i++) {
		MUST(cu.MemAllocAsync(&freed, PIECE, older.stream));
		MUST(cu.StreamSynchronize(older.stream));
		give_work(&older);
		give_work(&younger);
		MUST(cu.MemFreeAsync(freed, younger.stream));
	}
	SAY(cu.CtxDestroy(younger.context));
	MUST(cu.MemAllocAsync(&freed, PIECE, older.stream));
	MUST(cu.MemFreeAsync(freed, older.stream));
	work("older", &older);
}

static void *work_on(void *data)
{
	struct set *set = data;

	MUST(cu.CtxSetCurrent(set->context));
	for (int i = 0; i < 40; i++) {
		give_work(set);
		MUST(cu.StreamSynchronize(set->stream));
	}
	return NULL;
}

/* Beside a thread that launches in a context of its own all the while. */
static void beside_a_thread(void)
{
	struct set set, other;
	pthread_t thread;

	open_primary(&set, true);
	open_other(&other, false);
	MUST(cu.CtxSetCurrent(set.context));
	CHECK(!pthread_create(&thread, NULL, work_on, &other));
	for (int i = 0; i < 6; i++) {
		work("beside a thread", &set);
		if (i % 2)
			SAY(cu.DevicePrimaryCtxReset(0));
		SAY(cu.DevicePrimaryCtxRelease(0));
		open_primary(&set, true);
	}
	CHECK(!pthread_join(thread, NULL));
	show_all("the thread", &other);
}

/*
 * A call of the driver's past whatever stands in front of it, as tools make
 * them: its address out of the symbols of the file.
 */
static void *past_all(const char *name)
{
	const ElfW(Sym) *symbol = NULL;
	const char *names = NULL;
	struct link_map *map = NULL;
	void *driver = dlopen("libcuda.so.1", RTLD_NOW);

	if (!driver || dlinfo(driver, RTLD_DI_LINKMAP, &map) || !map)
		return NULL;
	for (const ElfW(Dyn) *entry = map->l_ld; entry->d_tag; entry++) {
		if (entry->d_tag == DT_SYMTAB)
			symbol = (void *)entry->d_un.d_ptr;
		if (entry->d_tag == DT_STRTAB)
			names = (void *)entry->d_un.d_ptr;
	}
	if (!symbol || !names)
		return NULL;
	for (; (const char *)symbol < names; symbol++)
		if (!strcmp(names + symbol->st_name, name))
			return (void *)(map->l_addr + symbol->st_value);
	return NULL;
}

static CUresult retain_unseen(CUcontext *context)
{
	CUresult (*call)(CUcontext *, CUdevice);

	*(void **)&call = past_all("cuDevicePrimaryCtxRetain");
	CHECK(call != NULL);
	return call ? call(context, 0) : CUDA_ERROR_NOT_FOUND;
}

static CUresult release_unseen(void)
{
	CUresult (*call)(CUdevice);

	*(void **)&call = past_all("cuDevicePrimaryCtxRelease_v2");
	CHECK(call != NULL);
	return call ? call(0) : CUDA_ERROR_NOT_FOUND;
}

/* Somebody else holds the context too, so that no release is the last. */
static void held_unseen(void)
{
	CUcontext context = NULL;
	struct set set;

	open_primary(&set, true);
	SAY(retain_unseen(&context));
	CHECK(context == set.context);
	work("held", &set);
	give_work(&set);
	SAY(cu.DevicePrimaryCtxRelease(0));
	show_all("lives on", &set);
	work("goes on", &set);
	SAY(cu.DevicePrimaryCtxRelease(0));
	open_primary(&set, true);
	work("anew", &set);
}

/* Somebody else has let go of the context, so that another release is the last. */
static void ended_unseen(void)
{
	struct set older, younger;

	for (int i = 0; i < 2; i++) {
		open_device(0);
		open_primary(&older, true);
		open_other(&younger, false);
		SAY(release_unseen());
		work("younger", &younger);
		MUST(cu.CtxSetCurrent(older.context));
		work("older", &older);
		MUST(cu.CtxSetCurrent(younger.context));
		give_work(&younger);
		MUST(cu.CtxSynchronize());
		SAY(cu.DevicePrimaryCtxRelease(0));
		show_all("younger alone", &younger);
		take_ballast();
		work("younger goes on", &younger);
		SAY(cu.CtxDestroy(younger.context));
	}
	open_device(0);
	open_primary(&older, true);
	SAY(release_unseen());
	work("alone", &older);
	SAY(cu.DevicePrimaryCtxRelease(0));
	open_primary(&older, true);
	work("anew", &older);
}

/* With calls that are to fail: the first of each. */
static void failing(void)
{
	struct set set;

	open_primary(&set, true);
	work("before", &set);
	give_work(&set);
	SAY(cu.DevicePrimaryCtxRelease(0));
	work("not released", &set);
	give_work(&set);
	SAY(cu.DevicePrimaryCtxReset(0));
	work("not reset", &set);
	SAY(cu.CtxDestroy(set.context));
	work("not destroyed", &set);
	SAY(cu.DevicePrimaryCtxRelease(0));
	open_other(&set, true);
	work("another", &set);
	SAY(cu.CtxDestroy(set.context));
	work("not destroyed", &set);
	SAY(cu.CtxDestroy(set.context));
	open_primary(&set, true);
	work("anew", &set);
}

static CUgraphExec end_capture(struct set *set)
{
	CUgraphExec exec;
	CUgraph graph;

	SAY(cu.StreamEndCapture(set->stream, &graph));
	SAY(cu.GraphInstantiate(&exec, graph, 0));
	return exec;
}

static void begin_capture(struct set *set)
{
	SAY(cu.StreamBeginCapture(set->stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
	give_work(set);
}

static void run_graph(const char *name, struct set *set, CUgraphExec exec)
{
	for (int i = 0; i < 3; i++)
		SAY(cu.GraphLaunch(exec, set->stream));
	show_all(name, set);
}

/* Graphs stage for themselves, and a capture may be going on. */
static void captured(void)
{
	struct set older, younger;
	CUcontext context;
	CUgraphExec exec;

	for (int i = 0; i < 2; i++) {
		open_primary(&older, true);
		begin_capture(&older);
		exec = end_capture(&older);
		run_graph("a graph", &older, exec);
		SAY(cu.DevicePrimaryCtxRelease(0));
	}
	open_other(&older, true);
	open_primary(&younger, false);
	work("younger", &younger);
	begin_capture(&older);
	SAY(cu.DevicePrimaryCtxRelease(0));
	exec = end_capture(&older);
	run_graph("captured meanwhile", &older, exec);
	SAY(cu.CtxDestroy(older.context));
	open_primary(&older, true);
	SAY(retain_unseen(&context));
	work("held", &older);
	begin_capture(&older);
	SAY(cu.DevicePrimaryCtxRelease(0));
	exec = end_capture(&older);
	run_graph("held and captured", &older, exec);
	/* Which takes the capture along. */
	begin_capture(&older);
	SAY(cu.DevicePrimaryCtxRelease(0));
	open_primary(&older, true);
	work("anew", &older);
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "released", released },
	{ "retained-twice", retained_twice },
	{ "reset", reset },
	{ "destroyed", destroyed },
	{ "older-ends", older_ends },
	{ "younger-ends", younger_ends },
	{ "freed-in-order", freed_in_order },
	{ "beside-a-thread", beside_a_thread },
	{ "held-unseen", held_unseen },
	{ "ended-unseen", ended_unseen },
	{ "failing", failing },
	{ "captured", captured },
};

int main(int argc, char **argv)
{
	const char *many = getenv("CLIENT_PIECES");

	CHECK(argc == 2);
	if (many)
		pieces = atoi(many);
	CHECK(pieces > 0 && pieces <= PIECES_MAX);
	find_driver();
	MUST(cu.Init(0));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (!strcmp(cases[i].name, argv[1])) {
			cases[i].run();
			return 0;
		}
	fprintf(stderr, "no case %s\n", argv[1]);
	return 1;
}
