/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What random programs (staging.c) meet too rarely: more streams, words and
 * launches in flight than anyone keeps apart, functions that come back as
 * others, contexts that come and go, a stream that waits for the program.
 *
 * usage: staging-cases [CASE]
 */
#include <stdlib.h>
#include <string.h>

#include "staging.h"
#include "staging_kernels.ptx.h"

#define PIECE  (2 * MIB)
#define WORDS  (PIECE / 8)
#define MANY   24
#define PIECES 10

static CUmodule module;
static CUdeviceptr piece[PIECES], results;

static CUfunction function(const char *name)
{
	return kernel(module, name);
}

static void launch(const char *name, CUstream in, void **parameters)
{
	MUST(cu.LaunchKernel(function(name), 1, 1, 1, 1, 1, 1, 0, in,
			     parameters, NULL));
}

static void fold(CUdeviceptr from, size_t word, CUstream in)
{
	CUdeviceptr to = results + 8 * word;
	uint64_t words = WORDS;
	void *parameters[] = { &to, &from, &words };

	launch("fold", in, parameters);
}

static void in_place(CUdeviceptr at, uint64_t words, uint64_t seed, CUstream in)
{
	void *parameters[] = { &at, &words, &seed };

	launch("in_place", in, parameters);
}

static void poke(CUdeviceptr at, uint64_t word, uint64_t value, CUstream in)
{
	void *parameters[] = { &at, &word, &value };

	launch("poke", in, parameters);
}

static void rarely(CUdeviceptr at, uint64_t turn, uint64_t period, CUstream in)
{
	CUdeviceptr to = results + 8 * (turn % 512);
	uint64_t words = WORDS;
	void *parameters[] = { &to, &at, &words, &turn, &period };

	launch("rarely", in, parameters);
}

static void show_all(const char *name)
{
	MUST(cu.CtxSynchronize());
	for (int i = 0; i < PIECES; i++)
		show(name, piece[i], PIECE);
	show("results", results, 4096);
}

static void open_all(void)
{
	MUST(cu.ModuleLoadData(&module, staging_kernels_ptx));
	for (int i = 0; i < PIECES; i++)
		piece[i] = uploaded(PIECE, (uint64_t)i);
	MUST(cu.MemAlloc(&results, 4096));
	MUST(cu.MemsetD8(results, 0, 4096));
	MUST(cu.CtxSynchronize());
}

static void close_all(void)
{
	for (int i = 0; i < PIECES; i++)
		MUST(cu.MemFree(piece[i]));
	MUST(cu.MemFree(results));
	MUST(cu.ModuleUnload(module));
}

/* Each with a part of its own of the same memory, in no order. */
static void many_streams(void)
{
	CUstream stream[MANY];
	uint64_t part = WORDS / MANY;

	for (int i = 0; i < MANY; i++)
		MUST(cu.StreamCreate(&stream[i], CU_STREAM_NON_BLOCKING));
	for (int turn = 0; turn < 6; turn++)
		for (uint64_t i = 0; i < MANY; i++) {
			CUdeviceptr at = piece[turn % 3] + 8 * part * i;

			/* The last part is all that another reads. */
			in_place(at, turn % 2 ? part : 1, i + 7, stream[i]);
			fold(piece[3], i, stream[i]);
			if (i % 5 == 4)
				MUST(cu.MemsetD8Async(at + 8, (unsigned char)i,
						      64, stream[i]));
		}
	for (int i = 0; i < MANY; i++)
		MUST(cu.StreamDestroy(stream[i]));
	show_all("many streams");
}

/* Launches in flight on one copy that outnumber what is kept of a stream. */
static void many_launches(void)
{
	CUstream stream, other;
	CUevent event;

	MUST(cu.StreamCreate(&stream, CU_STREAM_NON_BLOCKING));
	MUST(cu.StreamCreate(&other, CU_STREAM_NON_BLOCKING));
	MUST(cu.EventCreate(&event, CU_EVENT_DISABLE_TIMING));
	for (uint64_t i = 0; i < 1500; i++) {
		poke(piece[i % 3], i * 509 % WORDS, i, stream);
		if (i % 100)
			continue;
		MUST(cu.EventRecord(event, stream));
		MUST(cu.StreamWaitEvent(other, event, 0));
		fold(piece[i / 100 % 3], i / 100, other);
		MUST(cu.EventRecord(event, other));
		MUST(cu.StreamWaitEvent(stream, event, 0));
	}
	show_all("many launches");
	MUST(cu.EventDestroy(event));
	MUST(cu.StreamDestroy(other));
	MUST(cu.StreamDestroy(stream));
}

static void many_words(void)
{
	CUdeviceptr word[12];
	void *parameters[12];

	for (int turn = 0; turn < 20; turn++) {
		for (int i = 0; i < 12; i++) {
			word[i] = piece[turn % 2] + 65536u * (CUdeviceptr)i;
			parameters[i] = &word[i];
		}
		/* One of them behind the end. */
		word[3] = piece[turn % 2] + PIECE - 8;
		launch("twelve", NULL, parameters);
	}
	show_all("many words");
}

