/* SPDX-License-Identifier: GPL-2.0-only */
/* Graphs, their nodes, and what they become when instantiated. */
#ifndef SIM_GRAPH_H
#define SIM_GRAPH_H

#include "sim.h"

TAILQ_HEAD(sim_node_list, CUgraphNode_st);

struct CUgraph_st {
	struct sim_object object;
	struct sim_node_list nodes;
	struct CUgraphNode_st *parent; /* the child graph node it is in */
	struct CUgraph_st *original;   /* what it was cloned from */
};

struct CUgraphNode_st {
	struct sim_object object;
	struct CUgraph_st *graph;
	CUgraphNodeType type;
	struct sim_work *work; /* NULL for a child graph */
	struct CUgraph_st *child;
	struct sim_nodes needs;
	void **pointers;    /* given out by KernelNodeGetParams */
	CUDA_MEMCPY3D copy; /* as the program described it */
	struct CUgraphNode_st *original;
	size_t mark;	   /* scratch: its place in a plan, */
	size_t first_mark; /* and that of a child graph's beginning */
	TAILQ_ENTRY(CUgraphNode_st) link;
};

struct CUgraph_st *sim_graph_create(void);
void sim_graph_destroy(struct CUgraph_st *graph);
struct CUgraph_st *sim_graph_clone(struct CUgraph_st *graph);

/* Takes work over. */
struct CUgraphNode_st *sim_node_create(struct CUgraph_st *graph,
				       CUgraphNodeType type, struct sim_work *work,
				       const CUgraphNode *needs, size_t count);
/* The same, checked, for the calls that add nodes. */
CUresult sim_node_add(CUgraphNode *out, CUgraph graph, const CUgraphNode *needs,
		      size_t count, CUgraphNodeType type, struct sim_work *work);
void sim_node_set_work(struct CUgraphNode_st *node, struct sim_work *work);
CUgraphNodeType sim_node_type_of(const struct sim_work *work);

/* Sets of nodes. */
bool sim_nodes_has(const struct sim_nodes *set, const struct CUgraphNode_st *node);
void sim_nodes_add(struct sim_nodes *set, struct CUgraphNode_st *node);
void sim_nodes_remove(struct sim_nodes *set, struct CUgraphNode_st *node);
void sim_nodes_assign(struct sim_nodes *set, struct CUgraphNode_st *const *at,
		      size_t count);

/* Work from the parameters of a node; see node.c. */
CUresult sim_node_kernel_work(const CUDA_KERNEL_NODE_PARAMS_v2 *params, bool v2,
			      struct sim_work **out);
CUresult sim_node_copy_work(const CUDA_MEMCPY3D *params, struct sim_work **out);
CUresult sim_node_fill_work(const CUDA_MEMSET_NODE_PARAMS_v1 *params,
			    struct sim_work **out);

#endif
