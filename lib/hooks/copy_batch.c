// SPDX-License-Identifier: GPL-2.0-only
/*
 * Batches of copies. As a rule a batch goes to the driver whole, once all that
 * it names is backed; one with a copy across the border of memory in RAM goes
 * in pieces, which the undefined order within a batch allows.
 */
#include "copy.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

/* One linear copy of a batch. */
static bool crosses(uint64_t to, uint64_t from, uint64_t bytes)
{
	return gb_copy_part(to, from, bytes) < bytes;
}

static bool any_crosses(const CUdeviceptr *to, const CUdeviceptr *from,
			const size_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (crosses(to[i], from[i], bytes[i]))
			return true;
	return false;
}

/* Backs all that the batch names. *@fail: the culprit. */
static CUresult prepare_all(const CUdeviceptr *to, const CUdeviceptr *from,
			    const size_t *bytes, size_t count, size_t *fail)
{
	CUresult rc = CUDA_SUCCESS;

	for (size_t i = 0; !rc && i < count; i++) {
		*fail = i;
		rc = gb_copy_prepare(to[i], bytes[i], GB_TOUCH_WORK);
		if (!rc)
			rc = gb_copy_prepare(from[i], bytes[i], GB_TOUCH_READ);
	}
	return rc;
}

static bool any_is_ours(const CUdeviceptr *to, const CUdeviceptr *from, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (gb_copy_is_ours(to[i], from[i]))
			return true;
	return false;
}

/* The attributes of copy @i: those of the last entry that begins at or before. */
static CUmemcpyAttributes *attributes_of(CUmemcpyAttributes *attributes,
					 const size_t *starts, size_t count,
					 size_t i)
{
	while (count > 1 && starts[count - 1] > i)
		count--;
	return &attributes[count - 1];
}

/* Both ABIs of the call behind one face. */
struct batch {
	CUresult (*first)(CUdeviceptr *, CUdeviceptr *, size_t *, size_t,
			  CUmemcpyAttributes *, size_t *, size_t, size_t *,
			  CUstream);
	CUresult (*second)(CUdeviceptr *, CUdeviceptr *, size_t *, size_t,
			   CUmemcpyAttributes *, size_t *, size_t, CUstream);
	CUdeviceptr *to, *from;
	size_t *bytes;
	size_t count;
	CUmemcpyAttributes *attributes;
	size_t *starts;
	size_t attribute_count;
	size_t *fail; /* of the first ABI; may be NULL */
	CUstream stream;
	enum gb_default_stream null;
};

static CUresult issue(const struct batch *batch, CUdeviceptr *to, CUdeviceptr *from,
		      size_t *bytes, size_t count, CUmemcpyAttributes *attributes,
		      size_t *starts, size_t attribute_count, size_t *fail)
{
	if (batch->first)
		return batch->first(to, from, bytes, count, attributes, starts,
				    attribute_count, fail, batch->stream);
	assert(batch->second);
	return batch->second(to, from, bytes, count, attributes, starts,
			     attribute_count, batch->stream);
}

static CUresult issue_whole(const struct batch *batch)
{
	return issue(batch, batch->to, batch->from, batch->bytes, batch->count,
		     batch->attributes, batch->starts, batch->attribute_count,
		     batch->fail);
}

/* Does each copy have its attributes? Else the driver is to refuse. */
static bool is_sane(const struct batch *batch)
{
	for (size_t i = 1; i < batch->attribute_count; i++)
		if (batch->starts[i] <= batch->starts[i - 1])
			return false;
	return batch->starts[0] == 0 &&
	       batch->starts[batch->attribute_count - 1] < batch->count;
}

static CUresult issue_pieces(const struct batch *batch)
{
	CUresult rc = CUDA_SUCCESS;
	size_t start = 0, ignored;

	for (size_t i = 0; !rc && i < batch->count; i++) {
		CUmemcpyAttributes *attributes =
			attributes_of(batch->attributes, batch->starts,
				      batch->attribute_count, i);
		uint64_t part;

		if (batch->fail)
			*batch->fail = i;
		for (uint64_t at = 0; !rc && at < batch->bytes[i]; at += part) {
			CUdeviceptr to = batch->to[i] + at;
			CUdeviceptr from = batch->from[i] + at;
			size_t bytes;

			part = gb_copy_part(to, from, batch->bytes[i] - at);
			bytes = part;
			rc = issue(batch, &to, &from, &bytes, 1, attributes,
				   &start, 1, &ignored);
		}
	}
	return rc;
}

