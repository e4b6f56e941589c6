/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernels that cost what those of a model cost, for the virtual clock, and do
 * next to nothing: they look at a few words of what they are given, all over
 * it, so that a result still depends on every operand.
 */
#include <greenboost/kernel.h>

#define ELEMENT 2 /* bytes of activations: bf16 */
#define SAMPLES 64

GB_DEVICE uint64_t sample(const uint64_t *from, uint64_t bytes)
{
	uint64_t words = bytes / 8, sum = 0;

	for (uint64_t i = 0; words && i < SAMPLES; i++)
		sum = sum * 31 + from[i * (words - 1) / (SAMPLES - 1)];
	return sum;
}

/* y[m][n] = x[m][k] * w[n][k]^T, with @bytes of w, however they are packed. */
GB_KERNEL(model_gemm, (uint64_t *, y), (const uint64_t *, x), (const uint64_t *, w),
	  (uint64_t, bytes), (uint64_t, m), (uint64_t, n), (uint64_t, k))
{
	if (gb_thread_x() == 0 && gb_block_x() == 0)
		y[0] = y[0] * 31 + x[0] + sample(w, bytes);
}

/*
 * How often a product on @sms multiprocessors reads its weights:
 * docs/simulated-time.md, "Re-reading".
 */
static inline unsigned int passes(uint64_t m, uint64_t n, unsigned int sms)
{
	unsigned int best = 0;
	uint64_t best_time = 0;

	for (unsigned int height = 256; height >= 64; height /= 2) {
		uint64_t rows = (m + height - 1) / height;
		uint64_t tiles = rows * ((n + 127) / 128);
		uint64_t time = (tiles + sms - 1) / sms * height;

		if (best && 4 * time > 3 * best_time)
			continue;
		best = (unsigned int)rows;
		best_time = time;
	}
	return best;
}

GB_COST(model_gemm)
{
	uint64_t bytes = gb_argument(launch, 3, uint64_t);
	uint64_t m = gb_argument(launch, 4, uint64_t);
	uint64_t n = gb_argument(launch, 5, uint64_t);
	uint64_t k = gb_argument(launch, 6, uint64_t);

	gb_cost_read(cost, gb_argument(launch, 1, const void *), m * k * ELEMENT);
	gb_cost_read(cost, gb_argument(launch, 2, const void *), bytes);
	gb_cost_write(cost, gb_argument(launch, 0, void *), m * n * ELEMENT);
#ifndef __CUDA__
	cost->range[1].passes = passes(m, n, launch->grid[0]);
	cost->matrix_flop = 2.0 * (double)m * (double)n * (double)k;
#endif
}

/* Attention: reads a share of the keys and values that stand in @cache. */
GB_KERNEL(model_attention, (uint64_t *, y), (uint64_t *, cache),
	  (uint64_t, bytes), (uint64_t, added), (double, flop))
{
	if (gb_thread_x() == 0 && gb_block_x() == 0 && bytes >= 8)
		y[0] = y[0] * 7 + cache[0]++;
}

GB_COST(model_attention)
{
	gb_cost_read(cost, gb_argument(launch, 1, void *),
		     gb_argument(launch, 2, uint64_t));
	gb_cost_write(cost, gb_argument(launch, 1, void *),
		      gb_argument(launch, 3, uint64_t));
#ifndef __CUDA__
	cost->matrix_flop = gb_argument(launch, 4, double);
#endif
}

/*
 * The small operations, and attention's arithmetic where that has no kernel of
 * its own: so many bytes read and written, within @room bytes.
 */
GB_KERNEL(model_rest, (uint64_t *, y), (uint64_t, room), (uint64_t, bytes),
	  (double, flop))
{
	if (gb_thread_x() == 0 && gb_block_x() == 0)
		y[0] = y[0] * 7 + bytes;
}

GB_COST(model_rest)
{
	uint64_t room = gb_argument(launch, 1, uint64_t);
	uint64_t part = gb_argument(launch, 2, uint64_t) / 8;
	/* More than there is room: it goes over it again and again. */
	uint64_t times = part ? (part + room - 1) / room : 1;

	for (int i = 0; i < 8; i++) {
		gb_cost_read(cost, gb_argument(launch, 0, void *), part / times);
		gb_cost_write(cost, gb_argument(launch, 0, void *), part / times);
	}
#ifndef __CUDA__
	for (int i = 0; i < 16; i += 2)
		cost->range[i].passes = (unsigned int)times;
	cost->matrix_flop = gb_argument(launch, 3, double);
#endif
}

/* Products with @count of the experts that stand in one bank, from @first on. */
GB_KERNEL(model_bank, (uint64_t *, y), (const uint64_t *, bank),
	  (uint64_t, expert_bytes), (uint64_t, first), (uint64_t, count),
	  (uint64_t, times), (double, flop))
{
	if (gb_thread_x() == 0 && gb_block_x() == 0)
		y[0] = y[0] * 31 + sample(bank + first * expert_bytes / 8,
					  count * expert_bytes);
}

GB_COST(model_bank)
{
	uint64_t bytes = gb_argument(launch, 2, uint64_t);
	uint64_t first = gb_argument(launch, 3, uint64_t);

	gb_cost_read(cost, gb_argument(launch, 1, const char *) + first * bytes,
		     gb_argument(launch, 4, uint64_t) * bytes);
#ifndef __CUDA__
	cost->range[0].passes = (unsigned int)gb_argument(launch, 5, uint64_t);
	cost->matrix_flop = gb_argument(launch, 6, double);
#endif
}

/* An optimizer's step: state and weights are read and written. */
GB_KERNEL(model_update, (uint64_t *, w), (uint64_t *, state), (uint64_t, bytes))
{
	uint64_t words = bytes / 8;

	GB_GRID_STRIDE(i, SAMPLES)
	{
		uint64_t at = i * (words - 1) / (SAMPLES - 1);

		state[at] = state[at] * 5 + w[at];
		w[at] += state[at] >> 3;
	}
}

GB_COST(model_update)
{
	uint64_t bytes = gb_argument(launch, 2, uint64_t);

	for (int i = 0; i < 2; i++) {
		gb_cost_read(cost, gb_argument(launch, i, void *), bytes);
		gb_cost_write(cost, gb_argument(launch, i, void *), bytes);
	}
}
