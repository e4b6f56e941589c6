// SPDX-License-Identifier: GPL-2.0-only
/*
 * Graphs: made ready, launched, and put together. What they do may reach any
 * memory; copies that staging has put into captured ones stand in the ring.
 */
#include "pass.h"

CUresult cuGraphInstantiate(CUgraphExec *exec, CUgraph graph, CUgraphNode *node,
			    char *log, size_t size)
{
	return GB_RETRY(GB_REAL(cuGraphInstantiate)(exec, graph, node, log, size));
}

CUresult cuGraphInstantiate_v2(CUgraphExec *exec, CUgraph graph,
			       CUgraphNode *node, char *log, size_t size)
{
	return GB_RETRY(GB_REAL(cuGraphInstantiate_v2)(exec, graph, node, log, size));
}

CUresult cuGraphInstantiateWithFlags(CUgraphExec *exec, CUgraph graph,
				     unsigned long long flags)
{
	return GB_RETRY(GB_REAL(cuGraphInstantiateWithFlags)(exec, graph, flags));
}

#define GRAPH_HOOKS(suffix, null)                                               \
	CUresult cuGraphInstantiateWithParams##suffix(                          \
		CUgraphExec *exec, CUgraph graph,                               \
		CUDA_GRAPH_INSTANTIATE_PARAMS *how)                             \
	{                                                                       \
		return GB_RETRY(GB_REAL(cuGraphInstantiateWithParams##suffix)(  \
			exec, graph, how));                                     \
	}                                                                       \
                                                                                \
	CUresult cuGraphUpload##suffix(CUgraphExec exec, CUstream stream)       \
	{                                                                       \
		return GB_RETRY(                                                \
			GB_PASS(GB_REAL(cuGraphUpload##suffix)(exec, stream))); \
	}                                                                       \
                                                                                \
	CUresult cuGraphLaunch##suffix(CUgraphExec exec, CUstream stream)       \
	{                                                                       \
		return GB_RETRY(GB_PASS_GRAPH(                                  \
			gb_stream(stream, null),                                \
			GB_REAL(cuGraphLaunch##suffix)(exec, stream)));         \
	}

GRAPH_HOOKS(, GB_LEGACY)
GRAPH_HOOKS(_ptsz, GB_PER_THREAD)

/*
 * What is put into a graph by hand, or changed there, may name any memory.
 * Where that lives it can be reached, but for what is on the NVMe disk.
 */
#define BY_HAND(name, parameters, arguments)                                   \
	CUresult name parameters                                               \
	{                                                                      \
		gb_engine_note_unseen_graph();                                 \
		return GB_REAL(name) arguments;                                \
	}

BY_HAND(cuGraphAddKernelNode,
	(CUgraphNode * node, CUgraph graph, const CUgraphNode *needs,
	 size_t count, const CUDA_KERNEL_NODE_PARAMS_v1 *params),
	(node, graph, needs, count, params))
BY_HAND(cuGraphAddKernelNode_v2,
	(CUgraphNode * node, CUgraph graph, const CUgraphNode *needs,
	 size_t count, const CUDA_KERNEL_NODE_PARAMS_v2 *params),
	(node, graph, needs, count, params))
BY_HAND(cuGraphAddMemcpyNode,
	(CUgraphNode * node, CUgraph graph, const CUgraphNode *needs,
	 size_t count, const CUDA_MEMCPY3D *params, CUcontext context),
	(node, graph, needs, count, params, context))
BY_HAND(cuGraphAddMemsetNode,
	(CUgraphNode * node, CUgraph graph, const CUgraphNode *needs, size_t count,
	 const CUDA_MEMSET_NODE_PARAMS_v1 *params, CUcontext context),
	(node, graph, needs, count, params, context))
BY_HAND(cuGraphKernelNodeSetParams,
	(CUgraphNode node, const CUDA_KERNEL_NODE_PARAMS_v1 *params),
	(node, params))
BY_HAND(cuGraphKernelNodeSetParams_v2,
	(CUgraphNode node, const CUDA_KERNEL_NODE_PARAMS_v2 *params),
	(node, params))
BY_HAND(cuGraphMemcpyNodeSetParams,
	(CUgraphNode node, const CUDA_MEMCPY3D *params), (node, params))
BY_HAND(cuGraphMemsetNodeSetParams,
	(CUgraphNode node, const CUDA_MEMSET_NODE_PARAMS_v1 *params),
	(node, params))
BY_HAND(cuGraphNodeSetParams, (CUgraphNode node, CUgraphNodeParams *params),
	(node, params))
BY_HAND(cuGraphExecKernelNodeSetParams,
	(CUgraphExec exec, CUgraphNode node, const CUDA_KERNEL_NODE_PARAMS_v1 *params),
	(exec, node, params))
BY_HAND(cuGraphExecKernelNodeSetParams_v2,
	(CUgraphExec exec, CUgraphNode node, const CUDA_KERNEL_NODE_PARAMS_v2 *params),
	(exec, node, params))
BY_HAND(cuGraphExecMemcpyNodeSetParams,
	(CUgraphExec exec, CUgraphNode node, const CUDA_MEMCPY3D *params,
	 CUcontext context),
	(exec, node, params, context))
BY_HAND(cuGraphExecMemsetNodeSetParams,
	(CUgraphExec exec, CUgraphNode node,
	 const CUDA_MEMSET_NODE_PARAMS_v1 *params, CUcontext context),
	(exec, node, params, context))
BY_HAND(cuGraphExecNodeSetParams,
	(CUgraphExec exec, CUgraphNode node, CUgraphNodeParams *params),
	(exec, node, params))

/* A graph in a graph runs when that says, beside another maybe. */
CUresult cuGraphAddChildGraphNode(CUgraphNode *node, CUgraph graph,
				  const CUgraphNode *needs, size_t count,
				  CUgraph child)
{
	gb_staging_forbid_captures();
	return GB_REAL(cuGraphAddChildGraphNode)(node, graph, needs, count, child);
}

static void look_at(const CUgraphNodeParams *params)
{
	gb_engine_note_unseen_graph();
	if (params && (params->type == CU_GRAPH_NODE_TYPE_GRAPH ||
		       params->type == CU_GRAPH_NODE_TYPE_CONDITIONAL))
		gb_staging_forbid_captures();
}

CUresult cuGraphAddNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *needs,
			size_t count, CUgraphNodeParams *params)
{
	look_at(params);
	return GB_REAL(cuGraphAddNode)(node, graph, needs, count, params);
}

CUresult cuGraphAddNode_v2(CUgraphNode *node, CUgraph graph,
			   const CUgraphNode *needs, const CUgraphEdgeData *edges,
			   size_t count, CUgraphNodeParams *params)
{
	look_at(params);
	return GB_REAL(cuGraphAddNode_v2)(node, graph, needs, edges, count, params);
}
