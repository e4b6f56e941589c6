/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Instantiated graphs. A plan is the graph flattened, child graphs included. A
 * launch keeps the plan it began with, so an update makes a new plan. While a
 * launch is on its way its nodes run one at a time, in any order that their
 * needs allow.
 */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "graph.h"
#include "sim.h"

#define NONE SIZE_MAX

struct item {
	struct CUgraphNode_st *node; /* the key that updates use */
	CUgraphNodeType type;
	struct sim_work *work;
	bool enabled;
	size_t *needs;
	size_t need_count;
};

struct plan {
	int refs;
	size_t count;
	struct item *items;
};

struct CUgraphExec_st {
	struct sim_object object;
	struct plan *plan;
	uint64_t flags;
	struct sim_fence *last; /* the end of the last launch */
};

static struct item *append(struct plan *plan, struct CUgraphNode_st *node,
			   CUgraphNodeType type, struct sim_work *work)
{
	struct item *item;

	plan->items =
		sim_resize(plan->items, (plan->count + 1) * sizeof(*plan->items));
	item = &plan->items[plan->count++];
	*item = (struct item){
		.node = node,
		.type = type,
		.work = work,
		.enabled = true,
	};
	return item;
}

static void need(struct plan *plan, size_t index, size_t other)
{
	struct item *item = &plan->items[index];

	item->needs = sim_resize(item->needs,
				 (item->need_count + 1) * sizeof(*item->needs));
	item->needs[item->need_count++] = other;
}

static bool is_leaf(const struct CUgraphNode_st *node)
{
	struct CUgraphNode_st *other;

	TAILQ_FOREACH(other, &node->graph->nodes, link)
	if (sim_nodes_has(&other->needs, node))
		return false;
	return true;
}

static void flatten(struct plan *plan, struct CUgraph_st *graph, size_t before);

/*
 * A child graph becomes an empty item before its nodes and one behind; the one
 * behind is what later nodes need.
 */
static void flatten_child(struct plan *plan, struct CUgraphNode_st *node,
			  size_t before)
{
	struct CUgraphNode_st *inner;

	flatten(plan, node->child, before);
	append(plan, node, node->type, sim_work_empty());
	node->mark = plan->count - 1;
	need(plan, node->mark, before);
	TAILQ_FOREACH(inner, &node->child->nodes, link)
	if (is_leaf(inner))
		need(plan, node->mark, inner->mark);
}

/* Nodes were added after what they need, except where edges were added later;
 * marks of all are set first, so the order does not matter. */
static void flatten(struct plan *plan, struct CUgraph_st *graph, size_t before)
{
	struct CUgraphNode_st *node;

	TAILQ_FOREACH(node, &graph->nodes, link)
	{
		if (node->child) {
			append(plan, NULL, CU_GRAPH_NODE_TYPE_EMPTY,
			       sim_work_empty());
			/* What the child waits for is told to its first item. */
			node->first_mark = plan->count - 1;
			flatten_child(plan, node, plan->count - 1);
		} else {
			append(plan, node, node->type, sim_work_get(node->work));
			node->mark = plan->count - 1;
		}
	}
	TAILQ_FOREACH(node, &graph->nodes, link)
	{
		size_t index = node->child ? node->first_mark : node->mark;

		if (before != NONE)
			need(plan, index, before);
		for (size_t i = 0; i < node->needs.count; i++)
			need(plan, index, node->needs.at[i]->mark);
	}
}

static struct plan *plan_create(struct CUgraph_st *graph)
{
	struct plan *plan = sim_alloc(sizeof(*plan));

	plan->refs = 1;
	flatten(plan, graph, NONE);
	return plan;
}

static struct plan *plan_copy(const struct plan *from)
{
	struct plan *plan = sim_alloc(sizeof(*plan));

	plan->refs = 1;
	for (size_t i = 0; i < from->count; i++) {
		append(plan, from->items[i].node, from->items[i].type,
		       sim_work_get(from->items[i].work))
			->enabled = from->items[i].enabled;
		for (size_t k = 0; k < from->items[i].need_count; k++)
			need(plan, i, from->items[i].needs[k]);
	}
	return plan;
}

