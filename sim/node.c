/* SPDX-License-Identifier: GPL-2.0-only */
/* Adding nodes of each type, and reading and changing what they do. */
#include <stdlib.h>
#include <string.h>

#include "copy.h"
#include "event.h"
#include "graph.h"
#include "launch.h"
#include "sim.h"

CUgraphNodeType sim_node_type_of(const struct sim_work *work)
{
	if (work->kind == &sim_kernel_kind)
		return CU_GRAPH_NODE_TYPE_KERNEL;
	if (work->kind == &sim_copy_kind)
		return CU_GRAPH_NODE_TYPE_MEMCPY;
	if (work->kind == &sim_fill_kind)
		return CU_GRAPH_NODE_TYPE_MEMSET;
	if (work->kind == &sim_host_kind)
		return CU_GRAPH_NODE_TYPE_HOST;
	if (work->kind == &sim_event_record_kind)
		return CU_GRAPH_NODE_TYPE_EVENT_RECORD;
	if (work->kind == &sim_event_wait_kind)
		return CU_GRAPH_NODE_TYPE_WAIT_EVENT;
	if (work->kind == &sim_empty_kind)
		return CU_GRAPH_NODE_TYPE_EMPTY;
	return CU_GRAPH_NODE_TYPE_BATCH_MEM_OP;
}

/* Kernels. Both versions begin alike; the second may name a CUkernel. */

CUresult sim_node_kernel_work(const CUDA_KERNEL_NODE_PARAMS_v2 *p, bool v2,
			      struct sim_work **out)
{
	struct sim_kernel_shape shape;

	if (!p)
		return CUDA_ERROR_INVALID_VALUE;
	shape = (struct sim_kernel_shape){
		.function = p->func || !v2 ? p->func : (CUfunction)p->kern,
		.grid = { p->gridDimX, p->gridDimY, p->gridDimZ },
		.block = { p->blockDimX, p->blockDimY, p->blockDimZ },
		.shared_bytes = p->sharedMemBytes,
	};
	return sim_kernel_create(&shape, p->kernelParams, p->extra, out);
}

static CUresult add_kernel(CUgraphNode *out, CUgraph graph, const CUgraphNode *needs,
			   size_t count, const void *params, bool v2)
{
	struct sim_work *work;
	CUresult rc = sim_node_kernel_work(params, v2, &work);

	return rc ? rc
		  : sim_node_add(out, graph, needs, count,
				 CU_GRAPH_NODE_TYPE_KERNEL, work);
}

SIM_API(cuGraphAddKernelNode, SIM_NO_CTX,
	(CUgraphNode * out, CUgraph graph, const CUgraphNode *needs,
	 size_t count, const CUDA_KERNEL_NODE_PARAMS_v1 *params),
	(out, graph, needs, count, params))
{
	return add_kernel(out, graph, needs, count, params, false);
}

SIM_API(cuGraphAddKernelNode_v2, SIM_NO_CTX,
	(CUgraphNode * out, CUgraph graph, const CUgraphNode *needs,
	 size_t count, const CUDA_KERNEL_NODE_PARAMS_v2 *params),
	(out, graph, needs, count, params))
{
	return add_kernel(out, graph, needs, count, params, true);
}

static bool is_node(CUgraphNode node, CUgraphNodeType type)
{
	return sim_is(node, SIM_NODE) && node->type == type;
}

/* The parameters are given out in the node's own memory. */
static void fill_in(CUgraphNode node, CUDA_KERNEL_NODE_PARAMS_v2 *out, bool v2)
{
	struct sim_kernel_work *kernel = (struct sim_kernel_work *)node->work;
	const struct sim_entry *entry = kernel->function->entry;

	node->pointers = sim_resize(node->pointers,
				    entry->count * sizeof(*node->pointers));
	for (unsigned int i = 0; i < entry->count; i++)
		node->pointers[i] = kernel->parameters + entry->offset[i];
	memset(out, 0, v2 ? sizeof(*out) : sizeof(CUDA_KERNEL_NODE_PARAMS_v1));
	out->func = kernel->function;
	out->gridDimX = kernel->grid[0];
	out->gridDimY = kernel->grid[1];
	out->gridDimZ = kernel->grid[2];
	out->blockDimX = kernel->block[0];
	out->blockDimY = kernel->block[1];
	out->blockDimZ = kernel->block[2];
	out->sharedMemBytes = kernel->shared_bytes;
	out->kernelParams = node->pointers;
	if (v2)
		out->ctx = kernel->function->module->ctx;
}

