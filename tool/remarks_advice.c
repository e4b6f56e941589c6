/* SPDX-License-Identifier: GPL-2.0-only */
/* The advice on a model, in sentences. */
#include <inttypes.h>

#include "options.h"
#include "remarks.h"

/*
 * Below this many bits a weight a smaller file of the same model is seldom worth
 * having: a smaller model of more bits answers better. A judgement, no figure.
 */
#define FEWEST_BITS 3.0

/* The same for a file of which only its size is known, most often 4 bits. */
#define SMALLEST_SHARE 0.5

#define SIZE(bytes)                                                            \
	gb_size_format(bytes, (char[GB_SIZE_TEXT]){ 0 }, GB_SIZE_TEXT)

static void remark_verdict(struct gb_remarks *remarks,
			   const struct gb_advice *advice,
			   const struct gb_rates *rates,
			   const struct gb_tiers *tiers)
{
	const char *kind = gb_verdict_name(advice->verdict);

	switch (advice->verdict) {
	case GB_VERDICT_PLAIN:
		gb_remark(remarks, kind,
			  "It fits into VRAM: plain CUDA suffices, and is as fast as this card goes.");
		break;
	case GB_VERDICT_OVERFLOW:
		gb_remark(remarks, kind,
			  "It does not fit into VRAM; GreenBoost runs it with %s in RAM.",
			  SIZE(advice->ram));
		break;
	case GB_VERDICT_OFFLOAD:
		gb_remark(remarks, kind,
			  "For one user the program's own CPU offload (llama.cpp: -ngl or --n-cpu-moe) is probably faster: the CPU reads RAM at %.1f GB/s, the GPU gets %.1f. For long prompts and many users GreenBoost is: there the CPU's arithmetic is the limit.",
			  rates->ram / 1e9, advice->reach / 1e9);
		break;
	case GB_VERDICT_DISK:
		gb_remark(remarks, kind,
			  "VRAM and RAM together are too small: %s would be read from disk again and again (greenboost run --nvme-path). Take it for what need not be quick.",
			  SIZE(advice->disk));
		break;
	case GB_VERDICT_NOTHING:
		gb_remark(remarks, kind,
			  "It has no place on this machine: %s are missing.%s",
			  SIZE(advice->missing),
			  tiers->disk
				  ? ""
				  : " An NVMe disk may hold weights, too: --disk tells at what speed.");
		break;
	}
}

static void remark_smaller(struct gb_remarks *remarks, const struct gb_advice *advice)
{
	const char *fitting;

	if (advice->verdict == GB_VERDICT_PLAIN || !advice->fitting)
		return;
	fitting = SIZE(advice->fitting);
	if (advice->fitting_bits > 0 && advice->fitting_bits < FEWEST_BITS)
		gb_remark(remarks, "smaller-model",
			  "To fit into VRAM whole it could have %.1f bits a weight only, which costs too much quality: rather take a smaller model, of up to %s.",
			  advice->fitting_bits, fitting);
	else if (advice->fitting_bits > 0)
		gb_remark(remarks, "smaller-quantisation",
			  "A quantisation to %.1f bits a weight or less (a file of up to %s) fits into VRAM whole.",
			  advice->fitting_bits, fitting);
	else if (advice->fitting_share >= SMALLEST_SHARE)
		gb_remark(remarks, "smaller-quantisation",
			  "A smaller quantisation, of up to %s (%.0f %% of this one's bits a weight), fits into VRAM whole.",
			  fitting, 100 * advice->fitting_share);
	else
		gb_remark(remarks, "smaller-model",
			  "What fits into VRAM whole is up to %s, %.0f %% of this; --bits tells how many bits a weight that is.",
			  fitting, 100 * advice->fitting_share);
}

void gb_remark_advice(struct gb_remarks *remarks, const struct gb_advice *advice,
		      const struct gb_rates *rates,
		      const struct gb_model *model, const struct gb_tiers *tiers)
{
	remark_verdict(remarks, advice, rates, tiers);
	if (advice->more_ram && !advice->missing)
		gb_remark(remarks, "more-ram",
			  "GreenBoost takes %s of RAM by itself; this needs greenboost run --ram %" PRIu64
			  "m.",
			  SIZE(tiers->ram), ((advice->ram >> 20) + 1));
	if (model->kv >= tiers->vram)
		gb_remark(remarks, "no-room-for-kv",
			  "The KV cache and activations alone (%s) fill VRAM (%s): a shorter context does more than anything else.",
			  SIZE(model->kv), SIZE(tiers->vram));
	remark_smaller(remarks, advice);
	if (!advice->is_dense && advice->ram)
		gb_remark(remarks, "experts",
			  "Each part of the model is taken to be used as often as any other; where some experts are used more, and lie in VRAM, decoding is faster.");
}
