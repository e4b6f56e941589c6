/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the bytes of a model would lie on this machine, what that allows, and
 * whether something else is the better choice. A pure function of figures:
 * nothing is measured, read or printed here.
 */
#ifndef GB_ADVICE_H
#define GB_ADVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "measure.h"

struct gb_model {
	uint64_t bytes;	 /* of weights */
	uint64_t active; /* of them read for each token; all of a dense model */
	uint64_t kv; /* what must lie in VRAM beside: KV cache, activations */
	double bits; /* of a weight; 0: not known */
};

struct gb_tiers {
	uint64_t vram; /* that a program may fill; bytes, here and below */
	uint64_t ram;  /* that overflow may fill without being asked for more */
	uint64_t ram_most; /* and when it is; no less than @ram */
	uint64_t disk;	   /* 0: there is none */
};

enum gb_verdict {
	GB_VERDICT_PLAIN,    /* it fits into VRAM: CUDA needs no help */
	GB_VERDICT_OVERFLOW, /* GreenBoost runs it */
	GB_VERDICT_OFFLOAD,  /* it does, but the CPU beside its RAM is faster */
	GB_VERDICT_DISK,     /* a part is read from disk, which is slow */
	GB_VERDICT_NOTHING,  /* there is no place for all of it */
};

/* A prompt for which the bound is told, in tokens. */
#define GB_ADVICE_PROMPTS 3
extern const unsigned int gb_advice_prompt[GB_ADVICE_PROMPTS];

/* Rates are tokens a second, upper bounds at batch 1; 0 where not known. */
struct gb_advice {
	enum gb_verdict verdict;
	bool is_dense;
	uint64_t vram, ram, disk; /* where the weights would lie, bytes */
	uint64_t missing;	  /* for which there is no place */
	uint64_t staging; /* VRAM in which copies of them pass through */
	bool more_ram; /* only if it is allowed more than it takes by itself */
	double reach; /* bytes a second at which the GPU gets what lies in RAM */
	double decode;		/* as GreenBoost runs it */
	double decode_all_vram; /* if all of it lay in VRAM */
	double decode_offload;	/* the CPU computing what lies in RAM */
	double prefill[GB_ADVICE_PROMPTS]; /* by the link; the GPU may be slower */
	/* The largest file that would lie in VRAM whole, and its share of this. */
	uint64_t fitting;
	double fitting_share;
	double fitting_bits; /* of a weight then; 0: not known */
};

/* @model->active is neither 0 nor more than @model->bytes. */
void gb_advise(struct gb_advice *advice, const struct gb_rates *rates,
	       const struct gb_model *model, const struct gb_tiers *tiers);

/* "plain", "overflow", "offload", "disk", "nothing". */
const char *gb_verdict_name(enum gb_verdict verdict);

#endif