SIM_API(cuGraphKernelNodeGetParams, SIM_NO_CTX,
	(CUgraphNode node, CUDA_KERNEL_NODE_PARAMS_v1 *out), (node, out))
{
	if (!out || !is_node(node, CU_GRAPH_NODE_TYPE_KERNEL))
		return CUDA_ERROR_INVALID_VALUE;
	fill_in(node, (CUDA_KERNEL_NODE_PARAMS_v2 *)out, false);
	return CUDA_SUCCESS;
}

SIM_API(cuGraphKernelNodeGetParams_v2, SIM_NO_CTX,
	(CUgraphNode node, CUDA_KERNEL_NODE_PARAMS_v2 *out), (node, out))
{
	if (!out || !is_node(node, CU_GRAPH_NODE_TYPE_KERNEL))
		return CUDA_ERROR_INVALID_VALUE;
	fill_in(node, out, true);
	return CUDA_SUCCESS;
}

static CUresult set_kernel(CUgraphNode node, const void *params, bool v2)
{
	struct sim_work *work;
	CUresult rc;

	if (!is_node(node, CU_GRAPH_NODE_TYPE_KERNEL))
		return CUDA_ERROR_INVALID_VALUE;
	rc = sim_node_kernel_work(params, v2, &work);
	if (!rc)
		sim_node_set_work(node, work);
	return rc;
}

SIM_API(cuGraphKernelNodeSetParams, SIM_NO_CTX,
	(CUgraphNode node, const CUDA_KERNEL_NODE_PARAMS_v1 *params),
	(node, params))
{
	return set_kernel(node, params, false);
}

SIM_API(cuGraphKernelNodeSetParams_v2, SIM_NO_CTX,
	(CUgraphNode node, const CUDA_KERNEL_NODE_PARAMS_v2 *params),
	(node, params))
{
	return set_kernel(node, params, true);
}

/* Launch attributes have no effect here: taken, and answered with zeros. */

SIM_API(cuGraphKernelNodeSetAttribute, SIM_NO_CTX,
	(CUgraphNode node, CUlaunchAttributeID id, const void *value),
	(node, id, value))
{
	return is_node(node, CU_GRAPH_NODE_TYPE_KERNEL) && value
		       ? CUDA_SUCCESS
		       : CUDA_ERROR_INVALID_VALUE;
}

SIM_API(cuGraphKernelNodeGetAttribute, SIM_NO_CTX,
	(CUgraphNode node, CUlaunchAttributeID id, void *value), (node, id, value))
{
	if (!is_node(node, CU_GRAPH_NODE_TYPE_KERNEL) || !value)
		return CUDA_ERROR_INVALID_VALUE;
	memset(value, 0, 64);
	return CUDA_SUCCESS;
}

SIM_API(cuGraphKernelNodeCopyAttributes, SIM_NO_CTX,
	(CUgraphNode to, CUgraphNode from), (to, from))
{
	return is_node(to, CU_GRAPH_NODE_TYPE_KERNEL) &&
			       is_node(from, CU_GRAPH_NODE_TYPE_KERNEL)
		       ? CUDA_SUCCESS
		       : CUDA_ERROR_INVALID_VALUE;
}

/* Copies. */

CUresult sim_node_copy_work(const CUDA_MEMCPY3D *params, struct sim_work **out)
{
	struct sim_side dst = { 0 }, src = { 0 };
	struct sim_box box;
	CUresult rc;

	if (!params)
		return CUDA_ERROR_INVALID_VALUE;
	rc = sim_copy_describe(params, &dst, &src, &box);
	if (!rc)
		*out = sim_copy_create(dst, src, box);
	return rc;
}

SIM_API(cuGraphAddMemcpyNode, SIM_NO_CTX,
	(CUgraphNode * out, CUgraph graph, const CUgraphNode *needs,
	 size_t count, const CUDA_MEMCPY3D *params, CUcontext ctx),
	(out, graph, needs, count, params, ctx))
{
	struct sim_work *work;
	CUresult rc = sim_node_copy_work(params, &work);

	if (!rc)
		rc = sim_node_add(out, graph, needs, count,
				  CU_GRAPH_NODE_TYPE_MEMCPY, work);
	if (!rc)
		(*out)->copy = *params;
	return rc;
}

