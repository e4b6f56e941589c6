/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A random program and its parts: memory that is cut into regions, each of
 * which has one worker, and the order of work on a region, by events alone.
 */
#ifndef TESTS_SYSTEM_STAGING_H
#define TESTS_SYSTEM_STAGING_H

#include <pthread.h>

#include "client.h"

/*
 * A worker's own, behind them the default stream, and one of the other GPU
 * where there is one: that runs only kernels, and its memory is like any other.
 */
#define STREAMS	      3
#define DEFAULT	      STREAMS
#define PEER	      (STREAMS + 1)
#define ALL_STREAMS   (STREAMS + 2)
#define REGIONS	      24
#define CUTS	      4
#define GRAPHS	      4
#define GRAPH_REGIONS 4
#define RESULTS	      1024
#define WEIGHTS	      32

/* Part of an allocation, with the last write and the last reads since. */
struct region {
	struct memory *memory;
	CUdeviceptr at;
	size_t bytes;
	int writer;	    /* stream, or -1 */
	CUevent written[2]; /* by GPU, since events are of a context */
	CUevent read[ALL_STREAMS];
	bool reading[ALL_STREAMS];
};

struct memory {
	CUdeviceptr at;
	size_t bytes;
	int cuts;
	int device;
	bool pooled; /* allocated in a stream's order */
	bool shared; /* by several workers: never freed before the end */
	struct region region[CUTS];
};

/* What a call does to a region. */
struct use {
	struct region *region;
	bool write;
};

struct graph {
	CUgraphExec exec;
	int count;
	struct use use[GRAPH_REGIONS];
};

struct worker {
	pthread_t thread;
	uint64_t dice;
	int number;
	bool alone; /* no other worker is in this program */
	bool capturing;
	CUstream stream[ALL_STREAMS];
	struct region *mine[REGIONS]; /* and nobody else's */
	int count;
	struct region *weight[WEIGHTS]; /* the same, and hardly ever written */
	int weights;
	struct region constant; /* all read it and none writes; its events are his own */
	uint64_t turn;
	int favourite; /* kernel that is launched most */
	uint64_t period;
	CUdeviceptr results; /* RESULTS words, each written once */
	int next_result;
	struct graph graph[GRAPHS];
	char *landing; /* as large as host.bytes */
	uint64_t sum;  /* of all that came to the host */
};

/* Says what is done, where CLIENT_TRACE is set, on a line that may differ. */
void note(const struct worker *worker, int stream, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* For it: which memory, and where. */
#define PLACE	     "%d+%zu"
#define PLACE_OF(at) memory_at(at), offset_of(at)
int memory_at(CUdeviceptr at);
size_t offset_of(CUdeviceptr at);

/* Of each GPU; the second may not be. */
extern CUcontext contexts[2];

/* Below @limit. */
uint32_t roll(struct worker *worker, uint32_t limit);
struct region *pick(struct worker *worker);

/* @stream's next work comes after what it must, and then has been given. */
void use_begin(struct worker *worker, int stream, const struct use *use, int count);
void use_end(struct worker *worker, int stream, const struct use *use, int count);

/* The host's side of copies: constant, as long as any region, and twice. */
extern struct host {
	size_t bytes;
	char *pageable, *pinned;
} host;

/* A part of the region: where, and how much. */
struct part {
	CUdeviceptr at;
	size_t bytes;
};
struct part part_of(struct worker *worker, const struct region *region);

/* Copies and fills, between any regions and the host (staging_copies.c). */
void copy_something(struct worker *worker, int stream);
/* What a region has is made new. */
void make_new(struct worker *worker, int stream, struct region *region);
/* The same, always from the host. */
void load(struct worker *worker, int stream, struct region *region);
void take_down(struct worker *worker, int stream, struct region *region,
	       struct part part);

/* Launches (staging_launches.c). */
void find_functions(int device, CUmodule module);
void launch_something(struct worker *worker, int stream);
/* Over all memory, again and again, or all weights, in order. */
void sweep(struct worker *worker, int stream);
void sweep_weights(struct worker *worker, int stream);
/* Reads a weight; into other memory, maybe. */
void launch_weight(struct worker *worker, int stream, struct region *weight);
/* A kernel writes one after all. */
void poke_weight(struct worker *worker, int stream, struct region *weight);
void form_habit(struct worker *worker, int stream);
void launch_listed(struct worker *worker, int stream, struct region *region);

/* Takes VRAM, as CLIENT_BALLAST says, so that the rest lives in RAM. */
void take_ballast(void);
/*
 * Prints what the library's statistics say, if it is there: results that agree
 * mean nothing where nothing was staged. The line may differ.
 */
void show_statistics(void);

#endif