static int enter_at_home(const struct batch *batch)
{
	uint64_t *addresses = calloc(2 * batch->count, sizeof(*addresses));
	int error;

	if (!addresses)
		return -ENOMEM;
	for (size_t i = 0; i < batch->count; i++) {
		addresses[2 * i] = batch->to[i];
		addresses[2 * i + 1] = batch->from[i];
	}
	if (gb_driver_is_capturing())
		gb_engine_note_graph(addresses, 2 * (uint32_t)batch->count);
	error = gb_engine_enter_at_home(addresses, 2 * (uint32_t)batch->count);
	free(addresses);
	return error;
}

/* Steps inside, once all is backed; @writing[i] is for the way out. */
static CUresult enter_prepared(const struct batch *batch, bool *writing)
{
	uint64_t stream = gb_stream(batch->stream, batch->null);
	int error = enter_at_home(batch);

	if (error)
		return gb_result(error);
	for (size_t i = 0; i < batch->count; i++) {
		writing[i] = gb_staging_access(batch->to[i], stream, true);
		gb_staging_access(batch->from[i], stream, false);
	}
	return CUDA_SUCCESS;
}

static void leave(const struct batch *batch, const bool *writing)
{
	uint64_t stream = gb_stream(batch->stream, batch->null);

	for (size_t i = 0; i < batch->count; i++)
		if (writing[i])
			gb_staging_written(batch->to[i], stream);
	gb_gate_leave();
}

static CUresult copy_batch(const struct batch *batch)
{
	size_t culprit = 0;
	bool *writing;
	CUresult rc;

	if (!batch->to || !batch->from || !batch->bytes || !batch->attributes ||
	    !batch->starts || !batch->attribute_count ||
	    !any_is_ours(batch->to, batch->from, batch->count))
		return issue_whole(batch);
	rc = prepare_all(batch->to, batch->from, batch->bytes, batch->count,
			 &culprit);
	if (rc) {
		if (batch->fail)
			*batch->fail = culprit;
		return rc;
	}
	writing = calloc(batch->count, sizeof(*writing));
	if (!writing)
		return CUDA_ERROR_OUT_OF_MEMORY;
	rc = enter_prepared(batch, writing);
	if (rc) {
		free(writing);
		return rc;
	}
	if (is_sane(batch) &&
	    any_crosses(batch->to, batch->from, batch->bytes, batch->count))
		rc = issue_pieces(batch);
	else
		rc = issue_whole(batch);
	leave(batch, writing);
	free(writing);
	return rc;
}