/* A captured copy was described by the call; say it in these words. */
static CUDA_MEMCPY3D describe(const struct sim_copy_work *copy)
{
	return (CUDA_MEMCPY3D){
		.srcMemoryType = CU_MEMORYTYPE_UNIFIED,
		.srcDevice = (CUdeviceptr)copy->src.at,
		.srcPitch = copy->src.pitch,
		.srcHeight = copy->src.pitch ? copy->src.slice / copy->src.pitch : 0,
		.dstMemoryType = CU_MEMORYTYPE_UNIFIED,
		.dstDevice = (CUdeviceptr)copy->dst.at,
		.dstPitch = copy->dst.pitch,
		.dstHeight = copy->dst.pitch ? copy->dst.slice / copy->dst.pitch : 0,
		.WidthInBytes = copy->box.width,
		.Height = copy->box.height,
		.Depth = copy->box.depth,
	};
}

SIM_API(cuGraphMemcpyNodeGetParams, SIM_NO_CTX,
	(CUgraphNode node, CUDA_MEMCPY3D *out), (node, out))
{
	if (!out || !is_node(node, CU_GRAPH_NODE_TYPE_MEMCPY))
		return CUDA_ERROR_INVALID_VALUE;
	*out = node->copy.WidthInBytes
		       ? node->copy
		       : describe((struct sim_copy_work *)node->work);
	return CUDA_SUCCESS;
}

SIM_API(cuGraphMemcpyNodeSetParams, SIM_NO_CTX,
	(CUgraphNode node, const CUDA_MEMCPY3D *params), (node, params))
{
	struct sim_work *work;
	CUresult rc;

	if (!is_node(node, CU_GRAPH_NODE_TYPE_MEMCPY))
		return CUDA_ERROR_INVALID_VALUE;
	rc = sim_node_copy_work(params, &work);
	if (rc)
		return rc;
	sim_node_set_work(node, work);
	node->copy = *params;
	return CUDA_SUCCESS;
}

/* Fills. */

CUresult sim_node_fill_work(const CUDA_MEMSET_NODE_PARAMS_v1 *p,
			    struct sim_work **out)
{
	size_t row, pitch;

	if (!p || !p->width || !p->height ||
	    (p->elementSize != 1 && p->elementSize != 2 && p->elementSize != 4))
		return CUDA_ERROR_INVALID_VALUE;
	row = p->width * p->elementSize;
	pitch = p->height == 1 ? row : p->pitch;
	if (p->dst % p->elementSize || pitch < row ||
	    !sim_range_is_known(p->dst, (p->height - 1) * pitch + row))
		return CUDA_ERROR_INVALID_VALUE;
	*out = sim_fill_create((uint8_t *)p->dst, pitch, p->value,
			       p->elementSize, p->width, p->height);
	return CUDA_SUCCESS;
}

SIM_API(cuGraphAddMemsetNode, SIM_NO_CTX,
	(CUgraphNode * out, CUgraph graph, const CUgraphNode *needs,
	 size_t count, const CUDA_MEMSET_NODE_PARAMS_v1 *params, CUcontext ctx),
	(out, graph, needs, count, params, ctx))
{
	struct sim_work *work;
	CUresult rc = sim_node_fill_work(params, &work);

	return rc ? rc
		  : sim_node_add(out, graph, needs, count,
				 CU_GRAPH_NODE_TYPE_MEMSET, work);
}

SIM_API(cuGraphMemsetNodeGetParams, SIM_NO_CTX,
	(CUgraphNode node, CUDA_MEMSET_NODE_PARAMS_v1 *out), (node, out))
{
	struct sim_fill_work *fill;

	if (!out || !is_node(node, CU_GRAPH_NODE_TYPE_MEMSET))
		return CUDA_ERROR_INVALID_VALUE;
	fill = (struct sim_fill_work *)node->work;
	*out = (CUDA_MEMSET_NODE_PARAMS_v1){
		.dst = (CUdeviceptr)fill->dst,
		.pitch = fill->pitch,
		.value = fill->value,
		.elementSize = fill->element,
		.width = fill->width,
		.height = fill->height,
	};
	return CUDA_SUCCESS;
}

