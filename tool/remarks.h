/* SPDX-License-Identifier: GPL-2.0-only */
/* Sentences of greenboost doctor, each with a name that programs know it by. */
#ifndef GB_REMARKS_H
#define GB_REMARKS_H

#include "advice.h"
#include "facts.h"
#include "link.h"

#define GB_REMARKS_MAX 16

struct gb_remarks {
	unsigned int count;
	struct gb_remark {
		const char *kind; /* "link-trained-down" */
		char *text;
	} remark[GB_REMARKS_MAX];
};

/* Drops what is beyond GB_REMARKS_MAX. */
void gb_remark(struct gb_remarks *remarks, const char *kind, const char *format,
	       ...) __attribute__((format(printf, 3, 4)));

void gb_remarks_finish(struct gb_remarks *remarks);

/*
 * What is out of order with GPU @index's link, by itself. Unless the GPU
 * @has_worked just before, it may have lowered its generation to save power,
 * and that is not judged.
 */
void gb_remark_link(struct gb_remarks *remarks, unsigned int index,
		    const struct gb_link *link, bool has_worked);

/* What was measured, against what such hardware gives. @link may be unknown. */
void gb_remark_rates(struct gb_remarks *remarks, const struct gb_rates *rates,
		     const struct gb_link *link, const struct gb_facts *facts);

/* Limits and surroundings that hold overflow back. */
void gb_remark_facts(struct gb_remarks *remarks, const struct gb_facts *facts);

/* What to do about a model. */
void gb_remark_advice(struct gb_remarks *remarks, const struct gb_advice *advice,
		      const struct gb_rates *rates, const struct gb_model *model,
		      const struct gb_tiers *tiers);

#endif