/*
 * Two numbers that read as one address of what is being staged, if memory
 * stands where a driver that is not told otherwise puts it.
 */
static void pairs_of_numbers(void)
{
	for (uint64_t i = 0; i < 400; i++) {
		uint64_t low = i * 0x40102, high = 256;

		fold(piece[i % 4], i % 8, NULL);
		poke(piece[4], i, high << 32 | low, NULL);
	}
	show_all("pairs of numbers");
}

/* Trusted, unchecked, and then it writes: who looks next must find it. */
static void late_write(void)
{
	const uint64_t period = 60;
	char *taken = pageable(PIECE, 1);
	CUstream stream;

	MUST(cu.StreamCreate(&stream, CU_STREAM_NON_BLOCKING));
	for (uint64_t turn = 0; turn < 6 * period; turn++) {
		rarely(piece[turn / period], turn, period, stream);
		if (turn % 20 == 19)
			MUST(cu.StreamSynchronize(stream));
		if (turn % period != period - 1)
			continue;
		switch (turn / period) {
		case 0:
			MUST(cu.MemcpyDtoHAsync(taken, piece[0], PIECE, stream));
			break;
		case 1:
			MUST(cu.MemcpyDtoDAsync(piece[7], piece[1], PIECE, stream));
			break;
		case 2: /* what is beside must live */
			MUST(cu.MemsetD8Async(piece[2] + 8, 1, 8, stream));
			break;
		case 3: /* another kernel, known to write */
			in_place(piece[3], WORDS, turn, stream);
			break;
		case 4: /* pushed out of the ring by others */
			for (int i = 0; i < 20; i++)
				fold(piece[5 + i % 5], 0, stream);
			break;
		case 5: /* another stream */
			MUST(cu.StreamSynchronize(stream));
			fold(piece[5], 1, NULL);
		}
		MUST(cu.StreamSynchronize(stream));
		show("late", piece[turn / period], PIECE);
	}
	printf("taken: %016llx\n", (unsigned long long)checksum(taken, PIECE));
	free(taken);
	MUST(cu.StreamDestroy(stream));
	show_all("late write");
}

/* Handles are used again, but not soon; these belong to functions of 3 parameters. */
static void use_up_handles(void)
{
	static const char *const names[] = { "mix", "in_place", "until",
					     "backwards" };
	uint64_t nothing = 0;
	void *parameters[] = { &piece[0], &nothing, &nothing };

	for (int i = 0; i < 100; i++) {
		CUmodule other;

		MUST(cu.ModuleLoadData(&other, staging_kernels_ptx));
		for (int j = 0; j < 4; j++)
			MUST(cu.LaunchKernel(kernel(other, names[j]), 1, 1, 1, 1,
					     1, 1, 0, NULL, parameters, NULL));
		MUST(cu.CtxSynchronize());
		MUST(cu.ModuleUnload(other));
	}
}

/* The handle of one that reads comes back as that of one that writes. */
static void other_functions(void)
{
	static const char *const names[] = { "in_place", "poke", "backwards" };

	for (int turn = 0; turn < 6; turn++) {
		for (int i = 0; i < 24; i++)
			fold(piece[i % 4], (size_t)i, NULL);
		MUST(cu.CtxSynchronize());
		MUST(cu.ModuleUnload(module));
		use_up_handles();
		MUST(cu.ModuleLoadData(&module, staging_kernels_ptx));
		for (int i = 0; i < 3; i++) {
			uint64_t words = 5 + (uint64_t)turn, seed = 3;
			CUdeviceptr at = piece[i] + 8 * words;
			void *parameters[] = { &at, &words, &seed };

			launch(names[(turn + i) % 3], NULL, parameters);
		}
		many_words();
	}
	show_all("other functions");
}

static void work_in_context(CUcontext context)
{
	CUstream stream;

	MUST(cu.CtxSetCurrent(context));
	open_all();
	MUST(cu.StreamCreate(&stream, CU_STREAM_NON_BLOCKING));
	for (int i = 0; i < 40; i++) {
		fold(piece[i % 4], (size_t)i, stream);
		poke(piece[i % 5], (uint64_t)i * 1000, 5, stream);
	}
	show_all("in a context");
}

/* The first to come is the one whose end takes the ring with it. */
static void many_contexts(void)
{
	CUcontext context[3];

	for (int i = 0; i < 3; i++)
		MUST(cu.CtxCreate(&context[i], 0, 0));
	for (int i = 0; i < 3; i++) {
		work_in_context(context[i]);
		MUST(cu.CtxDestroy(context[i]));
	}
	MUST(cu.DevicePrimaryCtxReset(0));
	context[0] = open_device(0);
	take_ballast();
	work_in_context(context[0]);
}