SIM_API(cuGraphMemsetNodeSetParams, SIM_NO_CTX,
	(CUgraphNode node, const CUDA_MEMSET_NODE_PARAMS_v1 *params),
	(node, params))
{
	struct sim_work *work;
	CUresult rc;

	if (!is_node(node, CU_GRAPH_NODE_TYPE_MEMSET))
		return CUDA_ERROR_INVALID_VALUE;
	rc = sim_node_fill_work(params, &work);
	if (!rc)
		sim_node_set_work(node, work);
	return rc;
}

/* Host functions. */

SIM_API(cuGraphAddHostNode, SIM_NO_CTX,
	(CUgraphNode * out, CUgraph graph, const CUgraphNode *needs,
	 size_t count, const CUDA_HOST_NODE_PARAMS_v1 *params),
	(out, graph, needs, count, params))
{
	if (!params || !params->fn)
		return CUDA_ERROR_INVALID_VALUE;
	return sim_node_add(out, graph, needs, count, CU_GRAPH_NODE_TYPE_HOST,
			    sim_host_create(params->fn, params->userData));
}

SIM_API(cuGraphHostNodeGetParams, SIM_NO_CTX,
	(CUgraphNode node, CUDA_HOST_NODE_PARAMS_v1 *out), (node, out))
{
	struct sim_host_work *host;

	if (!out || !is_node(node, CU_GRAPH_NODE_TYPE_HOST))
		return CUDA_ERROR_INVALID_VALUE;
	host = (struct sim_host_work *)node->work;
	out->fn = host->fn;
	out->userData = host->data;
	return CUDA_SUCCESS;
}

SIM_API(cuGraphHostNodeSetParams, SIM_NO_CTX,
	(CUgraphNode node, const CUDA_HOST_NODE_PARAMS_v1 *params), (node, params))
{
	if (!params || !params->fn || !is_node(node, CU_GRAPH_NODE_TYPE_HOST))
		return CUDA_ERROR_INVALID_VALUE;
	sim_node_set_work(node, sim_host_create(params->fn, params->userData));
	return CUDA_SUCCESS;
}

/* Empty nodes, child graphs, events. */

SIM_API(cuGraphAddEmptyNode, SIM_NO_CTX,
	(CUgraphNode * out, CUgraph graph, const CUgraphNode *needs, size_t count),
	(out, graph, needs, count))
{
	return sim_node_add(out, graph, needs, count, CU_GRAPH_NODE_TYPE_EMPTY,
			    sim_work_empty());
}

SIM_API(cuGraphAddChildGraphNode, SIM_NO_CTX,
	(CUgraphNode * out, CUgraph graph, const CUgraphNode *needs,
	 size_t count, CUgraph child),
	(out, graph, needs, count, child))
{
	CUresult rc;

	if (!sim_is(child, SIM_GRAPH) || child == graph)
		return CUDA_ERROR_INVALID_VALUE;
	rc = sim_node_add(out, graph, needs, count, CU_GRAPH_NODE_TYPE_GRAPH, NULL);
	if (rc)
		return rc;
	(*out)->child = sim_graph_clone(child);
	(*out)->child->parent = *out;
	return CUDA_SUCCESS;
}

SIM_API(cuGraphChildGraphNodeGetGraph, SIM_NO_CTX,
	(CUgraphNode node, CUgraph *out), (node, out))
{
	if (!out || !is_node(node, CU_GRAPH_NODE_TYPE_GRAPH))
		return CUDA_ERROR_INVALID_VALUE;
	*out = node->child;
	return CUDA_SUCCESS;
}

static CUresult add_event(CUgraphNode *out, CUgraph graph, const CUgraphNode *needs,
			  size_t count, CUevent event, bool record)
{
	if (!sim_is(event, SIM_EVENT))
		return CUDA_ERROR_INVALID_HANDLE;
	return sim_node_add(out, graph, needs, count,
			    record ? CU_GRAPH_NODE_TYPE_EVENT_RECORD
				   : CU_GRAPH_NODE_TYPE_WAIT_EVENT,
			    sim_event_node_create(event, record));
}

SIM_API(cuGraphAddEventRecordNode, SIM_NO_CTX,
	(CUgraphNode * out, CUgraph graph, const CUgraphNode *needs,
	 size_t count, CUevent event),
	(out, graph, needs, count, event))
{
	return add_event(out, graph, needs, count, event, true);
}