static void plan_put(struct plan *plan)
{
	if (--plan->refs)
		return;
	for (size_t i = 0; i < plan->count; i++) {
		sim_work_put(plan->items[i].work);
		free(plan->items[i].needs);
	}
	free(plan->items);
	free(plan);
}

/* A launch, as work. */

struct launch {
	struct sim_work work;
	struct plan *plan;
};

enum progress { WAITING, DONE };

struct run {
	size_t left;
	size_t chosen;	/* runs next */
	size_t running; /* ran last, and has not been accounted */
	unsigned char progress[];
};

static struct run *run_of(struct launch *launch, struct sim_op *op)
{
	struct run *run = op->state;

	if (!run) {
		run = op->state = sim_alloc(sizeof(*run) + launch->plan->count);
		run->left = launch->plan->count;
		run->running = NONE;
	}
	return run;
}

static bool item_is_ready(const struct plan *plan, const struct run *run,
			  size_t index, struct sim_op *op)
{
	const struct item *item = &plan->items[index];

	if (run->progress[index] == DONE)
		return false;
	for (size_t i = 0; i < item->need_count; i++)
		if (run->progress[item->needs[i]] != DONE)
			return false;
	return !item->enabled || !item->work->kind->is_ready ||
	       item->work->kind->is_ready(item->work, op);
}

static void end_running(struct launch *launch, struct run *run, struct sim_op *op)
{
	struct item *item;

	if (run->running == NONE)
		return;
	item = &launch->plan->items[run->running];
	run->progress[run->running] = DONE;
	run->running = NONE;
	run->left--;
	if (item->enabled && item->work->kind->finish)
		item->work->kind->finish(item->work, op);
}

/* Ends the node that ran and picks the next. */
static bool launch_is_ready(struct sim_work *work, struct sim_op *op)
{
	struct launch *launch = (struct launch *)work;
	struct run *run = run_of(launch, op);
	size_t seen = 0;

	end_running(launch, run, op);
	run->chosen = NONE;
	for (size_t i = 0; i < launch->plan->count; i++) {
		if (!item_is_ready(launch->plan, run, i, op))
			continue;
		seen++;
		if (seen == 1 || (sim.config.seeded && !sim_random(seen)))
			run->chosen = i;
	}
	return seen || !run->left;
}

static enum sim_run launch_run(struct sim_work *work, struct sim_op *op)
{
	struct launch *launch = (struct launch *)work;
	struct run *run = op->state;
	struct item *item;

	if (run->chosen == NONE)
		return SIM_RUN_DONE;
	run->running = run->chosen;
	item = &launch->plan->items[run->chosen];
	if (item->enabled)
		item->work->kind->run(item->work, op);
	return run->left > 1 ? SIM_RUN_MORE : SIM_RUN_DONE;
}

static void launch_finish(struct sim_work *work, struct sim_op *op)
{
	if (op->state)
		end_running((struct launch *)work, op->state, op);
	free(op->state);
	op->state = NULL;
}

static void launch_destroy(struct sim_work *work)
{
	plan_put(((struct launch *)work)->plan);
}

/* When what an item needs has ended; false where one has not been reckoned. */
static bool needs_end(const struct item *item, const uint64_t *ends, uint64_t *time)
{
	for (size_t i = 0; i < item->need_count; i++) {
		if (ends[item->needs[i]] == UINT64_MAX)
			return false;
		if (ends[item->needs[i]] > *time)
			*time = ends[item->needs[i]];
	}
	return true;
}

/* Branches overlap: each node begins when what it needs has ended. */
static void launch_spend(struct sim_work *work, struct sim_stream *time)
{
	struct plan *plan = ((struct launch *)work)->plan;
	uint64_t *ends = sim_alloc(plan->count * sizeof(*ends)), last = time->tail;
	size_t left = plan->count;

	memset(ends, 0xff, plan->count * sizeof(*ends));
	while (left)
		for (size_t i = 0; i < plan->count; i++) {
			struct item *item = &plan->items[i];
			struct sim_stream branch = *time;

			if (ends[i] != UINT64_MAX ||
			    !needs_end(item, ends, &branch.tail))
				continue;
			if (item->enabled && item->work->kind->spend)
				item->work->kind->spend(item->work, &branch);
			ends[i] = branch.tail;
			last = ends[i] > last ? ends[i] : last;
			left--;
		}
	free(ends);
	time->tail = last;
}