#define BATCH_HOOKS(suffix, null_)                                             \
	CUresult cuMemcpyBatchAsync##suffix(                                   \
		CUdeviceptr *to, CUdeviceptr *from, size_t *bytes,             \
		size_t count, CUmemcpyAttributes *attributes, size_t *starts,  \
		size_t attribute_count, size_t *fail, CUstream stream)         \
	{                                                                      \
		return copy_batch(&(struct batch){                             \
			.first = GB_REAL(cuMemcpyBatchAsync##suffix),          \
			.to = to,                                              \
			.from = from,                                          \
			.bytes = bytes,                                        \
			.count = count,                                        \
			.attributes = attributes,                              \
			.starts = starts,                                      \
			.attribute_count = attribute_count,                    \
			.fail = fail,                                          \
			.stream = stream,                                      \
			.null = null_ });                                      \
	}                                                                      \
                                                                               \
	CUresult cuMemcpyBatchAsync_v2##suffix(                                \
		CUdeviceptr *to, CUdeviceptr *from, size_t *bytes,             \
		size_t count, CUmemcpyAttributes *attributes, size_t *starts,  \
		size_t attribute_count, CUstream stream)                       \
	{                                                                      \
		return copy_batch(&(struct batch){                             \
			.second = GB_REAL(cuMemcpyBatchAsync_v2##suffix),      \
			.to = to,                                              \
			.from = from,                                          \
			.bytes = bytes,                                        \
			.count = count,                                        \
			.attributes = attributes,                              \
			.starts = starts,                                      \
			.attribute_count = attribute_count,                    \
			.stream = stream,                                      \
			.null = null_ });                                      \
	}

BATCH_HOOKS(, GB_LEGACY)
BATCH_HOOKS(_ptsz, GB_PER_THREAD)

/* The bytes that a pointer operand spans from its first to its last. */
static uint64_t operand_bytes(const CUmemcpy3DOperand *operand,
			      const CUDA_MEMCPY3D_BATCH_OP *op)
{
	uint64_t row = operand->op.ptr.rowLength ? operand->op.ptr.rowLength
						 : op->extent.width;
	uint64_t rows = operand->op.ptr.layerHeight ? operand->op.ptr.layerHeight
						    : op->extent.height;

	if (!op->extent.width || !op->extent.height || !op->extent.depth)
		return 0;
	return ((op->extent.depth - 1) * rows + op->extent.height - 1) * row +
	       op->extent.width;
}

/*
 * Boxes in batches: an operand whose memory has borders inside the box is
 * brought into VRAM as a whole, where there are none, since cutting boxes of
 * elements whose size an array may decide is not worth its code.
 */
static CUresult prepare_operand(const CUmemcpy3DOperand *operand,
				const CUDA_MEMCPY3D_BATCH_OP *op,
				enum gb_touch touch)
{
	uint64_t address = operand->op.ptr.ptr, bytes;
	CUresult rc;
	int error;

	if (operand->type != CU_MEMCPY_OPERAND_TYPE_POINTER || !gb_is_ours(address))
		return CUDA_SUCCESS;
	bytes = operand_bytes(operand, op);
	rc = gb_copy_prepare(address, bytes, touch);
	if (rc)
		return rc;
	/* On the NVMe disk there are no borders to be seen. */
	error = gb_engine_enter_at_home(&address, 1);
	if (error)
		return gb_result(error);
	bytes -= gb_engine_span(address, bytes);
	gb_gate_leave();
	return bytes ? gb_result(gb_engine_pin(address)) : rc;
}

static CUresult prepare_ops(size_t count, const CUDA_MEMCPY3D_BATCH_OP *ops,
			    size_t *fail)
{
	CUresult rc = CUDA_SUCCESS;

	for (size_t i = 0; ops && !rc && i < count; i++) {
		if (fail)
			*fail = i;
		rc = prepare_operand(&ops[i].dst, &ops[i], GB_TOUCH_WORK);
		if (!rc)
			rc = prepare_operand(&ops[i].src, &ops[i], GB_TOUCH_READ);
	}
	return rc;
}

#define BATCH3D_HOOKS(suffix, null)                                                  \
	CUresult cuMemcpy3DBatchAsync##suffix(                                       \
		size_t count, CUDA_MEMCPY3D_BATCH_OP *ops, size_t *fail,             \
		unsigned long long flags, CUstream stream)                           \
	{                                                                            \
		CUresult rc = prepare_ops(count, ops, fail);                         \
                                                                                     \
		return rc ? rc                                                       \
			  : GB_PASS_UNSEEN(                                          \
				    gb_stream(stream, null),                         \
				    GB_REAL(cuMemcpy3DBatchAsync##suffix)(           \
					    count, ops, fail, flags, stream));       \
	}                                                                            \
                                                                                     \
	CUresult cuMemcpy3DBatchAsync_v2##suffix(                                    \
		size_t count, CUDA_MEMCPY3D_BATCH_OP *ops,                           \
		unsigned long long flags, CUstream stream)                           \
	{                                                                            \
		CUresult rc = prepare_ops(count, ops, NULL);                         \
                                                                                     \
		return rc ? rc                                                       \
			  : GB_PASS_UNSEEN(gb_stream(stream, null),                  \
					   GB_REAL(cuMemcpy3DBatchAsync_v2##suffix)( \
						   count, ops, flags, stream));      \
	}

BATCH3D_HOOKS(, GB_LEGACY)
BATCH3D_HOOKS(_ptsz, GB_PER_THREAD)

/* The decompression engine reads and writes VRAM only. */
static CUresult prepare_decompress(const CUmemDecompressParams *list,
				   size_t count, size_t *fail)
{
	int error = 0;

	for (size_t i = 0; list && !error && i < count; i++) {
		uint64_t from = (uint64_t)list[i].src;
		uint64_t to = (uint64_t)list[i].dst;

		if (fail)
			*fail = i;
		if (gb_is_ours(from))
			error = gb_engine_pin(from);
		if (!error && gb_is_ours(to))
			error = gb_engine_pin(to);
	}
	return gb_result(error);
}

#define DECOMPRESS_HOOK(name)                                                  \
	CUresult name(CUmemDecompressParams *list, size_t count,               \
		      unsigned int flags, size_t *fail, CUstream stream)       \
	{                                                                      \
		CUresult rc = prepare_decompress(list, count, fail);           \
                                                                               \
		return rc ? rc                                                 \
			  : GB_PASS(GB_REAL(name)(list, count, flags, fail,    \
						  stream));                    \
	}

DECOMPRESS_HOOK(cuMemBatchDecompressAsync)
DECOMPRESS_HOOK(cuMemBatchDecompressAsync_ptsz)
