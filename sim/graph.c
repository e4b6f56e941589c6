/* SPDX-License-Identifier: GPL-2.0-only */
/* The structure of graphs: nodes and what each needs. */
#include "graph.h"

#include <stdlib.h>
#include <string.h>

#include "sim.h"

bool sim_nodes_has(const struct sim_nodes *set, const struct CUgraphNode_st *node)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->at[i] == node)
			return true;
	return false;
}

void sim_nodes_add(struct sim_nodes *set, struct CUgraphNode_st *node)
{
	if (sim_nodes_has(set, node))
		return;
	set->at = sim_resize(set->at, (set->count + 1) * sizeof(*set->at));
	set->at[set->count++] = node;
}

void sim_nodes_remove(struct sim_nodes *set, struct CUgraphNode_st *node)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->at[i] == node) {
			set->at[i] = set->at[--set->count];
			return;
		}
}

void sim_nodes_assign(struct sim_nodes *set, struct CUgraphNode_st *const *at,
		      size_t count)
{
	set->count = 0;
	for (size_t i = 0; i < count; i++)
		sim_nodes_add(set, at[i]);
}

struct CUgraph_st *sim_graph_create(void)
{
	struct CUgraph_st *graph = sim_object_create(SIM_GRAPH, sizeof(*graph));

	TAILQ_INIT(&graph->nodes);
	return graph;
}

static void destroy_node(struct CUgraphNode_st *node)
{
	struct CUgraphNode_st *other;

	TAILQ_REMOVE(&node->graph->nodes, node, link);
	TAILQ_FOREACH(other, &node->graph->nodes, link)
	sim_nodes_remove(&other->needs, node);
	sim_work_put(node->work);
	if (node->child)
		sim_graph_destroy(node->child);
	free(node->needs.at);
	free(node->pointers);
	sim_object_destroy(node);
}

void sim_graph_destroy(struct CUgraph_st *graph)
{
	struct CUgraphNode_st *node;

	/* From the end, since later nodes need earlier ones. */
	while ((node = TAILQ_LAST(&graph->nodes, sim_node_list)))
		destroy_node(node);
	sim_object_destroy(graph);
}

struct CUgraphNode_st *sim_node_create(struct CUgraph_st *graph,
				       CUgraphNodeType type, struct sim_work *work,
				       const CUgraphNode *needs, size_t count)
{
	struct CUgraphNode_st *node = sim_object_create(SIM_NODE, sizeof(*node));

	node->graph = graph;
	node->type = type;
	node->work = work;
	sim_nodes_assign(&node->needs, needs, count);
	TAILQ_INSERT_TAIL(&graph->nodes, node, link);
	return node;
}

void sim_node_set_work(struct CUgraphNode_st *node, struct sim_work *work)
{
	sim_work_put(node->work);
	node->work = work;
}

static bool are_nodes_of(const CUgraphNode *nodes, size_t count, CUgraph graph)
{
	if (count && !nodes)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!sim_is(nodes[i], SIM_NODE) || nodes[i]->graph != graph)
			return false;
	return true;
}

CUresult sim_node_add(CUgraphNode *out, CUgraph graph, const CUgraphNode *needs,
		      size_t count, CUgraphNodeType type, struct sim_work *work)
{
	if (!out || !sim_is(graph, SIM_GRAPH) ||
	    !are_nodes_of(needs, count, graph)) {
		sim_work_put(work);
		return CUDA_ERROR_INVALID_VALUE;
	}
	*out = sim_node_create(graph, type, work, needs, count);
	return CUDA_SUCCESS;
}

static struct CUgraphNode_st *clone_of(struct CUgraph_st *clone,
				       const struct CUgraphNode_st *original)
{
	struct CUgraphNode_st *node;

	TAILQ_FOREACH(node, &clone->nodes, link)
	if (node->original == original)
		return node;
	return NULL;
}

struct CUgraph_st *sim_graph_clone(struct CUgraph_st *graph)
{
	struct CUgraph_st *clone = sim_graph_create();
	struct CUgraphNode_st *node, *copy;

	clone->original = graph;
	TAILQ_FOREACH(node, &graph->nodes, link)
	{
		copy = sim_node_create(clone, node->type,
				       node->work ? sim_work_get(node->work) : NULL,
				       NULL, 0);
		copy->original = node;
		copy->copy = node->copy;
		if (node->child) {
			copy->child = sim_graph_clone(node->child);
			copy->child->parent = copy;
		}
	}
	TAILQ_FOREACH(copy, &clone->nodes, link)
	for (size_t i = 0; i < copy->original->needs.count; i++)
		sim_nodes_add(&copy->needs,
			      clone_of(clone, copy->original->needs.at[i]));
	return clone;
}

