/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernels for memory that is staged: they read, write, write now and then, and
 * find their memory in every way (staging.c). They look at a word of each page
 * of the processor's or so, since much memory must pass in little time.
 */
#include <greenboost/kernel.h>

#define STEP 509u

GB_DEVICE uint64_t folded(const uint64_t *data, uint64_t words)
{
	uint64_t sum = words;

	for (uint64_t i = 0; i < words; i += STEP)
		sum = (sum ^ data[i]) * 0x100000001b3u;
	return sum;
}

/* Reads, and writes one word elsewhere. */
GB_KERNEL(fold, (uint64_t *, out), (const uint64_t *, data), (uint64_t, words))
{
	*out = folded(data, words);
}

/* Reads one and changes the other. */
GB_KERNEL(mix, (uint64_t *, to), (const uint64_t *, from), (uint64_t, words))
{
	for (uint64_t i = 0; i < words; i += STEP)
		to[i] = to[i] * 31 + from[i];
}

GB_KERNEL(in_place, (uint64_t *, data), (uint64_t, words), (uint64_t, seed))
{
	for (uint64_t i = seed % STEP; i < words; i += STEP)
		data[i] = data[i] * 0x9e3779b97f4a7c15u + seed + i;
}

GB_KERNEL(poke, (uint64_t *, data), (uint64_t, word), (uint64_t, value))
{
	data[word] = data[word] * 3 + value;
}

/* Writes at one launch in @period. */
GB_KERNEL(rarely, (uint64_t *, out), (uint64_t *, data), (uint64_t, words),
	  (uint64_t, turn), (uint64_t, period))
{
	uint64_t sum = folded(data, words);

	*out = sum;
	if (turn % period == period - 1)
		data[sum % words] += turn;
}

/*
 * Reads through whichever address is not 0 and writes when told: each parameter
 * is known on its own.
 */
GB_KERNEL(habit, (uint64_t *, out), (uint64_t *, a), (uint64_t *, b),
	  (uint64_t *, c), (uint64_t *, d), (uint64_t *, e), (uint64_t *, f),
	  (uint64_t, words), (uint64_t, writes))
{
	uint64_t *data = a ? a : b ? b : c ? c : d ? d : e ? e : f;
	uint64_t sum = folded(data, words);

	*out = sum;
	if (!writes)
		return;
	data[sum % words] += sum;
	data[words - 1] ^= sum;
}

/* Writes when a word elsewhere says so. */
GB_KERNEL(told, (uint64_t *, out), (uint64_t *, data), (uint64_t, words),
	  (const uint64_t *, control))
{
	uint64_t sum = folded(data, words);

	*out = sum;
	if ((*control ^ *control >> 32) % 16 == 0)
		data[sum % words] ^= sum;
}

/* Through an address behind the last word. */
GB_KERNEL(backwards, (uint64_t *, end), (uint64_t, words), (uint64_t, seed))
{
	for (uint64_t i = 1; i <= words; i += STEP)
		end[-(int64_t)i] += seed + i;
}

GB_KERNEL(fold_back, (uint64_t *, out), (const uint64_t *, end), (uint64_t, words))
{
	*out = folded(end - words, words);
}

/* From one address to the other. */
GB_KERNEL(until, (uint64_t *, begin), (uint64_t *, end), (uint64_t, seed))
{
	for (uint64_t *at = begin; at < end; at += STEP)
		*at = *at * 5 + seed;
}

struct pointers {
	uint64_t *to;
	const uint64_t *from;
	uint64_t words;
};

GB_KERNEL(in_struct, (uint32_t, seed), (struct pointers, p))
{
	for (uint64_t i = seed % STEP; i < p.words; i += STEP)
		p.to[i] = p.to[i] * 7 + p.from[i] + seed;
}

/* Through addresses that lie in memory. */
GB_KERNEL(listed, (uint64_t *const *, list), (uint64_t, count), (uint64_t, words))
{
	for (uint64_t i = 0; i < words; i += STEP)
		for (uint64_t j = 0; j < count; j++)
			list[j][i] = list[j][i] * 5 + i + j;
}

/* Makes, in memory, an address that no parameter of another launch shows. */
GB_KERNEL(hide, (uint64_t *, list), (uint64_t *, at))
{
	list[0] = (uint64_t)at;
}

/* More words than anyone wants to tell apart; the last is written through. */
GB_KERNEL(twelve, (const uint64_t *, a), (const uint64_t *, b),
	  (const uint64_t *, c), (const uint64_t *, d), (const uint64_t *, e),
	  (const uint64_t *, f), (const uint64_t *, g), (const uint64_t *, h),
	  (const uint64_t *, i), (const uint64_t *, j), (const uint64_t *, k),
	  (uint64_t *, to))
{
	*to += *a + *b + *c + *d + *e + *f + *g + *h + *i + *j + *k;
}