SIM_API(cuGraphAddEventWaitNode, SIM_NO_CTX,
	(CUgraphNode * out, CUgraph graph, const CUgraphNode *needs,
	 size_t count, CUevent event),
	(out, graph, needs, count, event))
{
	return add_event(out, graph, needs, count, event, false);
}

static CUresult get_event(CUgraphNode node, CUgraphNodeType type, CUevent *out)
{
	if (!out || !is_node(node, type))
		return CUDA_ERROR_INVALID_VALUE;
	*out = sim_event_of(node->work);
	return CUDA_SUCCESS;
}

SIM_API(cuGraphEventRecordNodeGetEvent, SIM_NO_CTX,
	(CUgraphNode node, CUevent *out), (node, out))
{
	return get_event(node, CU_GRAPH_NODE_TYPE_EVENT_RECORD, out);
}

SIM_API(cuGraphEventWaitNodeGetEvent, SIM_NO_CTX,
	(CUgraphNode node, CUevent *out), (node, out))
{
	return get_event(node, CU_GRAPH_NODE_TYPE_WAIT_EVENT, out);
}

/* One call for all types. */

static CUresult add_any(CUgraphNode *out, CUgraph graph, const CUgraphNode *needs,
			size_t count, CUgraphNodeParams *p)
{
	if (!p)
		return CUDA_ERROR_INVALID_VALUE;
	switch (p->type) {
	case CU_GRAPH_NODE_TYPE_KERNEL:
		return add_kernel(out, graph, needs, count, &p->kernel, true);
	case CU_GRAPH_NODE_TYPE_MEMCPY:
		return cuGraphAddMemcpyNode_body(out, graph, needs, count,
						 &p->memcpy.copyParams,
						 p->memcpy.copyCtx);
	case CU_GRAPH_NODE_TYPE_MEMSET:
		return cuGraphAddMemsetNode_body(out, graph, needs, count,
						 &p->memset, NULL);
	case CU_GRAPH_NODE_TYPE_HOST:
		return cuGraphAddHostNode_body(out, graph, needs, count, &p->host);
	case CU_GRAPH_NODE_TYPE_GRAPH:
		return p->graph.ownership
			       ? CUDA_ERROR_NOT_SUPPORTED
			       : cuGraphAddChildGraphNode_body(out, graph,
							       needs, count,
							       p->graph.graph);
	case CU_GRAPH_NODE_TYPE_EMPTY:
		return cuGraphAddEmptyNode_body(out, graph, needs, count);
	case CU_GRAPH_NODE_TYPE_WAIT_EVENT:
		return add_event(out, graph, needs, count, p->event, false);
	case CU_GRAPH_NODE_TYPE_EVENT_RECORD:
		return add_event(out, graph, needs, count, p->event, true);
	default:
		return CUDA_ERROR_NOT_SUPPORTED;
	}
}

SIM_API(cuGraphAddNode, SIM_NO_CTX,
	(CUgraphNode * out, CUgraph graph, const CUgraphNode *needs,
	 size_t count, CUgraphNodeParams *params),
	(out, graph, needs, count, params))
{
	return add_any(out, graph, needs, count, params);
}

SIM_API(cuGraphAddNode_v2, SIM_NO_CTX,
	(CUgraphNode * out, CUgraph graph, const CUgraphNode *needs,
	 const CUgraphEdgeData *edges, size_t count, CUgraphNodeParams *params),
	(out, graph, needs, edges, count, params))
{
	return add_any(out, graph, needs, count, params);
}

SIM_API(cuGraphNodeSetParams, SIM_NO_CTX,
	(CUgraphNode node, CUgraphNodeParams *p), (node, p))
{
	if (!p || !is_node(node, p->type))
		return CUDA_ERROR_INVALID_VALUE;
	switch (p->type) {
	case CU_GRAPH_NODE_TYPE_KERNEL:
		return set_kernel(node, &p->kernel, true);
	case CU_GRAPH_NODE_TYPE_MEMCPY:
		return cuGraphMemcpyNodeSetParams_body(node, &p->memcpy.copyParams);
	case CU_GRAPH_NODE_TYPE_MEMSET:
		return cuGraphMemsetNodeSetParams_body(node, &p->memset);
	case CU_GRAPH_NODE_TYPE_HOST:
		return cuGraphHostNodeSetParams_body(node, &p->host);
	default:
		return CUDA_ERROR_NOT_SUPPORTED;
	}
}