SIM_API(cuGraphCreate, SIM_NO_CTX, (CUgraph * out, unsigned int flags), (out, flags))
{
	if (!out || flags)
		return CUDA_ERROR_INVALID_VALUE;
	*out = sim_graph_create();
	return CUDA_SUCCESS;
}

SIM_API(cuGraphDestroy, SIM_NO_CTX | SIM_AFTER_DEATH, (CUgraph graph), (graph))
{
	if (!sim_is(graph, SIM_GRAPH) || graph->parent)
		return CUDA_ERROR_INVALID_VALUE;
	sim_graph_destroy(graph);
	return CUDA_SUCCESS;
}

SIM_API(cuGraphClone, SIM_NO_CTX, (CUgraph * out, CUgraph graph), (out, graph))
{
	if (!out || !sim_is(graph, SIM_GRAPH))
		return CUDA_ERROR_INVALID_VALUE;
	*out = sim_graph_clone(graph);
	return CUDA_SUCCESS;
}

SIM_API(cuGraphNodeFindInClone, SIM_NO_CTX,
	(CUgraphNode * out, CUgraphNode original, CUgraph clone),
	(out, original, clone))
{
	if (!out || !sim_is(original, SIM_NODE) || !sim_is(clone, SIM_GRAPH))
		return CUDA_ERROR_INVALID_VALUE;
	*out = clone_of(clone, original);
	return *out ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

SIM_API(cuGraphDestroyNode, SIM_NO_CTX, (CUgraphNode node), (node))
{
	if (!sim_is(node, SIM_NODE))
		return CUDA_ERROR_INVALID_VALUE;
	destroy_node(node);
	return CUDA_SUCCESS;
}

SIM_API(cuGraphNodeGetType, SIM_NO_CTX,
	(CUgraphNode node, CUgraphNodeType *type), (node, type))
{
	if (!type || !sim_is(node, SIM_NODE))
		return CUDA_ERROR_INVALID_VALUE;
	*type = node->type;
	return CUDA_SUCCESS;
}

/*
 * Lists: the count alone where there is no room given, else up to *room of
 * them, the rest of the room filled with NULL.
 */
static CUresult give(const struct sim_nodes *list, CUgraphNode *out, size_t *room)
{
	if (!room)
		return CUDA_ERROR_INVALID_VALUE;
	for (size_t i = 0; out && i < *room; i++)
		out[i] = i < list->count ? list->at[i] : NULL;
	if (!out || *room > list->count)
		*room = list->count;
	return CUDA_SUCCESS;
}

static CUresult give_nodes(CUgraph graph, bool roots, CUgraphNode *out, size_t *room)
{
	struct sim_nodes list = { 0 };
	struct CUgraphNode_st *node;
	CUresult rc;

	if (!sim_is(graph, SIM_GRAPH))
		return CUDA_ERROR_INVALID_VALUE;
	TAILQ_FOREACH(node, &graph->nodes, link)
	if (!roots || !node->needs.count)
		sim_nodes_add(&list, node);
	rc = give(&list, out, room);
	free(list.at);
	return rc;
}

SIM_API(cuGraphGetNodes, SIM_NO_CTX,
	(CUgraph graph, CUgraphNode *out, size_t *room), (graph, out, room))
{
	return give_nodes(graph, false, out, room);
}

SIM_API(cuGraphGetRootNodes, SIM_NO_CTX,
	(CUgraph graph, CUgraphNode *out, size_t *room), (graph, out, room))
{
	return give_nodes(graph, true, out, room);
}

SIM_API(cuGraphNodeGetDependencies, SIM_NO_CTX,
	(CUgraphNode node, CUgraphNode *out, size_t *room), (node, out, room))
{
	if (!sim_is(node, SIM_NODE))
		return CUDA_ERROR_INVALID_VALUE;
	return give(&node->needs, out, room);
}

SIM_API(cuGraphNodeGetDependentNodes, SIM_NO_CTX,
	(CUgraphNode node, CUgraphNode *out, size_t *room), (node, out, room))
{
	struct sim_nodes list = { 0 };
	struct CUgraphNode_st *other;
	CUresult rc;

	if (!sim_is(node, SIM_NODE))
		return CUDA_ERROR_INVALID_VALUE;
	TAILQ_FOREACH(other, &node->graph->nodes, link)
	if (sim_nodes_has(&other->needs, node))
		sim_nodes_add(&list, other);
	rc = give(&list, out, room);
	free(list.at);
	return rc;
}

/* Every edge is a plain one. */
static void plain(CUgraphEdgeData *edges, const size_t *count)
{
	if (edges && count)
		memset(edges, 0, *count * sizeof(*edges));
}

SIM_API(cuGraphNodeGetDependencies_v2, SIM_NO_CTX,
	(CUgraphNode node, CUgraphNode *out, CUgraphEdgeData *edges, size_t *room),
	(node, out, edges, room))
{
	plain(edges, room);
	return cuGraphNodeGetDependencies_body(node, out, room);
}

SIM_API(cuGraphNodeGetDependentNodes_v2, SIM_NO_CTX,
	(CUgraphNode node, CUgraphNode *out, CUgraphEdgeData *edges, size_t *room),
	(node, out, edges, room))
{
	plain(edges, room);
	return cuGraphNodeGetDependentNodes_body(node, out, room);
}

SIM_API(cuGraphGetEdges, SIM_NO_CTX,
	(CUgraph graph, CUgraphNode *from, CUgraphNode *to, size_t *room),
	(graph, from, to, room))
{
	struct CUgraphNode_st *node;
	size_t count = 0;

	if (!sim_is(graph, SIM_GRAPH) || !room || !from != !to)
		return CUDA_ERROR_INVALID_VALUE;
	TAILQ_FOREACH(node, &graph->nodes, link)
	for (size_t i = 0; i < node->needs.count; i++, count++)
		if (from && count < *room) {
			from[count] = node->needs.at[i];
			to[count] = node;
		}
	for (size_t i = count; from && i < *room; i++)
		from[i] = to[i] = NULL;
	if (!from || *room > count)
		*room = count;
	return CUDA_SUCCESS;
}

SIM_API(cuGraphGetEdges_v2, SIM_NO_CTX,
	(CUgraph graph, CUgraphNode *from, CUgraphNode *to,
	 CUgraphEdgeData *edges, size_t *room),
	(graph, from, to, edges, room))
{
	plain(edges, room);
	return cuGraphGetEdges_body(graph, from, to, room);
}

/* Whether node needs other, directly or not. */
static bool is_behind(const struct CUgraphNode_st *node,
		      const struct CUgraphNode_st *other)
{
	for (size_t i = 0; i < node->needs.count; i++)
		if (node->needs.at[i] == other ||
		    is_behind(node->needs.at[i], other))
			return true;
	return false;
}

SIM_API(cuGraphAddDependencies, SIM_NO_CTX,
	(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to, size_t count),
	(graph, from, to, count))
{
	if (!sim_is(graph, SIM_GRAPH) || !are_nodes_of(from, count, graph) ||
	    !are_nodes_of(to, count, graph))
		return CUDA_ERROR_INVALID_VALUE;
	for (size_t i = 0; i < count; i++)
		if (from[i] == to[i] || sim_nodes_has(&to[i]->needs, from[i]) ||
		    is_behind(from[i], to[i]))
			return CUDA_ERROR_INVALID_VALUE;
	for (size_t i = 0; i < count; i++)
		sim_nodes_add(&to[i]->needs, from[i]);
	return CUDA_SUCCESS;
}

SIM_API(cuGraphAddDependencies_v2, SIM_NO_CTX,
	(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to,
	 const CUgraphEdgeData *edges, size_t count),
	(graph, from, to, edges, count))
{
	return cuGraphAddDependencies_body(graph, from, to, count);
}

SIM_API(cuGraphRemoveDependencies, SIM_NO_CTX,
	(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to, size_t count),
	(graph, from, to, count))
{
	if (!sim_is(graph, SIM_GRAPH) || !are_nodes_of(from, count, graph) ||
	    !are_nodes_of(to, count, graph))
		return CUDA_ERROR_INVALID_VALUE;
	for (size_t i = 0; i < count; i++)
		if (!sim_nodes_has(&to[i]->needs, from[i]))
			return CUDA_ERROR_INVALID_VALUE;
	for (size_t i = 0; i < count; i++)
		sim_nodes_remove(&to[i]->needs, from[i]);
	return CUDA_SUCCESS;
}

SIM_API(cuGraphRemoveDependencies_v2, SIM_NO_CTX,
	(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to,
	 const CUgraphEdgeData *edges, size_t count),
	(graph, from, to, edges, count))
{
	return cuGraphRemoveDependencies_body(graph, from, to, count);
}
