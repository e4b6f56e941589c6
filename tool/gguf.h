/* SPDX-License-Identifier: GPL-2.0-only */
/* The headers of the files that models come in. Pure, and never read beyond. */
#ifndef GB_GGUF_H
#define GB_GGUF_H

#include "shape.h"

/*
 * Adds the tensors of a GGUF file (versions 2 and 3, little endian) to @shape,
 * and what its metadata say of layers and experts. @size bytes of the file are
 * at @data; as many as it must have at least go to @needed.
 *
 * Returns 0; -EPROTO: not such a file, or damaged; -ENODATA: it ends within the
 * header; -EPROTONOSUPPORT: another version; -EMEDIUMTYPE: a kind of weights
 * that is not known; or what gb_shape_add() returns.
 */
int gb_gguf_read(struct gb_shape *shape, const void *data, size_t size,
		 uint64_t *needed);

/*
 * The same of a safetensors file. -EPROTO, -ENODATA, -EMEDIUMTYPE as above.
 */
int gb_safetensors_read(struct gb_shape *shape, const void *data, size_t size,
			uint64_t *needed);

/*
 * The config.json that lies beside safetensors: how many experts a token uses,
 * where it says so. Returns 0 or -EPROTO.
 */
int gb_config_read(struct gb_shape *shape, const void *data, size_t size);

/* Called with each file of an index; returns 0, or what ends the walk. */
typedef int (*gb_index_visitor)(const struct gb_text *file, void *data);

/*
 * The model.safetensors.index.json of a model in several files: calls @visit
 * for each tensor with the name of its file. Returns 0, -EPROTO, or what
 * @visit returned.
 */
int gb_index_read(const void *data, size_t size, gb_index_visitor visit,
		  void *visitor_data);

#endif
