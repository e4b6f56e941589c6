/* SPDX-License-Identifier: GPL-2.0-only */
/* What holds of every shape that a header was taken for. */
#ifndef FUZZ_SHAPE_CHECKS_H
#define FUZZ_SHAPE_CHECKS_H

#include <assert.h>
#include <string.h>

#include "shape.h"

static inline void check_matrix(const struct gb_matrix *matrix)
{
	assert(memchr(matrix->name, '\0', sizeof(matrix->name)));
	assert(!matrix->elements || (matrix->rows && matrix->columns));
}

/* @shape as it was read; whether it can be used, is found out here. */
static inline void check_shape(struct gb_shape *shape)
{
	double share;

	assert(shape->layers <= GB_SHAPE_LAYERS && shape->parts <= GB_SHAPE_PARTS);
	if (gb_shape_finish(shape, 0))
		return;
	assert(shape->layers && shape->parts);
	for (unsigned int i = 0; i < shape->parts; i++)
		check_matrix(&shape->part[i]);
	check_matrix(&shape->table);
	check_matrix(&shape->head);
	assert(gb_shape_bank_bytes(shape) <= gb_shape_bytes(shape));
	assert(gb_shape_active(shape) <= gb_shape_bytes(shape));
	share = gb_shape_bank_share(shape, 1000);
	assert(share >= gb_shape_bank_share(shape, 1) && share <= 1);
}

#endif
