/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A ledger: what share of one resource is taken at which time, as a step
 * function from time 0 on. It remembers the last LEDGER_STEPS changes; what
 * lies before its horizon is forgotten and reads as free.
 */
#ifndef SIM_LEDGER_H
#define SIM_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#define LEDGER_STEPS 16384

struct sim_step {
	uint64_t time; /* from here to the next step, */
	double used;   /* this share is taken: 0 to 1 */
};

/* All zero is a valid, empty ledger. */
struct sim_ledger {
	unsigned int count;
	uint64_t horizon;
	struct sim_step step[LEDGER_STEPS];
};

/*
 * The share taken at @time. Sets @until to when that changes, UINT64_MAX for
 * never.
 */
double sim_ledger_used(const struct sim_ledger *ledger, uint64_t time,
		       uint64_t *until);

/* Takes @share more from @start to @end, as far as that is after the horizon. */
void sim_ledger_take(struct sim_ledger *ledger, uint64_t start, uint64_t end,
		     double share);

/* Steps rise in time, shares lie in 0 to 1 and differ from one to the next. */
bool sim_ledger_is_valid(const struct sim_ledger *ledger);

#endif