static const struct sim_work_kind launch_kind = {
	.name = "graph",
	.is_ready = launch_is_ready,
	.run = launch_run,
	.finish = launch_finish,
	.destroy = launch_destroy,
	.spend = launch_spend,
};

static struct sim_work *launch_create(struct plan *plan)
{
	struct launch *launch = sim_work_create(&launch_kind, sizeof(*launch));

	launch->plan = plan;
	plan->refs++;
	for (size_t i = 0; i < plan->count; i++)
		launch->work.blocks |= plan->items[i].work->blocks;
	return &launch->work;
}

/* A graph that a capturing stream launches becomes a child graph there. */
static CUresult launch_exec(CUgraphExec exec, CUstream handle)
{
	struct CUstream_st *stream;
	CUresult rc = sim_stream(handle, &stream);

	if (rc)
		return rc;
	if (!sim_is(exec, SIM_EXEC))
		return CUDA_ERROR_INVALID_VALUE;
	if (stream->capture)
		return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
	rc = sim_capture_check_legacy(stream);
	if (rc)
		return rc;
	/* Launches of one instantiated graph never overlap. */
	if (exec->last && !exec->last->done)
		sim_fence_put(sim_queue(stream, sim_wait_create(exec->last)));
	sim_fence_put(exec->last);
	exec->last = sim_queue(stream, launch_create(exec->plan));
	if (!sim.config.seeded)
		sim_progress();
	return CUDA_SUCCESS;
}

SIM_API_PT(cuGraphLaunch, _ptsz, SIM_NO_CTX,
	   (CUgraphExec exec, CUstream stream), (exec, stream))
{
	return launch_exec(exec, stream);
}

