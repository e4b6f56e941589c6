/* SPDX-License-Identifier: GPL-2.0-only */
#include "advice.h"

#define MIB (UINT64_C(1) << 20)

/*
 * From here on the CPU, which reads its RAM itself, is faster at batch 1 than a
 * GPU that gets the same bytes over the link. Twice the link's rate, since a CPU
 * reaches some three quarters of its RAM's rate when it computes (110 of 146 GB/s
 * with eight channels of DDR4, as FreeToken reports), and hands over each layer.
 */
#define OFFLOAD_ABOVE 2.0

const unsigned int gb_advice_prompt[GB_ADVICE_PROMPTS] = { 512, 2048, 8192 };

static uint64_t lesser(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* What the library takes for staging by itself, by common/options.def. */
static uint64_t staging_of(uint64_t vram)
{
	uint64_t bytes = vram / 16;

	bytes = bytes > 256 * MIB ? bytes : 256 * MIB;
	return lesser(bytes, 2048 * MIB);
}

static uint64_t less(uint64_t from, uint64_t bytes)
{
	return from > bytes ? from - bytes : 0;
}

static void place(struct gb_advice *advice, const struct gb_model *model,
		  const struct gb_tiers *tiers)
{
	uint64_t room = less(tiers->vram, model->kv), rest;

	advice->fitting = room;
	if (model->bytes > room) {
		advice->staging = staging_of(tiers->vram);
		room = less(room, advice->staging);
	}
	advice->vram = lesser(model->bytes, room);
	rest = model->bytes - advice->vram;
	advice->more_ram = rest > tiers->ram && tiers->ram_most > tiers->ram;
	advice->ram = lesser(rest, advice->more_ram ? tiers->ram_most : tiers->ram);
	rest -= advice->ram;
	advice->disk = lesser(rest, tiers->disk);
	advice->missing = rest - advice->disk;
}

/* Seconds for @bytes at @rate; none where the rate is not known. */
static double seconds(double bytes, double rate)
{
	return rate > 0 ? bytes / rate : 0;
}

static double inverse(double time)
{
	return time > 0 ? 1 / time : 0;
}

static double slower(double a, double b)
{
	return a > b ? a : b;
}

/* The rate at which what lies in RAM reaches the GPU. */
static double link_rate(const struct gb_advice *advice, const struct gb_rates *rates)
{
	double first = advice->is_dense ? rates->up : rates->direct;
	double rate = first > 0 ? first : rates->up;

	return rates->ram > 0 && rates->ram < rate ? rates->ram : rate;
}

/*
 * Seconds for a token. All of a dense model is read, so the engine copies ahead
 * and the link works while the GPU does: the slower of both is the bound. Which
 * experts a token needs is known only when it is there, so kernels read them
 * over the link themselves, one after the other with all else.
 */
static double token_time(const struct gb_advice *advice,
			 const struct gb_rates *rates, const struct gb_model *model)
{
	double share = (double)model->active / (double)model->bytes;
	double in_vram = share * (double)advice->vram;
	double over_link = share * (double)(advice->ram + advice->disk);
	double from_disk = seconds(share * (double)advice->disk, rates->disk);
	double by_link = seconds(over_link, advice->reach);

	if (!advice->is_dense)
		return seconds(in_vram, rates->vram) + by_link + from_disk;
	return slower(seconds(in_vram + over_link, rates->vram),
		      slower(by_link, from_disk));
}

/* With what does not lie in VRAM computed where it lies. */
static double offload_time(const struct gb_advice *advice,
			   const struct gb_rates *rates,
			   const struct gb_model *model)
{
	double share = (double)model->active / (double)model->bytes;

	return seconds(share * (double)advice->vram, rates->vram) +
	       seconds(share * (double)advice->ram, rates->ram);
}

/* A prompt of many tokens needs all weights once, experts too. */
static double prefill_time(const struct gb_advice *advice,
			   const struct gb_rates *rates)
{
	double over_link = (double)(advice->ram + advice->disk);

	return slower(seconds(over_link, rates->up),
		      seconds((double)advice->disk, rates->disk));
}

static enum gb_verdict judge(const struct gb_advice *advice,
			     const struct gb_rates *rates)
{
	if (advice->missing)
		return GB_VERDICT_NOTHING;
	if (advice->disk)
		return GB_VERDICT_DISK;
	if (!advice->ram)
		return GB_VERDICT_PLAIN;
	if (advice->reach > 0 && rates->ram > OFFLOAD_ABOVE * advice->reach)
		return GB_VERDICT_OFFLOAD;
	return GB_VERDICT_OVERFLOW;
}

void gb_advise(struct gb_advice *advice, const struct gb_rates *rates,
	       const struct gb_model *model, const struct gb_tiers *tiers)
{
	double link_only;

	*advice = (struct gb_advice){ .is_dense = model->active == model->bytes };
	place(advice, model, tiers);
	advice->reach = link_rate(advice, rates);
	advice->verdict = judge(advice, rates);
	advice->fitting_share = (double)advice->fitting / (double)model->bytes;
	advice->fitting_bits = model->bits * advice->fitting_share;
	advice->decode_all_vram =
		inverse(seconds((double)model->active, rates->vram));
	if (advice->missing)
		return;
	if (rates->up > 0 || !advice->ram)
		advice->decode = inverse(token_time(advice, rates, model));
	if (rates->ram > 0 && advice->ram && !advice->disk)
		advice->decode_offload =
			inverse(offload_time(advice, rates, model));
	link_only = prefill_time(advice, rates);
	for (unsigned int i = 0; rates->up > 0 && i < GB_ADVICE_PROMPTS; i++)
		advice->prefill[i] = gb_advice_prompt[i] * inverse(link_only);
}

const char *gb_verdict_name(enum gb_verdict verdict)
{
	static const char *const names[] = { "plain", "overflow", "offload",
					     "disk", "nothing" };

	return names[verdict];
}
