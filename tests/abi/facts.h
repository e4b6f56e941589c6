/* SPDX-License-Identifier: GPL-2.0-only */
/* One fact of the binary interface, as one of the two headers has it. */
#ifndef ABI_FACTS_H
#define ABI_FACTS_H

struct fact {
	const char *text;
	long long value; /* a size, an offset, or the constant's value */
};

/* In the same order, ended by a NULL text. */
extern const struct fact our_facts[];
extern const struct fact real_facts[];

#endif