static void *use_own_stream(void *data)
{
	CUcontext *context = data;
	static _Atomic uint64_t next;
	uint64_t mine = next++ % 64;

	MUST(cu.CtxSetCurrent(*context));
	poke(piece[0], mine * 512, 1, CU_STREAM_PER_THREAD);
	fold(piece[1], mine, CU_STREAM_PER_THREAD);
	MUST(cu.StreamSynchronize(CU_STREAM_PER_THREAD));
	return NULL;
}

/* Threads that come and go, each with its own default stream. */
static void many_threads(void)
{
	pthread_t thread[4];
	CUcontext context;

	MUST(cu.CtxGetCurrent(&context));
	for (int turn = 0; turn < 24; turn++) {
		for (int i = 0; i < 4; i++)
			CHECK(!pthread_create(&thread[i], NULL, use_own_stream,
					      &context));
		for (int i = 0; i < 4; i++)
			pthread_join(thread[i], NULL);
	}
	show_all("many threads");
}

/*
 * A stream that waits for another's word, with work behind that both share.
 * (What host functions wait for must run earlier anyway, so CUDA says.)
 */
static void blocked(void)
{
	CUstream waits, works;
	CUdeviceptr flag;

	MUST(cu.MemAlloc(&flag, 4));
	MUST(cu.MemsetD32(flag, 0, 1));
	fold(piece[0], 0, NULL);
	MUST(cu.CtxSynchronize());
	MUST(cu.StreamCreate(&waits, CU_STREAM_NON_BLOCKING));
	MUST(cu.StreamCreate(&works, CU_STREAM_NON_BLOCKING));
	MUST(cu.StreamWaitValue32(waits, flag, 1, 0));
	fold(piece[0], 0, waits);
	for (int i = 0; i < PIECES; i++)
		fold(piece[i], (size_t)i + 1, works);
	MUST(cu.StreamWriteValue32(works, flag, 1, 0));
	MUST(cu.StreamSynchronize(works));
	MUST(cu.StreamSynchronize(waits));
	show_all("blocked");
	MUST(cu.StreamDestroy(waits));
	MUST(cu.StreamDestroy(works));
	MUST(cu.MemFree(flag));
}

/*
 * A kernel stores an address, and another writes through it. Nobody can see
 * that: it is what GREENBOOST_VERIFY is for, and staging.py looks for its word.
 */
/*
 * A graph finds in its copy's place what it left there, and makes the same of
 * memory that was reset meanwhile: no reason not to carry it home.
 */
static void same_again(void)
{
	char *before = pageable(PIECE, 3);
	CUgraphExec exec;
	CUgraph graph;
	CUstream stream;

	MUST(cu.StreamCreate(&stream, CU_STREAM_NON_BLOCKING));
	MUST(cu.StreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
	poke(piece[0], 0, 7, stream);
	MUST(cu.StreamEndCapture(stream, &graph));
	MUST(cu.GraphInstantiate(&exec, graph, 0));
	MUST(cu.GraphDestroy(graph));
	for (int i = 0; i < 8; i++) {
		MUST(cu.MemcpyHtoD(piece[0], before, PIECE));
		MUST(cu.GraphLaunch(exec, stream));
		MUST(cu.StreamSynchronize(stream));
		show("again", piece[0], PIECE);
	}
	MUST(cu.GraphExecDestroy(exec));
	MUST(cu.StreamDestroy(stream));
	free(before);
}

static void hidden(void)
{
	uint64_t count = 1, words = WORDS;
	CUdeviceptr list;
	void *hide[] = { &list, &piece[0] }, *use[] = { &list, &count, &words };

	MUST(cu.MemAlloc(&list, 64));
	fold(piece[0], 0, NULL);
	launch("hide", NULL, hide);
	for (size_t i = 0; i < 3; i++)
		fold(piece[0], i, NULL);
	MUST(cu.CtxSynchronize());
	launch("listed", NULL, use);
	MUST(cu.CtxSynchronize());
	fold(piece[0], 3, NULL);
	MUST(cu.CtxSynchronize());
	fold(piece[0], 4, NULL);
	MUST(cu.CtxSynchronize());
	MUST(cu.MemFree(list));
}

static const struct {
	const char *name;
	void (*run)(void);
	bool alone; /* only when it is asked for */
} cases[] = {
	{ "many-streams", many_streams },
	{ "many-launches", many_launches },
	{ "many-words", many_words },
	{ "pairs-of-numbers", pairs_of_numbers },
	{ "late-write", late_write },
	{ "other-functions", other_functions },
	{ "many-threads", many_threads },
	{ "contexts", many_contexts },
	{ "blocked", blocked },
	{ "same-again", same_again },
	{ "hidden", hidden, true },
};

static bool wanted(int i, const char *name)
{
	return name ? !strcmp(name, cases[i].name) : !cases[i].alone;
}

int main(int argc, char **argv)
{
	open_gpu();
	take_ballast();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (!wanted((int)i, argc > 1 ? argv[1] : NULL))
			continue;
		open_all();
		cases[i].run();
		close_all();
	}
	show_statistics();
	return 0;
}