SIM_API_PT(cuGraphUpload, _ptsz, SIM_NO_CTX,
	   (CUgraphExec exec, CUstream handle), (exec, handle))
{
	struct CUstream_st *stream;
	CUresult rc = sim_stream(handle, &stream);

	if (rc)
		return rc;
	return sim_is(exec, SIM_EXEC) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

#define INSTANTIATE_FLAGS 15u

static CUresult instantiate(CUgraphExec *out, CUgraph graph, uint64_t flags)
{
	struct CUgraphExec_st *exec;

	if (!out || !sim_is(graph, SIM_GRAPH) || (flags & ~INSTANTIATE_FLAGS))
		return CUDA_ERROR_INVALID_VALUE;
	if (flags & CUDA_GRAPH_INSTANTIATE_FLAG_DEVICE_LAUNCH)
		return CUDA_ERROR_NOT_SUPPORTED;
	exec = sim_object_create(SIM_EXEC, sizeof(*exec));
	exec->plan = plan_create(graph);
	exec->flags = flags;
	*out = exec;
	return CUDA_SUCCESS;
}

SIM_API(cuGraphInstantiateWithFlags, SIM_NO_CTX,
	(CUgraphExec * out, CUgraph graph, unsigned long long flags),
	(out, graph, flags))
{
	return instantiate(out, graph, flags);
}

SIM_API(cuGraphInstantiate_v2, SIM_NO_CTX,
	(CUgraphExec * out, CUgraph graph, CUgraphNode *bad, char *log, size_t bytes),
	(out, graph, bad, log, bytes))
{
	if (log && bytes)
		*log = '\0';
	if (bad)
		*bad = NULL;
	return instantiate(out, graph, 0);
}

SIM_SAME(cuGraphInstantiate, cuGraphInstantiate_v2, SIM_NO_CTX,
	 (CUgraphExec * out, CUgraph graph, CUgraphNode *bad, char *log, size_t bytes),
	 (out, graph, bad, log, bytes))

SIM_API_PT(cuGraphInstantiateWithParams, _ptsz, SIM_NO_CTX,
	   (CUgraphExec * out, CUgraph graph, CUDA_GRAPH_INSTANTIATE_PARAMS *params),
	   (out, graph, params))
{
	CUresult rc;

	if (!params)
		return CUDA_ERROR_INVALID_VALUE;
	rc = instantiate(out, graph, params->flags);
	params->hErrNode_out = NULL;
	params->result_out = rc ? 1 : 0;
	return rc;
}

SIM_API(cuGraphExecDestroy, SIM_NO_CTX | SIM_AFTER_DEATH, (CUgraphExec exec), (exec))
{
	if (!sim_is(exec, SIM_EXEC))
		return CUDA_ERROR_INVALID_VALUE;
	plan_put(exec->plan);
	sim_fence_put(exec->last);
	sim_object_destroy(exec);
	return CUDA_SUCCESS;
}

SIM_API(cuGraphExecGetFlags, SIM_NO_CTX, (CUgraphExec exec, uint64_t *flags),
	(exec, flags))
{
	if (!flags || !sim_is(exec, SIM_EXEC))
		return CUDA_ERROR_INVALID_VALUE;
	*flags = exec->flags;
	return CUDA_SUCCESS;
}

/* Updates. */

/* The exec's item for a node, in a plan that no launch uses. */
static struct item *item_of(CUgraphExec exec, CUgraphNode node)
{
	struct plan *old;

	if (!sim_is(exec, SIM_EXEC))
		return NULL;
	old = exec->plan;
	for (size_t i = 0; i < old->count; i++) {
		if (old->items[i].node != node || !node)
			continue;
		exec->plan = plan_copy(old);
		plan_put(old);
		return &exec->plan->items[i];
	}
	return NULL;
}

static CUresult replace(CUgraphExec exec, CUgraphNode node,
			CUgraphNodeType type, struct sim_work *work)
{
	struct item *item = item_of(exec, node);

	if (!item || item->type != type) {
		sim_work_put(work);
		return CUDA_ERROR_INVALID_VALUE;
	}
	sim_work_put(item->work);
	item->work = work;
	return CUDA_SUCCESS;
}

SIM_API(cuGraphExecKernelNodeSetParams_v2, SIM_NO_CTX,
	(CUgraphExec exec, CUgraphNode node, const CUDA_KERNEL_NODE_PARAMS_v2 *params),
	(exec, node, params))
{
	struct sim_work *work;
	CUresult rc = sim_node_kernel_work(params, true, &work);

	return rc ? rc : replace(exec, node, CU_GRAPH_NODE_TYPE_KERNEL, work);
}

SIM_API(cuGraphExecKernelNodeSetParams, SIM_NO_CTX,
	(CUgraphExec exec, CUgraphNode node, const CUDA_KERNEL_NODE_PARAMS_v1 *params),
	(exec, node, params))
{
	struct sim_work *work;
	CUresult rc = sim_node_kernel_work((const void *)params, false, &work);

	return rc ? rc : replace(exec, node, CU_GRAPH_NODE_TYPE_KERNEL, work);
}

SIM_API(cuGraphExecMemcpyNodeSetParams, SIM_NO_CTX,
	(CUgraphExec exec, CUgraphNode node, const CUDA_MEMCPY3D *params,
	 CUcontext ctx),
	(exec, node, params, ctx))
{
	struct sim_work *work;
	CUresult rc = sim_node_copy_work(params, &work);

	return rc ? rc : replace(exec, node, CU_GRAPH_NODE_TYPE_MEMCPY, work);
}

SIM_API(cuGraphExecMemsetNodeSetParams, SIM_NO_CTX,
	(CUgraphExec exec, CUgraphNode node,
	 const CUDA_MEMSET_NODE_PARAMS_v1 *params, CUcontext ctx),
	(exec, node, params, ctx))
{
	struct sim_work *work;
	CUresult rc = sim_node_fill_work(params, &work);

	return rc ? rc : replace(exec, node, CU_GRAPH_NODE_TYPE_MEMSET, work);
}

SIM_API(cuGraphExecHostNodeSetParams, SIM_NO_CTX,
	(CUgraphExec exec, CUgraphNode node, const CUDA_HOST_NODE_PARAMS_v1 *params),
	(exec, node, params))
{
	if (!params || !params->fn)
		return CUDA_ERROR_INVALID_VALUE;
	return replace(exec, node, CU_GRAPH_NODE_TYPE_HOST,
		       sim_host_create(params->fn, params->userData));
}

SIM_API(cuGraphExecNodeSetParams, SIM_NO_CTX,
	(CUgraphExec exec, CUgraphNode node, CUgraphNodeParams *p), (exec, node, p))
{
	if (!p)
		return CUDA_ERROR_INVALID_VALUE;
	switch (p->type) {
	case CU_GRAPH_NODE_TYPE_KERNEL:
		return cuGraphExecKernelNodeSetParams_v2_body(exec, node,
							      &p->kernel);
	case CU_GRAPH_NODE_TYPE_MEMCPY:
		return cuGraphExecMemcpyNodeSetParams_body(
			exec, node, &p->memcpy.copyParams, NULL);
	case CU_GRAPH_NODE_TYPE_MEMSET:
		return cuGraphExecMemsetNodeSetParams_body(exec, node,
							   &p->memset, NULL);
	case CU_GRAPH_NODE_TYPE_HOST:
		return cuGraphExecHostNodeSetParams_body(exec, node, &p->host);
	default:
		return CUDA_ERROR_NOT_SUPPORTED;
	}
}

SIM_API(cuGraphNodeSetEnabled, SIM_NO_CTX,
	(CUgraphExec exec, CUgraphNode node, unsigned int enabled),
	(exec, node, enabled))
{
	struct item *item = item_of(exec, node);

	if (!item || item->type > CU_GRAPH_NODE_TYPE_MEMSET)
		return CUDA_ERROR_INVALID_VALUE;
	item->enabled = enabled != 0;
	return CUDA_SUCCESS;
}

SIM_API(cuGraphNodeGetEnabled, SIM_NO_CTX,
	(CUgraphExec exec, CUgraphNode node, unsigned int *enabled),
	(exec, node, enabled))
{
	struct item *item = item_of(exec, node);

	if (!item || !enabled)
		return CUDA_ERROR_INVALID_VALUE;
	*enabled = item->enabled;
	return CUDA_SUCCESS;
}

enum {
	UPDATE_SUCCESS = 0,
	UPDATE_TOPOLOGY_CHANGED = 2,
	UPDATE_TYPE_CHANGED = 3,
};

/* A plan of the same shape may take the place of the old one. */
static int compare(const struct plan *a, const struct plan *b, size_t *where)
{
	*where = NONE;
	if (a->count != b->count)
		return UPDATE_TOPOLOGY_CHANGED;
	for (size_t i = 0; i < a->count; i++) {
		*where = i;
		if (a->items[i].type != b->items[i].type)
			return UPDATE_TYPE_CHANGED;
		if (a->items[i].need_count != b->items[i].need_count)
			return UPDATE_TOPOLOGY_CHANGED;
		for (size_t k = 0; k < a->items[i].need_count; k++)
			if (a->items[i].needs[k] != b->items[i].needs[k])
				return UPDATE_TOPOLOGY_CHANGED;
	}
	return UPDATE_SUCCESS;
}

static CUresult update(CUgraphExec exec, CUgraph graph, CUgraphNode *bad, int *result)
{
	struct plan *plan;
	size_t where;

	if (!sim_is(exec, SIM_EXEC) || !sim_is(graph, SIM_GRAPH))
		return CUDA_ERROR_INVALID_VALUE;
	plan = plan_create(graph);
	*result = compare(exec->plan, plan, &where);
	*bad = *result && where != NONE ? plan->items[where].node : NULL;
	if (*result) {
		plan_put(plan);
		return CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE;
	}
	/* Later updates name the nodes of the graph it was made from. */
	for (size_t i = 0; i < plan->count; i++) {
		plan->items[i].node = exec->plan->items[i].node;
		plan->items[i].enabled = exec->plan->items[i].enabled;
	}
	plan_put(exec->plan);
	exec->plan = plan;
	return CUDA_SUCCESS;
}

SIM_API(cuGraphExecUpdate, SIM_NO_CTX,
	(CUgraphExec exec, CUgraph graph, CUgraphNode *bad, int *result),
	(exec, graph, bad, result))
{
	if (!bad || !result)
		return CUDA_ERROR_INVALID_VALUE;
	return update(exec, graph, bad, result);
}

SIM_API(cuGraphExecUpdate_v2, SIM_NO_CTX,
	(CUgraphExec exec, CUgraph graph, CUgraphExecUpdateResultInfo *info),
	(exec, graph, info))
{
	if (!info)
		return CUDA_ERROR_INVALID_VALUE;
	info->errorFromNode = NULL;
	return update(exec, graph, &info->errorNode, &info->result);
}
