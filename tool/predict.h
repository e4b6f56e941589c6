/* SPDX-License-Identifier: GPL-2.0-only */
/* greenboost predict: what its files share. */
#ifndef GB_PREDICT_H
#define GB_PREDICT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "flags.h"
#include "profile.h"
#include "progress.h"
#include "shape.h"

extern const struct gb_flag gb_predict_flags[];

/* Of each list of numbers on the command line. */
#define GB_PREDICT_MOST 16

/*
 * How a program goes about a model, beside the model itself. docs/predict.md
 * says where the numbers come from.
 */
struct gb_program {
	const char *name;
	double layer_ns; /* its own time before the launches of a layer */
	double token_ns; /* and between two tokens, a layer's share of it */
	double small; /* bytes that small operations move: x width x tokens */
	double wide,
		inner; /* bytes of activations: x width, x the widest, x tokens */
	bool table;    /* the embedding is in GPU memory */
	bool replays;	/* decoding is a captured graph */
	uint64_t chunk; /* tokens of a prompt that go at a time; 0: all */
};

extern const struct gb_program gb_programs[];
/* Returns NULL where there is none of that name. */
const struct gb_program *gb_program_find(const char *name);

struct gb_workload {
	bool decodes;
	uint64_t amount; /* tokens of a prompt, or sequences */
};

/* What is asked: the machine, the model, the program. */
struct gb_question {
	const struct gb_shape *shape;
	const struct gb_program *program;
	const struct sim_profile *profile;
	uint64_t chunk;	     /* as in the program, or as asked; 0: all */
	uint64_t context;    /* tokens before the ones decoded */
	uint64_t ram;	     /* bytes that may hold overflow */
	uint64_t staging;    /* bytes, or GB_SIZE_AUTO */
	unsigned int layers; /* to simulate; 0: as many as memory allows */
	struct gb_workload workload[2 * GB_PREDICT_MOST];
	unsigned int workloads;
};

/*
 * The model at a smaller scale: fewer of its layers, and as much less of what
 * holds layers. What does not depend on their number, the ring of staging and
 * the activations, keeps its size.
 */
struct gb_plan {
	unsigned int layers;
	double factor;	    /* the model's layers by these */
	uint64_t slots;	    /* tokens in the cache */
	uint64_t room;	    /* bytes of activations */
	uint64_t total;	    /* bytes of the whole model with all that */
	uint64_t needed;    /* bytes of this machine's memory, at scale */
	uint64_t vram, ram; /* budgets at scale */
	uint64_t ring;	    /* bytes; 0: no staging */
};

/*
 * Fills @plan for @vram bytes of VRAM on the real machine; @memory bytes may be
 * used here. Pure. Returns 0, or -ENOMEM where @plan->needed is more.
 */
int gb_plan_make(struct gb_plan *plan, const struct gb_question *question,
		 uint64_t vram, uint64_t memory);

/* Bytes of one layer's weights, and of those that @program puts on the GPU. */
uint64_t gb_plan_layer(const struct gb_shape *shape);
uint64_t gb_plan_weights(const struct gb_question *question);

/* Tokens of a workload that go through the model at a time. */
uint64_t gb_plan_tokens(const struct gb_question *question,
			const struct gb_workload *workload);

/* What a simulation of one workload said, at its scale. */
struct gb_run {
	uint64_t ns;	 /* of a pass */
	uint64_t result; /* of the program's own arithmetic */
	uint64_t ram;	 /* bytes that lay in RAM behind it */
};

/*
 * Runs all workloads at the scale of @plan, into @run: with the library, or
 * with a card that holds everything. Returns 0; -ENOMEM where it does not fit;
 * another -errno when one line about it has been written. Each workload is a
 * step of @progress.
 */
int gb_predict_run(const struct gb_question *question,
		   const struct gb_plan *plan, const char *machine, bool library,
		   struct gb_run *run, struct gb_progress *progress);

/* One line of the answer, of the whole model. */
struct gb_prediction {
	struct gb_workload workload;
	uint64_t vram; /* budget, bytes */
	/* VRAM and RAM hold it; else only @total and what is behind @plain count. */
	bool fits;
	uint64_t total, in_ram;	   /* bytes */
	double rate, bound, plain; /* tokens a second */
	/*
	 * Bytes that neither holds, at the least, and that weights may have on an
	 * NVMe disk; 0: it does not fit there, either. What a pass reads of them,
	 * and @bound: not simulated, but what disk and link allow; 0: unknown.
	 */
	uint64_t on_nvme;
	double nvme_read;
};

/* Reckons @prediction, whose first three members are set, out of two runs. */
void gb_predict_reckon(struct gb_prediction *prediction,
		       const struct gb_question *question,
		       const struct gb_plan *plan, const struct gb_run *run,
		       const struct gb_run *plain);

/*
 * The same where VRAM and RAM do not hold it, and nothing has been simulated:
 * what is left to the NVMe disk, and the bound by its rate.
 */
void gb_predict_reckon_disk(struct gb_prediction *prediction,
			    const struct gb_question *question,
			    const struct gb_plan *plan);

struct gb_answer {
	const struct gb_question *question;
	const char *model;		  /* as asked for */
	unsigned int layers;		  /* simulated */
	struct gb_prediction *prediction; /* allocated */
	size_t count;
};

void gb_answer_print(const struct gb_answer *answer, FILE *out);
void gb_answer_json(const struct gb_answer *answer, FILE *out);

#endif
