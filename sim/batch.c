/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Batched copies. Their order within a batch is not defined, so a seeded run
 * shuffles them.
 */
#include <stdlib.h>

#include "copy.h"
#include "sim.h"

struct item {
	struct sim_side dst, src;
	struct sim_box box;
	CUmemcpySrcAccessOrder order;
};

static bool is_order(CUmemcpySrcAccessOrder order)
{
	return order >= CU_MEMCPY_SRC_ACCESS_ORDER_STREAM &&
	       order <= CU_MEMCPY_SRC_ACCESS_ORDER_ANY;
}

static void shuffle(struct item *items, size_t count)
{
	struct item held;
	size_t other;

	if (!sim.config.seeded)
		return;
	for (size_t i = count; i > 1; i--) {
		other = sim_random(i);
		held = items[i - 1];
		items[i - 1] = items[other];
		items[other] = held;
	}
}

static bool is_readable(struct sim_side side, struct sim_box box)
{
	uint64_t bytes = (box.depth - 1) * side.slice +
			 (box.height - 1) * side.pitch + box.width;

	return sim_is_host_memory((uint64_t)side.at)
		       ? side.at != NULL
		       : sim_range_is_known((uint64_t)side.at, bytes);
}

/* Checks all before it queues any; *failed is the first bad one's index. */
static CUresult submit(CUstream handle, struct item *items, size_t count,
		       size_t *failed)
{
	struct CUstream_st *stream;
	struct sim_work *work;
	CUresult rc = sim_stream(handle, &stream);

	if (rc)
		return rc;
	for (size_t i = 0; i < count; i++) {
		*failed = i;
		if (!items[i].box.width || !items[i].box.height ||
		    !items[i].box.depth || !is_order(items[i].order) ||
		    !is_readable(items[i].src, items[i].box) ||
		    !is_readable(items[i].dst, items[i].box))
			return CUDA_ERROR_INVALID_VALUE;
	}
	shuffle(items, count);
	for (size_t i = 0; !rc && i < count; i++) {
		work = sim_copy_create(items[i].dst, items[i].src, items[i].box);
		if (items[i].order == CU_MEMCPY_SRC_ACCESS_ORDER_DURING_API_CALL)
			sim_copy_keep(work);
		rc = sim_submit(stream, work);
	}
	return rc;
}

static CUresult lines(CUdeviceptr *dst, CUdeviceptr *src, size_t *bytes,
		      size_t count, CUmemcpyAttributes *attributes, size_t *first,
		      size_t attribute_count, size_t *failed, CUstream stream)
{
	struct item *items;
	size_t current = 0;
	CUresult rc;

	*failed = SIZE_MAX;
	if (!count || !dst || !src || !bytes || !attributes || !first ||
	    !attribute_count || attribute_count > count || first[0])
		return CUDA_ERROR_INVALID_VALUE;
	items = sim_alloc(count * sizeof(*items));
	for (size_t i = 0; i < count; i++) {
		while (current + 1 < attribute_count && first[current + 1] <= i)
			current++;
		items[i].dst.at = (uint8_t *)dst[i];
		items[i].src.at = (uint8_t *)src[i];
		items[i].box = (struct sim_box){ bytes[i], 1, 1 };
		items[i].order = attributes[current].srcAccessOrder;
	}
	rc = submit(stream, items, count, failed);
	free(items);
	return rc;
}

SIM_API_PT(cuMemcpyBatchAsync_v2, _ptsz, 0,
	   (CUdeviceptr * dst, CUdeviceptr *src, size_t *bytes, size_t count,
	    CUmemcpyAttributes *attributes, size_t *first,
	    size_t attribute_count, CUstream stream),
	   (dst, src, bytes, count, attributes, first, attribute_count, stream))
{
	size_t failed;

	return lines(dst, src, bytes, count, attributes, first, attribute_count,
		     &failed, stream);
}

SIM_API_PT(cuMemcpyBatchAsync, _ptsz, 0,
	   (CUdeviceptr * dst, CUdeviceptr *src, size_t *bytes, size_t count,
	    CUmemcpyAttributes *attributes, size_t *first,
	    size_t attribute_count, size_t *failed, CUstream stream),
	   (dst, src, bytes, count, attributes, first, attribute_count, failed,
	    stream))
{
	size_t unused;

	return lines(dst, src, bytes, count, attributes, first, attribute_count,
		     failed ? failed : &unused, stream);
}

static CUresult side(const CUmemcpy3DOperand *operand, struct sim_box box,
		     struct sim_side *out)
{
	CUarray array;

	if (operand->type == CU_MEMCPY_OPERAND_TYPE_POINTER) {
		out->at = (uint8_t *)operand->op.ptr.ptr;
		out->pitch = operand->op.ptr.rowLength ? operand->op.ptr.rowLength
						       : box.width;
		out->slice = out->pitch * (operand->op.ptr.layerHeight
						   ? operand->op.ptr.layerHeight
						   : box.height);
		return CUDA_SUCCESS;
	}
	array = operand->op.array.array;
	if (operand->type != CU_MEMCPY_OPERAND_TYPE_ARRAY ||
	    !sim_is(array, SIM_ARRAY))
		return CUDA_ERROR_INVALID_VALUE;
	out->pitch = array->pitch;
	out->slice = array->slice;
	out->at = (uint8_t *)array->region->range.base +
		  operand->op.array.offset[2] * array->slice +
		  operand->op.array.offset[1] * array->pitch +
		  operand->op.array.offset[0] * array->element;
	return CUDA_SUCCESS;
}

static CUresult boxes(size_t count, const CUDA_MEMCPY3D_BATCH_OP *ops,
		      size_t *failed, unsigned long long flags, CUstream stream)
{
	struct item *items;
	CUresult rc = CUDA_SUCCESS;

	*failed = SIZE_MAX;
	if (!count || !ops || flags)
		return CUDA_ERROR_INVALID_VALUE;
	items = sim_alloc(count * sizeof(*items));
	for (size_t i = 0; !rc && i < count; i++) {
		items[i].box = (struct sim_box){ ops[i].extent.width,
						 ops[i].extent.height,
						 ops[i].extent.depth };
		items[i].order = ops[i].srcAccessOrder;
		rc = side(&ops[i].dst, items[i].box, &items[i].dst);
		if (!rc)
			rc = side(&ops[i].src, items[i].box, &items[i].src);
		if (rc)
			*failed = i;
	}
	if (!rc)
		rc = submit(stream, items, count, failed);
	free(items);
	return rc;
}

SIM_API_PT(cuMemcpy3DBatchAsync_v2, _ptsz, 0,
	   (size_t count, CUDA_MEMCPY3D_BATCH_OP *ops, unsigned long long flags,
	    CUstream stream),
	   (count, ops, flags, stream))
{
	size_t failed;

	return boxes(count, ops, &failed, flags, stream);
}

SIM_API_PT(cuMemcpy3DBatchAsync, _ptsz, 0,
	   (size_t count, CUDA_MEMCPY3D_BATCH_OP *ops, size_t *failed,
	    unsigned long long flags, CUstream stream),
	   (count, ops, failed, flags, stream))
{
	size_t unused;

	return boxes(count, ops, failed ? failed : &unused, flags, stream);
}
