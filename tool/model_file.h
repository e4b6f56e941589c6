/* SPDX-License-Identifier: GPL-2.0-only */
/* The files of a model, on disk: which they are, and what they say. */
#ifndef GB_MODEL_FILE_H
#define GB_MODEL_FILE_H

#include "shape.h"

/*
 * Fills @shape from a GGUF or safetensors file, from the first of several, from
 * the index of several, or from a folder of safetensors. Of @active see
 * gb_shape_finish(). Returns 0, or -errno when one line about what is wrong has
 * been written.
 */
int gb_model_read(struct gb_shape *shape, const char *path, uint64_t active);

#endif
