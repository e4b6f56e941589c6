/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parameters of one launch: the addresses of ours among them, and a copy of
 * the parameter block in which they point elsewhere. The program's own block is
 * never written.
 */
#ifndef GB_PARAMETERS_H
#define GB_PARAMETERS_H

#include "../staging/staging.h"
#include "layout.h"

struct gb_parameters {
	/* As the program gave them; one of them may be NULL, or both. */
	CUfunction function;
	void **values;
	void **extra;
	struct gb_stage_word *words; /* that lie in an arena */
	uint32_t count, room;
	/* There may be more: the driver does not tell, or memory has run out. */
	bool unseen;
	/* private */
	const struct gb_layout *layout;
	const char *block; /* of extra */
	size_t bytes;	   /* of the block */
	char *copy;	   /* there whenever there are words */
	void *copied_extra[5];
};

/* Finds the words. Free with gb_parameters_finish, in any case. */
void gb_parameters_init(struct gb_parameters *parameters, CUfunction function,
			void **values, void **extra);
void gb_parameters_finish(struct gb_parameters *parameters);

/*
 * Parameters with each word's @to in place of its @address, as *@values and
 * *@extra, valid until finish; unchanged where no word differs.
 */
void gb_parameters_redirect(struct gb_parameters *parameters, void ***values,
			    void ***extra);

#endif
